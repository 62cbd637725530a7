// What confidences and candidates are fitted to weigh. If it breaks, sure readings and doubtful
// ones alert alike, or the engine's second reading counts for nothing.
import { expect, test } from 'vitest'
import { Random } from '../../src/domain/random.ts'
import { fitModel } from '../../src/matching/fit-model.ts'
import { checkModel } from '../../src/matching/model.ts'
import { drawShape } from '../../src/simulate/plates.ts'
import { CLASSES } from '../helpers/matching.ts'
import { scoreBySearch } from '../property/score.reference.ts'

/** Right as often as it is sure; where it is wrong, the second reading is right in four of five. */
function readingsOf(count: number) {
  const random = new Random(3)
  return Array.from({ length: count }, () => {
    const truth = drawShape('LLLDDDD', random)
    const confidence = random.between(0.5, 1)
    const right = random.chance(confidence)
    const at = random.below(7)
    const other = truth.slice(0, at) + (at < 3 ? 'X' : '7') + truth.slice(at + 1)
    const far = other.slice(0, 6)
    const second = right || random.chance(0.2) ? far : truth
    return {
      true_plate: truth,
      read_plate: right ? truth : other,
      confidence,
      candidates: [{ plate: second, confidence: 1 - confidence }],
    }
  })
}

const model = fitModel(readingsOf(3_000), { name: 'sure', source: 'a test', classes: CLASSES })

function posterior(confidence: number | null, entry: string): number {
  const second = confidence === null ? null : 1 - confidence
  const readings = [
    { plate: 'ABC1234', confidence },
    { plate: 'ABC1254', confidence: second },
  ]
  return 1 / (1 + Math.exp(-scoreBySearch(model, readings, entry, 'unknown').log_odds))
}

test('a fitted model is one, and a read is as likely right as its confidence has been', () => {
  expect(checkModel(model, 'sure')).toEqual(model)
  expect(posterior(0.95, 'ABC1234')).toBeGreaterThan(0.85)
  expect(posterior(0.6, 'ABC1234')).toBeLessThan(0.75)
  expect(posterior(0.6, 'ABC1234')).toBeGreaterThan(0.45)
})

test('the second reading counts for more the less sure the first is', () => {
  expect(posterior(0.6, 'ABC1254')).toBeGreaterThan(posterior(0.95, 'ABC1254') * 2)
  expect(posterior(0.6, 'ABC1254')).toBeGreaterThan(0.15)
})

test('without confidences the average holds: between the sure and the doubtful', () => {
  const average = posterior(null, 'ABC1234')
  expect(average).toBeGreaterThan(posterior(0.55, 'ABC1234'))
  expect(average).toBeLessThan(posterior(0.98, 'ABC1234'))
})
