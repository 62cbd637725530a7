// Builds the index of hot lists: one flat, immutable block of shared memory (its form:
// native/matcher/index.hpp).
import { HotplateError } from '../domain/error.ts'
import { foldTable } from './look-alikes.ts'
import { loadNative } from './native.ts'
import { type IndexedEntry, packEntries } from './record.ts'

export type { IndexedEntry } from './record.ts'

export interface IndexOptions {
  /** Look-alike classes, see look-alikes.ts. */
  classes: readonly string[]
  /** Plates and reads shorter than this are matched at `fold` at most. 0 to 255. */
  edit_chars_min: number
}

/**
 * A block in memory, or the path of a file that holds one (index-file.ts), which is mapped and not
 * read: open at once at any size.
 */
export type IndexSource = SharedArrayBuffer | string

const TOO_MANY = ['INDEX_TOO_MANY_ENTRIES', 'INDEX_FOLD2_TOO_LARGE', 'INDEX_TOO_MANY_PATTERNS']

/** As {@link buildIndexOf}, of entries that are not packed yet. */
export function buildIndex(
  entries: readonly IndexedEntry[],
  options: IndexOptions,
): SharedArrayBuffer {
  return buildIndexOf(packEntries(entries), entries.length, options)
}

/**
 * @param records packed entries (record.ts); the place of one is its number in hits. One plate may
 * come many times
 * @returns the block, to be handed to any number of threads and never written to again
 * @throws TypeError that names the first wrong entry; HotplateError INDEX_TOO_MANY_ENTRIES (2^23),
 * INDEX_FOLD2_TOO_LARGE (300,000 of `fold+2`), INDEX_TOO_MANY_PATTERNS (10,000),
 * NATIVE_ADDON_MISSING
 */
export function buildIndexOf(
  records: Uint8Array,
  count: number,
  { classes, edit_chars_min }: IndexOptions,
): SharedArrayBuffer {
  const native = loadNative()
  const fold = foldTable(classes)
  try {
    const bytes = native.indexBytes(records, count, fold, edit_chars_min)
    // One that may grow begins on a page of memory, so that the block's lines are lines of memory:
    // runs of postings are laid so as not to cross them.
    const block = new SharedArrayBuffer(bytes, { maxByteLength: bytes })
    native.fillIndex(records, count, fold, edit_chars_min, new Uint8Array(block, 0, bytes))
    return block
  } catch (cause) {
    const { code, message } = cause as { code?: unknown; message: string }
    if (typeof code !== 'string' || !TOO_MANY.includes(code)) throw cause
    throw new HotplateError(code, message, { cause })
  }
}
