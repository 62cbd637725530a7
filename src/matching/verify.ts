// Proof of recall: the matcher's hits against brute force by the textbook, pair by pair.
import type { IndexOptions, IndexSource } from './index-block.ts'
import { Matcher } from './matcher.ts'
import { loadNative } from './native.ts'
import { PLATE_RECORD_BYTES, packPlate } from './record.ts'

export interface ReadingToVerify {
  plate: string
  /** A candidate reading, which is searched at `fold`. */
  candidate: boolean
}

export interface Mismatch {
  reading: ReadingToVerify
  /** Number of the entry. */
  entry: number
  /** Who found it alone. */
  found_by: 'matcher' | 'reference'
}

export interface Verified {
  pairs: number
  hits: number
  mismatches: Mismatch[]
}

export interface VerifyOptions {
  source: IndexSource
  /** The entries that the index was built of (record.ts). */
  records: Uint8Array
  count: number
  index: IndexOptions
}

/** Compares all entries with each of the readings, both ways. */
export function verifyRecall(o: VerifyOptions, readings: readonly ReadingToVerify[]): Verified {
  const { classes, edit_chars_min } = o.index
  const packed = new Uint8Array(readings.length * PLATE_RECORD_BYTES)
  for (const [at, { plate, candidate }] of readings.entries()) {
    packPlate(packed, at, plate, candidate)
  }
  const found = pairsOf(new Matcher(o.source).match(packed, readings.length))
  const expected = pairsOf(
    loadNative().referenceMatch(
      o.records,
      o.count,
      classes,
      edit_chars_min,
      packed,
      readings.length,
    ),
  )
  const only = (
    some: ReadonlySet<number>,
    others: ReadonlySet<number>,
    found_by: Mismatch['found_by'],
  ) =>
    [...some]
      .filter((pair) => !others.has(pair))
      .map((pair) => ({
        reading: readings[Math.floor(pair / PAIR)] as ReadingToVerify,
        entry: pair % PAIR,
        found_by,
      }))
  return {
    pairs: readings.length * o.count,
    hits: found.size,
    mismatches: [...only(expected, found, 'reference'), ...only(found, expected, 'matcher')],
  }
}

/** More entries than an index takes. */
const PAIR = 2 ** 32

function pairsOf(hits: Uint32Array): Set<number> {
  const pairs = new Set<number>()
  for (let at = 0; at < hits.length; at += 2) {
    pairs.add((hits[at] as number) * PAIR + (hits[at + 1] as number))
  }
  return pairs
}
