// What the matcher's tests share: batches of reads, and the answers of the matcher and of the
// brute-force reference.
import { expect } from 'vitest'
import { buildIndex, type IndexedEntry } from '../../src/matching/index-block.ts'
import { loadLookAlikes } from '../../src/matching/look-alikes.ts'
import { Matcher, PLATE_RECORD_BYTES, packPlate } from '../../src/matching/matcher.ts'
import { loadNative } from '../../src/matching/native.ts'
import { packEntries } from '../../src/matching/record.ts'

export interface SearchedRead {
  plate: string
  fold_only: boolean
}

export const CLASSES = loadLookAlikes()

export function packReads(reads: readonly SearchedRead[]): Uint8Array {
  const records = new Uint8Array(reads.length * PLATE_RECORD_BYTES)
  reads.forEach(({ plate, fold_only }, record) => {
    packPlate(records, record, plate, fold_only)
  })
  return records
}

export interface SearchOptions {
  classes?: readonly string[]
  edit_chars_min?: number
}

/** Hits as text, `record:entry`. */
export function matched(
  entries: readonly IndexedEntry[],
  reads: readonly SearchedRead[],
  { classes = CLASSES, edit_chars_min = 5 }: SearchOptions = {},
): string[] {
  const matcher = new Matcher(buildIndex(entries, { classes, edit_chars_min }))
  return asText(matcher.match(packReads(reads), reads.length))
}

/** The same by brute force. */
export function referred(
  entries: readonly IndexedEntry[],
  reads: readonly SearchedRead[],
  { classes = CLASSES, edit_chars_min = 5 }: SearchOptions = {},
): string[] {
  const records = packEntries(entries)
  const { referenceMatch } = loadNative()
  return asText(
    referenceMatch(
      records,
      entries.length,
      classes,
      edit_chars_min,
      packReads(reads),
      reads.length,
    ),
  )
}

/** In the order of records, then entries; records have to come in theirs. */
export function asText(hits: Uint32Array): string[] {
  const pairs = Array.from({ length: hits.length / 2 }, (_, i) => hits.subarray(2 * i, 2 * i + 2))
  const by_record = (a: Uint32Array, b: Uint32Array) => (a[0] as number) - (b[0] as number)
  expect(pairs).toEqual(pairs.toSorted(by_record))
  return pairs
    .toSorted((a, b) => by_record(a, b) || (a[1] as number) - (b[1] as number))
    .map(([record, entry]) => `${record}:${entry}`)
}
