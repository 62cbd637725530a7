// What is left of versions in the store: the entries of as many as there is to be a way back to, of
// those that still wait for somebody, and of imports under way. All else goes: what an import left
// that died, was returned, or was overtaken. The records stay, and say so.
import { isOvertaken, type Revisioned } from '../bus/documents.ts'
import type { Store } from '../store/client.ts'
import { type ActivationOptions, markedActive } from './activation.ts'
import type { Manifests } from './manifest.ts'
import { stateOf, type VersionRecord, versionKey } from './versions.ts'

/** An import gives signs of life every few seconds: one that is silent for so long is dead. */
export const SILENT_MS_MAX = 300_000

type TidyOptions = Pick<ActivationOptions, 'store' | 'manifests' | 'log' | 'versions_kept'> & {
  silent_ms_max?: number
}

/** Never fails: what can't be done now is done the next time. */
export async function tidyVersions(o: TidyOptions, list: string): Promise<void> {
  try {
    await tidy(o, list)
  } catch (error) {
    o.log?.warn({ err: error, list }, 'Versions of a list that nobody needs could not be removed.')
  }
}

async function tidy(o: TidyOptions, list: string): Promise<void> {
  const { store, manifests, versions_kept, silent_ms_max = SILENT_MS_MAX } = o
  // Looked up before the records: whoever has written since has a record by now.
  const stored = await storedVersions(store, list)
  const records = await recordsOf(manifests, list)
  const in_force = (await manifests.get(list))?.value.version ?? null
  if (in_force !== null) await markedActive(manifests, list, in_force)
  for (const [version, record] of records) {
    if (record.value.stage === 'importing' && isSilent(record.value, silent_ms_max)) {
      const dead = await declareDead(manifests, record)
      if (dead !== null) records.set(version, dead)
    }
  }
  const kept = versionsKept(stored, records, in_force, versions_kept)
  for (const version of stored) {
    if (kept.has(version)) continue
    await clearEntries(store, list, version)
  }
  for (const [version, record] of records) {
    const { stage } = record.value
    if (!kept.has(version) && stage !== 'importing') await declareGone(manifests, record)
  }
}

export function isSilent({ seen_at }: VersionRecord, silent_ms_max: number): boolean {
  return Date.now() - Date.parse(seen_at) >= silent_ms_max
}

async function recordsOf({ versions }: Manifests, list: string) {
  const all = [...(await versions.all()).values()]
  const own = all.filter(({ value }) => value.list === list)
  return new Map(own.map((record) => [record.value.version, record]))
}

function versionsKept(
  stored: readonly number[],
  records: ReadonlyMap<number, Revisioned<VersionRecord>>,
  in_force: number | null,
  kept_max: number,
): Set<number> {
  const kept = new Set<number>(in_force === null ? [] : [in_force])
  const been_in_force: number[] = []
  // A version without any entries is in no row of the store.
  const all = new Set([...stored, ...records.keys()])
  for (const version of [...all].toSorted((a, b) => b - a)) {
    const record = records.get(version)?.value
    // From before versions had records.
    const unknown = record === undefined && in_force !== null && version < in_force
    if (record?.entries_gone) continue
    if (record?.activated_at !== undefined || unknown) been_in_force.push(version)
    else if (record !== undefined && isOnItsWay(record, in_force)) kept.add(version)
  }
  for (const version of been_in_force.slice(0, kept_max)) kept.add(version)
  return kept
}

function isOnItsWay(record: VersionRecord, in_force: number | null): boolean {
  const state = stateOf(record, in_force)
  return state === 'importing' || state === 'staged' || state === 'held' || state === 'submitted'
}

async function declareDead(
  { versions }: Manifests,
  { value, revision }: Revisioned<VersionRecord>,
): Promise<Revisioned<VersionRecord> | null> {
  const failure = 'The import ended before all of the list was in the store'
  const record = { ...value, stage: 'failed' as const, failure }
  try {
    const now = await versions.update(versionKey(value.list, value.version), record, revision)
    return { value: record, revision: now }
  } catch (error) {
    // It lives, or another has seen to it.
    if (isOvertaken(error)) return null
    throw error
  }
}

async function declareGone(
  { versions }: Manifests,
  { value, revision }: Revisioned<VersionRecord>,
): Promise<void> {
  if (value.entries_gone) return
  const record = { ...value, entries_gone: true as const }
  try {
    await versions.update(versionKey(value.list, value.version), record, revision)
  } catch (error) {
    if (!isOvertaken(error)) throw error
  }
}

async function storedVersions({ client, database }: Store, list: string): Promise<number[]> {
  const result = await client.query({
    query: `SELECT DISTINCT version FROM ${database}.hotlist_entries WHERE list = {list: String}`,
    query_params: { list },
    format: 'JSONEachRow',
  })
  return (await result.json<{ version: number }>()).map(({ version }) => version)
}

async function clearEntries(store: Store, list: string, version: number): Promise<void> {
  await deleteOf(store, 'hotlist_entries', list, version)
}

/** Removes all that lies under this version, and waits until it is gone. */
export async function clearVersion(store: Store, list: string, version: number): Promise<void> {
  for (const table of ['hotlist_entries', 'hotlist_bad_lines', 'hotlist_differences']) {
    await deleteOf(store, table, list, version)
  }
}

async function deleteOf(
  { client, database }: Store,
  table: string,
  list: string,
  version: number,
): Promise<void> {
  const query_params = { list, version }
  const of_version = `FROM ${database}.${table}
    WHERE list = {list: String} AND version = {version: UInt32}`
  // A delete of nothing still goes through all parts of the table.
  const found = await client.query({
    query: `SELECT 1 ${of_version} LIMIT 1`,
    query_params,
    format: 'JSONEachRow',
  })
  if ((await found.json()).length === 0) return
  await client.command({ query: `DELETE ${of_version}`, query_params })
}
