// Entries of hot lists in the store, by list and version.
import { Readable } from 'node:stream'
import xxhash from 'xxhash-wasm'
import type { Entry, Profile } from '../domain/hotlist.ts'
import type { Store } from '../store/client.ts'
import { type BlockColumn, Bytes, encodeBlock } from '../store/native-block.ts'
import { columnsOf, decodeRow, ENTRY_COLUMNS, newSpans, scanRow } from './entry-row.ts'

const { h64ToString } = await xxhash()

/**
 * An entry keeps its id over versions for as long as its plate, state, case and reason stay the
 * same.
 */
export function entryId(entry: Omit<Entry, 'id'>): string {
  const { plate, region = '', reason, case: case_number = '' } = entry
  return hashText(`${plate}\n${region}\n${case_number}\n${reason}`)
}

/** XXH64, 16 hex digits. */
export function hashText(text: string): string {
  return h64ToString(text, 0n)
}

/** Rows of one insert; with REASON_CHARS_MAX in each they stay below what the store takes. */
const INSERT_ROWS_MAX = 100_000
const INSERT_BYTES_MAX = 16 * 1024 * 1024

/** An entry as it lies in the store. */
export interface StoredEntry extends Entry {
  /** It is kept to be looked at, and in no entry file: nothing is matched against it. */
  inactive?: true
}

/** Gathers entries as columns (Native format): the store parses them at a fraction of text. */
class EntryColumns {
  rows = 0
  bytes = 0
  #list: string
  #version: number
  #lists = new Bytes()
  #versions = new Bytes()
  #texts = ENTRY_COLUMNS.slice(0, -1).map((name) => ({ name, values: new Bytes() }))
  #actives = new Bytes()
  #years = { nulls: new Bytes(), values: new Bytes() }

  constructor(list: string, version: number) {
    this.#list = list
    this.#version = version
  }

  add(entry: StoredEntry): void {
    const row = columnsOf(entry)
    this.rows += 1
    this.#lists.text(this.#list)
    this.#versions.i32(this.#version)
    this.#actives.u8(entry.inactive ? 0 : 1)
    for (const { name, values } of this.#texts) {
      const text = row[name as keyof typeof row]
      values.text(text)
      this.bytes += text.length + 1
    }
    const year = entry.vehicle?.year
    this.#years.nulls.u8(year === undefined ? 1 : 0)
    this.#years.values.u16(year ?? 0)
  }

