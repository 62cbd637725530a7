// How common the forms of plates are. If it breaks, what an engine garbled to a form that no plate
// has outweighs the plate it was, or plates of a form that nobody has seen yet can't alert.
import { expect, test } from 'vitest'
import { Random } from '../../src/domain/random.ts'
import { fitModel } from '../../src/matching/fit-model.ts'
import { fitForms, formNumber } from '../../src/matching/forms.ts'
import { checkModel } from '../../src/matching/model.ts'
import { drawShape } from '../../src/simulate/plates.ts'
import { CLASSES } from '../helpers/matching.ts'
import { scoreBySearch } from '../property/score.reference.ts'

const CHARS_MAX = 12

test('the shares of all forms add up to one, and what was never seen is not impossible', () => {
  const { known, others } = fitForms(['ABC123', 'XYZ987', '1ABC234', 'A0B', 'AOB'])
  const of_length = (chars: number) => Object.keys(known).filter((form) => form.length === chars)
  const unseen = others.map((share, at) => share * (2 ** (at + 1) - of_length(at + 1).length))
  const seen = Object.values(known)
  expect([...seen, ...unseen].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 3)
  expect(others).toHaveLength(CHARS_MAX)
  expect(Math.min(...others)).toBeGreaterThan(0)
  expect(known.LLLDDD).toBeGreaterThan(known.DLLLDDD as number)
})

test('a plate counts once, however often it was read', () => {
  const once = fitForms(['ABC123', '1ABC234'])
  expect(fitForms(['ABC123', '1ABC234', '1ABC234', '1ABC234'])).toEqual(once)
})

test('O counts as the digit that it ties', () => {
  expect(formNumber('AO1')).toBe(formNumber('A01'))
  expect(Object.keys(fitForms(['AO1']).known)).toEqual(['LDD'])
})

/** Wrong readings have lost their last character; the plate is then the second reading. */
function readingsOf(count: number) {
  const random = new Random(5)
  return Array.from({ length: count }, () => {
    const truth = drawShape(random.chance(0.5) ? 'LLLDDD' : 'LLDDDD', random)
    const cut = truth.slice(0, -1)
    const right = random.chance(0.6)
    return {
      true_plate: truth,
      read_plate: right ? truth : cut,
      confidence: 0.8,
      candidates: [{ plate: right ? cut : truth, confidence: 0.1 }],
    }
  })
}

test('a reading of a form that plates do not have yields to its second reading', () => {
  const readings = readingsOf(2_000)
  const options = { name: 'cut', source: 'a test', classes: CLASSES }
  const posteriorOf = (forms: boolean) => {
    const model = fitModel(readings, { ...options, forms })
    expect(checkModel(model, 'cut')).toEqual(model)
    const seen = [
      { plate: 'ABC12', confidence: 0.8 },
      { plate: 'ABC123', confidence: 0.1 },
    ]
    return 1 / (1 + Math.exp(-scoreBySearch(model, seen, 'ABC123', 'unknown').log_odds))
  }
  expect(posteriorOf(true)).toBeGreaterThan(0.9)
  expect(posteriorOf(false)).toBeLessThan(0.6)
})

test('a model with a share that is none, or of a form that is none, is refused', () => {
  const options = { name: 'cut', source: 'a test', classes: CLASSES, forms: true }
  const model = fitModel(readingsOf(300), options)
  const withForms = (forms: object) => ({ ...model, evidence: { ...model.evidence, forms } })
  const { others } = model.evidence.forms as { others: number[] }
  for (const forms of [
    { known: { LLD: 0 }, others },
    { known: { LLX: 0.1 }, others },
    { known: {}, others: others.slice(1) },
  ]) {
    expect(() => checkModel(withForms(forms), 'cut')).toThrow('Model cut: ')
  }
})
