// Past reads of an entry: where the vehicle was seen in the thirty days before the entry came into
// force, found once by the search of the back-test and kept as its history. Never an alert: nothing
// here touches the stream of alerts.
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, isOvertaken, openDocuments } from '../bus/documents.ts'
import type { Config } from '../config/schema.ts'
import { HotplateError } from '../domain/error.ts'
import { type Entry, type HotList, LIST_NAME } from '../domain/hotlist.ts'
import type { Store } from '../store/client.ts'
import { type PastRead, pastReadsOf, putPastReads } from '../store/past-reads.ts'
import { type BacktestOptions, thresholdFor } from './backtest.ts'
import { type CustomEntry, customKey, isInForce } from './custom.ts'
import { findEntry } from './entries.ts'
import type { Manifests } from './manifest.ts'

/** What was found of an entry, and when; counts alone, so that it may outlive the reads. */
export interface PastReadsRecord {
  list: string
  entry_id: string
  /** The activation that it belongs to, or the version of the list. */
  of: string
  /** ISO 8601 UTC, ms */
  found_at: string
  /** Reads that would have matched, and alerts that they would have raised. */
  reads: number
  alerts: number
  /** Of the reads, the newest, which are kept. */
  kept: number
  /** Why nothing was looked for: the entry reaches too far. */
  refused?: string
}

const count = z.int().min(0)
const recordSchema = z.strictObject({
  list: z.string().regex(LIST_NAME),
  entry_id: z.string().min(1).max(64),
  of: z.string().max(100),
  found_at: z.iso.datetime(),
  reads: count,
  alerts: count,
  kept: count,
  refused: z.string().max(1_000).exactOptional(),
}) satisfies z.ZodType<PastReadsRecord>

export type PastReadsRecords = Documents<PastReadsRecord>

export function openPastReads(bus: Bus): Promise<PastReadsRecords> {
  return openDocuments(bus, 'hotlist-past-reads', recordSchema)
}

export interface PastReadsOptions extends BacktestOptions {
  store: Store
  manifests: Pick<Manifests, 'get' | 'custom'>
  records: PastReadsRecords
  config: Pick<Config, 'matching' | 'retention'>
  now?: () => number
}

export interface PastReads extends PastReadsRecord {
  /** Newest first; those past the retention time have gone. */
  sightings: PastRead[]
}

const KEPT_MAX = 1_000

/**
 * The history of an entry in force: as it was found, or, where that has not happened yet or failed,
 * found now.
 * @throws HotplateError ENTRY_UNKNOWN, SEARCH_TOO_SLOW, STORE_UNAVAILABLE, BUS_UNAVAILABLE, BUSY
 */
export async function pastReads(
  o: PastReadsOptions,
  list: string,
  entry_id: string,
  signal?: AbortSignal,
): Promise<PastReads> {
  const target = await targetOf(o, list, entry_id)
  const known = await recordOf(o, target)
  const record = known ?? (await findPastReads(o, target, signal))
  const now_ms = (o.now ?? Date.now)()
  try {
    const sightings = await pastReadsOf(o.store, record, now_ms, o.config.retention.days)
    return { ...record, sightings }
  } catch (cause) {
    throw new HotplateError('STORE_UNAVAILABLE', 'The history can not be read now', { cause })
  }
}

/** An entry as it is matched. */
export interface PastReadsTarget extends Pick<PastReadsRecord, 'list' | 'of'> {
  entry: Pick<Entry, 'id' | 'plate' | 'region' | 'profile'>
  profile: HotList['profile']
}

/** Of a custom entry in force; null of another. */
export function customTarget(
  { list, entry, approval }: CustomEntry,
  profile: HotList['profile'],
): PastReadsTarget {
  const activation = approval.history.findLast(
    ({ action }) => action === 'activate' || action === 'activate_urgently',
  )
  return { list, entry, profile, of: `activation ${activation?.at ?? ''}` }
}

