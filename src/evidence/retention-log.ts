// What the keeper drops, on record in the store. The row `begun` is there before anything goes and
// holds the counts, which nobody could look up afterwards; the row `proved` says that the day's
// absence was looked up. A run that dies in between leaves a day begun, for a later run to prove.
import type { Store } from '../store/client.ts'

export interface DroppedDay {
  /** `YYYY-MM-DD` */
  day: string
  reads: number
  images: number
}

/** A day on its way out. */
export interface BegunDay extends DroppedDay {
  /** When the run that began it was, `YYYY-MM-DD hh:mm:ss.mmm`: the same in both of its rows. */
  run_at: string
  /** `YYYY-MM-DD hh:mm:ss.mmm` */
  cutoff: string
}

/** @throws ClickHouseError or a connection's error */
export async function logDay(
  { client, database }: Store,
  phase: 'begun' | 'proved',
  { day, reads, images, run_at, cutoff }: BegunDay,
  holder: string,
): Promise<void> {
  await client.insert({
    table: `${database}.retention_log`,
    format: 'JSONEachRow',
    values: [{ run_at, day, phase, reads, images, cutoff, holder }],
  })
}

/** Days that were begun and not proved; of one that was begun twice, the first. Oldest first. */
export async function begunDays({ client, database }: Store): Promise<Map<string, BegunDay>> {
  const result = await client.query({
    query: `SELECT toString(day) AS day, toString(run_at) AS run_at, toString(cutoff) AS cutoff,
        toFloat64(reads) AS reads, toFloat64(images) AS images
      FROM ${database}.retention_log WHERE phase = 'begun' AND (day, run_at) NOT IN
        (SELECT day, run_at FROM ${database}.retention_log WHERE phase = 'proved')
      ORDER BY retention_log.day, retention_log.run_at DESC`,
    format: 'JSONEachRow',
  })
  const rows = await result.json<BegunDay>()
  return new Map(rows.map((row) => [row.day, row]))
}
