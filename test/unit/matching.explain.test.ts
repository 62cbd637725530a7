// The explanation that dispatch sees beside an alert. If it breaks, the marked characters are not
// the ones that differ.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldEntryPlate, isPattern } from '../../src/domain/plate.ts'
import { alignPlates } from '../../src/matching/explain.ts'
import { CLASSES, matched } from '../helpers/matching.ts'

/**
 * One letter per column: `=` same, `o` O for 0, `~` look-alike, `x` differs, `+` inserted, `-`
 * deleted.
 */
const MARKS = {
  same: '=',
  o_zero: 'o',
  look_alike: '~',
  differs: 'x',
  inserted: '+',
  deleted: '-',
  any: '*',
}

function marks(read: string, entry: string): string {
  const { class: kind, aligned } = alignPlates(read, entry, CLASSES)
  return `${kind} ${aligned.map((pair) => MARKS[pair.kind]).join('')}`
}

test.each([
  ['ABC1234', 'ABC1234', 'exact ======='],
  ['ABCO234', 'ABC0234', 'o_zero ===o==='],
  ['A8CO234', 'ABCD234', 'look_alike =~=~==='],
  ['ABC1234', 'ABC1274', 'substitution =====x='],
  ['1ABC1234', 'ABC1234', 'insertion +======='],
  ['ABC12344', 'ABC1234', 'insertion ======+='],
  ['ABC123', 'ABC1234', 'deletion ======-'],
  ['BC1234', 'ABC1234', 'deletion -======'],
  ['A8C1X34', 'ABC1234', 'substitution =~==x=='],
  ['AB', 'CD1', 'deletion xx-'],
  ['2TAB123', '2TA*', 'wildcard ===****'],
  ['2TA', '2TA*', 'wildcard ===*'],
  ['ZTAB123', '2T?B*3', 'wildcard ~=*=**='],
  ['2TAB123', '*B?2*', 'wildcard ***=*=*'],
])('%s for %s is %s', (read, entry, expected) => {
  const [kind, columns] = expected.split(' ') as [string, string]
  const [kind_found, columns_found] = marks(read, entry).split(' ') as [string, string]
  expect(kind_found).toBe(kind)
  // Within a run, either of the characters may be the one too many.
  expect([...columns_found].toSorted()).toEqual([...columns].toSorted())
})

test('the columns spell the read and the entry', () => {
  const plate = fc
    .array(fc.constantFrom(...'AB8C3O0D1IL'), { minLength: 1, maxLength: 12 })
    .map((chars) => chars.join(''))
  fc.assert(
    fc.property(plate, plate, (read, entry) => {
      const { aligned } = alignPlates(read, entry, CLASSES)
      expect(aligned.map((pair) => pair.read).join('')).toBe(read)
      expect(aligned.map((pair) => pair.entry).join('')).toBe(entry)
    }),
  )
})

test('a pattern that fits is told so, and its columns spell it', () => {
  const plate = fc
    .array(fc.constantFrom(...'AB8O0'), { minLength: 1, maxLength: 7 })
    .map((chars) => chars.join(''))
  const pattern = fc
    .array(fc.constantFrom(...'AB8O0??**'), { minLength: 3, maxLength: 7 })
    .map((chars) => chars.join('').replace(/\*+/g, '*'))
    .filter((text) => isPattern(text) && foldEntryPlate(text) === text)
  fc.assert(
    fc.property(plate, pattern, (read, entry) => {
      const { class: kind, aligned } = alignPlates(read, entry, CLASSES)
      expect(aligned.map((pair) => pair.read).join('')).toBe(read)
      expect(aligned.map((pair) => pair.entry).join('')).toBe(entry)
      const edited = aligned.some(({ kind: k }) => /differs|inserted|deleted/.test(k))
      const found = matched(
        [{ plate: entry, profile: 'fold' }],
        [{ plate: read, fold_only: false }],
      )
      if (found.length === 1) expect([kind, edited]).toEqual(['wildcard', false])
      else expect(kind).toMatch(/insertion|deletion|substitution/)
    }),
    { numRuns: 2_000 },
  )
})

test('what the matcher finds at a profile is of a class that the profile allows', () => {
  const plate = fc
    .array(fc.constantFrom(...'AB8C3O0D'), { minLength: 5, maxLength: 7 })
    .map((chars) => chars.join(''))
  fc.assert(
    fc.property(plate, plate, (read, entry) => {
      const { class: kind, aligned } = alignPlates(read, entry, CLASSES)
      const edits = aligned.filter(({ kind: k }) => /differs|inserted|deleted/.test(k)).length
      const found = (profile: 'exact' | 'fold' | 'fold+1') =>
        matched([{ plate: entry, profile }], [{ plate: read, fold_only: false }]).length === 1
      expect(found('exact')).toBe(kind === 'exact' || kind === 'o_zero')
      expect(found('fold')).toBe(edits === 0)
      expect(found('fold+1')).toBe(edits <= 1)
    }),
    { numRuns: 500 },
  )
})
