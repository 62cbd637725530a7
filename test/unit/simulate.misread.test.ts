// Misreads. If the bugs return: readings that no plate could give, or a kind of misread that is
// another.
import { expect, test } from 'vitest'
import { Random, Weighted } from '../../src/domain/random.ts'
import { loadLookAlikes } from '../../src/matching/look-alikes.ts'
import { loadModel } from '../../src/matching/model.ts'
import { Misreader, READING_KINDS } from '../../src/simulate/misread.ts'
import { drawPlate } from '../../src/simulate/plates.ts'

const misreader = new Misreader(loadModel('general'), 5, loadLookAlikes())

const first = (seed: number) => new Random(seed).u32()

const draws = (truth: string, kind: (typeof READING_KINDS)[number], count = 200) =>
  Array.from({ length: count }, () => misreader.draw(truth, kind, true))

test('an exact reading is the plate, and never its own candidate', () => {
  for (const reading of draws('2TAB123', 'exact')) {
    expect(reading?.plate).toBe('2TAB123')
    expect(reading?.candidates.some(({ plate }) => plate === '2TAB123')).toBe(false)
  }
})

test('O for 0 changes one of these only, and needs one', () => {
  for (const reading of draws('2TO0123', 'o_zero')) {
    expect(['2T00123', '2TOO123']).toContain(reading?.plate)
  }
  expect(misreader.draw('2TAB123', 'o_zero', true)).toBeNull()
})

test('a look-alike is another one of its class, never O for 0', () => {
  const plates = new Set(draws('XX8X0', 'look_alike').map((reading) => reading?.plate))
  expect(plates).toEqual(new Set(['XXBX0', 'XX8XD', 'XX8XQ']))
  expect(misreader.draw('XWX', 'look_alike', true)).toBeNull()
})

test('a substitution keeps the length, a deletion loses one; short plates have neither', () => {
  for (const reading of draws('MWV1234', 'substitution')) {
    expect(reading?.plate).toHaveLength(7)
    expect([...'MWV1234'].filter((char, at) => char !== reading?.plate[at])).toHaveLength(1)
  }
  for (const reading of draws('MWV1234', 'deletion')) expect(reading?.plate).toHaveLength(6)
  expect(misreader.draw('MWV1', 'deletion', true)).toBeNull()
})

test('a reading that only candidates can save lists the plate among them', () => {
  const readings = Array.from({ length: 100 }, () =>
    misreader.draw('MWV1234', 'candidate', false),
  ).filter((reading) => reading !== null)
  expect(readings.length).toBeGreaterThan(50)
  for (const { plate, candidates } of readings) {
    expect(plate.length).toBeLessThan(7)
    expect(candidates.map((candidate) => candidate.plate)).toContain('MWV1234')
  }
})

test('readings of any plate stay plates: 1 to 12 characters, a confidence for each', () => {
  const random = new Random(9)
  const plates = Array.from({ length: 3_000 }, () => drawPlate(random).plate)
  for (const truth of [...plates, 'A', '0', '11', 'ABCDEFGHIJKL']) {
    for (const kind of READING_KINDS) {
      const reading = misreader.draw(truth, kind, true)
      if (reading === null) continue
      expect(reading.plate).toMatch(/^[A-Z0-9]{1,12}$/)
      expect(reading.chars).toHaveLength(reading.plate.length)
      expect(reading.confidence).toBeGreaterThan(0)
      expect(reading.confidence).toBeLessThanOrEqual(1_000)
    }
  }
})

test('chance is even, weighted chance is in proportion, and a seed repeats', () => {
  const random = new Random(1)
  const counts = Array.from({ length: 8 }, () => 0)
  for (let n = 0; n < 80_000; n++) counts[random.below(8)]!++
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  const weighted = new Weighted([
    ['a', 3],
    ['b', 0],
    ['c', 1],
  ])
  const drawn = Array.from({ length: 8_000 }, () => weighted.draw(random))
  expect(drawn).not.toContain('b')
  expect(drawn.filter((item) => item === 'a').length / 8_000).toBeCloseTo(0.75, 1)
  expect(first(4)).toBe(first(4))
  expect(first(4)).not.toBe(first(4 + 2 ** 32))
})
