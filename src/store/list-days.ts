// The table `list_days`: what each hot list was compared with and what came of it, a row per list
// and day.
import type { Store } from './client.ts'
import { formatDateTime } from './time.ts'

export interface ListCounts {
  /** Reads that the list was compared with. */
  reads: number
  alerts: number
  verified: number
  /** Rejected because the match was wrong. */
  false_alerts: number
  /** Rejected though the match was right, or as a test. */
  rejected_otherwise: number
}

export interface ListDay extends ListCounts {
  list: string
  /** `YYYY-MM-DD`, UTC, of the reads' time */
  day: string
  /** From when on this day's reads count: the list came into force then. epoch ms */
  since_ms: number
}

/** @throws ClickHouseError or a connection's error, as all below */
export async function putListDays(
  { client, database }: Store,
  days: readonly ListDay[],
  now_ms: number,
): Promise<void> {
  if (days.length === 0) return
  await client.insert({
    table: `${database}.list_days`,
    format: 'JSONEachRow',
    values: days.map(({ since_ms, ...counts }) => ({
      ...counts,
      since: formatDateTime(since_ms),
      counted_at: formatDateTime(now_ms),
    })),
  })
}

/** Since when each list is counted, epoch ms. */
export async function countedSince({ client, database }: Store): Promise<Map<string, number>> {
  const result = await client.query({
    query: `SELECT list, toUnixTimestamp64Milli(min(since)) AS since
      FROM ${database}.list_days FINAL GROUP BY list`,
    format: 'JSONEachRow',
  })
  const rows = await result.json<{ list: string; since: string | number }>()
  return new Map(rows.map(({ list, since }) => [list, Number(since)]))
}

export interface ListTotals extends ListCounts {
  /** When the latest of it was counted, epoch ms. */
  counted_ms: number
}

/** Totals of each list from a day on, `YYYY-MM-DD`. */
export async function listTotals(
  { client, database }: Store,
  first_day: string,
): Promise<Map<string, ListTotals>> {
  const result = await client.query({
    query: `SELECT list, sum(reads) AS reads, sum(alerts) AS alerts, sum(verified) AS verified,
        sum(false_alerts) AS false_alerts, sum(rejected_otherwise) AS rejected_otherwise,
        toUnixTimestamp64Milli(max(counted_at)) AS counted_ms
      FROM (SELECT * FROM ${database}.list_days FINAL WHERE day >= {first_day: Date})
      GROUP BY list`,
    query_params: { first_day },
    format: 'JSONEachRow',
  })
  const rows = await result.json<Record<keyof ListTotals | 'list', string | number>>()
  return new Map(
    rows.map((row) => [
      String(row.list),
      {
        reads: Number(row.reads),
        alerts: Number(row.alerts),
        verified: Number(row.verified),
        false_alerts: Number(row.false_alerts),
        rejected_otherwise: Number(row.rejected_otherwise),
        counted_ms: Number(row.counted_ms),
      },
    ]),
  )
}
