// The vehicle beside an alert. Were it wrong, dispatch would trust a match because of a car that is
// another, or doubt a true one over two words for one paint.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { VEHICLE_TRAITS, type VehicleTrait } from '../../src/domain/alert.ts'
import { compareVehicles } from '../../src/matching/vehicle.ts'
import { loadVehicleTable, plainForm } from '../../src/matching/vehicle-table.ts'
import { temporaryFolder } from '../helpers/folder.ts'

const table = loadVehicleTable()
const NAMED = ['color', 'make', 'model', 'type'] as const
const verdict = (trait: VehicleTrait, seen: string | number, listed: string | number) =>
  compareVehicles(table, { [trait]: seen }, { [trait]: listed })[trait].verdict

test.each<[VehicleTrait, string | number, string | number, string]>([
  // Codes of the federal extract, O written as zero, against words of engines.
  ['color', 'white', 'WHI', 'agree'],
  ['color', 'Orange', '0NG', 'agree'],
  ['color', 'brown', 'BR0', 'agree'],
  ['color', 'red', 'BLU', 'differ'],
  ['color', 'silver', 'GRY', 'agree'],
  ['color', 'silver-gray', 'SIL', 'agree'],
  ['color', 'silver-gray', 'RED', 'differ'],
  ['color', 'blue', 'DBL', 'agree'],
  ['color', 'dark blue', 'LBL', 'differ'],
  ['color', 'red', 'MAR', 'agree'],
  ['color', 'white', 'SIL', 'unknown'],
  ['color', 'white', 'WHI/BLK', 'agree'],
  ['color', 'black', 'WHI/BLK', 'agree'],
  ['color', 'green', 'WHI/RED', 'differ'],
  ['color', 'green', 'WHI/QQQ', 'unknown'],
  ['color', 'blue metallic', 'blue', 'agree'],
  ['color', 'blue metallic', 'red', 'unknown'],
  ['color', 'unknown', 'unknown', 'unknown'],
  ['color', 'white', 'MUL', 'unknown'],
  ['make', 'ford', 'F0RD', 'agree'],
  ['make', 'Chevrolet', 'CHEV', 'agree'],
  ['make', 'Toyota', 'T0YT', 'agree'],
  ['make', 'honda', 'H0ND', 'agree'],
  ['make', 'mercedes-benz', 'MERZ', 'agree'],
  ['make', 'dodge', 'RAM', 'agree'],
  ['make', 'gmc', 'CHEV', 'unknown'],
  ['make', 'ford', 'T0YT', 'differ'],
  ['make', 'ford', 'ZZZZ', 'unknown'],
  ['make', 'missing', 'F0RD', 'unknown'],
  ['model', 'f-150', 'F15', 'agree'],
  ['model', 'focus', 'F0C', 'agree'],
  ['model', 'silverado', 'Silverado 1500', 'agree'],
  ['model', 'silverado', 'sierra', 'unknown'],
  ['model', 'focus', 'camry', 'differ'],
  ['model', 'focus', 'XX9', 'unknown'],
  ['type', 'Sedan', '4D', 'agree'],
  ['type', 'SUV', '4D', 'agree'],
  ['type', 'Pickup Truck', 'PK', 'agree'],
  ['type', 'truck', 'PK', 'agree'],
  ['type', 'truck-standard', 'CV', 'differ'],
  // 4D may be an SUV, and an SUV is easily a truck from behind.
  ['type', 'truck-standard', '4D', 'unknown'],
  ['type', 'van-mini', 'VN', 'agree'],
  ['type', 'motorcycle', 'MC', 'agree'],
  ['type', 'motorcycle', '2D', 'differ'],
  ['type', 'sedan', '2D', 'agree'],
  ['type', 'Unknown', 'MC', 'unknown'],
  ['year', 2014, 2016, 'agree'],
  ['year', 2014, 2018, 'unknown'],
  ['year', 2014, 2020, 'differ'],
])('%s: seen %s, listed %s: %s', (trait, seen, listed, expected) => {
  expect(verdict(trait, seen, listed)).toBe(expected)
})

