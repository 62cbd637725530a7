// The proof of recall itself: were it blind, it would call any matcher right.
import { expect, test } from 'vitest'
import { Random } from '../../src/domain/random.ts'
import { buildIndex, type IndexedEntry } from '../../src/matching/index-block.ts'
import { loadLookAlikes } from '../../src/matching/look-alikes.ts'
import { packEntries } from '../../src/matching/record.ts'
import { verifyRecall } from '../../src/matching/verify.ts'
import { drawPlate } from '../../src/simulate/plates.ts'

const index = { classes: loadLookAlikes(), edit_chars_min: 5 }
const random = new Random(9)
const entries: IndexedEntry[] = Array.from({ length: 500 }, () => ({
  plate: drawPlate(random).plate,
  profile: 'fold+1',
}))
const reading = (plate: string, candidate = false) => ({ plate, candidate })
const readings = entries
  .slice(0, 100)
  .flatMap(({ plate }) => [reading(plate), reading(plate, true), reading(plate.slice(1) || 'A')])
const parts = (indexed: readonly IndexedEntry[]) => ({
  source: buildIndex(indexed, index),
  records: packEntries(entries),
  count: entries.length,
  index,
})

test('the matcher finds what brute force finds, on every pair', () => {
  const found = verifyRecall(parts(entries), readings)
  expect(found.pairs).toBe(300 * 500)
  expect(found.hits).toBeGreaterThan(250)
  expect(found.mismatches).toEqual([])
})

test('a match that is lost is named, and so is one too many', () => {
  const other = (at: number, plate: string): IndexedEntry[] =>
    entries.map((entry, number) => (number === at ? { ...entry, plate } : entry))
  const lost = verifyRecall(parts(other(7, 'QQQQQQQQ')), readings)
  expect(lost.mismatches).toContainEqual({
    reading: reading(entries[7]?.plate as string),
    entry: 7,
    found_by: 'reference',
  })
  const double = verifyRecall(parts(other(8, entries[3]?.plate as string)), readings)
  expect(double.mismatches).toContainEqual({
    reading: reading(entries[3]?.plate as string),
    entry: 8,
    found_by: 'matcher',
  })
})
