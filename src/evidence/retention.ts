// Retention (policy 401.5a): reads go thirty days after they were made, as whole day partitions,
// with their pictures and their day's key, and every purge leaves a proof.
//
//   planned ──► halted    more partitions than a run may drop, or a clock that disagrees with the
//      │                  streams: nothing is dropped, the alarm stands, and a person has to say
//      │                  how many partitions they expect
//      └──► begun ──► dropping ──► proved
//             ▲          │
//             └──────────┘  the run died: the next one goes on with the day
//
// Per day: what there is goes on record (begun), then partition, pictures and key go, then the
// absence of each is looked up and goes on record (proved). Until a partition goes, no path shows
// its expired reads: every query filters by the cutoff, to the second.
import type { Bus } from '../bus/connection.ts'
import type { Documents } from '../bus/documents.ts'
import { STREAM } from '../bus/streams.ts'
import type { Config } from '../config/schema.ts'
import type { Alert } from '../domain/alert.ts'
import { dayIsExpired, retentionCutoff } from '../domain/time.ts'
import type { Store } from '../store/client.ts'
import { dropPartition, readPartitions } from '../store/reads.ts'
import { formatDateTime } from '../store/time.ts'
import type { ImageStore } from './images.ts'
import { type BegunDay, begunDays, type DroppedDay, logDay } from './retention-log.ts'

export interface RetentionOptions {
  bus: Bus
  store: Store
  images: ImageStore
  day_keys: Pick<Documents<unknown>, 'get' | 'purge'>
  config: Config['retention']
  holder: string
}

export interface RetentionRun {
  now_ms: number
  dry_run: boolean
  /**
   * A person's word: the number of partitions that they expect to go, beyond what a run may drop by
   * itself.
   */
  confirmed?: number
}

export interface RetentionReport {
  outcome: 'done' | 'planned' | 'halted'
  /** Why it was halted, or, where it is only planned, why a run would be; in a sentence. */
  reason: string | null
  cutoff: string
  dropped: DroppedDay[]
  /** Gone with a run that died before it could prove it; proved by this one. */
  proved_late: DroppedDay[]
  alerts: number
  /** Held back as evidence; holds come with cases. */
  held: DroppedDay[]
}

export async function runRetention(
  o: RetentionOptions,
  run: RetentionRun,
): Promise<RetentionReport> {
  const expired = await planRetention(o, run.now_ms)
  const report: RetentionReport = {
    outcome: 'planned',
    reason: null,
    cutoff: new Date(retentionCutoff(run.now_ms, o.config.days)).toISOString(),
    dropped: expired,
    proved_late: [],
    alerts: 0,
    held: [],
  }
  const reason = await reasonToHalt(o, run, expired.length)
  if (reason !== null && !run.dry_run) {
    return { ...report, outcome: 'halted', reason, dropped: [] }
  }
  const late = await expiredAlerts(o, run.now_ms)
  if (run.dry_run) return { ...report, reason, alerts: late.length }
  const begun = await begunDays(o.store)
  for (const day of expired)
    await dropDay(o, await beginDay(o, begun.get(day.day), day, run.now_ms))
  const gone = goneSince(o, begun, expired, run.now_ms)
  for (const day of gone) await proveDay(o, day)
  for (const seq of late) await o.bus.jsm.streams.deleteMessage(STREAM.alerts, seq, true)
  return { ...report, outcome: 'done', proved_late: gone, alerts: late.length }
}

/** Days whose last moment is past the retention time, with what they hold. */
async function planRetention(o: RetentionOptions, now_ms: number): Promise<DroppedDay[]> {
  const reads = new Map((await readPartitions(o.store)).map(({ day, rows }) => [day, rows]))
  const images = new Set(await o.images.days())
  const days = [...new Set([...reads.keys(), ...images])].sort()
  const expired: DroppedDay[] = []
  for (const day of days) {
    if (!dayIsExpired(day, now_ms, o.config.days)) continue
    const count = images.has(day) ? await o.images.count(day) : 0
    expired.push({ day, reads: reads.get(day) ?? 0, images: count })
  }
  return expired
}