test('what one side does not tell is unknown, and both are shown as they came', () => {
  expect(compareVehicles(table, null, { color: 'WHI', year: 2014 })).toEqual({
    color: { verdict: 'unknown', seen: '', listed: 'WHI' },
    make: { verdict: 'unknown', seen: '', listed: '' },
    model: { verdict: 'unknown', seen: '', listed: '' },
    type: { verdict: 'unknown', seen: '', listed: '' },
    year: { verdict: 'unknown', seen: '', listed: '2014' },
  })
  expect(compareVehicles(table, { color: 'White' }, undefined).color).toEqual({
    verdict: 'unknown',
    seen: 'White',
    listed: '',
  })
})

test("a model's beginning says nothing where the makes differ", () => {
  const camaro = { make: 'chevrolet', model: 'camaro' }
  expect(compareVehicles(table, camaro, { make: 'CHEV', model: 'CAM' }).model.verdict).toBe('agree')
  expect(compareVehicles(table, camaro, { make: 'T0YT', model: 'CAM' }).model.verdict).toBe(
    'unknown',
  )
})

const wordsOf = (trait: (typeof NAMED)[number]) => [...table.traits[trait].names.keys()]
const anyWord = (trait: (typeof NAMED)[number]) =>
  fc.oneof(fc.constantFrom(...wordsOf(trait)), fc.string({ maxLength: 12 }))
const anyPair = fc
  .constantFrom(...NAMED)
  .chain((trait) => fc.tuple(fc.constant(trait), anyWord(trait), anyWord(trait)))

test('seen and listed may change places', () => {
  fc.assert(
    fc.property(anyPair, ([trait, a, b]) => {
      expect(verdict(trait, a, b)).toBe(verdict(trait, b, a))
    }),
    { numRuns: 2_000 },
  )
})

test('case, O for zero, spaces and hyphens change nothing', () => {
  fc.assert(
    fc.property(anyPair, ([trait, a, b]) => {
      const other = a.toLowerCase().replaceAll('0', 'o').split('').join('-')
      fc.pre(plainForm(other) === plainForm(a) && table.traits[trait].names.has(plainForm(a)))
      expect(verdict(trait, other, b)).toBe(verdict(trait, a, b))
    }),
    { numRuns: 2_000 },
  )
})

test('a word that the table does not have never differs from anything', () => {
  const odd = fc.string({ minLength: 1, maxLength: 8 }).map((text) => `QX${text}`)
  fc.assert(
    fc.property(anyPair, odd, ([trait, a], b) => {
      fc.pre(!table.traits[trait].names.has(plainForm(b)))
      expect(verdict(trait, a, b)).not.toBe('differ')
    }),
    { numRuns: 2_000 },
  )
})

test('every word of the table agrees with itself, and no pair both agrees and is unclear', () => {
  for (const trait of NAMED) {
    const { near, unclear } = table.traits[trait]
    for (const word of wordsOf(trait)) expect(verdict(trait, word, word)).toBe('agree')
    for (const pair of unclear) expect(near.has(pair), pair).toBe(false)
  }
  expect(VEHICLE_TRAITS).toEqual([...NAMED, 'year'])
})

test('a file that is wrong is refused, saying where', () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'vehicles.yaml')
  const trait = '{words: {a: [b]}, near: {}, unclear: {}}'
  const load = (color: string, year = '{agree_years_max: 2, differ_years_min: 6}') => {
    const rest = `make: ${trait}\nmodel: ${trait}\ntype: ${trait}\nyear: ${year}`
    writeFileSync(file, `nothing: []\ncolor: ${color}\n${rest}\n`)
    return () => loadVehicleTable(file)
  }
  const invalid = (message: string) =>
    expect.objectContaining({ code: 'VEHICLES_INVALID', message: expect.stringContaining(message) })
  expect(load(trait)().traits.color.names.get('B')).toEqual(new Set(['a']))
  expect(load('{words: {a: []}, near: {a: [c]}, unclear: {}}')).toThrow(
    invalid('expected a name of words, not c'),
  )
  expect(load('{words: {a: []}}')).toThrow(invalid('color.near'))
  expect(load(trait, '{agree_years_max: 6, differ_years_min: 6}')).toThrow(invalid('above'))
})
