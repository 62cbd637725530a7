// One batch in a worker thread: decode, validate, normalise, match, rows. It touches no network and no file.

import { isAscii, isUtf8 } from 'node:buffer'
import { createHmac } from 'node:crypto'
import { move, transferableSymbol, valueSymbol, workerData } from 'piscina'
import xxhash from 'xxhash-wasm'
import { utcDay } from '../domain/time.ts'
import { EntryTable } from '../matching/entry-table.ts'
import { Judge, type JudgeOptions } from '../matching/judge.ts'
import { loadModel } from '../matching/model.ts'
import { type PackedMessage, unpackBatch } from './batch.ts'
import { type DecodedRead, decodeRead, type OptionalField, type Reject } from './decode.ts'
import { formatTime, LINES_MAX, precedence, readRow } from './rows.ts'
import type { Hit, ImageFile, IndexShare, RejectRecord, Work, WorkDone } from './work.ts'

export interface WorkerSettings {
  classes: string[]
  model: string
  edit_cost_max: number
}

const settings = workerData as WorkerSettings
const { h64ToString } = await xxhash()
let judge_options: JudgeOptions | null = null
let judge: { generation: number; judge: Judge } | null = null

function judgeFor(index: IndexShare): Judge {
  if (judge?.generation !== index.generation) {
    judge_options ??= {
      classes: settings.classes,
      model: loadModel(settings.model),
      edit_cost_max: settings.edit_cost_max,
    }
    const table = new EntryTable(index.table)
    judge = { generation: index.generation, judge: new Judge(index.block, table, judge_options) }
  }
  return judge.judge
}

/** Everything that one batch yields, gathered while its messages are gone through. */
class Batch {
  readonly work: Work
  readonly data: Buffer
  readonly ascii: boolean
  reads: DecodedRead[] = []
  received_ms: number[] = []
  kept: { plate: boolean; vehicle: boolean }[] = []
  lines = 0
  rows = ''
  images: ImageFile[] = []
  rejects: RejectRecord[] = []
  dropped = new Map<string, { field: OptionalField; camera: string; seq: number; count: number }>()
  forbidden = 0
  suspect = 0

  constructor(work: Work) {
    this.work = work
    this.data = Buffer.from(work.batch.data, 0, work.batch.bytes)
    this.ascii = isAscii(this.data)
  }

  message(message: PackedMessage): void {
    const { offset, length } = message
    if (length === 0) return this.reject(message, 0, problem('empty', 'a JSON object', 'nothing'))
    if (length > this.work.message_bytes_max) {
      const expected = `at most ${this.work.message_bytes_max} bytes`
      return this.reject(message, 0, problem('too_large', expected, `${length} bytes`))
    }
    let text: string
    if (this.ascii) {
      text = this.data.toString('latin1', offset, offset + length)
    } else {
      if (!isUtf8(this.data.subarray(offset, offset + length))) {
        return this.reject(message, 0, problem('bad_utf8', 'UTF-8', 'other bytes'))
      }
      text = this.data.toString('utf8', offset, offset + length)
    }
    if (text.includes('\n')) this.ndjson(message, text)
    else this.line(message, 0, text)
  }

  /** Lines of their own, or one object that was printed over several lines. */
  ndjson(message: PackedMessage, text: string): void {
    const lines = text.split('\n')
    if (lines.length > 1 && parse(lines[0] as string) === undefined) {
      const whole = parse(text)
      if (whole !== undefined) return this.value(message, 0, whole)
    }
    const most = Math.min(this.work.reads_per_message_max, LINES_MAX)
    for (let line = 0; line < lines.length; line += 1) {
      if (line >= most) {
        const came = `${lines.length} lines`
        return this.reject(message, line, problem('too_many_reads', `at most ${most} reads`, came))
      }
      const part = lines[line] as string
      if (part.length > 1 || part.trim() !== '') this.line(message, line, part)
    }
  }

  line(message: PackedMessage, line: number, text: string): void {
    const value = parse(text)
    if (value === undefined) this.reject(message, line, problem('not_json', 'JSON', 'other text'))
    else this.value(message, line, value)
  }

