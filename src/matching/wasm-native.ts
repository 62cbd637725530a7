// The classes and functions of the addon (native.ts), by the same C++ on WebAssembly, with the same
// checks in the same words. Equal in results; slower, since it has the plain kernels only.
import { unexpected } from './unexpected.ts'
import { Room } from './wasm.ts'
import {
  bytesOf,
  doublesOf,
  ENTRY_BYTES,
  EVIDENCE_BYTES,
  integerOf,
  numberOf,
  READ_BYTES,
  recordsOf,
  refused,
} from './wasm-arguments.ts'
import { fillIndex, indexBytes, openBlock } from './wasm-index.ts'
import { WasmJudge, WasmMatcher } from './wasm-matcher.ts'

const SCORE_NUMBERS = 3

class Scanner {
  readonly #room = new Room()

  scan(
    data: Uint8Array,
    meta: Float64Array,
    cameras: Uint8Array,
    message_bytes_max: number,
    lines_max: number,
    behind_ms_max: number,
    ahead_ms_max: number,
    models: Uint8Array,
  ) {
    const { call } = this.#room
    const arrays = [
      bytesOf(data, 'data'),
      doublesOf(meta, 'meta'),
      bytesOf(cameras, 'cameras'),
      bytesOf(models, 'models'),
    ] as const
    const placed = this.#room.place(...arrays)
    const passed = placed.flatMap((at, i) => [at, (arrays[i] as Uint8Array).length])
    const taken = call.scan(
      ...passed,
      numberOf(message_bytes_max, 'message_bytes_max'),
      numberOf(lines_max, 'lines_max'),
      numberOf(behind_ms_max, 'behind_ms_max'),
      numberOf(ahead_ms_max, 'ahead_ms_max'),
    )
    if (taken === 0) {
      throw unexpected('messages within the data, of known cameras and models', 'meta', meta)
    }
    return {
      rows: call.scanned_rows(),
      block: this.#part(0),
      records: this.#part(1),
      evidence: this.#part(2),
      origins: new Int32Array(this.#part(3).buffer),
      places: new Uint32Array(this.#part(4).buffer),
      left_overs: new Uint32Array(this.#part(5).buffer),
    }
  }

  /** By the numbers of native/wasm/exports.cpp; a copy. */
  #part(part: number): Uint8Array<ArrayBuffer> {
    const { call } = this.#room
    return this.#room.bytes(call.scanned_part(part), call.scanned_part_bytes(part)).slice()
  }
}

class Scorer {
  readonly #room = new Room()

  constructor(model: Uint8Array) {
    const bytes = bytesOf(model, 'model')
    const [at = 0] = this.#room.place(bytes)
    if (this.#room.call.add_scorer(at, bytes.length) === 0) {
      const expected = `a packed model of version ${this.#room.call.model_version()}`
      throw refused(expected, 'model', 'other bytes of type object')
    }
  }

  score(records: Uint8Array, evidence: Uint8Array, entries: Uint8Array): Float64Array {
    const count = Math.floor(bytesOf(records, 'records').length / READ_BYTES)
    if (count === 0) throw unexpected('at least one record', 'records', records)
    if (bytesOf(evidence, 'evidence').length !== count * EVIDENCE_BYTES) {
      throw unexpected(`${count * EVIDENCE_BYTES} bytes`, 'evidence', evidence)
    }
    const listed = Math.floor(bytesOf(entries, 'entries').length / ENTRY_BYTES)
    const arrays = [records, evidence, entries.subarray(0, listed * ENTRY_BYTES)]
    const scores = new Float64Array(listed * SCORE_NUMBERS)
    const placed = this.#room.place(...arrays, scores)
    const passed = arrays.flatMap(({ length }, i) => [placed[i] as number, length])
    const target = placed[arrays.length] as number
    this.#room.call.score(...passed, target)
    scores.set(this.#room.doubles(target, scores.length))
    return scores
  }
}

function checkIndex(source: Uint8Array | string): void {
  openBlock(new Room(), source, true, 'source')
}

function referenceMatch(
  entries: Uint8Array,
  entry_count: number,
  classes: readonly string[],
  edit_chars_min: number,
  records: Uint8Array,
  count: number,
): Uint32Array {
  const entry_records = recordsOf(entries, entry_count, ENTRY_BYTES, 'entries')
  if (!Array.isArray(classes)) throw unexpected('an array of strings', 'classes', classes)
  for (const look_alikes of classes) {
    if (typeof look_alikes !== 'string') throw unexpected('a string', 'classes', look_alikes)
  }
  const chars_min = integerOf(edit_chars_min, 255, 'edit_chars_min')
  const reads = recordsOf(records, count, READ_BYTES, 'records')
  const room = new Room()
  const lines = new TextEncoder().encode(classes.join('\n'))
  const [entries_at = 0, lines_at = 0, reads_at = 0] = room.place(entry_records, lines, reads)
  const lists = [entries_at, entry_records.length, lines_at, lines.length, chars_min]
  const pairs = room.call.refer(...lists, reads_at, reads.length)
  return room.words(room.call.refer_pairs(), pairs * 2).slice()
}

export const wasmNative = {
  Judge: WasmJudge,
  Matcher: WasmMatcher,
  Scanner,
  Scorer,
  indexBytes,
  fillIndex,
  checkIndex,
  referenceMatch,
}
