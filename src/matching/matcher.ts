// Finds all entries within their profile's reach of each read of a batch, over an index block
// (index-block.ts).
import { loadNative, type NativeMatcher } from './native.ts'
import { unexpected } from './record.ts'

export { PLATE_RECORD_BYTES, packPlate } from './record.ts'

/**
 * A hit, by the entry's profile: `exact`, the same once O is 0; `fold`, the same once look-alikes
 * are one; `fold+1`, besides, one substitution, insertion or deletion, where both plates have
 * `edit_chars_min` characters.
 * A candidate reading (`fold_only`) is searched at `fold`, and never hits an `exact` entry.
 *
 * One per thread; any number of threads may share a block.
 */
export class Matcher {
  readonly #native: NativeMatcher

  /**
   * @param block from `buildIndex`
   * @throws TypeError where it is no index block, of another version, cut or damaged; HotplateError
   * NATIVE_ADDON_MISSING
   */
  constructor(block: SharedArrayBuffer) {
    if (!(block instanceof SharedArrayBuffer)) {
      throw unexpected('a SharedArrayBuffer', 'block', block)
    }
    this.#native = new (loadNative().Matcher)(new Uint8Array(block))
  }

  /**
   * @param records packed reads (`packPlate`), 16 bytes each
   * @param count how many of them to search
   * @returns pairs of record and entry, ordered by record then entry, every hit once
   * @throws TypeError that names the first record that is no plate; RangeError where there are more
   * than 2^24 hits
   */
  match(records: Uint8Array, count: number): Uint32Array {
    return this.#native.match(records, count)
  }
}
