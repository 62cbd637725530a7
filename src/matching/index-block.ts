// Builds the index of a list: one flat, immutable block of shared memory (its form:
// native/matcher/index.hpp).
import { PROFILES, type Profile } from '../domain/hotlist.ts'
import { foldTable } from './look-alikes.ts'
import { loadNative } from './native.ts'
import { PLATE_RECORD_BYTES, packRecord, unexpected } from './record.ts'

export interface IndexedEntry {
  /** Folded plate, 1 to 12 of A-Z, 0-9. */
  plate: string
  profile: Profile
}

export interface IndexOptions {
  /** Look-alike classes, see look-alikes.ts. */
  classes: readonly string[]
  /** Plates and reads shorter than this are matched at `fold` at most. 0 to 255. */
  edit_chars_min: number
}

/** By the numbers that the native side gives to profiles. */
const PROFILE_NUMBERS: Readonly<Record<Profile, number>> = {
  exact: 0,
  fold: 1,
  'fold+1': 2,
  'fold+2': 3,
}

/**
 * @param entries at most 2^24; the position in the array is the entry's number in hits. One plate
 * may come many times
 * @returns the block, to be handed to any number of threads and never written to again
 * @throws TypeError that names the first wrong entry; HotplateError NATIVE_ADDON_MISSING
 */
export function buildIndex(
  entries: readonly IndexedEntry[],
  { classes, edit_chars_min }: IndexOptions,
): SharedArrayBuffer {
  const native = loadNative()
  const fold = foldTable(classes)
  const records = packEntries(entries)
  const bytes = native.indexBytes(records, entries.length, fold, edit_chars_min)
  const block = new SharedArrayBuffer(bytes)
  native.fillIndex(records, entries.length, fold, edit_chars_min, new Uint8Array(block))
  return block
}

/** Entries as packed records, the flag their profile. */
export function packEntries(entries: readonly IndexedEntry[]): Uint8Array {
  const records = new Uint8Array(entries.length * PLATE_RECORD_BYTES)
  for (let entry = 0; entry < entries.length; entry += 1) {
    const { plate, profile } = entries[entry] as IndexedEntry
    const number = PROFILE_NUMBERS[profile]
    if (number === undefined) throw unexpected(PROFILES.join(', '), 'profile', profile)
    packRecord(records, entry, plate, number)
  }
  return records
}