async function reasonToHalt(
  o: RetentionOptions,
  run: RetentionRun,
  partitions: number,
): Promise<string | null> {
  const { partitions_per_run_max, clock_difference_s_max, silence_hours_max } = o.config
  if (partitions === 0) return null
  if (run.confirmed !== undefined) {
    return run.confirmed === partitions
      ? null
      : `Expected ${run.confirmed} expired partitions, as confirmed, but found ${partitions}`
  }
  if (partitions > partitions_per_run_max) {
    return (
      `${partitions} partitions are expired and a run may drop ${partitions_per_run_max}: ` +
      'check the clock, then confirm their number'
    )
  }
  const newest_ms = await newestTimestamp(o.bus)
  const ahead_s = (newest_ms - run.now_ms) / 1_000
  if (ahead_s > clock_difference_s_max) {
    return `The streams' newest time stamp is ${Math.round(ahead_s)} s ahead of this clock`
  }
  if (-ahead_s > silence_hours_max * 3_600) {
    const old_h = Math.round(-ahead_s / 3_600)
    return (
      `The streams' newest time stamp is ${old_h} h old: ` +
      'either no camera has sent since, or this clock is ahead'
    )
  }
  return null
}

/** When a stream last took a message in, epoch ms; 0 where none ever did. */
async function newestTimestamp(bus: Bus): Promise<number> {
  let newest = 0
  for (const stream of [STREAM.reads, STREAM.alerts]) {
    const { state } = await bus.jsm.streams.info(stream)
    const last_ms = state.last_seq === 0 ? 0 : Date.parse(state.last_ts)
    newest = Math.max(newest, Number.isNaN(last_ms) ? 0 : last_ms)
  }
  return newest
}

/** Puts the day on record before anything of it goes, or goes on with one that a run had begun. */
async function beginDay(
  { store, config, holder }: RetentionOptions,
  begun: BegunDay | undefined,
  expired: DroppedDay,
  now_ms: number,
): Promise<BegunDay> {
  if (begun !== undefined) {
    // What that run had dropped already is in its counts alone.
    const reads = Math.max(begun.reads, expired.reads)
    const images = Math.max(begun.images, expired.images)
    return { ...begun, reads, images }
  }
  const cutoff = formatDateTime(retentionCutoff(now_ms, config.days))
  const day = { ...expired, run_at: formatDateTime(now_ms), cutoff }
  await logDay(store, 'begun', day, holder)
  return day
}

/** Days that a run had begun and of which neither partition nor pictures are left. */
function goneSince(
  { config }: RetentionOptions,
  begun: ReadonlyMap<string, BegunDay>,
  expired: readonly DroppedDay[],
  now_ms: number,
): BegunDay[] {
  const standing = new Set(expired.map(({ day }) => day))
  return [...begun.values()].filter(
    ({ day }) => !standing.has(day) && dayIsExpired(day, now_ms, config.days),
  )
}

/** Every step may be repeated. */
async function dropDay(o: RetentionOptions, begun: BegunDay): Promise<void> {
  await dropPartition(o.store, begun.day)
  await o.images.dropDay(begun.day)
  await proveDay(o, begun)
}

async function proveDay(o: RetentionOptions, begun: BegunDay): Promise<void> {
  const { store, images, day_keys, holder } = o
  const { day } = begun
  await day_keys.purge(day)
  const left = (await readPartitions(store)).some((partition) => partition.day === day)
  if (left || (await images.days()).includes(day) || (await day_keys.get(day)) !== null) {
    throw new Error(`Day ${day} stands after it was dropped`)
  }
  await logDay(store, 'proved', begun, holder)
}

const PAGE_ALERTS = 500
const PAGE_MS_MAX = 2_000

/** When an alert's read was made, epoch ms; NaN where the message is no alert. */
function readTime(message: { json<T>(): T }): number {
  try {
    return Date.parse(message.json<Alert>().read.time)
  } catch {
    return Number.NaN
  }
}

/**
 * Alerts go by the stream's age, counted from when they were raised; one of a read that came late
 * would outlive its read, so those are looked for, to be erased.
 * @returns their sequences
 */
async function expiredAlerts(o: RetentionOptions, now_ms: number): Promise<number[]> {
  const { state } = await o.bus.jsm.streams.info(STREAM.alerts)
  if (state.messages === 0) return []
  const cutoff_ms = retentionCutoff(now_ms, o.config.days)
  const consumer = await o.bus.js.consumers.get(STREAM.alerts)
  const expired: number[] = []
  // Page by page, each with a bound: a stream that is emptied meanwhile must not hold this up.
  for (let left = state.messages; left > 0; ) {
    const max_messages = Math.min(left, PAGE_ALERTS)
    left = 0
    for await (const message of await consumer.fetch({ max_messages, expires: PAGE_MS_MAX })) {
      left = message.seq < state.last_seq ? message.info.pending : 0
      if (readTime(message) < cutoff_ms) expired.push(message.seq)
    }
  }
  return expired
}
