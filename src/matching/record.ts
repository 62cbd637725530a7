// Plates and entries as the native matcher takes them: packed records, of a read 16 bytes, of an
// entry 24. Little endian.
//
//   byte 0    1..12           13              14..15   16..19   20..23
//        len  A-Z 0-9, zeros  candidate: 1    zero                       a read
//        len  and ? *, zeros  profile         list     region   zero     an entry
//
// A candidate reading is searched at `fold` only. The list is a number of the caller's, the region
// one of evidence.ts.
import { PROFILES, type Profile } from '../domain/hotlist.ts'
import { PLATE_CHARS_MAX } from '../domain/plate.ts'
import { regionCode } from './region.ts'
import { unexpected } from './unexpected.ts'

export const PLATE_RECORD_BYTES = 16
export const ENTRY_RECORD_BYTES = 24
const FLAG_BYTE = 13
const LIST_BYTE = 14
const REGION_BYTE = 16
const LISTS_MAX = 65_535

export interface IndexedEntry {
  /** Folded plate, 1 to 12 of A-Z, 0-9, or a pattern, with ? and * too. */
  plate: string
  profile: Profile
  /** ISO 3166-2; none where the list does not give it. */
  region?: string | undefined
  /** Number of its list, 0 to 65,535; 0 where there is but one. */
  list?: number
}

/** By the numbers that the native side gives to profiles. */
const PROFILE_NUMBERS: Readonly<Record<Profile, number>> = {
  exact: 0,
  fold: 1,
  'fold+1': 2,
  'fold+2': 3,
}

/**
 * Writes a read's plate into a batch.
 * @param target room for at least `record + 1` records of 16 bytes
 * @param record position in the batch
 * @param plate folded plate, 1 to 12 of A-Z, 0-9
 * @param fold_only true for a candidate reading
 * @throws TypeError where the plate is too long, empty or not ASCII, or the record outside the
 * target. Other characters than A-Z, 0-9 are refused by the matcher
 */
export function packPlate(
  target: Uint8Array,
  record: number,
  plate: string,
  fold_only: boolean,
): void {
  packText(target, record, PLATE_RECORD_BYTES, plate)
  target[record * PLATE_RECORD_BYTES + FLAG_BYTE] = fold_only ? 1 : 0
}

/**
 * Writes an entry.
 * @param target room for at least `record + 1` records of 24 bytes
 * @throws TypeError where a field is none; other characters are refused when the index is built
 */
export function packEntry(
  target: Uint8Array,
  record: number,
  { plate, profile, region = '', list = 0 }: IndexedEntry,
): void {
  const number = PROFILE_NUMBERS[profile]
  if (number === undefined) throw unexpected(PROFILES.join(', '), 'profile', profile)
  if (!(Number.isInteger(list) && list >= 0 && list <= LISTS_MAX)) {
    throw unexpected(`an integer from 0 to ${LISTS_MAX}`, 'list', list)
  }
  packText(target, record, ENTRY_RECORD_BYTES, plate)
  const at = record * ENTRY_RECORD_BYTES
  target[at + FLAG_BYTE] = number
  target[at + LIST_BYTE] = list & 255
  target[at + LIST_BYTE + 1] = list >> 8
  const code = regionCode(region)
  for (let i = 0; i < 4; i += 1) target[at + REGION_BYTE + i] = (code >>> (8 * i)) & 255
}

export function packEntries(entries: readonly IndexedEntry[]): Uint8Array {
  const records = new Uint8Array(entries.length * ENTRY_RECORD_BYTES)
  for (let entry = 0; entry < entries.length; entry += 1) {
    packEntry(records, entry, entries[entry] as IndexedEntry)
  }
  return records
}

/** Length and characters; the rest of the record is made zero. */
function packText(target: Uint8Array, record: number, bytes: number, plate: string): void {
  const length = plate.length
  if (length < 1 || length > PLATE_CHARS_MAX) {
    throw unexpected(`1 to ${PLATE_CHARS_MAX} characters`, 'plate', plate)
  }
  const at = record * bytes
  if (!(at >= 0 && at + bytes <= target.length) || !Number.isInteger(record)) {
    throw unexpected(`an integer below ${Math.floor(target.length / bytes)}`, 'record', record)
  }
  let all = 0
  for (let i = 0; i < length; i += 1) {
    const code = plate.charCodeAt(i)
    all |= code
    target[at + 1 + i] = code
  }
  if (all > 127) throw unexpected('characters A-Z and 0-9', 'plate', plate)
  target[at] = length
  target.fill(0, at + 1 + length, at + bytes)
}