  finish(): Uint8Array {
    const columns: BlockColumn[] = [
      { name: 'list', type: 'String', parts: [this.#lists] },
      { name: 'version', type: 'UInt32', parts: [this.#versions] },
      { name: 'active', type: 'UInt8', parts: [this.#actives] },
      ...this.#texts.map(({ name, values }) => ({ name, type: 'String', parts: [values] })),
      {
        name: 'year',
        type: 'Nullable(UInt16)',
        parts: [this.#years.nulls, this.#years.values],
      },
    ]
    const block = encodeBlock(columns, this.rows)
    for (const { parts } of columns) for (const part of parts) part.clear()
    this.rows = 0
    this.bytes = 0
    return block
  }
}

/** Writes entries a block at a time, each while the next one is gathered. */
export class EntryWriter {
  readonly #store: Store
  readonly #columns: EntryColumns
  #writing: Promise<void> = Promise.resolve()

  constructor(store: Store, list: string, version: number) {
    this.#store = store
    this.#columns = new EntryColumns(list, version)
  }

  /** @returns whether a block is full: then {@link write} is next */
  add(entry: StoredEntry): boolean {
    this.#columns.add(entry)
    return this.#columns.rows >= INSERT_ROWS_MAX || this.#columns.bytes >= INSERT_BYTES_MAX
  }

  /** Resolves once the block before is in the store, and this one on its way there. */
  async write(): Promise<void> {
    const block = this.#columns.finish()
    await this.#writing
    this.#writing = insertBlock(this.#store, block)
    // Whoever waits for it is told; until then it is nobody's.
    this.#writing.catch(() => undefined)
  }

  /** Resolves once all entries are in the store. */
  async finish(): Promise<void> {
    if (this.#columns.rows > 0) await this.write()
    await this.#writing
  }
}

/** Writes entries as they are given, so many at a time: millions need not be held twice. */
export async function insertEntries(
  store: Store,
  list: string,
  version: number,
  entries: Iterable<StoredEntry>,
): Promise<void> {
  const writer = new EntryWriter(store, list, version)
  for (const entry of entries) if (writer.add(entry)) await writer.write()
  await writer.finish()
}

async function insertBlock({ client, database }: Store, block: Uint8Array): Promise<void> {
  const columns = ['list', 'version', 'active', ...ENTRY_COLUMNS].join(', ')
  // The client's insert() knows text formats only; exec() takes any.
  const { stream } = await client.exec({
    query: `INSERT INTO ${database}.hotlist_entries (${columns}) FORMAT Native`,
    values: Readable.from([block], { objectMode: false }),
  })
  // The answer has no body; unread, it would keep its connection.
  for await (const _ of stream);
}

/** Rows of one query: what the engine sorts in a second or two, and in little memory. */
const QUERY_ROWS_MAX = 1_000_000

/**
 * Active rows of one version (entry-row.ts) as they stream in, ordered by plate, then id. A chunk
 * ends anywhere.
 * @param rows how many to expect: more than the engine should sort at once come in ranges
 */
export async function* streamRows(
  { client, database }: Store,
  list: string,
  version: number,
  rows = 0,
): AsyncGenerator<Uint8Array> {
  const of_version = `FROM ${database}.hotlist_entries
    WHERE list = {list: String} AND version = {version: UInt32} AND active`
  const query_params = { list, version }
  const starts = ['']
  if (rows > QUERY_ROWS_MAX) {
    const counted = await client.query({
      query: `SELECT substring(plate, 1, 3) AS start, count() AS rows ${of_version}
        GROUP BY start ORDER BY start`,
      query_params,
      format: 'JSONEachRow',
    })
    starts.push(...rangesOf(await counted.json<{ start: string; rows: string }>()))
  }
  for (const [at, from] of starts.entries()) {
    const to = starts[at + 1]
    const { stream } = await client.exec({
      // A row written twice is the same twice: cheaper told apart here than by FINAL.
      query: `SELECT ${ENTRY_COLUMNS.join(', ')} ${of_version}
        AND plate >= {from: String} ${to === undefined ? '' : 'AND plate < {to: String}'}
        ORDER BY plate, id LIMIT 1 BY plate, id FORMAT RowBinary`,
      query_params: { ...query_params, from, ...(to === undefined ? {} : { to }) },
    })
    yield* stream as AsyncIterable<Uint8Array>
  }
}

/** Where ranges of up to QUERY_ROWS_MAX begin, after the first. */
function rangesOf(counted: readonly { start: string; rows: string }[]): string[] {
  const starts: string[] = []
  let sum = 0
  for (const { start, rows } of counted) {
    if (sum > 0 && sum + Number(rows) > QUERY_ROWS_MAX) {
      starts.push(start)
      sum = 0
    }
    sum += Number(rows)
  }
  return starts
}

/** Active entries of one version, ordered by plate, then id: for lists held as objects. */
export async function loadEntries(store: Store, list: string, version: number): Promise<Entry[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of streamRows(store, list, version)) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const entries: Entry[] = []
  const spans = newSpans()
  for (let at = 0; at < bytes.length; ) {
    const end = scanRow(bytes, at, bytes.length, spans)
    entries.push(decodeRow(bytes.subarray(at, end < 0 ? bytes.length : end)))
    at = end
  }
  return entries
}

/**
 * Writes a version of another's entries, but for those that a removal silences.
 * @param decided of entries of this file code: their purpose, or that they are inactive
 */
export async function copyEntries(
  { client, database }: Store,
  list: string,
  from: number,
  to: number,
  removals: readonly { plate: string; id: string | null }[],
  decided: { code: string; purpose: string | null } = { code: '', purpose: null },
): Promise<void> {
  const names = ['active', ...ENTRY_COLUMNS]
  const columns = names.join(', ')
  const code = `JSONExtractString(details, 'file_code')`
  const of_code = `{code: String} != '' AND ${code} = {code: String}`
  const values: Record<string, string> = {
    active: `if(${of_code}, {active: UInt8}, active)`,
    purpose: `if(${of_code}, {purpose: String}, purpose)`,
  }
  const plates = removals.filter(({ id }) => id === null).map(({ plate }) => plate)
  const ids = removals.map(({ id }) => id).filter((id) => id !== null)
  await client.command({
    query: `INSERT INTO ${database}.hotlist_entries (list, version, ${columns})
      SELECT list, {to: UInt32}, ${names.map((name) => values[name] ?? name).join(', ')}
      FROM ${database}.hotlist_entries
      WHERE list = {list: String} AND version = {from: UInt32}
        AND NOT has({plates: Array(String)}, plate) AND NOT has({ids: Array(String)}, id)`,
    query_params: {
      list,
      from,
      to,
      plates,
      ids,
      code: decided.code,
      purpose: decided.purpose ?? '',
      active: decided.purpose === null ? 0 : 1,
    },
  })
}

/** Takes entries out of a version. @param key what tells which, an expression over columns */
export async function deleteEntries(
  { client, database }: Store,
  list: string,
  version: number,
  key: string,
  values: readonly string[],
): Promise<void> {
  await client.command({
    query: `DELETE FROM ${database}.hotlist_entries
      WHERE list = {list: String} AND version = {version: UInt32}
        AND has({values: Array(String)}, ${key})`,
    query_params: { list, version, values },
  })
}

/** Entries of one version, and those of it that nothing matches. */
export async function countEntries(
  { client, database }: Store,
  list: string,
  version: number,
): Promise<{ entries: number; inactive: number }> {
  const result = await client.query({
    query: `SELECT countIf(active) AS entries, countIf(NOT active) AS inactive
      FROM ${database}.hotlist_entries FINAL
      WHERE list = {list: String} AND version = {version: UInt32}`,
    query_params: { list, version },
    format: 'JSONEachRow',
  })
  const [row] = await result.json<{ entries: string; inactive: string }>()
  return { entries: Number(row?.entries), inactive: Number(row?.inactive) }
}

/** What is matched of the entry of this id; null where the version has none. */
export async function findEntry(
  { client, database }: Store,
  list: string,
  version: number,
  id: string,
): Promise<Pick<Entry, 'id' | 'plate' | 'region' | 'profile'> | null> {
  const result = await client.query({
    query: `SELECT plate, region, profile FROM ${database}.hotlist_entries
      WHERE list = {list: String} AND version = {version: UInt32} AND id = {id: String} LIMIT 1`,
    query_params: { list, version, id },
    format: 'JSONEachRow',
  })
  const [row] = await result.json<{ plate: string; region: string; profile: Profile | '' }>()
  if (row === undefined) return null
  const { plate, region, profile } = row
  return {
    id,
    plate,
    ...(region === '' ? {} : { region }),
    ...(profile === '' ? {} : { profile }),
  }
}

/** Plate of the entry of this id; null where the version has none. */
export async function findPlate(
  store: Store,
  list: string,
  version: number,
  id: string,
): Promise<string | null> {
  return (await findEntry(store, list, version, id))?.plate ?? null
}
