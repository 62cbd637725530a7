// The keeper's count of false alerts: what the streams and the store hold goes into counts per list
// and day, which stay when the reads have gone; then each list is held against its budget.
import { AlertTally } from '../alerts/tally.ts'
import type { Bus } from '../bus/connection.ts'
import type { Config } from '../config/schema.ts'
import { budgetOf, type HotList } from '../domain/hotlist.ts'
import { DAY_MS, utcDay } from '../domain/time.ts'
import { measureLists } from '../hotlists/false-alerts.ts'
import { openManifests } from '../hotlists/manifest.ts'
import type { Store } from '../store/client.ts'
import { countedSince, type ListDay, putListDays } from '../store/list-days.ts'
import { countReadsSince, readPartitions } from '../store/reads.ts'
import { forgetListBudgets, tellListBudgets } from '../telemetry/list-alarm.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'

export interface TallyOptions {
  config: Config
  bus: Bus
  store: Store
  log: Logger
  metrics: Metrics
}

export class TallyJob {
  readonly #o: TallyOptions
  readonly #signal: AbortSignal
  readonly #tally = new AlertTally()
  /** What was written last, by list and day. */
  readonly #written = new Map<string, string>()
  /** Reads of a list's first day from a moment on, once that day is over. */
  readonly #parts = new Map<number, number>()
  #over: ReadonlySet<string> = new Set()

  /** @param signal aborts when another process keeps */
  constructor(o: TallyOptions, signal: AbortSignal) {
    this.#o = o
    this.#signal = signal
    signal.addEventListener('abort', () => forgetListBudgets(o.metrics))
  }

  /** Counts, writes what has changed, and tells. Any failure is logged: the next turn is soon. */
  async run(now_ms: number): Promise<void> {
    const { bus, store, log } = this.#o
    try {
      if ((await this.#tally.follow(bus, this.#signal)) === 'behind') return
      const lists = [...(await (await openManifests(bus)).all()).values()].map((doc) => doc.value)
      const changed = (await this.#days(lists, now_ms)).filter((row) => !this.#isWritten(row))
      await putListDays(store, changed, now_ms)
      for (const row of changed) this.#written.set(keyOf(row), JSON.stringify(row))
      await this.#tell(lists, now_ms)
    } catch (error) {
      if (!this.#signal.aborted) log.error({ err: error }, 'False alerts could not be counted.')
    }
  }

  /**
   * Rows of the days that streams and store still hold whole; those before stay as they are. A list
   * counts from its first import that this has seen.
   */
  async #days(lists: readonly HotList[], now_ms: number): Promise<ListDay[]> {
    const { store, config } = this.#o
    const kept_ms = Math.min(
      config.retention.days * DAY_MS,
      config.streams.alerts.age_hours_max * 3_600_000,
    )
    const first_whole_day = utcDay(now_ms - kept_ms + DAY_MS)
    this.#tally.forgetBefore(first_whole_day)
    const since = await countedSince(store)
    const reads = new Map((await readPartitions(store)).map(({ day, rows }) => [day, rows]))
    const days: ListDay[] = []
    for (const { name: list, imported_at } of lists) {
      const start_ms = since.get(list) ?? Date.parse(imported_at)
      for (let ms = Math.max(start_ms, Date.parse(first_whole_day)); ; ms += DAY_MS) {
        const day = utcDay(ms)
        if (day > utcDay(now_ms)) break
        const since_ms = Math.max(start_ms, Date.parse(day))
        const counted =
          since_ms > Date.parse(day)
            ? await this.#partOfDay(day, since_ms, now_ms)
            : (reads.get(day) ?? 0)
        days.push({ list, day, since_ms, reads: counted, ...this.#tally.of(list, day) })
      }
    }
    return days
  }

  /** The store has to look for these, so what won't change any more is looked for once. */
  async #partOfDay(day: string, since_ms: number, now_ms: number): Promise<number> {
    const known = this.#parts.get(since_ms)
    if (known !== undefined) return known
    const reads = await countReadsSince(this.#o.store, day, since_ms)
    if (day < utcDay(now_ms - DAY_MS)) this.#parts.set(since_ms, reads)
    return reads
  }

  #isWritten(row: ListDay): boolean {
    return this.#written.get(keyOf(row)) === JSON.stringify(row)
  }

  async #tell(lists: readonly HotList[], now_ms: number): Promise<void> {
    const { store, config, log, metrics } = this.#o
    const measured = await measureLists(store, lists, config, now_ms)
    if (this.#signal.aborted) return
    const told = lists.map((list) => {
      const { rate, state, false_alerts, reads } = measured.get(list.name) ?? {}
      return {
        list: list.name,
        budget_per_million: budgetOf(list, config.matching.false_alerts_per_million_max),
        per_million: rate?.per_million ?? null,
        low: rate?.low ?? null,
        false_alerts: false_alerts ?? 0,
        reads: reads ?? 0,
        over: state === 'over',
      }
    })
    tellListBudgets(told, this.#over, log, metrics)
    this.#over = new Set(told.filter(({ over }) => over).map(({ list }) => list))
  }
}

function keyOf({ list, day }: ListDay): string {
  return `${list} ${day}`
}