async function targetOf(
  { manifests, store, now = Date.now }: PastReadsOptions,
  list: string,
  id: string,
): Promise<PastReadsTarget> {
  const known = LIST_NAME.test(list) && /^[\w=-]{1,64}$/.test(id)
  const manifest = known ? await manifests.get(list) : null
  const custom = known ? await manifests.custom.get(customKey(list, id)) : null
  if (manifest !== null && custom !== null && isInForce(custom.value, now())) {
    return customTarget(custom.value, manifest.value.profile)
  }
  const { version, profile } = manifest?.value ?? { version: 0, profile: 'exact' as const }
  const entry = manifest === null ? null : await stored()
  if (entry !== null) return { list, entry, profile, of: `version ${version}` }
  const message = `List ${list.slice(0, 64)} has no entry ${id.slice(0, 80)} in force`
  throw new HotplateError('ENTRY_UNKNOWN', message)

  async function stored() {
    try {
      return await findEntry(store, list, version, id)
    } catch (cause) {
      throw new HotplateError('STORE_UNAVAILABLE', 'The entry can not be looked up now', { cause })
    }
  }
}

/** What was found for this activation; null where nothing was yet. */
export async function recordOf(
  { records }: Pick<PastReadsOptions, 'records'>,
  { list, entry, of }: PastReadsTarget,
): Promise<PastReadsRecord | null> {
  const record = await records.get(customKey(list, entry.id))
  return record?.value.of === of ? record.value : null
}

/**
 * Finds the sightings and keeps them. The record comes last: without one, it is done again.
 * @throws HotplateError SEARCH_TOO_SLOW, STORE_UNAVAILABLE, BUS_UNAVAILABLE, BUSY
 */
export async function findPastReads(
  o: PastReadsOptions,
  target: PastReadsTarget,
  signal?: AbortSignal,
): Promise<PastReadsRecord> {
  const { list, entry, of } = target
  const found_at = new Date((o.now ?? Date.now)()).toISOString()
  const about = { list, entry_id: entry.id, of, found_at }
  const record = await search(o, target, about, signal)
  await keep(o.records, record)
  return record
}

async function search(
  o: PastReadsOptions,
  { list, entry, profile: usual }: PastReadsTarget,
  about: Pick<PastReadsRecord, 'list' | 'entry_id' | 'of' | 'found_at'>,
  signal: AbortSignal | undefined,
): Promise<PastReadsRecord> {
  const { plate, region, profile = usual } = entry
  const searched = { plate, profile, ...(region === undefined ? {} : { region }) }
  const { log_odds_min } = await thresholdFor(o, searched, { list })
  try {
    const { sightings } = await o.finder.find({ ...searched, log_odds_min }, signal)
    const reads = sightings
      .toSorted((a, b) => b.time_ms - a.time_ms)
      .slice(0, KEPT_MAX)
      .map(({ match, ...sighting }): PastRead => ({ ...sighting, ...match }))
    await kept(reads)
    const alerts = sightings.filter((one) => one.alerts).length
    return { ...about, reads: sightings.length, alerts, kept: reads.length }
  } catch (error) {
    if (!(error instanceof HotplateError && error.code === 'ENTRY_TOO_WIDE')) throw error
    return { ...about, reads: 0, alerts: 0, kept: 0, refused: error.message.slice(0, 1_000) }
  }

  async function kept(reads: readonly PastRead[]) {
    try {
      await putPastReads(o.store, about, reads)
    } catch (cause) {
      throw new HotplateError('STORE_UNAVAILABLE', 'Past reads can not be kept now', { cause })
    }
  }
}

async function keep(records: PastReadsRecords, record: PastReadsRecord): Promise<void> {
  const key = customKey(record.list, record.entry_id)
  const before = await records.get(key)
  try {
    if (before === null) await records.create(key, record)
    else await records.update(key, record, before.revision)
  } catch (error) {
    // Another has found the same.
    if (!isOvertaken(error)) throw error
  }
}
