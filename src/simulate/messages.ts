// Sightings as the messages that cameras publish: JSON lines, one or many to a message.
import { HotplateError } from '../domain/error.ts'
import { foldEntryPlate } from '../domain/plate.ts'
import { Random } from '../domain/random.ts'
import { loadLookAlikes } from '../matching/look-alikes.ts'
import { type ConfusionTable, Misreader, type ReadingKind } from './misread.ts'
import { CAMERAS_MAX, type Camera, Network } from './network.ts'
import { type Sighting, Traffic } from './traffic.ts'
import type { ListedVehicle } from './vehicles.ts'

/** What the simulator knows of a read that it made: above all the plate that was really there. */
export interface SimulatedRead {
  id: string
  camera: string
  time_ms: number
  /** The plate as it was read. */
  plate: string
  /** The vehicle's plate. */
  truth: string
  /** The vehicle was put on the road because a list has its plate. */
  listed: boolean
}

export interface OutgoingMessage {
  subject: string
  /** One JSON object, or NDJSON. */
  payload: Uint8Array
  reads: SimulatedRead[]
}

export interface ReadSourceOptions {
  /** 1 to 25,000 */
  cameras: number
  seed: number
  model: ConfusionTable
  /**
   * Look-alikes by which kinds of misreads are told apart; by default config/look-alikes.yaml's.
   */
  classes?: readonly string[]
  /** Different vehicles on the roads; by default 2,000 for each camera. */
  vehicles?: number
  /** Plates, or vehicles, that are to be on the road. */
  listed?: readonly (string | ListedVehicle)[]
  /** Share of journeys by listed vehicles; by default one in 2,000. */
  listed_share?: number
  /** Share of reads that differ from the plate; by default 0.055. */
  misread_share?: number
  /**
   * Share of cameras that send candidate readings and per-character confidences; by default 0.7.
   */
  candidates_share?: number
  /** Unlisted vehicles with these plates stay off the road. */
  avoided?: (plate: string) => boolean
}

const VEHICLES_PER_CAMERA = 2_000
const VEHICLES_MAX = 5_000_000
const OTHER_REGIONS = ['US-UT', 'US-NV', 'US-OR', 'US-WA', 'US-WY', 'US-MT']

/**
 * The network, its traffic and its engines: makes one read after another. The same options give
 * the same reads.
 */
export class ReadSource {
  readonly network: Network
  readonly #traffic: Traffic
  readonly #misreader: Misreader
  readonly #random: Random
  readonly #ids: ReadIds
  readonly #misread_share: number
  readonly #times = new TimeText()

