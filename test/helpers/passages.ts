// Made traffic whose alerts are known beforehand: vehicles of a list pass cameras among many
// others, each passage seen several times. Whatever order the reads arrive in, a passage is one
// alert: its reads lie within 10 s, and the next passage of the same vehicle and camera is a minute
// away, so with 30 s to a passage no order can join two or split one.
import { randomInt } from 'node:crypto'
import type { Bus } from '../../src/bus/connection.ts'
import type { Alert } from '../../src/domain/alert.ts'
import { Random } from '../../src/domain/random.ts'
import { importList } from '../../src/hotlists/import.ts'
import { openManifests } from '../../src/hotlists/manifest.ts'
import { jetStreamPublish, type PublishedMessage, Publisher } from '../../src/simulate/publish.ts'
import type { Store } from '../../src/store/client.ts'
import { metricOf, type RunningService } from './service.ts'
import { until } from './until.ts'

const LIST = 'faults'
const PASSAGE_MS = 30_000
/** Passages of one vehicle at one camera begin this far apart. */
const NEXT_PASSAGE_MS = 60_000
const PASSAGES_OF_PAIR = 4
const SPREAD_MS = 10_000
const PART_MS = (PASSAGES_OF_PAIR + 4) * NEXT_PASSAGE_MS
const NDJSON_READS_MAX = 20
const ENTRIES = 200
const CAMERAS = 20

interface MadeRead {
  camera: string
  id: string
  plate: string
  time_ms: number
}

export interface MadeTraffic {
  messages: PublishedMessage[]
  /** `<camera> <id>` of each read. */
  reads: Set<string>
  /** `<plate> <camera> <hh:mm>` of each passage of a listed vehicle. */
  passages: Set<string>
  /** The passage that an alert is of, or null: then it should not be there. */
  passageOf(alert: Alert): string | null
}

export interface TrafficOptions {
  reads: number
  seed: number
  /** Share of the reads that are of listed vehicles. */
  listed_share?: number
  /** Each read as a message of its own, never NDJSON. */
  single?: boolean
  /** One read a passage: then each alert has exactly one read that raises it. */
  reads_of_passage_max?: number
  /** Traffic of one part shares no read and no passage with another's. */
  part?: number
}

function plateOf(entry: number): string {
  return `HP${String(10_000 + entry)}`
}

/** A seed that differs from run to run; tests name it when they fail. */
export function anySeed(): number {
  return randomInt(1, 1_000_000_000)
}

export async function importPlates(bus: Bus, store: Store): Promise<void> {
  const entries = Array.from({ length: ENTRIES }, (_, entry) => ({
    plate: plateOf(entry),
    reason: 'Stolen vehicle',
  }))
  const list = { name: LIST, category: 'stolen_vehicle', profile: 'exact', entries } as const
  await importList(store, await openManifests(bus), list)
}

/**
 * Until then a running service matches against the entries before: what passes meanwhile raises
 * nothing.
 */
export async function untilListed(service: RunningService): Promise<void> {
  await until(
    async () => metricOf(await service.metrics(), 'hotplate_hotlist_entries') === ENTRIES,
    { what: 'the list in force' },
  )
}

/** Reads of the last two hours, shuffled; about one in twenty is sent twice under its id. */
export function makeTraffic(o: TrafficOptions): MadeTraffic {
  const part = o.part ?? 0
  const random = new Random(o.seed, part)
  const began_ms = Math.floor((Date.now() - 7_200_000) / NEXT_PASSAGE_MS) * NEXT_PASSAGE_MS
  const base_ms = began_ms + part * PART_MS
  const listed = Math.round(o.reads * (o.listed_share ?? 0.1))
  const made = listedReads(random, base_ms, listed, o.reads_of_passage_max ?? 4)
  const passages = new Set(made.map(passageOfRead))
  for (let n = made.length; n < o.reads; n += 1) {
    made.push({
      camera: cameraOf(random.below(CAMERAS)),
      id: `o-${n}`,
      plate: `ZZ${String(10_000 + random.below(80_000))}`,
      time_ms: base_ms + random.below(3_600_000),
    })
  }
  for (const read of made) read.id = `${part}-${read.id}`
  const again = o.single ? [] : made.filter(() => random.below(20) === 0)
  return {
    messages: pack(shuffle([...made, ...again], random), random, o.single ?? false),
    reads: new Set(made.map(({ camera, id }) => `${camera} ${id}`)),
    passages,
    passageOf({ entry, read }) {
      const { camera, id } = read
      const time_ms = Date.parse(read.time)
      const passage = passageOfRead({ camera, id, plate: entry.plate, time_ms })
      return passages.has(passage) ? passage : null
    },
  }
}

