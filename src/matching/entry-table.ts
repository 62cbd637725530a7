// Plates and regions of all entries in one block of shared memory, so that a worker can tell what
// it hit without a copy of the list: 24 bytes an entry, 1 length, 12 plate, 1 length, 6 region, 4
// unused.
import type { Entry } from '../domain/hotlist.ts'
import { regionText } from './region.ts'

const RECORD_BYTES = 24
const REGION_AT = 13
const REGION_CHARS_MAX = 6

export function buildEntryTable(
  entries: readonly Pick<Entry, 'plate' | 'region'>[],
): SharedArrayBuffer {
  const block = new SharedArrayBuffer(entries.length * RECORD_BYTES)
  const bytes = new Uint8Array(block)
  entries.forEach(({ plate, region = '' }, index) => {
    const at = index * RECORD_BYTES
    put(bytes, at, plate)
    put(bytes, at + REGION_AT, region.slice(0, REGION_CHARS_MAX))
  })
  return block
}

const PACKED_BYTES = 24
const PACKED_REGION_AT = 16

/** The same of packed entries, 24 bytes each. */
export function tableOf(entries: Uint8Array, count: number): SharedArrayBuffer {
  const block = new SharedArrayBuffer(count * RECORD_BYTES)
  const bytes = new Uint8Array(block)
  const view = new DataView(entries.buffer, entries.byteOffset)
  for (let entry = 0; entry < count; entry += 1) {
    const at = entry * PACKED_BYTES
    bytes.set(entries.subarray(at, at + REGION_AT), entry * RECORD_BYTES)
    const region = view.getUint32(at + PACKED_REGION_AT, true)
    if (region !== 0) put(bytes, entry * RECORD_BYTES + REGION_AT, regionText(region))
  }
  return block
}

function put(bytes: Uint8Array, at: number, text: string): void {
  bytes[at] = text.length
  for (let index = 0; index < text.length; index += 1)
    bytes[at + 1 + index] = text.charCodeAt(index)
}

export class EntryTable {
  #bytes: Uint8Array

  constructor(block: SharedArrayBuffer) {
    this.#bytes = new Uint8Array(block)
  }

  get size(): number {
    return this.#bytes.length / RECORD_BYTES
  }

  plate(entry: number): string {
    return this.#text(entry * RECORD_BYTES)
  }

  /** '' where the list gives no issuing state. */
  region(entry: number): string {
    return this.#text(entry * RECORD_BYTES + REGION_AT)
  }

  #text(at: number): string {
    const length = this.#bytes[at] as number
    return String.fromCharCode(...this.#bytes.subarray(at + 1, at + 1 + length))
  }
}
