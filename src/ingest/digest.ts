// What one batch holds, gone through message by message: reads, rows, pictures, rejects. It knows
// no thread and no index.
import { isAscii, isUtf8 } from 'node:buffer'
import { createHmac } from 'node:crypto'
import xxhash from 'xxhash-wasm'
import { utcDay } from '../domain/time.ts'
import { LINES_MAX, ReadColumns } from '../store/read-columns.ts'
import type { PackedMessage } from './batch.ts'
import { type DecodedRead, decodeRead, type OptionalField, type Reject } from './decode.ts'
import type { ImageFile, RejectRecord, Work } from './work.ts'

const { h64ToString } = await xxhash()

/** Everything that one batch yields, gathered while its messages are gone through. */
export class Digest {
  readonly work: Work
  readonly data: Buffer
  readonly ascii: boolean
  reads: DecodedRead[] = []
  received_ms: number[] = []
  /** Where each read stood on the stream. */
  places: { seq: number; line: number }[] = []
  kept: { plate: boolean; vehicle: boolean }[] = []
  readonly columns: ReadColumns
  images: ImageFile[] = []
  rejects: RejectRecord[] = []
  dropped = new Map<string, { field: OptionalField; camera: string; seq: number; count: number }>()
  /** How many forbidden fields came, by camera. */
  forbidden = new Map<string, number>()
  suspect = 0
  #pictured = new Set<string>()
  #hashed: { seq: number; hash: string } | null = null

  /** `columns` may be used again and again: its memory stays. */
  constructor(work: Work, columns = new ReadColumns()) {
    this.work = work
    this.columns = columns
    // A batch that failed half-way has left its rows.
    columns.clear()
    this.data = Buffer.from(work.batch.data, 0, work.batch.bytes)
    this.ascii = isAscii(this.data)
  }

  message(message: PackedMessage): void {
    const text = this.text(message)
    if (typeof text !== 'string') this.reject(message, 0, text)
    else if (text.includes('\n')) this.ndjson(message, text)
    else this.line(message, 0, text)
  }

  text({ offset, length }: PackedMessage): string | Reject {
    if (length === 0) return problem('empty', 'a JSON object', 'nothing')
    if (length > this.work.message_bytes_max) {
      const expected = `at most ${this.work.message_bytes_max} bytes`
      return problem('too_large', expected, `${length} bytes`)
    }
    if (this.ascii) return this.data.toString('latin1', offset, offset + length)
    if (!isUtf8(this.data.subarray(offset, offset + length))) {
      return problem('bad_utf8', 'UTF-8', 'other bytes')
    }
    return this.data.toString('utf8', offset, offset + length)
  }

  /** Lines of their own, or one object that was printed over several lines. */
  ndjson(message: PackedMessage, text: string): void {
    const lines = text.split('\n')
    const whole = parse(lines[0] as string) === undefined ? parse(text) : undefined
    if (whole !== undefined) {
      this.value(message, 0, whole)
      return
    }
    const most = linesMax(this.work)
    let blank = true
    for (const [line, part] of lines.slice(0, most).entries()) {
      if (part.trim() === '') continue
      blank = false
      this.line(message, line, part)
    }
    if (blank) this.reject(message, 0, problem('empty', 'a JSON object', 'blank lines'))
    if (lines.length > most) {
      const came = `${lines.length} lines`
      this.reject(message, most, problem('too_many_reads', `at most ${most} reads`, came))
    }
  }

  /** One line by itself, of a message that is ASCII and whose first line is JSON. */
  part(message: PackedMessage, line: number, offset: number, length: number): void {
    const text = this.data.toString('latin1', offset, offset + length)
    if (text.trim() !== '') this.line(message, line, text)
  }

  line(message: PackedMessage, line: number, text: string): void {
    const value = parse(text)
    if (value === undefined) this.reject(message, line, problem('not_json', 'JSON', 'other text'))
    else this.value(message, line, value)
  }

  value(message: PackedMessage, line: number, value: unknown): void {
    const read = decodeRead(value, {
      camera: message.camera,
      received_ms: message.received_ms,
      retention_days: this.work.retention_days,
      image_bytes_max: this.work.image_bytes_max,
      onDropped: (field) => this.drop(message, field),
      onForbidden: (count) => {
        const { camera } = message
        this.forbidden.set(camera, (this.forbidden.get(camera) ?? 0) + count)
      },
    })
    if ('reason' in read) this.reject(message, line, read)
    else this.take(message, line, read)
  }

