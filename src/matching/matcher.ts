// Finds all entries within their profile's reach of each read of a batch, over an index block
// (index-block.ts).
import type { IndexSource } from './index-block.ts'
import { loadNative, type NativeMatcher } from './native.ts'
import { unexpected } from './unexpected.ts'

export { PLATE_RECORD_BYTES, packPlate } from './record.ts'

export type Kernels = 'plain' | 'avx2' | 'avx512'

const NONE = new Uint32Array(0)
const TARGET_PAIRS = 4_096

/**
 * A hit, by the entry's profile: `exact`, the same once O is 0; `fold`, the same once look-alikes
 * are one; `fold+1` and `fold+2`, besides, one or two substitutions, insertions or deletions, where
 * both plates have `edit_chars_min` characters. Patterns are filled, and never edited.
 * A candidate reading (`fold_only`) is searched at `fold`, and never hits an `exact` entry.
 *
 * One per thread; any number of threads may share a block.
 */
export class Matcher {
  readonly #native: NativeMatcher
  /** Used again by each search. */
  #target = new Uint32Array(TARGET_PAIRS * 2)

  /**
   * @param kernels `plain`, `avx2` or `avx512` instead of the best that the machine has
   * @throws TypeError where the source is no index block, of another version or cut; HotplateError
   * NATIVE_ADDON_MISSING
   */
  constructor(source: IndexSource, kernels?: Kernels) {
    if (!(source instanceof SharedArrayBuffer) && typeof source !== 'string') {
      throw unexpected('a SharedArrayBuffer or a path', 'source', source)
    }
    const block = typeof source === 'string' ? source : new Uint8Array(source)
    this.#native = new (loadNative().Matcher)(block, kernels)
  }

  /** Places of memory looked at for a read, on the mean of all so far: what bounds its speed. */
  get touched(): number {
    return this.#native.touched
  }

  /** Which of its inner loops this machine runs. */
  get kernels(): Kernels {
    return this.#native.kernels
  }

  /**
   * @param records packed reads (`packPlate`), 16 bytes each
   * @param count how many of them to search
   * @returns pairs of record and entry by record, the entries of one in no order, every hit once;
   * valid until the next search
   * @throws TypeError that names the first record that is no plate; RangeError where there are more
   * than 2^24 hits
   */
  match(records: Uint8Array, count: number): Uint32Array {
    return this.#pairs(this.#native.match(records, count, this.#target))
  }

  /**
   * All entries within reach of one read, in no order.
   * @param plate 1 to 12 of A-Z, 0-9
   * @throws TypeError where it is no such plate
   */
  find(plate: string): Uint32Array {
    const entries = this.#native.find(plate)
    if (entries === undefined) return NONE
    this.#native.take(this.#target)
    return this.#pairs(entries).filter((_, at) => at % 2 === 1)
  }

  #pairs(count: number): Uint32Array {
    if (count * 2 > this.#target.length) {
      this.#target = new Uint32Array(count * 4)
      this.#native.take(this.#target)
    }
    return this.#target.subarray(0, count * 2)
  }
}
