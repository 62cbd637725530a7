// A batch on its way to a worker: two buffers that are transferred, not copied.
//
//   data  the messages' payloads, one behind the other
//   meta  FIELDS numbers a message: offset, length, stream sequence, received_ms, index into
//         `cameras`
//
// Workers hand the buffers back, so that a steady flow allocates none.

/** Numbers of a message in `meta`. */
export const FIELDS = 5

export interface PackedBatch {
  data: ArrayBuffer
  meta: ArrayBuffer
  messages: number
  bytes: number
  /** Camera of the subject of each message, by index. */
  cameras: string[]
}

export interface PackedMessage {
  offset: number
  length: number
  seq: number
  received_ms: number
  camera: string
}

/** Fills one batch. */
export class BatchBuilder {
  #data: Uint8Array
  #meta: Float64Array
  #messages = 0
  #bytes = 0
  #cameras = new Map<string, number>()
  readonly messages_max: number

  constructor(data: ArrayBuffer, meta: ArrayBuffer) {
    this.#data = new Uint8Array(data)
    this.#meta = new Float64Array(meta)
    this.messages_max = Math.floor(this.#meta.length / FIELDS)
  }

  static metaBytes(messages: number): number {
    return messages * FIELDS * Float64Array.BYTES_PER_ELEMENT
  }

  get messages(): number {
    return this.#messages
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether a payload of that length still has room. */
  fits(length: number): boolean {
    return this.#messages < this.messages_max && this.#bytes + length <= this.#data.length
  }

  add(payload: Uint8Array, subject: string, seq: number, received_ms: number): void {
    let camera = this.#cameras.get(subject)
    if (camera === undefined) {
      camera = this.#cameras.size
      this.#cameras.set(subject, camera)
    }
    this.#data.set(payload, this.#bytes)
    const at = this.#messages * FIELDS
    this.#meta[at] = this.#bytes
    this.#meta[at + 1] = payload.length
    this.#meta[at + 2] = seq
    this.#meta[at + 3] = received_ms
    this.#meta[at + 4] = camera
    this.#bytes += payload.length
    this.#messages += 1
  }

  finish(): PackedBatch {
    return {
      data: this.#data.buffer as ArrayBuffer,
      meta: this.#meta.buffer as ArrayBuffer,
      messages: this.#messages,
      bytes: this.#bytes,
      cameras: [...this.#cameras.keys()].map((subject) =>
        subject.slice(subject.lastIndexOf('.') + 1),
      ),
    }
  }
}

/** The messages of a packed batch, in order. */
export function* unpackBatch(batch: PackedBatch): Generator<PackedMessage> {
  const meta = new Float64Array(batch.meta)
  for (let message = 0; message < batch.messages; message += 1) {
    yield messageAt(batch, meta, message)
  }
}

/** One message of a packed batch, by its index; `meta` is the batch's own. */
export function messageAt(
  { cameras }: PackedBatch,
  meta: Float64Array,
  message: number,
): PackedMessage {
  const at = message * FIELDS
  return {
    offset: meta[at] as number,
    length: meta[at + 1] as number,
    seq: meta[at + 2] as number,
    received_ms: meta[at + 3] as number,
    camera: cameras[meta[at + 4] as number] as string,
  }
}
