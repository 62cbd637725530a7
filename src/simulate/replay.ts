// Replays a file of reads, a line each, as the cameras that the lines name.
import { createReadStream } from 'node:fs'
import { HotplateError } from '../domain/error.ts'
import { CAMERA_ID } from '../domain/read.ts'
import type { Logger } from '../telemetry/log.ts'
import { Pace, pause } from './pace.ts'
import { orAborted, type PublishCounts, Publisher, type PublishFunction } from './publish.ts'

export interface ReplayOptions {
  publish: PublishFunction
  /** NDJSON. */
  file: string
  /** Reads a second; 0 is as fast as the stream acks. */
  rate_reads_s: number
  /** Reads to a message; by default 1. */
  batch?: number
  /**
   * Told of each line that can't be published because no camera is found in it; lines count from
   * 1.
   */
  onSkipped?: (line: number, why: string) => void
  signal?: AbortSignal
  log?: Logger
}

export interface ReplayCounts extends PublishCounts {
  /** Lines that are not empty. */
  lines: number
  lines_skipped: number
}

/** The service refuses longer messages anyway. */
const LINE_BYTES_MAX = 4 * 1024 * 1024
const MESSAGE_BYTES_MAX = 1_000_000
/** Over all cameras; more are sent in messages that are not full. */
const HELD_BYTES_MAX = 16 * 1024 * 1024
const DRAIN_MS_MAX = 5_000
const LINE_FEED = 10

/**
 * Publishes the file's lines byte for byte, malformed ones too: what is wrong with them is for
 * the service to say. Only a line whose camera can't be found has no subject; it is reported and
 * skipped. Lines of one camera keep their order.
 * @throws HotplateError REPLAY_UNREADABLE
 */
export async function replayFile(options: ReplayOptions): Promise<ReplayCounts> {
  const signal = options.signal ?? new AbortController().signal
  const given_up = new AbortController()
  const publisher = new Publisher(options.publish, {
    signal: given_up.signal,
    ...(options.log === undefined ? {} : { log: options.log }),
  })
  const held = new HeldLines(options.batch ?? 1)
  const pace = options.rate_reads_s === 0 ? null : new Pace(options.rate_reads_s)
  let budget = 0
  let lines = 0
  let lines_skipped = 0
  for await (const { number, bytes } of linesOf(options.file)) {
    if (pace !== null && budget === 0) budget = await tokens(pace, signal)
    if (signal.aborted) break
    budget--
    lines++
    const camera = bytes === null ? null : cameraOf(bytes)
    if (bytes === null || camera === null) {
      lines_skipped++
      const why = bytes === null ? `more than ${LINE_BYTES_MAX} bytes` : 'no camera found in it'
      options.onSkipped?.(number, why)
      continue
    }
    for (const message of held.add(`reads.v1.${camera}`, bytes)) {
      const room = publisher.send(message)
      if (room !== undefined) await orAborted(room, signal)
    }
  }
  for (const message of held.take()) void publisher.send(message)
  const giveUp = () => setTimeout(() => given_up.abort(), DRAIN_MS_MAX).unref()
  if (signal.aborted) giveUp()
  else signal.addEventListener('abort', giveUp, { once: true })
  const counts = await publisher.drain()
  signal.removeEventListener('abort', giveUp)
  return { ...counts, lines, lines_skipped }
}

/** Waits until at least one is due. */
async function tokens(pace: Pace, signal: AbortSignal): Promise<number> {
  let due = pace.take()
  while (due === 0 && !signal.aborted) {
    await pause(pace.wait_ms(), signal)
    due = pace.take()
  }
  return due
}

interface Line {
  /** From 1. */
  number: number
  /** Without its end; null where it is too long. */
  bytes: Buffer | null
}

async function* linesOf(file: string): AsyncGenerator<Line> {
  let number = 0
  let parts: Buffer[] = []
  let length = 0
  const line = (): Line | null => {
    number++
    const bytes = length > LINE_BYTES_MAX ? null : trimEnd(Buffer.concat(parts))
    parts = []
    length = 0
    return bytes?.length === 0 ? null : { number, bytes }
  }
  const hold = (part: Buffer) => {
    length += part.length
    if (length <= LINE_BYTES_MAX) parts.push(part)
  }
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      let start = 0
      for (;;) {
        const end = chunk.indexOf(LINE_FEED, start)
        if (end < 0) break
        hold(chunk.subarray(start, end))
        const whole = line()
        if (whole !== null) yield whole
        start = end + 1
      }
      hold(chunk.subarray(start))
    }
  } catch (cause) {
    throw new HotplateError('REPLAY_UNREADABLE', `${file} can't be read`, { cause })
  }
  const last = length > 0 ? line() : null
  if (last !== null) yield last
}

function trimEnd(bytes: Buffer): Buffer {
  return bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes
}

const CAMERA_FIELD = /"camera"\s*:\s*"([a-z0-9-]{1,64})"/

/** The camera that a line names, also where the line is not JSON. */
function cameraOf(bytes: Buffer): string | null {
  const text = bytes.toString()
  try {
    const { camera } = JSON.parse(text) as { camera?: unknown }
    return typeof camera === 'string' && CAMERA_ID.test(camera) ? camera : null
  } catch {
    return CAMERA_FIELD.exec(text)?.[1] ?? null
  }
}

interface HeldMessage {
  subject: string
  payload: Uint8Array
  reads: number
}

/** Lines that wait for their message to be full; oldest camera first. */
class HeldLines {
  readonly #reads_max: number
  readonly #held = new Map<string, { lines: Buffer[]; bytes: number }>()
  #bytes = 0

  constructor(reads_max: number) {
    this.#reads_max = reads_max
  }

  *add(subject: string, line: Buffer): Generator<HeldMessage> {
    let open = this.#held.get(subject)
    if (open === undefined) {
      open = { lines: [], bytes: 0 }
      this.#held.set(subject, open)
    }
    open.lines.push(line)
    open.bytes += line.length + 1
    this.#bytes += line.length + 1
    if (open.lines.length >= this.#reads_max || open.bytes >= MESSAGE_BYTES_MAX) {
      yield this.#close(subject)
    } else if (this.#bytes > HELD_BYTES_MAX) yield* this.take()
  }

  *take(): Generator<HeldMessage> {
    for (const subject of this.#held.keys()) yield this.#close(subject)
  }

  #close(subject: string): HeldMessage {
    const { lines, bytes } = this.#held.get(subject) as { lines: Buffer[]; bytes: number }
    this.#held.delete(subject)
    this.#bytes -= bytes
    const [only] = lines
    const payload =
      lines.length === 1 && only !== undefined
        ? only
        : Buffer.concat(lines.flatMap((line, n) => (n === 0 ? [line] : [SEPARATOR, line])))
    return { subject, payload, reads: lines.length }
  }
}

const SEPARATOR = Buffer.from('\n')
