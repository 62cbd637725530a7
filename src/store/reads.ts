// The table `reads`: what ingest writes, and the questions that the program itself asks.
import { Readable } from 'node:stream'
import { retentionCutoff } from '../domain/time.ts'
import type { Store } from './client.ts'
import { READ_COLUMNS } from './read-columns.ts'

/**
 * Writes blocks of rows (Native format). Repeating it with the same rows changes nothing that a
 * query with FINAL shows.
 * @throws ClickHouseError or a connection's error
 */
export async function insertReads(
  { client, database }: Store,
  blocks: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<void> {
  // The client's insert() knows text formats only; exec() takes any.
  const { stream } = await client.exec({
    query: `INSERT INTO ${database}.reads (${READ_COLUMNS.join(', ')}) FORMAT Native`,
    values: Readable.from(blocks, { objectMode: false }),
    ...(signal ? { abort_signal: signal } : {}),
  })
  // The answer has no body; unread, it would keep its connection.
  for await (const _ of stream);
}

export interface DayPartition {
  /** `YYYY-MM-DD` */
  day: string
  rows: number
  bytes: number
}

/** Tables that hold reads, by the UTC day of their time: a day goes from all of them. */
const DAY_TABLES = ['reads', 'past_reads']

/** Day partitions, oldest first; rows are those of `reads`. */
export async function readPartitions({ client, database }: Store): Promise<DayPartition[]> {
  const result = await client.query({
    query: `SELECT partition AS day, sumIf(rows, table = 'reads') AS rows,
        sum(bytes_on_disk) AS bytes
      FROM system.parts
      WHERE database = {database: String} AND has({tables: Array(String)}, table) AND active
      GROUP BY partition ORDER BY partition`,
    query_params: { database, tables: DAY_TABLES },
    format: 'JSONEachRow',
  })
  const rows = await result.json<{ day: string; rows: string; bytes: string }>()
  return rows.map((row) => ({ day: row.day, rows: Number(row.rows), bytes: Number(row.bytes) }))
}

export interface StoredReading {
  plate: string
  /** Plates of the engine's candidate readings. */
  candidates: string[]
}

/** Any reads within the retention time, spread over it; the same ones when nothing has come in. */
export async function sampleReadings(
  { client, database }: Store,
  rows_max: number,
  now_ms: number,
  retention_days: number,
): Promise<StoredReading[]> {
  const result = await client.query({
    query: `SELECT plate, candidates.plate AS candidates FROM ${database}.reads FINAL
      WHERE time > fromUnixTimestamp64Milli({cutoff: Int64}, 'UTC')
      ORDER BY cityHash64(camera, id) LIMIT {rows: UInt32}`,
    query_params: { cutoff: retentionCutoff(now_ms, retention_days), rows: rows_max },
    format: 'JSONEachRow',
  })
  return result.json<StoredReading>()
}

/** Reads of a day (`YYYY-MM-DD`) from a moment on; one that was sent twice may count twice. */
export async function countReadsSince(
  { client, database }: Store,
  day: string,
  since_ms: number,
): Promise<number> {
  const result = await client.query({
    query: `SELECT count() AS reads FROM ${database}.reads
      WHERE toDate(time, 'UTC') = {day: Date}
        AND time >= fromUnixTimestamp64Milli({since: Int64}, 'UTC')`,
    query_params: { day, since: since_ms },
    format: 'JSONEachRow',
  })
  const [row] = await result.json<{ reads: string | number }>()
  return Number(row?.reads ?? 0)
}

/** Drops a day: metadata, not a delete of rows. */
export async function dropPartition(store: Store, day: string): Promise<void> {
  const on_cluster = store.cluster ? `ON CLUSTER '${store.cluster}'` : ''
  for (const table of DAY_TABLES) {
    await store.client.command({
      query: `ALTER TABLE ${store.database}.${table} ${on_cluster} DROP PARTITION {day: String}`,
      query_params: { day },
    })
  }
}

export interface PlateSighting {
  camera: string
  id: string
  time: string
  plate: string
}

/**
 * Reads of one plate within the retention time, newest first.
 * The order by plate finds the candidates; the table itself then says which of them stand (the
 * first read of an id wins).
 */
export async function readsOfPlate(
  { client, database }: Store,
  plate: string,
  now_ms: number,
  retention_days: number,
  rows_max = 1_000,
): Promise<PlateSighting[]> {
  const result = await client.query({
    query: `SELECT camera, id, time, plate FROM ${database}.reads FINAL
      WHERE (camera, id) IN (
        SELECT camera, id FROM ${database}.reads
        WHERE plate = {plate: String} AND time > fromUnixTimestamp64Milli({cutoff: Int64}, 'UTC'))
      AND plate = {plate: String} AND time > fromUnixTimestamp64Milli({cutoff: Int64}, 'UTC')
      ORDER BY time DESC LIMIT {rows: UInt32}`,
    query_params: { plate, cutoff: retentionCutoff(now_ms, retention_days), rows: rows_max },
    format: 'JSONEachRow',
  })
  return result.json<PlateSighting>()
}
