// What tells a version from the one that was in force when it was staged. Found inside the store,
// in ranges of ids, so that neither side is ever in memory; kept as rows of both sides, and put
// together when somebody looks: an entry whose details are others, or one that comes for one that
// went with the same plate and state, is a change.
import type { Entry } from '../domain/hotlist.ts'
import type { Store } from '../store/client.ts'
import { columnsOf, ENTRY_COLUMNS, entryOf, type TextColumns } from './entry-row.ts'

export interface DifferenceCounts {
  added: number
  changed: number
  removed: number
}

export type DifferenceKind = keyof DifferenceCounts

export interface ComparedEntry extends Entry {
  /** Matched by nothing. */
  inactive?: true
}

export interface Difference {
  kind: DifferenceKind
  plate: string
  region: string
  was: ComparedEntry | null
  is: ComparedEntry | null
}

/** Silenced entries that are kept of one import: all of them, but for a mistake. */
export const SILENCED_KEPT_MAX = 10_000
/** Rows of both sides that the engine groups at once. */
const RANGE_ROWS = 1_000_000
const COLUMNS = ENTRY_COLUMNS.join(', ')
/** All that an entry's id does not come of. */
const DETAILS = ENTRY_COLUMNS.filter(
  (name) => !['id', 'plate', 'region', 'reason', 'case_number', 'year'].includes(name),
).join(', ')

export interface Comparison {
  /** null: there is none to compare with; all entries are new, and none is kept */
  from: number | null
  to: number
  /** Entries on each side, about. */
  rows_from: number
  rows_to: number
}

/** Compares two versions of a list, and keeps what differs under the later one. */
export async function compareVersions(
  store: Store,
  list: string,
  { from, to, rows_from, rows_to }: Comparison,
): Promise<DifferenceCounts> {
  await clearDifferences(store, list, to)
  if (from === null) return { added: rows_to, changed: 0, removed: 0 }
  const starts = rangesOfIds(rows_from + rows_to)
  for (const [at, start] of starts.entries()) {
    await compareRange(store, { list, from, to, start, end: starts[at + 1] ?? null })
  }
  return countDifferences(store, list, to)
}

/** Where ranges of ids begin: hashes in hex are even over all of them. */
function rangesOfIds(rows: number): string[] {
  const ranges = Math.max(1, Math.ceil(rows / RANGE_ROWS))
  return Array.from({ length: ranges }, (_, at) =>
    at === 0
      ? ''
      : Math.floor((at * 65_536) / ranges)
          .toString(16)
          .padStart(4, '0'),
  )
}

interface IdRange {
  list: string
  from: number
  to: number
  start: string
  /** null: to the last */
  end: string | null
}

async function compareRange({ client, database }: Store, range: IdRange): Promise<void> {
  const { end, ...query_params } = range
  const of_range = `FROM ${database}.hotlist_entries
    WHERE list = {list: String} AND version IN ({from: UInt32}, {to: UInt32})
      AND id >= {start: String} ${end === null ? '' : 'AND id < {end: String}'}`
  await client.command({
    query: `INSERT INTO ${database}.hotlist_differences (list, version, side, active, ${COLUMNS})
      SELECT list, {to: UInt32}, if(version = {to: UInt32}, 'is', 'was'), active, ${COLUMNS}
      ${of_range} AND id IN (
        SELECT id ${of_range} GROUP BY id
        HAVING min(version) = max(version)
          OR min(sipHash64(${DETAILS}, ifNull(year, 0), active))
            != max(sipHash64(${DETAILS}, ifNull(year, 0), active)))
      LIMIT 1 BY version, id`,
    query_params: { ...query_params, ...(end === null ? {} : { end }) },
  })
}

/** Per plate and state: as many as stand on both sides are changes. */
async function countDifferences(
  { client, database }: Store,
  list: string,
  version: number,
): Promise<DifferenceCounts> {
  const result = await client.query({
    query: `SELECT sum(least(was, is)) AS changed, sum(is - least(was, is)) AS added,
        sum(was - least(was, is)) AS removed
      FROM (
        SELECT countIf(side = 'was') AS was, countIf(side = 'is') AS is
        FROM ${database}.hotlist_differences
        WHERE list = {list: String} AND version = {version: UInt32} AND side != 'silenced'
        GROUP BY plate, region
      ) SETTINGS optimize_aggregation_in_order = 1`,
    query_params: { list, version },
    format: 'JSONEachRow',
  })
  const [row] = await result.json<Record<DifferenceKind, string | number>>()
  return {
    added: Number(row?.added ?? 0),
    changed: Number(row?.changed ?? 0),
    removed: Number(row?.removed ?? 0),
  }
}

/** Forgets what was kept of a comparison; silenced entries stay. */
async function clearDifferences(
  { client, database }: Store,
  list: string,
  version: number,
): Promise<void> {
  await client.command({
    query: `DELETE FROM ${database}.hotlist_differences
      WHERE list = {list: String} AND version = {version: UInt32} AND side != 'silenced'`,
    query_params: { list, version },
  })
}

