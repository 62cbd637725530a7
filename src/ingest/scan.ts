// The plain reads of a batch, taken by native code (native/decoder): rows for the store and plates
// for the matcher, with nothing made per read here. A line is plain when it is sure to be taken and
// every field stands in the form in which it is kept. Every other line is left to digest.ts; both
// together give what digest.ts alone would give.
import { CAMERA_ID } from '../domain/read.ts'
import { DAY_MS } from '../domain/time.ts'
import { loadNative, type NativeScanner, type Scan } from '../matching/native.ts'
import { FIELDS, messageAt, type PackedMessage } from './batch.ts'
import { CLOCK_AHEAD_MS_MAX, type DecodedRead, decodeRead } from './decode.ts'
import { type Digest, linesMax } from './digest.ts'
import type { Work } from './work.ts'

const PLACE_FIELDS = 4
const LEFT_OVER_FIELDS = 5

/** One per thread; its memory is used again for the next batch. */
export class BatchScanner {
  #native: NativeScanner = new (loadNative().Scanner)()

  /**
   * @param modelOf number of the model of a camera's engine
   * @throws HotplateError NATIVE_ADDON_MISSING; TypeError where `work.batch` is no batch
   */
  scan(work: Work, modelOf: (camera: string) => number): PlainReads {
    const { batch } = work
    // A message of a camera without a valid name is refused, which is not for here.
    const cameras = batch.cameras.map((camera) => (CAMERA_ID.test(camera) ? camera : ''))
    const data = new Uint8Array(batch.data, 0, batch.bytes)
    const meta = new Float64Array(batch.meta, 0, batch.messages * FIELDS)
    const scan = this.#native.scan(
      data,
      meta,
      Buffer.from(cameras.join('\n'), 'latin1'),
      work.message_bytes_max,
      linesMax(work),
      work.retention_days * DAY_MS,
      CLOCK_AHEAD_MS_MAX,
      Uint8Array.from(batch.cameras, modelOf),
    )
    return new PlainReads(work, meta, scan)
  }
}

/** The plain reads of one batch by row, and what is left; valid until its buffers go elsewhere. */
export class PlainReads {
  readonly rows: number
  /** One block of the rows (Native format); empty where there are none. */
  readonly block: Uint8Array
  readonly records: Uint8Array
  /** Beside each record, in the form of matching/evidence.ts. */
  readonly evidence: Uint8Array
  readonly origins: Int32Array
  readonly #work: Work
  readonly #meta: Float64Array
  readonly #places: Uint32Array
  readonly #left_overs: Uint32Array
  readonly #decoded = new Map<number, DecodedRead>()

  constructor(work: Work, meta: Float64Array, scan: Scan) {
    this.rows = scan.rows
    this.block = scan.block
    this.records = scan.records
    this.evidence = scan.evidence
    this.origins = scan.origins
    this.#work = work
    this.#meta = meta
    this.#places = scan.places
    this.#left_overs = scan.left_overs
  }

  message(row: number): PackedMessage {
    return messageAt(this.#work.batch, this.#meta, this.#places[row * PLACE_FIELDS] as number)
  }

  line(row: number): number {
    return this.#places[row * PLACE_FIELDS + 1] as number
  }

  /** Decodes the row's line once more, for the few reads that are looked at one by one. */
  read(row: number): DecodedRead {
    const known = this.#decoded.get(row)
    if (known) return known
    const at = row * PLACE_FIELDS
    const offset = this.#places[at + 2] as number
    const length = this.#places[at + 3] as number
    const text = Buffer.from(this.#work.batch.data, offset, length).toString('latin1')
    const { camera, received_ms } = this.message(row)
    const read = decodeRead(JSON.parse(text), {
      camera,
      received_ms,
      retention_days: this.#work.retention_days,
      image_bytes_max: this.#work.image_bytes_max,
      onDropped: unplain,
      onForbidden: unplain,
    })
    if ('reason' in read) return unplain()
    this.#decoded.set(row, read)
    return read
  }

  /** Has every line and message that is not plain gone through by `digest`, in their order. */
  leaveTo(digest: Digest): void {
    const left = this.#left_overs
    for (let at = 0; at < left.length; at += LEFT_OVER_FIELDS) {
      const message = messageAt(this.#work.batch, this.#meta, left[at] as number)
      if (left[at + 4] === 1) digest.message(message)
      else {
        const [line, offset, length] = left.subarray(at + 1, at + 4) as unknown as Part
        digest.part(message, line, offset, length)
      }
    }
  }
}

type Part = [line: number, offset: number, length: number]

function unplain(): never {
  throw new Error('A read that was taken as plain is not')
}
