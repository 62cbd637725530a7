// A simulated camera network that publishes at a steady rate until it is told to stop.
import { HotplateError } from '../domain/error.ts'
import { loadLookAlikes } from '../matching/look-alikes.ts'
import type { Logger } from '../telemetry/log.ts'
import type { StagedVehicle } from './demo-list.ts'
import {
  LineBatches,
  type MadeRead,
  type OutgoingMessage,
  ReadSource,
  toListed,
  vehiclesFor,
} from './messages.ts'
import type { ConfusionTable } from './misread.ts'
import { Pace, pause } from './pace.ts'
import { pictureBook } from './picture.ts'
import { orAborted, type PublishCounts, Publisher, type PublishFunction } from './publish.ts'
import { nearListed, Stage } from './stage.ts'
import { hourFactor } from './traffic.ts'

export interface SimulationOptions {
  /** By `jetStreamPublish` on a connection that may publish on `reads.v1.*`. */
  publish: PublishFunction
  cameras: number
  /** Reads a second; 0 is as fast as the stream acks. */
  rate_reads_s: number
  model: ConfusionTable
  seed?: number
  /** Ends by itself after this time. */
  seconds?: number
  /** Reads to a message; by default 1. A message waits at most 1 s to be full. */
  batch?: number
  /** Share of reads that come with a drawn picture; by default none. */
  images_share?: number
  listed?: readonly (string | StagedVehicle)[]
  /** Share of journeys by listed vehicles; by default one in 2,000. */
  listed_share?: number
  /**
   * Sets the demo's stage: the first listed vehicle passes within this time, then one each 20 to
   * 40 s, misread in every way that still alerts, each with its picture; other plates near a
   * listed one stay off the road.
   */
  first_listed_within_s?: number
  /**
   * The rate follows the hour of the day in Idaho, and is the day's mean; by default it is
   * steady.
   */
  by_hour?: boolean
  signal?: AbortSignal
  log?: Logger
}

export interface Simulation {
  /** Resolves when it has ended and every message is acked or given up. */
  readonly done: Promise<PublishCounts>
  readonly counts: PublishCounts
  stop(): Promise<PublishCounts>
}

const BATCH_WAIT_MS_MAX = 1_000
/** Reads made in one go where no pace is set. */
const TURN_READS = 256
const HOUR_CHECK_MS = 10_000
/** What is still in flight at the end gets this long. */
const DRAIN_MS_MAX = 2_000

/** @throws HotplateError SIMULATION_INVALID */
export function startSimulation(options: SimulationOptions): Simulation {
  const { rate_reads_s } = options
  if (!(rate_reads_s >= 0 && rate_reads_s <= 1_000_000)) {
    throw new HotplateError(
      'SIMULATION_INVALID',
      `Expected a rate of 0 to 1000000 reads/s but received ${rate_reads_s}`,
    )
  }
  const ended = new AbortController()
  const given_up = new AbortController()
  const publisher = new Publisher(options.publish, {
    signal: given_up.signal,
    ...(options.log === undefined ? {} : { log: options.log }),
  })
  const signals = [ended.signal, ...(options.signal === undefined ? [] : [options.signal])]
  const done = run(options, publisher, AbortSignal.any(signals), given_up)
  return {
    done,
    get counts() {
      return publisher.counts
    },
    stop() {
      ended.abort()
      return done
    },
  }
}

async function run(
  options: SimulationOptions,
  publisher: Publisher,
  signal: AbortSignal,
  given_up: AbortController,
): Promise<PublishCounts> {
  const crew = new Crew(options)
  const send = (message: OutgoingMessage) =>
    publisher.send({
      subject: message.subject,
      payload: message.payload,
      reads: message.reads.length,
    })
  const pace = options.rate_reads_s === 0 ? null : new Pace(options.rate_reads_s)
  const start_ms = performance.now()
  const end_ms = start_ms + (options.seconds ?? Number.POSITIVE_INFINITY) * 1_000
  let hour_checked_ms = Number.NEGATIVE_INFINITY
  for (let now_ms = start_ms; !signal.aborted && now_ms < end_ms; now_ms = performance.now()) {
    if (pace !== null && options.by_hour && now_ms - hour_checked_ms > HOUR_CHECK_MS) {
      pace.setRate(options.rate_reads_s * hourFactor(Date.now()))
      hour_checked_ms = now_ms
    }
    const due = pace?.take() ?? TURN_READS
    for (let n = 0; n < due && !signal.aborted; n++) {
      const message = crew.next(now_ms - start_ms)
      // The window is full: wait for acks rather than hold more.
      const room = message === null ? undefined : send(message)
      if (room !== undefined) await orAborted(room, signal)
    }
    for (const message of crew.waiting(now_ms - start_ms)) {
      const room = send(message)
      if (room !== undefined) await orAborted(room, signal)
    }
    await pause(Math.min(pace?.wait_ms() ?? 0, Math.max(0, end_ms - now_ms)), signal)
  }
  for (const message of crew.waiting(Number.POSITIVE_INFINITY)) void send(message)
  const late = setTimeout(() => given_up.abort(), DRAIN_MS_MAX)
  const counts = await publisher.drain()
  clearTimeout(late)
  return counts
}

/** Traffic, stage and pictures together: gives messages, one read at a time. */
class Crew {
  readonly #source: ReadSource
  readonly #stage: Stage | null
  readonly #picture: ReturnType<typeof pictureBook> | undefined
  readonly #batches: LineBatches

  constructor(options: SimulationOptions) {
    const { cameras, rate_reads_s, model, seed = 1, batch = 1, images_share = 0 } = options
    const listed: StagedVehicle[] = (options.listed ?? []).map(toListed)
    const first_within_s = options.first_listed_within_s
    const staged = first_within_s !== undefined
    this.#source = new ReadSource({
      cameras,
      seed,
      model,
      vehicles: vehiclesFor(cameras, rate_reads_s),
      ...(staged ? { avoided: nearListed(listed, loadLookAlikes()) } : { listed }),
      ...(options.listed_share === undefined ? {} : { listed_share: options.listed_share }),
    })
    this.#stage = staged ? new Stage({ seed, listed, first_within_s }) : null
    this.#picture =
      images_share > 0 || staged
        ? pictureBook({ seed, share: images_share, listed_always: staged })
        : undefined
    this.#batches = new LineBatches(batch)
  }

  /** @param now_ms since the start */
  next(now_ms: number): OutgoingMessage | null {
    const time_ms = Date.now()
    const staged = this.#stage?.next(this.#source, now_ms, time_ms, this.#picture)
    const made: MadeRead = staged ?? this.#source.next(now_ms, time_ms, this.#picture)
    return this.#batches.add(made, now_ms)
  }

  /** Messages that have waited long enough to be full. */
  waiting(now_ms: number): Iterable<OutgoingMessage> {
    return this.#batches.take(now_ms - BATCH_WAIT_MS_MAX)
  }
}
