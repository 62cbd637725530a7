// What is known of each version of a list: who brought it from where, what came in it, what it
// changes, and how far it is on its way into force. One key-value document per version; they stay
// when the version's entries have gone.
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, openDocuments } from '../bus/documents.ts'
import type { Approval } from '../domain/approval.ts'
import { CATEGORIES, type HotList, LIST_NAME, PROFILES } from '../domain/hotlist.ts'
import { approvalSchema } from './approval-schema.ts'
import type { DifferenceCounts } from './differences.ts'
import { noCounts, type StagingCounts } from './staging.ts'

export interface VersionSource {
  /** Name of the file alone; null: a program gave the entries. */
  file: string | null
  format: string | null
}

export interface VersionRecord {
  list: string
  version: number
  /**
   * - `importing`: its lines are on their way into the store
   * - `staged`: all of it is there; its approval says what comes next
   * - `failed`: it never will be
   */
  stage: 'importing' | 'staged' | 'failed'
  /** How it is matched where the list has no settings approved. */
  matching: Pick<HotList, 'category' | 'profile' | 'false_alerts_per_million_max'>
  source: VersionSource
  /** ISO 8601 UTC, ms */
  began_at: string
  /** The last sign of life of an import. */
  seen_at: string
  /** How old its content is: when the import began that brought it. */
  imported_at: string
  counts: StagingCounts & Partial<DifferenceCounts>
  /** Lines by why they were skipped. */
  skipped: Record<string, number>
  /** Entries that nothing matches, by their file code. */
  inactive: Record<string, number>
  /** The version in force that it was compared with; null: there was none. */
  compared_with: number | null
  /** Why it waits for a person, in words. */
  held: string[]
  /** Removals up to this revision are folded in. */
  changes_through: number
  approval: Approval
  /** ISO 8601 UTC, ms: since when it has been, or was, in force. */
  activated_at?: string
  /** It is a part of a list, on top of this version. */
  part_of?: number
  /** Its entries are another version's. */
  rolled_back_to?: number
  /** Why it failed. */
  failure?: string
  /** Its entries are in the store no longer. */
  entries_gone?: true
}

const count = z.int().min(0)
const moment = z.iso.datetime()

export const countsSchema = z.strictObject({
  lines: count,
  entries: count,
  inactive: count,
  bad: count,
  bad_encoding: count,
  skipped: count,
  duplicates: count,
  silenced: count,
  added: count.exactOptional(),
  changed: count.exactOptional(),
  removed: count.exactOptional(),
})

const recordSchema = z.strictObject({
  list: z.string().regex(LIST_NAME),
  version: z.int().positive(),
  stage: z.enum(['importing', 'staged', 'failed']),
  matching: z.strictObject({
    category: z.enum(CATEGORIES),
    profile: z.enum(PROFILES),
    false_alerts_per_million_max: z.number().positive().max(1_000_000).exactOptional(),
  }),
  source: z.strictObject({
    file: z.string().max(300).nullable(),
    format: z.string().max(64).nullable(),
  }),
  began_at: moment,
  seen_at: moment,
  imported_at: moment,
  counts: countsSchema,
  skipped: z.record(z.string(), count),
  inactive: z.record(z.string(), count),
  compared_with: z.int().positive().nullable(),
  held: z.array(z.string()),
  changes_through: count,
  approval: approvalSchema,
  activated_at: moment.exactOptional(),
  part_of: z.int().positive().exactOptional(),
  rolled_back_to: z.int().positive().exactOptional(),
  failure: z.string().max(2_000).exactOptional(),
  entries_gone: z.literal(true).exactOptional(),
}) satisfies z.ZodType<VersionRecord>

/** By {@link versionKey}. */
export type VersionRecords = Documents<VersionRecord>

export function openVersions(bus: Bus): Promise<VersionRecords> {
  return openDocuments(bus, 'hotlist-imports', recordSchema)
}

export function versionKey(list: string, version: number): string {
  return `${list}.${version}`
}

/** All of a list, the latest first. */
export async function versionsOf(
  versions: Pick<VersionRecords, 'all'>,
  list: string,
): Promise<VersionRecord[]> {
  const all = [...(await versions.all()).values()].map(({ value }) => value)
  return all.filter((one) => one.list === list).toSorted((a, b) => b.version - a.version)
}

export const VERSION_STATES = [
  'importing',
  'staged',
  'held',
  'submitted',
  'active',
  'superseded',
  'returned',
  'failed',
] as const
export type VersionState = (typeof VERSION_STATES)[number]

/**
 * Where a version stands. What is in force is what the manifest names, whatever a record says:
 * whoever was cut off between the two has changed nothing.
 * - `staged`: it is approved, and on its way into force
 * - `held`, `submitted`: it waits for a person, with reasons against it or without
 * - `superseded`: a later one is in force
 */
export function stateOf(record: VersionRecord, in_force: number | null): VersionState {
  const { version, stage, approval, held } = record
  if (version === in_force) return 'active'
  if (stage !== 'staged') return stage
  if (approval.state === 'returned' || approval.state === 'revoked') return 'returned'
  if (in_force !== null && version < in_force) return 'superseded'
  if (approval.state === 'submitted' || approval.state === 'draft') {
    return held.length > 0 ? 'held' : 'submitted'
  }
  return 'staged'
}

/** Of an import that begins now. @param compared_with the version in force */
export function newRecord(
  version: number,
  compared_with: number | null,
): Omit<VersionRecord, 'list' | 'source' | 'matching' | 'approval'> {
  const now = new Date().toISOString()
  return {
    version,
    stage: 'importing',
    began_at: now,
    seen_at: now,
    imported_at: now,
    counts: noCounts(),
    skipped: {},
    inactive: {},
    compared_with,
    held: [],
    changes_through: 0,
  }
}
