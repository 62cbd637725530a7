// Entries that contradict each other, or themselves: one plate on several lists, one plate written
// with O and with 0, an entry without a state, an entry that its state can't have issued or that is
// of none of its usual series. Hints for whoever keeps the lists: nothing is refused or silenced.
// Worked out by the store, over the versions in force and the custom entries, page by page.
import { HotplateError } from '../domain/error.ts'
import type { HotList } from '../domain/hotlist.ts'
import type { Store } from '../store/client.ts'
import { quote } from '../store/embedded/sql.ts'
import { type CustomEntry, isInForce } from './custom.ts'
import { isLater } from './generation.ts'
import type { Manifests } from './manifest.ts'
import type { PlateFormats } from './plate-formats.ts'

export const CONFLICT_KINDS = [
  'several_lists',
  'o_zero',
  'no_state',
  'format_impossible',
  'format_unusual',
] as const
export type ConflictKind = (typeof CONFLICT_KINDS)[number]

export interface ConflictingEntry {
  list: string
  id: string
  plate: string
  /** ISO 3166-2; '' where there is none */
  region: string
  /** Of its list: 1 is the most urgent. */
  priority: number
}

export interface Conflict {
  /** O as 0. */
  plate: string
  /** The most urgent first: of several lists that one alerts, and names the others. */
  entries: ConflictingEntry[]
}

export interface ConflictsPage {
  kind: ConflictKind
  conflicts: Conflict[]
  /** Where the next page begins; null after the last. */
  next: string | null
}

export interface ConflictsOptions {
  store: Store
  manifests: Pick<Manifests, 'all' | 'changes' | 'custom'>
  formats: PlateFormats
  /** Lists that the person may know of. */
  isSeen: (list: string) => boolean
  priorityOf: (list: HotList) => number
  now?: () => number
}

export interface ConflictsAsked {
  kind: ConflictKind
  /** One list alone; with `several_lists` and `o_zero` beside the others. */
  list?: string | undefined
  after?: string | undefined
  rows_max: number
}

/** Of one plate; a page stays small. */
const ENTRIES_MAX = 50
/** A statement with the custom entries in it (20,000 at most, custom-changes.ts). */
const QUERY_BYTES_MAX = 16 * 1024 * 1024

interface Row {
  list: string
  id: string
  plate: string
  region: string
}

/** @throws HotplateError STORE_UNAVAILABLE, BUS_UNAVAILABLE */
export async function conflictsOf(
  o: ConflictsOptions,
  asked: ConflictsAsked,
): Promise<ConflictsPage> {
  const lists = [...(await o.manifests.all()).values()]
    .map(({ value }) => value)
    .filter(({ name }) => o.isSeen(name))
  const none = { kind: asked.kind, conflicts: [], next: null }
  if (lists.length === 0) return none
  const entries = await entriesInForce(o, lists)
  const priorities = new Map(lists.map((list) => [list.name, o.priorityOf(list)]))
  const shared = asked.kind === 'several_lists' || asked.kind === 'o_zero'
  try {
    const { plates, next } = shared
      ? await sharedPlates(o.store, entries, asked)
      : await oddEntries(o, entries, asked)
    const conflicts = plates.flatMap(({ plate, rows }): Conflict[] => {
      if (asked.kind === 'several_lists' && !mayBeOne(rows)) return []
      const found = rows.map((row) => ({ ...row, priority: priorities.get(row.list) ?? 3 }))
      return [{ plate, entries: found.toSorted(byPriority) }]
    })
    return { kind: asked.kind, conflicts, next }
  } catch (cause) {
    throw new HotplateError('STORE_UNAVAILABLE', 'The entries can not be compared now', { cause })
  }
}

function byPriority(a: ConflictingEntry, b: ConflictingEntry): number {
  const name = ({ list, plate, id }: ConflictingEntry) => `${list}\n${plate}\n${id}`
  return a.priority - b.priority || (name(a) < name(b) ? -1 : 1)
}

/** The same plate of two states is two vehicles. */
function mayBeOne(rows: readonly Row[]): boolean {
  return rows.some((a) =>
    rows.some(
      (b) => a.list !== b.list && (a.region === '' || b.region === '' || a.region === b.region),
    ),
  )
}

/**
 * A table of all entries in force: a query of list, id, plate and region. An entry may come twice,
 * as long as the store has not merged what was written again.
 */
