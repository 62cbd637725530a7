// Cleared vehicles: a plate that is known to be innocent and looks like one entry is left alone for
// that entry, from a second person's approval until its end. Nothing else is silenced: neither
// another entry, nor another plate, nor the entry's own plate read as it is.
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, openDocuments } from '../bus/documents.ts'
import type { Approval } from '../domain/approval.ts'
import { type Entry, hasExpired, LIST_NAME } from '../domain/hotlist.ts'
import { foldPlate, zeroFold } from '../domain/plate.ts'
import { REGION } from '../domain/read.ts'
import { approvalSchema } from './approval-schema.ts'
import { entryPlate } from './entry-schema.ts'

export interface Clearance {
  /** 16 hex digits */
  id: string
  list: string
  entry_id: string
  /** What the entry looked for when this was asked for: of another it says nothing. */
  entry_plate: string
  /** As it is read; O and 0 are one. */
  plate: string
  /** ISO 3166-2: only reads of that state are left alone. */
  region?: string
  reason: string
  /** ISO 8601 UTC */
  expires_at: string
  approval: Approval
}

const clearanceSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  list: z.string().regex(LIST_NAME),
  entry_id: z.string().min(1).max(64),
  entry_plate: entryPlate,
  plate: z.string().refine((value) => foldPlate(value) === value),
  region: z.string().regex(REGION).exactOptional(),
  reason: z.string().trim().min(1).max(1_000),
  expires_at: z.iso.datetime(),
  approval: approvalSchema,
}) satisfies z.ZodType<Clearance>

export type Clearances = Documents<Clearance>

export function openClearances(bus: Bus): Promise<Clearances> {
  return openDocuments(bus, 'hotlist-cleared', clearanceSchema)
}

export function clearanceKey(list: string, id: string): string {
  return `${list}.${id}`
}

/** The entry's own plate is never an innocent look-alike's. */
export function isOwnPlate(entry: Pick<Entry, 'plate'>, plate: string): boolean {
  return zeroFold(entry.plate) === zeroFold(plate)
}

/** All clearances as the bus's watch tells them, looked up by what is hit. */
export interface ClearedVehicles {
  /** The clearance in force that silences a read for an entry. */
  of(
    list: string,
    entry: Pick<Entry, 'id' | 'plate'>,
    read: { plate: string; region: string },
    now_ms: number,
  ): Clearance | null
  all(): Clearance[]
  stop(): void
}

export async function watchClearances(documents: Clearances): Promise<ClearedVehicles> {
  const by_key = new Map<string, Clearance>()
  const by_hit = new Map<string, Set<string>>()
  const forget = (key: string) => {
    const before = by_key.get(key)
    if (before === undefined) return
    by_key.delete(key)
    const name = hitOf(before.list, before.entry_id, before.plate)
    const others = by_hit.get(name)
    others?.delete(key)
    if (others?.size === 0) by_hit.delete(name)
  }
  const watch = await documents.watch((key, document) => {
    forget(key)
    if (document === null) return
    const { value } = document
    by_key.set(key, value)
    const name = hitOf(value.list, value.entry_id, value.plate)
    const others = by_hit.get(name)
    if (others === undefined) by_hit.set(name, new Set([key]))
    else others.add(key)
  })
  return {
    of(list, entry, read, now_ms) {
      for (const key of by_hit.get(hitOf(list, entry.id, read.plate)) ?? []) {
        const clearance = by_key.get(key) as Clearance
        if (silences(clearance, entry, read, now_ms)) return clearance
      }
      return null
    },
    all: () => [...by_key.values()],
    stop: () => watch.stop(),
  }
}

function hitOf(list: string, entry_id: string, plate: string): string {
  return `${list}\n${entry_id}\n${zeroFold(plate)}`
}

function silences(
  clearance: Clearance,
  entry: Pick<Entry, 'plate'>,
  read: { plate: string; region: string },
  now_ms: number,
): boolean {
  return (
    clearance.approval.state === 'active' &&
    !hasExpired(clearance, now_ms) &&
    clearance.entry_plate === entry.plate &&
    !isOwnPlate(entry, read.plate) &&
    (clearance.region === undefined || clearance.region === read.region)
  )
}
