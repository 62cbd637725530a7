// The confusion model: what a reading costs. If it breaks, likely misreads are dropped and unlikely
// ones alert.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { alignmentCost } from '../../src/matching/cheapest.ts'
import { costTables } from '../../src/matching/costs.ts'
import { fitModel } from '../../src/matching/fit-model.ts'
import { SYMBOLS } from '../../src/matching/look-alikes.ts'
import { checkModel, loadModel } from '../../src/matching/model.ts'
import { CLASSES } from '../helpers/matching.ts'

const general = loadModel('general')

function cost(read: string, entry: string): number {
  return alignmentCost(costTables(general), read, entry)
}

test('a faithful reading costs nothing, nor does O for 0', () => {
  expect(cost('ABC1234', 'ABC1234')).toBe(0)
  expect(cost('O0', '0O')).toBe(0)
})

test('every other pair of characters costs something finite', () => {
  for (const read of SYMBOLS) {
    for (const entry of SYMBOLS) {
      if (read === entry || (/[O0]/.test(read) && /[O0]/.test(entry))) continue
      const price = cost(`A${read}C`, `A${entry}C`)
      expect(price).toBeGreaterThan(0)
      expect(price).toBeLessThan(15)
    }
  }
})

test('a confusion that engines make costs less than one that they do not', () => {
  expect(cost('ABC1234', 'A8C1234')).toBeLessThan(cost('AXC1234', 'A8C1234'))
  expect(cost('AT1234', 'AI1234')).toBeLessThan(cost('AK1234', 'AI1234'))
  expect(cost('AB234', 'ABW234')).toBeLessThan(cost('AB234', 'AB8234'))
})

test('where the list has 0, a plate with O that is read as D costs what O for D does', () => {
  expect(cost('D1', '01')).toBe(cost('D1', 'O1'))
})

test('inserted characters cost less at the ends than at one place inside', () => {
  expect(cost('1ABC234', 'ABC234')).toBeLessThan(cost('AB1C234', 'ABC234'))
  expect(cost('ABC2341', 'ABC234')).toBeLessThan(cost('AB1C234', 'ABC234'))
})

test('the shipped model is what counts alone can be: no plate stands in it', () => {
  const text = readFileSync(new URL('../../config/models/general.json', import.meta.url), 'utf8')
  expect(general.provenance).toContain('23195 labelled readings')
  expect(text.replace(/"(name|provenance)": "[^"]*"/g, '')).not.toMatch(/"[A-Z0-9]{2,}"/)
})

test('fitting finds the confusions that readings have', () => {
  const readings = Array.from({ length: 1_000 }, (_, n) => ({
    true_plate: 'ABC1234',
    read_plate: n < 100 ? 'A8C1234' : n < 150 ? 'ABC234' : n < 175 ? '7ABC1234' : 'ABC1234',
  }))
  const odd = [
    { true_plate: 'ABC1234', read_plate: 'XYZ9876' },
    { true_plate: 'ABC1234', read_plate: 'ABC?234' },
  ]
  const options = { name: 'own', source: 'a test', classes: CLASSES }
  const model = fitModel([...readings, ...odd], options)
  expect(model.readings).toBe(1_000)
  expect(model.provenance).toContain('1002 labelled readings of a test')
  expect(model.substitution.B?.['8']).toBeCloseTo(0.1, 2)
  expect(model.deletion['1']).toBeCloseTo(0.05, 2)
  expect(model.insertion['7']).toBeCloseTo(0.025, 2)
  expect(model.insertion_at.start).toBeGreaterThan(0.8)
  expect(checkModel(model, 'own')).toEqual(model)
  expect(() => fitModel(odd, options)).toThrow('Expected labelled readings for pairs')
})

test('a model that is missing, misnamed or incomplete is refused, naming it', () => {
  const invalid = (name: string) =>
    expect.objectContaining({ code: 'MODEL_INVALID', message: expect.stringContaining(name) })
  expect(() => loadModel('nowhere')).toThrow(invalid('nowhere'))
  expect(() => loadModel('../default')).toThrow(invalid('../default'))
  expect(() => checkModel({ ...general, deletion: { A: 0.1 } }, 'x')).toThrow(invalid('deletion'))
  const heavy = { ...general.substitution, A: { ...general.substitution.A, B: 0.9 } }
  expect(() => checkModel({ ...general, substitution: heavy }, 'x')).toThrow(
    invalid('adds up to 1'),
  )
})

test('readings that hardly ever go wrong, and never in some way, make a model nonetheless', () => {
  const faithful = { true_plate: 'ABC1234', read_plate: 'ABC1234' }
  const readings = [
    ...Array.from({ length: 20_000 }, () => faithful),
    { true_plate: 'ABC1234', read_plate: 'A8C1234' },
  ]
  const model = fitModel(readings, { name: 'own', source: 'a test', classes: CLASSES })
  expect(checkModel(model, 'own')).toEqual(model)
})