  /** @throws HotplateError SIMULATION_INVALID */
  constructor(options: ReadSourceOptions) {
    const { cameras, seed } = options
    if (!Number.isInteger(cameras) || cameras < 1 || cameras > CAMERAS_MAX) {
      throw new HotplateError(
        'SIMULATION_INVALID',
        `Expected 1 to ${CAMERAS_MAX} cameras but received ${cameras}`,
      )
    }
    this.network = new Network(cameras, seed, shareOf(options, 'candidates_share', 0.7))
    this.#traffic = new Traffic(this.network, {
      seed,
      vehicles: options.vehicles ?? vehiclesFor(cameras, 0),
      listed: (options.listed ?? []).map(toListed),
      listed_share: shareOf(options, 'listed_share', 1 / 2_000),
      ...(options.avoided === undefined ? {} : { avoided: options.avoided }),
    })
    this.#misreader = new Misreader(options.model, seed, options.classes ?? loadLookAlikes())
    this.#random = new Random(seed, 37)
    this.#ids = new ReadIds(seed)
    this.#misread_share = shareOf(options, 'misread_share', 0.055)
  }

  /**
   * The next read of the traffic.
   * @param schedule_ms moment on the traffic's own clock, which decides who is due where
   * @param time_ms what the read says, epoch ms
   */
  next(schedule_ms: number, time_ms: number, picture?: PictureOf): MadeRead {
    const sighting = this.#traffic.next(schedule_ms)
    const kind = this.#random.chance(this.#misread_share) ? 'any_misread' : 'exact'
    return this.#make(sighting, kind, time_ms, picture) as MadeRead
  }

  /**
   * A read of a given vehicle by any camera, in a given way; null where its plate can't be
   * misread so.
   */
  staged(
    vehicle: Sighting['vehicle'],
    kind: ReadingKind,
    time_ms: number,
    picture?: PictureOf,
  ): MadeRead | null {
    const camera = this.#random.below(this.network.cameras.length)
    const heading = this.#random.below(4) * 90
    const sighting = { vehicle, camera, heading, lane: 1, listed: true }
    return this.#make(sighting, kind, time_ms, picture)
  }

  #make(
    sighting: Sighting,
    kind: ReadingKind,
    time_ms: number,
    picture: PictureOf | undefined,
  ): MadeRead | null {
    const camera = this.network.cameras[sighting.camera] as Camera
    const { vehicle } = sighting
    const reading = this.#misreader.draw(vehicle.plate, kind, camera.candidates)
    if (reading === null) return null
    const id = this.#ids.next(time_ms)
    let line = `{"id":"${id}","time":"${this.#times.of(time_ms)}","camera":"${camera.id}"`
    line += `,"plate":"${reading.plate}"`
    const region = this.#regionSeen(vehicle.region)
    if (region !== null) line += `,"region":"${region}"`
    line += `,"confidence":${decimal(reading.confidence, 1_000)}`
    if (camera.candidates) line += `,"charConfidence":[${reading.chars.map(hundredths).join()}]`
    if (reading.candidates.length > 0) {
      line += ',"candidates":['
      let separator = ''
      for (const other of reading.candidates) {
        const confidence = decimal(other.confidence, 1_000)
        line += `${separator}{"plate":"${other.plate}","confidence":${confidence}}`
        separator = ','
      }
      line += ']'
    }
    line += `,"location":{"lat":${camera.location.lat},"lon":${camera.location.lon}}`
    line += `,"heading":${sighting.heading},"lane":${sighting.lane}`
    line += `,"vehicle":${JSON.stringify(vehicle.vehicle)}`
    const jpeg = picture?.(vehicle.plate, vehicle.region, sighting.listed)
    if (jpeg) line += `,"images":{"plate":"${jpeg}"}`
    const { listed } = sighting
    const read: SimulatedRead = {
      id,
      camera: camera.id,
      time_ms,
      plate: reading.plate,
      truth: vehicle.plate,
      listed,
    }
    return { camera, line: `${line}}`, read }
  }

  /** Engines tell the state less surely than the plate. */
  #regionSeen(truth: string): string | null {
    const at = this.#random.unit()
    if (at < 0.9) return truth
    return at < 0.97 ? null : this.#random.pick(OTHER_REGIONS)
  }
}

export interface MadeRead {
  camera: Camera
  /** One JSON object, without a line feed. */
  line: string
  read: SimulatedRead
}

/** Gives the Base64 JPEG that comes with a read, or null for none. */
export type PictureOf = (plate: string, region: string, listed: boolean) => string | null

export interface GenerateOptions extends ReadSourceOptions {
  /** Reads in all. */
  count: number
  /** Reads to a message, all of one camera; by default 1. The last messages may hold fewer. */
  batch?: number
  /** Mean rate by which the reads' times are apart; by default 5,000. */
  rate_reads_s?: number
  /** Time of the first read, epoch ms; by default such that the last one is now. */
  start_ms?: number
}

/**
 * Reads as ready messages, as fast as they are taken: what benches fill streams with.
 * The plates that were really there stand in {@link OutgoingMessage.reads}, so that a list with
 * known matches can be made.
 */
export function* generateMessages(options: GenerateOptions): Generator<OutgoingMessage> {
  const { count, batch = 1, rate_reads_s = 5_000 } = options
  const vehicles = options.vehicles ?? vehiclesFor(options.cameras, rate_reads_s)
  const source = new ReadSource({ ...options, vehicles })
  const step_ms = 1_000 / rate_reads_s
  const start_ms = options.start_ms ?? Date.now() - count * step_ms
  const lines = new LineBatches(batch)
  for (let n = 0; n < count; n++) {
    const offset_ms = n * step_ms
    const message = lines.add(source.next(offset_ms, Math.floor(start_ms + offset_ms)), offset_ms)
    if (message !== null) yield message
  }
  yield* lines.take(Number.POSITIVE_INFINITY)
}

interface OpenBatch {
  subject: string
  lines: string[]
  reads: SimulatedRead[]
  bytes: number
  /** On the caller's clock. */
  opened_ms: number
}

/** A message of more bytes than this is sent although it is not full. */
const MESSAGE_BYTES_MAX = 1_000_000

/** Gathers lines into messages of one camera each. */
export class LineBatches {
  readonly #reads_max: number
  /** By subject; oldest first, because a full batch leaves the map. */
  readonly #open = new Map<string, OpenBatch>()

