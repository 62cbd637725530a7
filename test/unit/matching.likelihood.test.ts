// What a model foretells: were a likelihood no probability, a model could win by promising too
// much.
import { expect, test } from 'vitest'
import { fitModel } from '../../src/matching/fit-model.ts'
import { heldOutLikelihood, logLikelihood } from '../../src/matching/likelihood.ts'
import { SYMBOLS } from '../../src/matching/look-alikes.ts'
import { loadModel } from '../../src/matching/model.ts'
import { CLASSES } from '../helpers/matching.ts'

const general = loadModel('general')

const p = (true_plate: string, read_plate: string): number =>
  Math.exp(logLikelihood(general, [{ true_plate, read_plate }], CLASSES).nats)

test('the readings of a plate with at most one edit are likely, and no more than certain', () => {
  const plate = 'A2B3C47'
  const chars = [...SYMBOLS.replace('O', '')]
  const readings = new Set([plate])
  for (let at = 0; at <= plate.length; at += 1) {
    const [before, after, rest] = [plate.slice(0, at), plate.slice(at), plate.slice(at + 1)]
    if (at < plate.length) readings.add(before + rest)
    for (const char of chars) {
      readings.add(before + char + after)
      if (at < plate.length) readings.add(before + char + rest)
    }
  }
  const sum = [...readings].reduce((total, read) => total + p(plate, read), 0)
  expect(sum).toBeGreaterThan(0.8)
  expect(sum).toBeLessThan(1)
  expect(p('A0', 'AO')).toBe(p('A0', 'A0'))
})

test('readings of something else are left out, as in fitting', () => {
  const readings = [
    { true_plate: 'ABC1234', read_plate: 'A8C1234' },
    { true_plate: 'ABC1234', read_plate: 'XYZ9876' },
  ]
  expect(logLikelihood(general, readings, CLASSES).readings).toBe(1)
})

test('held out are all readings of a plate at once', () => {
  const readings = ['A1', 'B2', 'C3', 'D4', 'E5', 'F6', 'G7'].flatMap((true_plate) =>
    [true_plate, `${true_plate}9`].map((read_plate) => ({ true_plate, read_plate })),
  )
  const seen: string[][] = []
  const { fitted, other } = heldOutLikelihood(readings, general, CLASSES, (part) => {
    seen.push([...new Set(part.map(({ true_plate }) => true_plate))])
    expect(part).toHaveLength((seen.at(-1)?.length ?? 0) * 2)
    return fitModel(part, { name: 'own', source: 'a test', classes: CLASSES })
  })
  expect(seen.map((plates) => plates.length).toSorted()).toEqual([5, 5, 6, 6, 6])
  expect(new Set(seen.flat()).size).toBe(7)
  expect(fitted).toBeGreaterThan(other)
})