/** Keeps entries of a file that a removal keeps out of the version. */
export async function insertSilenced(
  { client, database }: Store,
  list: string,
  version: number,
  entries: readonly Entry[],
): Promise<void> {
  if (entries.length === 0) return
  await client.insert({
    table: `${database}.hotlist_differences`,
    values: entries.map((entry) => {
      const year = entry.vehicle?.year ?? null
      return { list, version, side: 'silenced', active: 1, ...columnsOf(entry), year }
    }),
    format: 'JSONEachRow',
  })
}

/** What a removal keeps out of a version. */
export async function silencedOf(
  { client, database }: Store,
  list: string,
  version: number,
): Promise<Entry[]> {
  const result = await client.query({
    query: `SELECT ${COLUMNS} FROM ${database}.hotlist_differences FINAL
      WHERE list = {list: String} AND version = {version: UInt32} AND side = 'silenced'
      ORDER BY plate, region, id`,
    query_params: { list, version },
    format: 'JSONEachRow',
  })
  const rows = await result.json<SideRow>()
  return rows.map((row) => entryOf(row, row.year))
}

/** The last plate and state seen. */
export interface DifferencePlace {
  plate: string
  region: string
}

const OF_KIND: Record<DifferenceKind, string> = {
  added: 'is > was',
  changed: 'least(is, was) > 0',
  removed: 'was > is',
}

/**
 * By plate and state, all of one plate and state together.
 * @param kind that alone
 */
export async function differencesOf(
  store: Store,
  list: string,
  version: number,
  page: { kind?: DifferenceKind | undefined; after?: DifferencePlace; plates_max: number },
): Promise<{ differences: Difference[]; next: DifferencePlace | null }> {
  const places = await placesOf(store, list, version, page)
  if (places.length === 0) return { differences: [], next: null }
  const rows = await rowsOf(store, list, version, places)
  const by_place = Map.groupBy(rows, ({ plate, region }) => `${plate}\n${region}`)
  const differences = places
    .flatMap(({ plate, region }) => pair(by_place.get(`${plate}\n${region}`) ?? []))
    .filter(({ kind }) => page.kind === undefined || kind === page.kind)
  const last = places.at(-1) as DifferencePlace
  return { differences, next: places.length < page.plates_max ? null : last }
}

async function placesOf(
  { client, database }: Store,
  list: string,
  version: number,
  { kind, after = { plate: '', region: '' }, plates_max }: Parameters<typeof differencesOf>[3],
): Promise<DifferencePlace[]> {
  const result = await client.query({
    query: `SELECT plate, region, countIf(side = 'was') AS was, countIf(side = 'is') AS is
      FROM ${database}.hotlist_differences
      WHERE list = {list: String} AND version = {version: UInt32} AND side != 'silenced'
        AND plate >= {plate: String} AND (plate, region) > ({plate: String}, {region: String})
      GROUP BY plate, region ${kind === undefined ? '' : `HAVING ${OF_KIND[kind]}`}
      ORDER BY plate, region LIMIT {plates_max: UInt32}
      SETTINGS optimize_aggregation_in_order = 1`,
    query_params: { list, version, ...after, plates_max },
    format: 'JSONEachRow',
  })
  return result.json<DifferencePlace>()
}

interface SideRow extends TextColumns {
  side: 'was' | 'is'
  active: number
  year: number | null
}

async function rowsOf(
  { client, database }: Store,
  list: string,
  version: number,
  places: readonly DifferencePlace[],
): Promise<SideRow[]> {
  const result = await client.query({
    query: `SELECT side, active, ${COLUMNS} FROM ${database}.hotlist_differences FINAL
      WHERE list = {list: String} AND version = {version: UInt32} AND side != 'silenced'
        AND plate >= {first: String} AND plate <= {last: String}
        AND has({places: Array(String)}, concat(plate, '\n', region))
      ORDER BY plate, region, side, id`,
    query_params: {
      list,
      version,
      first: places[0]?.plate,
      last: places.at(-1)?.plate,
      places: places.map(({ plate, region }) => `${plate}\n${region}`),
    },
    format: 'JSONEachRow',
  })
  return result.json<SideRow>()
}

/** Rows of one plate and state: the same id first, then one that went with one that came. */
function pair(rows: readonly SideRow[]): Difference[] {
  const compared = (row: SideRow): ComparedEntry => {
    const entry = entryOf(row, row.year)
    return row.active ? entry : { ...entry, inactive: true }
  }
  const was = rows.filter(({ side }) => side === 'was').map(compared)
  const is = rows.filter(({ side }) => side === 'is').map(compared)
  const same = was.filter(({ id }) => is.some((other) => other.id === id)).map(({ id }) => id)
  const ordered = (side: ComparedEntry[]) => [
    ...same.map((id) => side.find((one) => one.id === id) as ComparedEntry),
    ...side.filter(({ id }) => !same.includes(id)),
  ]
  const [before, after] = [ordered(was), ordered(is)]
  return Array.from({ length: Math.max(before.length, after.length) }, (_, at) => {
    const [one, other] = [before[at] ?? null, after[at] ?? null]
    const { plate, region = '' } = (other ?? one) as ComparedEntry
    const kind = one === null ? 'added' : other === null ? 'removed' : 'changed'
    return { kind, plate, region, was: one, is: other }
  })
}