  constructor(reads_max: number) {
    this.#reads_max = reads_max
  }

  /** @returns the message that this read has filled, or null */
  add(made: { camera: { subject: string }; line: string; read: SimulatedRead }, now_ms: number) {
    const { subject } = made.camera
    if (this.#reads_max === 1) {
      return { subject, payload: Buffer.from(made.line), reads: [made.read] }
    }
    let open = this.#open.get(subject)
    if (open === undefined) {
      open = { subject, lines: [], reads: [], bytes: 0, opened_ms: now_ms }
      this.#open.set(subject, open)
    }
    open.lines.push(made.line)
    open.reads.push(made.read)
    open.bytes += made.line.length + 1
    if (open.lines.length < this.#reads_max && open.bytes < MESSAGE_BYTES_MAX) return null
    this.#open.delete(subject)
    return toMessage(open)
  }

  /** Messages that were opened at `before_ms` or earlier, however few reads they hold. */
  *take(before_ms: number): Generator<OutgoingMessage> {
    for (const [subject, open] of this.#open) {
      if (open.opened_ms > before_ms) return
      this.#open.delete(subject)
      yield toMessage(open)
    }
  }
}

function toMessage(open: OpenBatch): OutgoingMessage {
  return { subject: open.subject, payload: Buffer.from(open.lines.join('\n')), reads: open.reads }
}

/** A plate or vehicle of a list, folded. @throws HotplateError SIMULATION_INVALID */
export function toListed(listed: string | ListedVehicle): ListedVehicle {
  const vehicle = typeof listed === 'string' ? { plate: listed } : listed
  const plate = foldEntryPlate(vehicle.plate)
  if (plate === null) {
    throw new HotplateError(
      'SIMULATION_INVALID',
      'Expected listed plates of 1 to 12 letters, digits, ? and * but received another',
    )
  }
  return { ...vehicle, plate }
}

/** Enough for a camera's day, and for the rate, so that nobody drives past everywhere at once. */
export function vehiclesFor(cameras: number, rate_reads_s: number): number {
  return Math.min(VEHICLES_MAX, Math.max(cameras * VEHICLES_PER_CAMERA, rate_reads_s * 400))
}

type Share = 'listed_share' | 'misread_share' | 'candidates_share'

function shareOf(options: ReadSourceOptions, name: Share, otherwise: number): number {
  const share = options[name] ?? otherwise
  if (share >= 0 && share <= 1) return share
  throw new HotplateError('SIMULATION_INVALID', `Expected 0 to 1 for ${name} but received ${share}`)
}

const BASE32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Numbers 0 to 1023 as two characters. */
const PAIRS = Array.from({ length: 1_024 }, (_, n) => `${BASE32[n >> 5]}${BASE32[n & 31]}`)

/**
 * Read ids like ULIDs: 10 characters of time, 8 of the run, 8 of a counter. The time keeps the
 * ids of two runs under one seed apart, else the second run's reads would count as the first's,
 * sent again.
 */
class ReadIds {
  readonly #run: string
  #count = 0
  #time_ms = -1
  #prefix = ''

  constructor(seed: number) {
    const random = new Random(seed, 41)
    this.#run = Array.from({ length: 4 }, () => random.pick(PAIRS)).join('')
  }

  next(time_ms: number): string {
    if (time_ms !== this.#time_ms) {
      this.#time_ms = time_ms
      const high = Math.floor(time_ms / 2 ** 30)
      const low = time_ms % 2 ** 30
      this.#prefix = `${pairs(high, 20)}${pairs(low, 30)}${this.#run}`
    }
    const count = this.#count++
    return `${this.#prefix}${pairs(Math.floor(count / 2 ** 20), 20)}${pairs(count % 2 ** 20, 20)}`
  }
}

function pairs(value: number, bits: 20 | 30): string {
  const low = `${PAIRS[(value >> 10) & 1_023]}${PAIRS[value & 1_023]}`
  return bits === 20 ? low : `${PAIRS[(value >> 20) & 1_023]}${low}`
}

/** RFC 3339 in UTC; the part up to the second is made once a second. */
class TimeText {
  #second = -1
  #prefix = ''

  of(time_ms: number): string {
    const second = Math.floor(time_ms / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#prefix = new Date(second * 1_000).toISOString().slice(0, 20)
    }
    return `${this.#prefix}${String(time_ms - second * 1_000).padStart(3, '0')}Z`
  }
}

function decimal(value: number, of: number): string {
  return String(value / of)
}

function hundredths(value: number): string {
  return decimal(value, 100)
}
