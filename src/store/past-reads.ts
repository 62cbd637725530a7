// The table `past_reads`: what an entry would have matched before it came into force.
import type { MatchClass, PlateMatch } from '../domain/alert.ts'
import { retentionCutoff } from '../domain/time.ts'
import type { Store } from './client.ts'
import { formatDateTime } from './time.ts'

export interface PastRead {
  camera: string
  read_id: string
  /** epoch ms */
  time_ms: number
  plate: string
  /** '' where it is unknown */
  region: string
  class: MatchClass
  cost: number
  posterior: number
  state: PlateMatch['state']
  /** The engine's other reading that matched. */
  candidate?: string
  /** It would have raised an alert, as the first of its passage. */
  alerts: boolean
}

/** Which search of which entry. */
export interface PastSearch {
  list: string
  entry_id: string
  /** ISO 8601 UTC, ms */
  found_at: string
}

/** @throws ClickHouseError or a connection's error, as below */
export async function putPastReads(
  { client, database }: Store,
  { list, entry_id, found_at }: PastSearch,
  reads: readonly PastRead[],
): Promise<void> {
  if (reads.length === 0) return
  const found = formatDateTime(Date.parse(found_at))
  await client.insert({
    table: `${database}.past_reads`,
    format: 'JSONEachRow',
    values: reads.map(({ time_ms, ...read }) => {
      const time = formatDateTime(time_ms)
      return { ...read, list, entry_id, found_at: found, time }
    }),
  })
}

/** Newest first; none past the retention time. */
export async function pastReadsOf(
  { client, database }: Store,
  { list, entry_id, found_at }: PastSearch,
  now_ms: number,
  retention_days: number,
): Promise<PastRead[]> {
  const result = await client.query({
    query: `SELECT camera, read_id, toFloat64(toUnixTimestamp64Milli(time)) AS time_ms, plate,
        region, class, cost, posterior, state, candidate, alerts
      FROM ${database}.past_reads FINAL
      WHERE list = {list: String} AND entry_id = {entry_id: String}
        AND found_at = fromUnixTimestamp64Milli({found: Int64}, 'UTC')
        AND time > fromUnixTimestamp64Milli({cutoff: Int64}, 'UTC')
      ORDER BY time DESC, camera, read_id`,
    query_params: {
      list,
      entry_id,
      found: Date.parse(found_at),
      cutoff: retentionCutoff(now_ms, retention_days),
    },
    format: 'JSONEachRow',
  })
  const rows = await result.json<PastRead & { candidate: string }>()
  return rows.map(({ candidate, ...read }) => (candidate === '' ? read : { ...read, candidate }))
}