/** Every second pair's passages lie across the edge of a bucket, the others within one. */
function listedReads(random: Random, base_ms: number, count: number, most: number): MadeRead[] {
  const reads: MadeRead[] = []
  for (let pair = 0; reads.length < count; pair += 1) {
    const entry = pair % ENTRIES
    const camera = cameraOf(Math.floor(pair / ENTRIES) % CAMERAS)
    const lead_ms = pair % 2 === 0 ? SPREAD_MS / 2 : -SPREAD_MS / 2
    for (let passage = 0; passage < PASSAGES_OF_PAIR; passage += 1) {
      const start_ms = base_ms + (passage + 1) * NEXT_PASSAGE_MS + PASSAGE_MS - lead_ms
      for (let n = 1 + random.below(most); n > 0 && reads.length < count; n -= 1) {
        const time_ms = start_ms + random.below(SPREAD_MS)
        reads.push({ camera, id: `r-${reads.length}`, plate: plateOf(entry), time_ms })
      }
    }
  }
  return reads
}

function cameraOf(number: number): string {
  return `cam-${number}`
}

function passageOfRead({ plate, camera, time_ms }: MadeRead): string {
  const minute = new Date(Math.floor(time_ms / NEXT_PASSAGE_MS) * NEXT_PASSAGE_MS)
  return `${plate} ${camera} ${minute.toISOString().slice(11, 16)}`
}

function shuffle(reads: MadeRead[], random: Random): MadeRead[] {
  for (let last = reads.length - 1; last > 0; last -= 1) {
    const other = random.below(last + 1)
    const [a, b] = [reads[last] as MadeRead, reads[other] as MadeRead]
    reads[last] = b
    reads[other] = a
  }
  return reads
}

/**
 * About half of the reads as messages of their own, the others as NDJSON of up to 20 of one camera.
 */
function pack(reads: readonly MadeRead[], random: Random, single: boolean): PublishedMessage[] {
  const messages: PublishedMessage[] = []
  const held = new Map<string, MadeRead[]>()
  for (const read of reads) {
    if (single || random.below(2) === 0) {
      messages.push(messageOf([read]))
      continue
    }
    const batch = [...(held.get(read.camera) ?? []), read]
    const full = batch.length > random.below(NDJSON_READS_MAX)
    if (full) messages.push(messageOf(batch))
    held.set(read.camera, full ? [] : batch)
  }
  for (const batch of held.values()) if (batch.length > 0) messages.push(messageOf(batch))
  return messages
}

function messageOf(batch: readonly MadeRead[]): PublishedMessage {
  const lines = batch.map(({ camera, id, plate, time_ms }) =>
    JSON.stringify({ id, camera, plate, time: new Date(time_ms).toISOString() }),
  )
  const [first] = batch as [MadeRead]
  const payload = Buffer.from(lines.join('\n'))
  return { subject: `reads.v1.${first.camera}`, payload, reads: batch.length }
}

/**
 * Publishes as a patient camera does: each message again until the stream has taken it, at most
 * `rate_messages_s`. Resolves when all are acked.
 */
export function publishAll(
  bus: Bus,
  messages: readonly PublishedMessage[],
  rate_messages_s = Number.POSITIVE_INFINITY,
  onSend: (message: PublishedMessage) => void = () => {},
): Promise<void> {
  const published = publishInTurn(bus, messages, rate_messages_s, onSend)
  // Awaited at the end of a test that may have failed before.
  published.catch(() => undefined)
  return published
}

async function publishInTurn(
  bus: Bus,
  messages: readonly PublishedMessage[],
  rate_messages_s: number,
  onSend: (message: PublishedMessage) => void,
): Promise<void> {
  const publisher = new Publisher(jetStreamPublish(bus.nc, 1_500), {
    window_messages_max: 512,
    retry_ms_min: 20,
    retry_ms_max: 200,
    signal: new AbortController().signal,
  })
  const began_ms = performance.now()
  for (const [sent, message] of messages.entries()) {
    const early_ms = began_ms + (sent / rate_messages_s) * 1_000 - performance.now()
    if (early_ms > 1) await new Promise((resolve) => setTimeout(resolve, early_ms))
    onSend(message)
    const room = publisher.send(message)
    if (room) await room
  }
  const { messages_acked } = await publisher.drain()
  if (messages_acked !== messages.length) {
    throw new Error(`Only ${messages_acked} of ${messages.length} messages were taken`)
  }
}
