// Entries of hot lists in the store, by list and version.
import { Readable } from 'node:stream'
import xxhash from 'xxhash-wasm'
import type { Entry, VehicleListed } from '../domain/hotlist.ts'
import type { Store } from '../store/client.ts'

const { h64ToString } = await xxhash()

/**
 * An entry keeps its id over versions for as long as its plate, state, case and reason stay the
 * same.
 */
export function entryId(entry: Omit<Entry, 'id'>): string {
  const { plate, region = '', reason, case: case_number = '' } = entry
  return h64ToString(`${plate}\n${region}\n${case_number}\n${reason}`, 0n)
}

interface EntryRow {
  list: string
  version: number
  id: string
  plate: string
  region: string
  reason: string
  case_number: string
  make: string
  model: string
  color: string
  type: string
  year: number | null
}

function toRow(list: string, version: number, entry: Entry): EntryRow {
  const { vehicle = {} } = entry
  return {
    list,
    version,
    id: entry.id,
    plate: entry.plate,
    region: entry.region ?? '',
    reason: entry.reason,
    case_number: entry.case ?? '',
    make: vehicle.make ?? '',
    model: vehicle.model ?? '',
    color: vehicle.color ?? '',
    type: vehicle.type ?? '',
    year: vehicle.year ?? null,
  }
}

function fromRow(row: EntryRow): Entry {
  const vehicle: VehicleListed = {}
  for (const name of ['make', 'model', 'color', 'type'] as const) {
    if (row[name] !== '') vehicle[name] = row[name]
  }
  if (row.year !== null) vehicle.year = row.year
  return {
    id: row.id,
    plate: row.plate,
    reason: row.reason,
    ...(row.region === '' ? {} : { region: row.region }),
    ...(row.case_number === '' ? {} : { case: row.case_number }),
    ...(Object.keys(vehicle).length > 0 ? { vehicle } : {}),
  }
}

export async function insertEntries(
  { client, database }: Store,
  list: string,
  version: number,
  entries: readonly Entry[],
): Promise<void> {
  await client.insert({
    table: `${database}.hotlist_entries`,
    values: Readable.from(rowsOf(list, version, entries)),
    format: 'JSONEachRow',
  })
}

function* rowsOf(list: string, version: number, entries: readonly Entry[]): Generator<EntryRow> {
  for (const entry of entries) yield toRow(list, version, entry)
}

/** Entries of one version, ordered by id. */
export async function loadEntries(
  { client, database }: Store,
  list: string,
  version: number,
): Promise<Entry[]> {
  const result = await client.query({
    query: `SELECT * FROM ${database}.hotlist_entries FINAL
      WHERE list = {list: String} AND version = {version: UInt32} ORDER BY id`,
    query_params: { list, version },
    format: 'JSONEachRow',
  })
  const entries: Entry[] = []
  for await (const rows of result.stream<EntryRow>()) {
    for (const row of rows) entries.push(fromRow(row.json()))
  }
  return entries
}

/** Removes what lies under this version, and waits until it is gone. */
export async function clearEntries(store: Store, list: string, version: number): Promise<void> {
  await store.client.command({
    query: `DELETE FROM ${store.database}.hotlist_entries
      WHERE list = {list: String} AND version = {version: UInt32}`,
    query_params: { list, version },
  })
}

/** Removes all versions of a list before this one. */
export async function clearVersionsBefore(
  store: Store,
  list: string,
  version: number,
): Promise<void> {
  await store.client.command({
    query: `DELETE FROM ${store.database}.hotlist_entries
      WHERE list = {list: String} AND version < {version: UInt32}`,
    query_params: { list, version },
  })
}
