// How often each cleared vehicle was seen: counted in memory where reads are settled, and written
// to the store some seconds later, a row for each clearance that was seen since. What a `kill -9`
// takes is the count of those seconds, and never an alert.
import { randomUUID } from 'node:crypto'
import { utcDay } from '../domain/time.ts'
import type { Store } from '../store/client.ts'
import { formatDateTime } from '../store/time.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Clearance } from './cleared.ts'

interface Count {
  list: string
  clearance: string
  /** `YYYY-MM-DD`, UTC */
  day: string
  /** Of this process, so far. */
  silenced: number
  last_ms: number
  written: number
}

const FLUSH_EVERY_MS = 5_000

export class ClearedTally {
  readonly #store: Store
  readonly #log: Pick<Logger, 'warn'>
  /** Rows of two processes never replace each other. */
  readonly #source = randomUUID()
  readonly #counts = new Map<string, Count>()
  readonly #timer: NodeJS.Timeout
  #flushing: Promise<void> = Promise.resolve()

  constructor(store: Store, log: Pick<Logger, 'warn'>) {
    this.#store = store
    this.#log = log
    this.#timer = setInterval(() => void this.flush(), FLUSH_EVERY_MS)
    this.#timer.unref()
  }

  add({ list, id: clearance }: Pick<Clearance, 'list' | 'id'>, now_ms: number): void {
    const day = utcDay(now_ms)
    const key = `${list}\n${clearance}\n${day}`
    const count = this.#counts.get(key) ?? newCount({ list, clearance, day })
    count.silenced += 1
    count.last_ms = now_ms
    this.#counts.set(key, count)
  }

  /** Writes what has changed; what can't be written comes with the next. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#write())
    return this.#flushing
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }

  async #write(): Promise<void> {
    const changed = [...this.#counts.values()].filter(({ silenced, written }) => silenced > written)
    if (changed.length === 0) return
    const rows = changed.map((count) => ({ count, silenced: count.silenced }))
    try {
      await this.#store.client.insert({
        table: `${this.#store.database}.cleared_counts`,
        format: 'JSONEachRow',
        values: rows.map(({ count: { list, clearance, day, last_ms }, silenced }) => ({
          list,
          clearance,
          day,
          source: this.#source,
          silenced,
          last_at: formatDateTime(last_ms),
        })),
      })
    } catch (error) {
      this.#log.warn({ err: error }, 'Counts of cleared vehicles could not be written.')
      return
    }
    for (const { count, silenced } of rows) count.written = silenced
    this.#forgetDays(changed)
  }

  /** Days before the last that is counted. */
  #forgetDays(changed: readonly Count[]): void {
    const last =
      changed
        .map(({ day }) => day)
        .toSorted()
        .at(-1) ?? ''
    for (const [key, { day, silenced, written }] of this.#counts) {
      if (day < last && silenced === written) this.#counts.delete(key)
    }
  }
}

function newCount(of: Pick<Count, 'list' | 'clearance' | 'day'>): Count {
  return { ...of, silenced: 0, last_ms: 0, written: 0 }
}

export interface ClearedCount {
  silenced: number
  /** ISO 8601 UTC, ms */
  last_at: string
}

/**
 * By clearance, of one list or of all.
 * @throws ClickHouseError or a connection's error
 */
export async function clearedCounts(
  { client, database }: Store,
  list?: string,
): Promise<Map<string, ClearedCount>> {
  const result = await client.query({
    query: `SELECT clearance, toFloat64(sum(silenced)) AS silenced,
        toFloat64(toUnixTimestamp64Milli(max(last_at))) AS last_ms
      FROM ${database}.cleared_counts FINAL
      ${list === undefined ? '' : 'WHERE list = {list: String}'} GROUP BY clearance`,
    query_params: list === undefined ? {} : { list },
    format: 'JSONEachRow',
  })
  const rows = await result.json<{ clearance: string; silenced: number; last_ms: number }>()
  return new Map(
    rows.map(({ clearance, silenced, last_ms }) => [
      clearance,
      { silenced, last_at: new Date(last_ms).toISOString() },
    ]),
  )
}