  value(message: PackedMessage, line: number, value: unknown): void {
    this.lines += 1
    const read = decodeRead(value, {
      camera: message.camera,
      received_ms: message.received_ms,
      retention_days: this.work.retention_days,
      image_bytes_max: this.work.image_bytes_max,
      onDropped: (field) => this.drop(message, field),
      onForbidden: (count) => {
        this.forbidden += count
      },
    })
    if ('reason' in read) {
      this.lines -= 1
      return this.reject(message, line, read)
    }
    if (read.id === '') read.id = this.implicitId(read)
    if (read.device_time_ms !== null) this.suspect += 1
    const images = {
      plate: this.image(message, read, 'plate'),
      vehicle: this.image(message, read, 'vehicle'),
    }
    this.rows += readRow(
      read,
      formatTime(message.received_ms),
      images,
      precedence(message.seq, line),
    )
    this.reads.push(read)
    this.kept.push(images)
    this.received_ms.push(message.received_ms)
  }

  /** XXH64 of camera, time and plate under the day's secret: not to be recomputed once the day is gone. */
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
    this.images.push({ day: utcDay(read.time_ms), camera, id, kind, bytes: new Uint8Array(bytes) })
    return true
  }

  drop(message: PackedMessage, field: OptionalField): void {
    const key = `${message.camera}\n${field}`
    const known = this.dropped.get(key)
    if (known) known.count += 1
    else this.dropped.set(key, { field, camera: message.camera, seq: message.seq, count: 1 })
  }

  /** Of what can't be parsed or trusted only reason, length and a keyed hash are kept: it can't be stripped. */
  reject(message: PackedMessage, line: number, { reason, field, expected, came }: Reject): void {
    const { camera, seq, received_ms, offset, length } = message
    const hash = createHmac('sha256', this.secret(received_ms))
      .update(this.data.subarray(offset, offset + length))
      .digest('hex')
      .slice(0, 16)
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

function tally<T extends string>(values: Iterable<[T, number]>): { name: T; count: number }[] {
  const counts = new Map<T, number>()
  for (const [name, count] of values) counts.set(name, (counts.get(name) ?? 0) + count)
  return [...counts].map(([name, count]) => ({ name, count }))
}

/** The worker's task. @returns everything to publish and store, with the batch's own buffers, all transferred. */
export default function run(work: Work): WorkDone {
  const batch = new Batch(work)
  for (const message of unpackBatch(work.batch)) batch.message(message)
  const hits = work.index === null ? [] : judgeFor(work.index).match(batch.reads)
  const rows = new TextEncoder().encode(batch.rows)
  const refused = batch.rejects.map(
    (r) => [r.record.reason as Reject['reason'], 1] as [Reject['reason'], number],
  )
  const done: WorkDone = {
    data: work.batch.data,
    meta: work.batch.meta,
    reads: batch.lines + refused.length,
    stored: batch.reads.length,
    generation: work.index?.generation ?? 0,
    rows,
    hits: hits.map((hit) => ({
      read: { ...(batch.reads[hit.read] as DecodedRead), image_plate: null, image_vehicle: null },
      received_ms: batch.received_ms[hit.read] as number,
      images: batch.kept[hit.read] as Hit['images'],
      entry: hit.entry,
      match: hit.match,
    })),
    images: batch.images,
    rejected: tally(refused).map(({ name, count }) => ({ reason: name, count })),
    dropped: tally(
      [...batch.dropped.values()].map((d) => [d.field, d.count] as [OptionalField, number]),
    ).map(({ name, count }) => ({ field: name, count })),
    rejects: [...batch.rejects, ...batch.droppedRecords()],
    forbidden: batch.forbidden,
    suspect: batch.suspect,
  }
  const buffers = [done.data, done.meta, rows.buffer, ...done.images.map((i) => i.bytes.buffer)]
  return move({ [transferableSymbol]: buffers, [valueSymbol]: done }) as unknown as WorkDone
}
