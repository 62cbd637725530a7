// Made traffic for benches: a list of plates, reads of vehicles that are on it and of others, and
// what alerts must follow.
import type { Bus } from '../../src/bus/connection.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { Entry, Profile } from '../../src/domain/hotlist.ts'
import { Random } from '../../src/domain/random.ts'
import { importList } from '../../src/hotlists/import.ts'
import { openManifests } from '../../src/hotlists/manifest.ts'
import { openThresholds } from '../../src/hotlists/thresholds.ts'
import type { Sighted } from '../../src/matching/judge.ts'
import { loadModel } from '../../src/matching/model.ts'
import { generateMessages, type OutgoingMessage } from '../../src/simulate/messages.ts'
import { drawPlate } from '../../src/simulate/plates.ts'
import { jetStreamPublish, Publisher } from '../../src/simulate/publish.ts'
import type { Store } from '../../src/store/client.ts'
import { judgeOf } from '../../test/helpers/matching.ts'
import { until } from '../../test/helpers/until.ts'

const LIST = 'bench'
const SEED = 20_261_123
/** Entries whose vehicles are on the road; the others are decoys of the same formats. */
const ON_THE_ROAD = 1_000
const CAMERAS = 200
const TRAFFIC_RATE_READS_S = 2_000
const EDIT_CHARS_MIN = configSchema.parse({}).matching.edit_chars_min

/** Plates of the simulator's formats, no two alike. */
export function makeEntries(count: number): Omit<Entry, 'id'>[] {
  const random = new Random(SEED, 5)
  const plates = new Map<string, Omit<Entry, 'id'>>()
  while (plates.size < count) {
    const { plate, region } = drawPlate(random)
    if (plate.length >= 5) plates.set(plate, { plate, region, reason: 'Stolen vehicle' })
  }
  return [...plates.values()]
}

/** Least log odds of an alert of the list, as the service that has drained it says. */
export async function thresholdInForce(bus: Bus): Promise<number> {
  const thresholds = await openThresholds(bus)
  const found = await until(() => thresholds.get(LIST), { what: 'the threshold of the list' })
  return found.value.log_odds_min
}

export async function importEntries(
  bus: Bus,
  store: Store,
  entries: readonly Omit<Entry, 'id'>[],
  profile: Profile,
): Promise<void> {
  const manifests = await openManifests(bus)
  await importList(store, manifests, { name: LIST, category: 'stolen_vehicle', profile, entries })
}

export interface TrafficOptions {
  reads: number
  /** Reads to a message. */
  batch: number
  /** Tells one fill from another: other ids, other vehicles. */
  seed: number
  /**
   * Time of the first read, epoch ms: the same traffic is made twice, once to send it and once to
   * know what must follow.
   */
  start_ms: number
}

/** Reads as cameras send them, one in 2,000 journeys by a listed vehicle, misread as engines do. */
export function makeTraffic(
  entries: readonly Omit<Entry, 'id'>[],
  { reads, batch, seed, start_ms }: TrafficOptions,
): Generator<OutgoingMessage> {
  return generateMessages({
    cameras: CAMERAS,
    count: reads,
    batch,
    seed,
    start_ms,
    rate_reads_s: TRAFFIC_RATE_READS_S,
    model: loadModel('general'),
    listed: entries.slice(0, ON_THE_ROAD).map(({ plate }) => plate),
  })
}

/** Publishes with acks; resolves when the stream has all of it. @returns messages published */
export async function fillStream(bus: Bus, traffic: Iterable<OutgoingMessage>): Promise<number> {
  const publisher = new Publisher(jetStreamPublish(bus.nc), {
    signal: new AbortController().signal,
  })
  for (const { subject, payload, reads } of traffic) {
    const room = publisher.send({ subject, payload, reads: reads.length })
    if (room) await room
  }
  const counts = await publisher.drain()
  if (counts.messages_failed > 0) throw new Error(`${counts.messages_failed} publishes failed`)
  return counts.messages_acked
}

interface Seen extends Sighted {
  time_ms: number
}

/** Beginnings of the passages that have had their alert, by vehicle and camera. */
export type Passages = Map<string, number[]>

/**
 * How many alerts must follow from these messages, in their order: one per vehicle, camera and
 * passage, since entries that differ in O and 0 alone are one vehicle's, whose alert names them.
 * `passages` is carried from one fill to the next, whose times may overlap.
 * @param log_odds_min the threshold in force: drawn anew it would be another by a hair
 */
export function expectedAlerts(
  entries: readonly Omit<Entry, 'id'>[],
  traffic: Iterable<OutgoingMessage>,
  profile: Profile,
  log_odds_min: number,
  passages: Passages,
): number {
  const { alerts } = configSchema.parse({})
  const indexed = entries.map(({ plate, region }) => ({ plate, profile, region }))
  const judge = judgeOf(indexed, { log_odds_min, edit_chars_min: EDIT_CHARS_MIN })
  let expected = 0
  for (const { payload } of traffic) {
    const reads = Buffer.from(payload).toString().split('\n').filter(Boolean).map(parseRead)
    for (const hit of judge.match(reads)) {
      const { camera, time_ms } = reads[hit.read] as Seen
      const { plate, region } = entries[hit.entry] as Entry
      const key = `${plate.replaceAll('O', '0')} ${region} ${camera}`
      const starts = passages.get(key) ?? []
      passages.set(key, starts)
      if (starts.some((start) => Math.abs(start - time_ms) < alerts.passage_s * 1_000)) continue
      starts.push(time_ms)
      expected += 1
    }
  }
  return expected
}

function parseRead(line: string): Seen {
  const read = JSON.parse(line) as Record<string, unknown>
  return {
    camera: read.camera as string,
    time_ms: Date.parse(read.time as string),
    plate: read.plate as string,
    region: (read.region as string | undefined) ?? '',
    confidence: (read.confidence as number | undefined) ?? null,
    char_confidence: (read.charConfidence as number[] | undefined) ?? null,
    candidates: (read.candidates as Seen['candidates'] | undefined) ?? null,
  }
}
