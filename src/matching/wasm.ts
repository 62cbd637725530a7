// The C++ side on WebAssembly (native/wasm/hotplate.wasm): loads the module, once per thread, and
// passes arrays into an instance and out of it. An instance serves one object and goes with it, and
// with it goes its memory.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FILE = fileURLToPath(new URL('../../native/wasm/hotplate.wasm', import.meta.url))
const ALIGNMENT_BYTES = 8

type Call = (...numbers: readonly number[]) => number

/** What native/wasm/exports.cpp gives. */
type Name =
  | 'input'
  | 'allocate'
  | 'plan_index'
  | 'planned_bytes'
  | 'most_of'
  | 'fill_index'
  | 'index_version'
  | 'open_index'
  | 'bad_record'
  | 'make_matcher'
  | 'match'
  | 'hits'
  | 'hits_count'
  | 'touched'
  | 'refer'
  | 'refer_pairs'
  | 'scan'
  | 'scanned_rows'
  | 'scanned_part'
  | 'scanned_part_bytes'
  | 'model_version'
  | 'add_scorer'
  | 'score'
  | 'make_judge'
  | 'judge'
  | 'search_status'
  | 'judged'
  | 'judged_count'
  | 'judge_entries'
  | 'listed'

/** The little of the engine that is used: Node's types leave it out. */
interface Engine {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object) => { exports: unknown }
}
type Exports = Record<Name, Call> & { memory: { buffer: ArrayBuffer }; _initialize: () => void }

const { Module, Instance } = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly
let compiled: object | undefined

export class Room {
  readonly call: Readonly<Record<Name, Call>>
  readonly #memory: { buffer: ArrayBuffer }

  constructor() {
    compiled ??= new Module(readFileSync(FILE))
    const exports = new Instance(compiled).exports as Exports
    exports._initialize()
    this.call = exports
    this.#memory = exports.memory
  }

  /**
   * Copies arrays in, one behind another.
   * @returns where they stand, until the next call of this
   */
  place(...arrays: readonly ArrayBufferView[]): number[] {
    let bytes = 0
    const offsets = arrays.map(({ byteLength }) => {
      const offset = bytes
      bytes += Math.ceil(byteLength / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
      return offset
    })
    const first = this.call.input(bytes) >>> 0
    const memory = this.bytes(first, bytes)
    arrays.forEach(({ buffer, byteOffset, byteLength }, i) => {
      memory.set(new Uint8Array(buffer, byteOffset, byteLength), offsets[i])
    })
    return offsets.map((offset) => first + offset)
  }

  /**
   * Memory that stays.
   * @throws RangeError where there is none left: an instance has 4 GB at most
   */
  allocate(bytes: number): number {
    const at = this.call.allocate(bytes) >>> 0
    if (at === 0) throw new RangeError(`WebAssembly has no memory left for ${bytes} bytes`)
    return at
  }

  /** A view, good until the next call. */
  bytes(at: number, count: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.buffer, at >>> 0, count)
  }

  words(at: number, count: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.#memory.buffer, at >>> 0, count)
  }

  doubles(at: number, count: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.#memory.buffer, at >>> 0, count)
  }
}
