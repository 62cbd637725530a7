// Drawn misreads against the model that they are drawn by. Were they others, thresholds would be
// set for an engine that nobody has.
import { expect, test } from 'vitest'
import { Random } from '../../src/domain/random.ts'
import { costTables } from '../../src/matching/costs.ts'
import { SYMBOLS } from '../../src/matching/look-alikes.ts'
import { loadModel } from '../../src/matching/model.ts'
import {
  type Drawn,
  drawAlike,
  drawnOf,
  isSamePlate,
  MisreadSampler,
  newDrawn,
  ShapeCounts,
  shapeOf,
} from '../../src/matching/sample.ts'

const model = loadModel('general')
const INSIDE = 1

const textOf = ({ symbols, length }: Drawn) =>
  [...symbols.subarray(0, length)].map((symbol) => SYMBOLS[symbol]).join('')

function readings(plate: string, count: number): Map<string, number> {
  const sampler = new MisreadSampler(model)
  const random = new Random(11)
  const found = new Map<string, number>()
  const read = newDrawn()
  for (let i = 0; i < count; i += 1) {
    sampler.misread(drawnOf(plate), read, random)
    const text = textOf(read)
    found.set(text, (found.get(text) ?? 0) + 1)
  }
  return found
}

test('edits come as often as the model has them, against reading the plate right', () => {
  const count = 200_000
  const found = readings('2TAB847', count)
  const right = found.get('2TAB847') as number
  const { substitution, deletion, insertion } = costTables(model)
  const symbol = (char: string) => SYMBOLS.indexOf(char)
  const cases: [read: string, cost: number | undefined][] = [
    ['2TA8847', substitution[INSIDE]?.[symbol('B')]?.[symbol('8')]],
    ['2TAB84', deletion[2]?.[symbol('7')]],
    ['2TAB8A7', substitution[INSIDE]?.[symbol('4')]?.[symbol('A')]],
    ['12TAB847', insertion[0]?.[symbol('1')]],
  ]
  for (const [read, cost] of cases) {
    const expected = right * Math.exp(-(cost as number))
    expect(expected).toBeGreaterThan(100)
    // Four standard deviations.
    expect(Math.abs((found.get(read) ?? 0) - expected)).toBeLessThan(4 * Math.sqrt(expected))
  }
  const share = new MisreadSampler(model).faithful(drawnOf('2TAB847'))
  expect(Math.abs(right - share * count)).toBeLessThan(4 * Math.sqrt(share * count))
})

test('whatever is drawn is a plate, and the letter O is drawn as zero', () => {
  for (const plate of ['A', 'O0O', 'WWWWWWWWWWWW']) {
    for (const read of readings(plate, 5_000).keys()) expect(read).toMatch(/^[0-9A-NP-Z]{1,12}$/)
  }
})

test('a plate alike has its letters and digits where the other has', () => {
  const random = new Random(3)
  const target = newDrawn()
  for (let i = 0; i < 200; i += 1) {
    drawAlike(shapeOf('DLLLDDD'), target, random)
    // The letter O is drawn as zero.
    expect(textOf(target)).toMatch(/^\d[A-Z0]{3}\d{3}$/)
  }
  expect(isSamePlate(drawnOf('AB12'), drawnOf('AB12'))).toBe(true)
  expect(isSamePlate(drawnOf('AB12'), drawnOf('AB1'))).toBe(false)
})

test('a plate has its share of its shape, and none of what was not counted', () => {
  const counts = new ShapeCounts()
  for (let i = 0; i < 3; i += 1) counts.add(drawnOf('A1'), true)
  counts.add(drawnOf('A11'), true)
  counts.add(drawnOf('A11'), false)
  expect(counts.shareOf(drawnOf('B7'))).toBeCloseTo(3 / 5 / 250)
  expect(counts.shareOf(drawnOf('B77'))).toBeCloseTo(1 / 5 / 2_500)
  expect(counts.shareOf(drawnOf('77'))).toBe(0)
})
