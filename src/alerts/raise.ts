// Raises alerts: one per entry, camera and vehicle passage, whoever retries and however often a
// read is delivered.
//
// A passage begins with a read and lasts `passage_ms`. Time is cut into buckets of that length, and
// an alert's id is a hash of entry, camera and the bucket of the passage's first read;
// `alerts.v1.<id>` is published with expected last subject sequence 0, so the stream itself refuses
// a second one. A passage that straddles the edge of two buckets would still get two ids, so before
// an alert is raised its neighbours are looked up: by this process's memory, else on the stream. A
// raiser begins with one look at all the ids that the stream holds; what is not among them, and was
// not raised here since, is not there, and most alerts need no further look. That look comes with
// the first batch, after the puller has fenced off the partition's holder before: what that one
// raises later than our look comes to us as well, since it can't acknowledge it.
import { JetStreamApiError } from '@nats-io/jetstream'
import xxhash from 'xxhash-wasm'
import type { Bus } from '../bus/connection.ts'
import { OncePublisher } from '../bus/publish-once.ts'
import { alertSubject, STREAM } from '../bus/streams.ts'
import type { Alert } from '../domain/alert.ts'

const { h64ToString } = await xxhash()

/** JetStream's error "no message found". */
const NO_MESSAGE = 10_037
const REMEMBERED_MAX = 100_000
/** Ids learned at the beginning, about 100 bytes each; beyond, each id is asked for. */
const LEARNED_MAX = 500_000
const PUBLISH_MS_MAX = 5_000

export interface Sighting {
  list: string
  entry_id: string
  camera: string
  time_ms: number
  /** Made only when the alert is really raised. */
  build: (id: string) => Alert
}

export type Outcome = 'raised' | 'suppressed'

/** Id of the alert of the passage whose first read is at `time_ms`: XXH64, 16 hex digits. */
export function alertId(sighting: Omit<Sighting, 'build'>, bucket: number): string {
  const { list, entry_id, camera } = sighting
  return h64ToString(`${list}\n${entry_id}\n${camera}\n${bucket}`, 0n)
}

export class AlertRaiser {
  #bus: Bus
  #publisher: OncePublisher
  #passage_ms: number
  /** Alert id to the time of its first read; null: known not to be on the stream. Oldest first. */
  #known = new Map<string, number | null>()
  /** The latest sighting under way, by entry and camera. */
  #turns = new Map<string, Promise<Outcome>>()
  /** Ids on the stream when this process began; null where there are too many to hold. */
  #before: Set<string> | null = null
  #began: Promise<void> | null = null

  constructor(bus: Bus, passage_s: number) {
    this.#bus = bus
    this.#publisher = new OncePublisher(bus)
    this.#passage_ms = passage_s * 1_000
  }

  close(): void {
    this.#publisher.close()
  }

