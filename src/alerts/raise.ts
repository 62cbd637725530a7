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
//
// A vehicle that is on several lists has several sightings of one read, the most urgent first. The
// first alerts and names the others; what it names, and speaks for, raises nothing of its own for
// as long as that passage lasts. In doubt there is one alert more, never one less:
//   - what the standing alert of a passage does not name (its read showed less, or the list came
//     into force since) alerts by itself, and so does what a person might miss otherwise, because
//     the first one's alert is not for them;
//   - a more urgent sighting that a later read of the passage brings alerts too, and names what
//     was raised before;
//   - what was named is known to this process alone. Another, or this one after a restart, finds it
//     again where the read that was named is delivered again, by the alert itself; a later read of
//     the passage that shows only the less urgent entry raises that then.
import { JetStreamApiError } from '@nats-io/jetstream'
import xxhash from 'xxhash-wasm'
import type { Bus } from '../bus/connection.ts'
import { OncePublisher } from '../bus/publish-once.ts'
import { alertSubject, STREAM } from '../bus/streams.ts'
import type { Alert } from '../domain/alert.ts'
import { bucketOf, isOfPassage } from '../domain/passages.ts'

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
  /** Made only when the alert is really raised; it names the others, in their order. */
  build: (id: string, others: readonly Sighting[]) => Alert
  /** Whether all who are to know of the other get this one's alert, so that naming it will do. */
  speaksFor?: (other: Sighting) => boolean
}

/** `named`: by the alert of a more urgent sighting of the vehicle. */
export type Outcome = 'raised' | 'suppressed' | 'named'

/** An alert that stands: when its read was, epoch ms, and the entries that it names. */
interface Standing {
  start: number
  names: readonly string[]
}

type SightedEntry = Pick<Sighting, 'list' | 'entry_id' | 'camera'>

/** Id of the alert of the passage whose first read is at `time_ms`: XXH64, 16 hex digits. */
export function alertId(sighting: SightedEntry, bucket: number): string {
  const { list, entry_id, camera } = sighting
  return h64ToString(`${list}\n${entry_id}\n${camera}\n${bucket}`, 0n)
}

