// Plates as the native matcher takes them: packed records of 16 bytes.
//
//   byte 0    1..12           13     14..15
//        len  A-Z 0-9, zeros  flag   zero
//
// The flag of a read is 1 for a candidate reading (searched at `fold` only); that of an entry is
// its profile.
import { PLATE_CHARS_MAX } from '../domain/plate.ts'

export const PLATE_RECORD_BYTES = 16
const FLAG_BYTE = 13

/** The error for a wrong argument, in the words that all of them have. */
export function unexpected(expected: string, name: string, value: unknown): TypeError {
  return new TypeError(
    `Expected ${expected} for ${name} but received ${String(value)} of type ${typeof value}`,
  )
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
  packRecord(target, record, plate, fold_only ? 1 : 0)
}

/** As {@link packPlate}, with any flag. */
export function packRecord(target: Uint8Array, record: number, plate: string, flag: number): void {
  const length = plate.length
  if (length < 1 || length > PLATE_CHARS_MAX) {
    throw unexpected(`1 to ${PLATE_CHARS_MAX} characters`, 'plate', plate)
  }
  const at = record * PLATE_RECORD_BYTES
  if (!(at >= 0 && at + PLATE_RECORD_BYTES <= target.length) || !Number.isInteger(record)) {
    const records = Math.floor(target.length / PLATE_RECORD_BYTES)
    throw unexpected(`an integer below ${records}`, 'record', record)
  }
  let all = 0
  for (let i = 0; i < length; i += 1) {
    const code = plate.charCodeAt(i)
    all |= code
    target[at + 1 + i] = code
  }
  if (all > 127) throw unexpected('characters A-Z and 0-9', 'plate', plate)
  target[at] = length
  target.fill(0, at + 1 + length, at + PLATE_RECORD_BYTES)
  target[at + FLAG_BYTE] = flag
}