  async #begin(signal: AbortSignal): Promise<void> {
    for (let wait_ms = 20; ; wait_ms = Math.min(wait_ms * 2, 1_000)) {
      signal.throwIfAborted()
      try {
        return await this.#learn()
      } catch {
        await pause(wait_ms, signal)
      }
    }
  }

  async #learn(): Promise<void> {
    const { state } = await this.#bus.jsm.streams.info(STREAM.alerts)
    if ((state.num_subjects ?? 0) > LEARNED_MAX) return
    // The client asks for page after page by itself.
    const all = await this.#bus.jsm.streams.info(STREAM.alerts, {
      subjects_filter: alertSubject('*'),
    })
    const subjects = Object.keys(all.state.subjects ?? {})
    const ids = new Set(subjects.map((subject) => subject.slice(alertSubject('').length)))
    this.#before = ids
  }

  /**
   * Raises the alerts of these sightings, in order, and resolves once the stream holds each of
   * them. Retries for as long as the stream can't be reached: an alert is never given up. Call it
   * for a batch without sightings too: the first call learns what the stream holds. What must be
   * there before any of them, such as their pictures, goes into `prepared`: whoever awaited it
   * first would lose its turn to the next batch.
   */
  async raise(
    sightings: readonly Sighting[],
    signal: AbortSignal,
    prepared: Promise<void> = Promise.resolve(),
  ): Promise<Outcome[]> {
    // Its failure is each turn's; without any turn it would be nobody's.
    prepared.catch(() => undefined)
    this.#began ??= this.#begin(signal).catch((error: unknown) => {
      this.#began = null
      throw error
    })
    await this.#began
    return Promise.all(sightings.map((sighting) => this.#inTurn(sighting, signal, prepared)))
  }

  /**
   * Sightings of one entry and camera depend on each other, also over calls; others don't wait for
   * them.
   */
  #inTurn(sighting: Sighting, signal: AbortSignal, prepared: Promise<void>): Promise<Outcome> {
    const key = `${sighting.list}\n${sighting.entry_id}\n${sighting.camera}`
    const before = this.#turns.get(key)?.catch(() => undefined) ?? Promise.resolve()
    const turn = before.then(() => prepared).then(() => this.#raiseOne(sighting, signal))
    this.#turns.set(key, turn)
    const done = () => {
      if (this.#turns.get(key) === turn) this.#turns.delete(key)
    }
    turn.then(done, done)
    return turn
  }

  async #raiseOne(sighting: Sighting, signal: AbortSignal): Promise<Outcome> {
    const bucket = Math.floor(sighting.time_ms / this.#passage_ms)
    const ids = [bucket - 1, bucket, bucket + 1].map((b) => alertId(sighting, b))
    const starts = await Promise.all(ids.map((id) => this.#startOf(id, signal)))
    const of_passage = (start: number | null) =>
      start !== null && Math.abs(sighting.time_ms - start) < this.#passage_ms
    if (starts.some(of_passage)) return 'suppressed'
    return this.#publish(ids[1] as string, sighting, signal)
  }

  async #publish(id: string, sighting: Sighting, signal: AbortSignal): Promise<Outcome> {
    const payload = JSON.stringify(sighting.build(id))
    for (let wait_ms = 20; ; wait_ms = Math.min(wait_ms * 2, 1_000)) {
      signal.throwIfAborted()
      try {
        const subject = alertSubject(id)
        const outcome = await this.#publisher.publish(subject, payload, signal, PUBLISH_MS_MAX)
        if (outcome === 'exists') {
          // Ours, when an earlier try was stored and its answer was lost; another's, when the lease
          // has moved: then its passage may have begun at another read.
          this.#known.delete(id)
          this.#before?.add(id)
          await this.#startOf(id, signal)
          return 'suppressed'
        }
        this.#remember(id, sighting.time_ms)
        return 'raised'
      } catch {
        await pause(wait_ms, signal)
      }
    }
  }

  async #startOf(id: string, signal: AbortSignal): Promise<number | null> {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    if (this.#before !== null && !this.#before.has(id)) return null
    for (let wait_ms = 20; ; wait_ms = Math.min(wait_ms * 2, 1_000)) {
      signal.throwIfAborted()
      try {
        const start = await this.#readStart(id)
        this.#remember(id, start)
        return start
      } catch {
        await pause(wait_ms, signal)
      }
    }
  }

  async #readStart(id: string): Promise<number | null> {
    try {
      const message = await this.#bus.jsm.direct.getMessage(STREAM.alerts, {
        last_by_subj: alertSubject(id),
      })
      return message === null ? null : Date.parse(message.json<Alert>().read.time)
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === NO_MESSAGE) return null
      throw error
    }
  }

  #remember(id: string, start: number | null): void {
    this.#known.set(id, start)
    if (this.#known.size > REMEMBERED_MAX) {
      const [oldest] = this.#known.keys()
      this.#known.delete(oldest as string)
      this.#before?.add(oldest as string)
      if (this.#before !== null && this.#before.size > LEARNED_MAX) this.#before = null
    }
  }
}

function pause(wait_ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, wait_ms)
    signal.addEventListener('abort', done)
  })
}