export class AlertRaiser {
  #bus: Bus
  #publisher: OncePublisher
  #passage_ms: number
  /** By alert id; null: known not to be on the stream. Oldest first. */
  #known = new Map<string, Standing | null>()
  /** The latest sighting under way, by entry and camera. */
  #turns = new Map<string, Promise<unknown>>()
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
   * Raises the alerts of these vehicles, each of them the sightings of one read, in order, the most
   * urgent first. Resolves once the stream holds each of them, with their outcomes in that order.
   * Retries for as long as the stream can't be reached: an alert is never given up. Call it for a
   * batch without sightings too: the first call learns what the stream holds. What must be there
   * before any of them, such as their pictures, goes into `prepared`: whoever awaited it first
   * would lose its turn to the next batch.
   */
  async raise(
    vehicles: readonly (readonly Sighting[])[],
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
    const outcomes = vehicles.map((vehicle) => this.#inTurn(vehicle, signal, prepared))
    return (await Promise.all(outcomes)).flat()
  }

  /**
   * Sightings of one entry and camera depend on each other, also over calls; others don't wait for
   * them.
   */
  #inTurn(
    vehicle: readonly Sighting[],
    signal: AbortSignal,
    prepared: Promise<void>,
  ): Promise<Outcome[]> {
    const keys = vehicle.map((one) => `${nameOf(one.list, one.entry_id)}\n${one.camera}`)
    const before = Promise.allSettled(keys.map((key) => this.#turns.get(key)))
    const turn = before.then(() => prepared).then(() => this.#raiseVehicle(vehicle, signal))
    for (const key of keys) this.#turns.set(key, turn)
    const done = () => {
      for (const key of keys) if (this.#turns.get(key) === turn) this.#turns.delete(key)
    }
    turn.then(done, done)
    return turn
  }

  async #raiseVehicle(vehicle: readonly Sighting[], signal: AbortSignal): Promise<Outcome[]> {
    const outcomes = new Map<Sighting, Outcome>()
    for (const sighting of vehicle) {
      if (outcomes.has(sighting)) continue
      const { outcome, standing } = await this.#raiseOne(sighting, vehicle, signal)
      outcomes.set(sighting, outcome)
      for (const other of vehicle) {
        if (outcomes.has(other) || sighting.speaksFor?.(other) !== true) continue
        if (!standing.names.includes(nameOf(other.list, other.entry_id))) continue
        outcomes.set(other, 'named')
        this.#cover(other, standing.start)
      }
    }
    return vehicle.map((sighting) => outcomes.get(sighting) as Outcome)
  }

  /** As if it had been raised with the alert that names it: the passage is the same. */
  #cover(sighting: Sighting, start: number): void {
    const id = alertId(sighting, bucketOf(start, this.#passage_ms))
    // It has an alert of its own, whose beginning a look at the stream will tell.
    if (this.#known.get(id) || this.#before?.has(id)) return
    this.#remember(id, { start, names: [] })
  }

  async #raiseOne(
    sighting: Sighting,
    vehicle: readonly Sighting[],
    signal: AbortSignal,
  ): Promise<{ outcome: Outcome; standing: Standing }> {
    const bucket = bucketOf(sighting.time_ms, this.#passage_ms)
    const ids = [bucket - 1, bucket, bucket + 1].map((b) => alertId(sighting, b))
    const found = await Promise.all(ids.map((id) => this.#standing(id, signal)))
    const of_passage = found.find(
      (one) => one !== null && isOfPassage(sighting.time_ms, one.start, this.#passage_ms),
    )
    if (of_passage) return { outcome: 'suppressed', standing: of_passage }
    const others = vehicle.filter((other) => !isSameEntry(other, sighting))
    return this.#publish(ids[1] as string, sighting, others, signal)
  }

  async #publish(
    id: string,
    sighting: Sighting,
    others: readonly Sighting[],
    signal: AbortSignal,
  ): Promise<{ outcome: Outcome; standing: Standing }> {
    const alert = sighting.build(id, others)
    const payload = JSON.stringify(alert)
    const raised = { start: sighting.time_ms, names: namesOf(alert) }
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
          const standing = await this.#standing(id, signal)
          return { outcome: 'suppressed', standing: standing ?? { ...raised, names: [] } }
        }
        this.#remember(id, raised)
        return { outcome: 'raised', standing: raised }
      } catch {
        await pause(wait_ms, signal)
      }
    }
  }

  async #standing(id: string, signal: AbortSignal): Promise<Standing | null> {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    if (this.#before !== null && !this.#before.has(id)) return null
    for (let wait_ms = 20; ; wait_ms = Math.min(wait_ms * 2, 1_000)) {
      signal.throwIfAborted()
      try {
        const standing = await this.#readStanding(id)
        this.#remember(id, standing)
        return standing
      } catch {
        await pause(wait_ms, signal)
      }
    }
  }

  async #readStanding(id: string): Promise<Standing | null> {
    try {
      const message = await this.#bus.jsm.direct.getMessage(STREAM.alerts, {
        last_by_subj: alertSubject(id),
      })
      if (message === null) return null
      const alert = message.json<Alert>()
      return { start: Date.parse(alert.read.time), names: namesOf(alert) }
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === NO_MESSAGE) return null
      throw error
    }
  }

  #remember(id: string, standing: Standing | null): void {
    this.#known.set(id, standing)
    if (this.#known.size > REMEMBERED_MAX) {
      const [oldest] = this.#known.keys()
      this.#known.delete(oldest as string)
      this.#before?.add(oldest as string)
      if (this.#before !== null && this.#before.size > LEARNED_MAX) this.#before = null
    }
  }
}

function nameOf(list: string, entry_id: string): string {
  return `${list}\n${entry_id}`
}

function namesOf({ also = [] }: Alert): string[] {
  return also.map(({ list, id }) => nameOf(list, id))
}

function isSameEntry(a: SightedEntry, b: SightedEntry): boolean {
  return a.list === b.list && a.entry_id === b.entry_id
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