async function entriesInForce(
  { store, manifests, now = Date.now }: ConflictsOptions,
  lists: readonly HotList[],
): Promise<string> {
  const by_name = new Map(lists.map((list) => [list.name, list]))
  const versions = lists.map(({ name, version }) => `(${quote(name)}, ${version})`)
  const removed: string[] = []
  for (const { value, revision } of (await manifests.changes.all()).values()) {
    const list = by_name.get(value.list)
    if (list === undefined || !isLater(revision, list)) continue
    const which = value.id === null ? '' : ` AND id = ${quote(value.id)}`
    removed.push(`(list = ${quote(value.list)} AND plate = ${quote(value.plate)}${which})`)
  }
  const now_ms = now()
  const custom = [...(await manifests.custom.all()).values()]
    .map(({ value }) => value)
    .filter((one) => by_name.has(one.list) && isInForce(one, now_ms))
    .map(({ list, entry }: CustomEntry) =>
      [list, entry.id, entry.plate, entry.region ?? ''].map(quote).join(', '),
    )
  const form = quote('list String, id String, plate String, region String')
  const columns = 'toString(list) AS list, id, plate, toString(region) AS region'
  return [
    `SELECT ${columns} FROM ${store.database}.hotlist_entries
      WHERE (list, version) IN (${versions.join(', ')}) AND active
      ${removed.length === 0 ? '' : `AND NOT (${removed.join(' OR ')})`}`,
    ...(custom.length === 0
      ? []
      : [`SELECT * FROM VALUES(${form}, ${custom.map((one) => `(${one})`).join(', ')})`]),
  ].join(' UNION ALL ')
}

const FOLDED = "replaceAll(plate, 'O', '0')"

interface Found {
  plates: { plate: string; rows: Row[] }[]
  next: string | null
}

/** Plates with entries that differ in list, or in how they are written. */
async function sharedPlates(
  store: Store,
  entries: string,
  { kind, list: one, after = '', rows_max }: ConflictsAsked,
): Promise<Found> {
  const differing = kind === 'several_lists' ? 'list' : 'plate'
  // Of millions of plates as little as possible is held: two hashes each.
  const hash = `cityHash64(${differing})`
  const own = one === undefined ? '' : `AND max(list = ${quote(one)})`
  const plates = await ask<{ folded: string }>(
    store,
    `SELECT ${FOLDED} AS folded FROM (${entries}) WHERE folded > ${quote(after)}
      GROUP BY folded HAVING min(${hash}) != max(${hash}) ${own}
      ORDER BY folded LIMIT ${rows_max + 1}`,
  )
  const page = plates.slice(0, rows_max).map(({ folded }) => folded)
  if (page.length === 0) return { plates: [], next: null }
  const rows = await ask<Row & { folded: string }>(
    store,
    `SELECT DISTINCT ${FOLDED} AS folded, list, id, plate, region FROM (${entries})
      WHERE folded IN (${page.map(quote).join(', ')})
      ORDER BY folded, list, id LIMIT ${ENTRIES_MAX} BY folded`,
  )
  const of = Map.groupBy(rows, ({ folded }) => folded)
  const found = page.map((plate) => ({
    plate,
    rows: (of.get(plate) ?? []).map(({ list, id, plate: listed, region }) => {
      return { list, id, plate: listed, region }
    }),
  }))
  return { plates: found, next: plates.length > rows_max ? (page.at(-1) ?? null) : null }
}

/** Entries that are odd by themselves, by list and id. */
async function oddEntries(
  { store, formats }: ConflictsOptions,
  entries: string,
  { kind, list, after = '', rows_max }: ConflictsAsked,
): Promise<Found> {
  const [after_list = '', after_id = ''] = after.split('/')
  const conditions = [
    oddity(kind, formats),
    `(list, id) > (${quote(after_list)}, ${quote(after_id)})`,
    ...(list === undefined ? [] : [`list = ${quote(list)}`]),
  ]
  const rows = await ask<Row>(
    store,
    `SELECT list, id, plate, region FROM (${entries}) WHERE ${conditions.join(' AND ')}
      ORDER BY list, id LIMIT 1 BY list, id LIMIT ${rows_max + 1}`,
  )
  const page = rows.slice(0, rows_max)
  const last = page.at(-1)
  return {
    plates: page.map((row) => ({ plate: row.plate.replaceAll('O', '0'), rows: [row] })),
    next: rows.length > rows_max && last !== undefined ? `${last.list}/${last.id}` : null,
  }
}

function oddity(kind: ConflictKind, { chars_max, usual }: PlateFormats): string {
  if (kind === 'no_state') return "region = ''"
  // What `*` stands for may be nothing.
  const long = `startsWith(region, 'US-') AND length(replaceAll(plate, '*', '')) > ${chars_max}`
  if (kind === 'format_impossible') return `(${long})`
  const states = [...usual].map(
    ([region, { source }]) => `(region = ${quote(region)} AND NOT match(plate, ${quote(source)}))`,
  )
  return `NOT match(plate, '[?*]') AND NOT (${long}) AND (${states.join(' OR ')})`
}

async function ask<T>({ client }: Store, query: string): Promise<T[]> {
  const result = await client.query({
    query,
    format: 'JSONEachRow',
    clickhouse_settings: { max_query_size: String(QUERY_BYTES_MAX) },
  })
  return result.json<T>()
}