  take(message: PackedMessage, line: number, read: DecodedRead): void {
    if (read.id === '') read.id = this.implicitId(read)
    if (read.device_time_ms !== null) this.suspect += 1
    const images = {
      plate: this.image(message, read, 'plate'),
      vehicle: this.image(message, read, 'vehicle'),
    }
    this.columns.add(read, message.received_ms, images, message.seq, line)
    this.reads.push(read)
    this.kept.push(images)
    this.received_ms.push(message.received_ms)
    this.places.push({ seq: message.seq, line })
  }

  /** XXH64 of camera, time and plate under the day's secret: not to be made again without it. */
  implicitId(read: DecodedRead): string {
    const time_ms = read.device_time_ms ?? read.time_ms
    const secret = this.secret(read.time_ms)
    return h64ToString(`${secret}${read.camera}\n${time_ms}\n${read.plate}`, 0n)
  }

  secret(time_ms: number): string {
    const day = utcDay(time_ms)
    const key = this.work.day_keys.get(day)
    if (key === undefined) throw new Error(`No day key for ${day}`)
    return key
  }

  /** Of the whole message, once for all its lines: ten thousand bad ones must not cost more. */
  keyedHash({ offset, length, seq, received_ms }: PackedMessage): string {
    if (this.#hashed?.seq !== seq) {
      const hash = createHmac('sha256', this.secret(received_ms))
        .update(this.data.subarray(offset, offset + length))
        .digest('hex')
        .slice(0, 16)
      this.#hashed = { seq, hash }
    }
    return this.#hashed.hash
  }

  image(message: PackedMessage, read: DecodedRead, kind: 'plate' | 'vehicle'): boolean {
    const base64 = kind === 'plate' ? read.image_plate : read.image_vehicle
    if (base64 === null) return false
    const bytes = Buffer.from(base64, 'base64')
    // JPEG files begin with SOI and the next marker's 0xFF (ITU T.81, B.1.1.3).
    if (bytes[0] !== 0xff || bytes[1] !== 0xd8 || bytes[2] !== 0xff) {
      this.drop(message, `images.${kind}`)
      return false
    }
    const { camera, id } = read
    const day = utcDay(read.time_ms)
    const name = `${day} ${camera} ${kind} ${id}`
    // Pictures of one batch are written side by side: of two for one read the first must be alone.
    if (!this.#pictured.has(name)) {
      this.#pictured.add(name)
      this.images.push({ day, camera, id, kind, bytes: new Uint8Array(bytes) })
    }
    return true
  }

  drop(message: PackedMessage, field: OptionalField): void {
    const key = `${message.camera}\n${field}`
    const known = this.dropped.get(key)
    if (known) known.count += 1
    else this.dropped.set(key, { field, camera: message.camera, seq: message.seq, count: 1 })
  }

  /** Of what can't be parsed only reason, length and keyed hash are kept: it can't be stripped. */
  reject(message: PackedMessage, line: number, { reason, field, expected, came }: Reject): void {
    const { camera, seq, received_ms, length } = message
    const hash = this.keyedHash(message)
    const receivedAt = new Date(received_ms).toISOString()
    this.rejects.push({
      key: `${seq}-${line}`,
      camera,
      record: { reason, field, expected, came, camera, seq, line, receivedAt, length, hash },
    })
  }

  /** One record per camera and field for all of the batch: the reads themselves are kept. */
  droppedRecords(): RejectRecord[] {
    return [...this.dropped.values()].map(({ field, camera, seq, count }) => ({
      key: `${seq}-${field}`,
      camera,
      record: {
        reason: 'field_dropped',
        field,
        expected: 'a value that docs/protocol.md allows',
        came: 'another',
        camera,
        seq,
        line: 0,
        receivedAt: new Date().toISOString(),
        length: 0,
        hash: '',
        count,
      },
    }))
  }
}

/** Lines of one message that are gone through. */
export function linesMax({ reads_per_message_max }: Work): number {
  return Math.min(reads_per_message_max, LINES_MAX)
}

function problem(reason: Reject['reason'], expected: string, came: string): Reject {
  return { reason, field: null, expected, came }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
