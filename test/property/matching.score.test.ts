// The native scorer against the textbook. If a place, a table or a weight is taken for another,
// likely misreads are dropped and unlikely ones alert.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cheapestColumns } from '../../src/matching/cheapest.ts'
import { EVIDENCE_BYTES, packEvidence } from '../../src/matching/evidence.ts'
import type { Forms } from '../../src/matching/forms.ts'
import { loadModel, type Model } from '../../src/matching/model.ts'
import { loadNative } from '../../src/matching/native.ts'
import { packModel } from '../../src/matching/packed-model.ts'
import { PLATE_RECORD_BYTES, packPlate } from '../../src/matching/record.ts'
import { regionCode } from '../../src/matching/region.ts'
import { CLASSES } from '../helpers/matching.ts'
import { type Scored, type ScoredReading, scoreBySearch } from './score.reference.ts'

const general = loadModel('general')
const FORMS: Forms = {
  known: { LLLDDD: 0.3, DDDLLL: 0.2, LLD: 0.15, D: 0.05, LLLLLLDDDDDD: 0.05 },
  others: Array.from({ length: 12 }, (_, at) => 0.1 / 2 ** (at + 1)),
}
const of_few_forms = { ...general, evidence: { ...general.evidence, forms: FORMS } }
const ENTRY_BYTES = 24
const REGION_AT = 16

function scoreNatively(
  model: Model,
  readings: readonly ScoredReading[],
  entry: string,
  seen: string,
  listed: string,
): Scored {
  const records = new Uint8Array(readings.length * PLATE_RECORD_BYTES)
  const evidence = new Uint8Array(readings.length * EVIDENCE_BYTES)
  readings.forEach(({ plate, confidence, char_confidence = null }, i) => {
    packPlate(records, i, plate, i > 0)
    packEvidence(evidence, i, plate.length, { confidence, char_confidence, region: seen, model: 0 })
  })
  const entries = new Uint8Array(ENTRY_BYTES)
  packPlate(entries, 0, entry, false)
  new DataView(entries.buffer).setUint32(REGION_AT, regionCode(listed), true)
  const scorer = new (loadNative().Scorer)(packModel(model))
  const [record, cost, log_odds] = scorer.score(records, evidence, entries) as unknown as number[]
  return { record: record!, cost: cost!, log_odds: log_odds! }
}

const plateOf = (alphabet: string) =>
  fc
    .array(fc.constantFrom(...alphabet), { minLength: 1, maxLength: 12 })
    .map((chars) => chars.join(''))
const plate = fc.oneof(plateOf('AB8C3O0D1IL'), plateOf('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'))
const confidence = fc.oneof(fc.constant(null), fc.float({ min: 0, max: 1, noNaN: true }))
const share = fc.float({ min: 0, max: 1, noNaN: true })
const shares_of_12 = { minLength: 12, maxLength: 12 }
const reading = fc
  .record({ plate, confidence, shares: fc.array(share, shares_of_12) })
  .chain(({ plate: read, confidence: whole, shares }) =>
    fc.constantFrom(null, shares.slice(0, read.length)).map((char_confidence) => ({
      plate: read,
      confidence: whole,
      char_confidence,
    })),
  )
const MODELS = { general, of_few_forms }
const modelName = fc.constantFrom<keyof typeof MODELS>('general', 'of_few_forms')
const region = fc.constantFrom('', 'US-ID', 'US-WA')

test('the native score equals the textbook of the model', () => {
  fc.assert(
    fc.property(
      modelName,
      fc.array(reading, { minLength: 1, maxLength: 11 }),
      plate,
      region,
      region,
      (name, readings, entry, seen, listed) => {
        const state =
          seen === '' || listed === '' ? 'unknown' : seen === listed ? 'same' : 'differs'
        const expected = scoreBySearch(MODELS[name], readings, entry, state)
        const found = scoreNatively(MODELS[name], readings, entry, seen, listed)
        expect(found.cost).toBeCloseTo(expected.cost, 3)
        expect(found.log_odds).toBeCloseTo(expected.log_odds, 3)
      },
    ),
    { numRuns: 300 },
  )
})

test('O and 0 tie: exchanging them in the read or the entry changes nothing', () => {
  const exchanged = (text: string) => text.replace(/[O0]/g, (char) => (char === 'O' ? '0' : 'O'))
  fc.assert(
    fc.property(modelName, plate, plate, confidence, (name, read, entry, share) => {
      const oddsOf = (seen: string, listed: string) =>
        scoreNatively(MODELS[name], [{ plate: seen, confidence: share }], listed, '', '').log_odds
      const odds = oddsOf(read, entry)
      expect(oddsOf(read, exchanged(entry))).toBeCloseTo(odds)
      expect(oddsOf(exchanged(read), entry)).toBeCloseTo(odds)
    }),
  )
})

test('columns spell the read and the entry, and their costs add up to the native one', () => {
  const near = plateOf('AB8O01')
  const own = fc.record({ plate: near, confidence, shares: fc.array(share, shares_of_12) })
  const others = fc.array(fc.record({ plate: near, confidence }), { maxLength: 10 })
  let by_candidate = 0
  fc.assert(
    fc.property(modelName, own, others, near, fc.boolean(), (name, read, rest, entry, is_told) => {
      const model = MODELS[name]
      const char_confidence = is_told ? read.shares.slice(0, read.plate.length) : null
      const readings = [{ ...read, char_confidence }, ...rest]
      const { cost, record } = scoreNatively(model, readings, entry, '', '')
      if (record > 0) by_candidate += 1
      const columns = cheapestColumns({
        model,
        read: read.plate,
        entry,
        char_confidence,
        candidate: record > 0 ? readings[record]!.plate : null,
        cost,
        classes: CLASSES,
      })
      expect(columns.map((column) => column.read).join('')).toBe(read.plate)
      expect(columns.map((column) => column.entry).join('')).toBe(entry)
      expect(Math.min(...columns.map((column) => column.cost))).toBeGreaterThanOrEqual(0)
      const sum = columns.reduce((all, column) => all + column.cost, 0)
      expect(Math.abs(sum - cost)).toBeLessThan(1e-6)
    }),
    { numRuns: 1_000 },
  )
  expect(by_candidate).toBeGreaterThan(50)
})

test('bytes that are no packed model are refused', () => {
  const { Scorer } = loadNative()
  const packed = packModel(general)
  const damaged = packed.slice()
  new DataView(damaged.buffer).setFloat32(packed.length - 4, Number.NaN, true)
  const other_version = packed.slice()
  other_version[4] = 99
  for (const bytes of [
    new Uint8Array(0),
    packed.subarray(0, packed.length - 4),
    new Uint8Array(packed.length),
    damaged,
    other_version,
  ]) {
    expect(() => new Scorer(bytes)).toThrow('Expected a packed model of version')
  }
})
