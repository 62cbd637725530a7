// The preview of what would alert, against weighing each reading by itself. Were it wrong, a
// supervisor would trust a list that misses what it is for.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadLookAlikes } from '../../src/matching/look-alikes.ts'
import { loadModel } from '../../src/matching/model.ts'
import { type PairOptions, PairWeigher, previewReadings } from '../../src/matching/preview.ts'

const options = (entry: string, change: Partial<PairOptions> = {}): PairOptions => ({
  entry,
  region_entry: '',
  region_read: '',
  confidence: null,
  profile: 'fold+1',
  model: loadModel('general'),
  index: { classes: loadLookAlikes(), edit_chars_min: 5 },
  log_odds_min: -5,
  ...change,
})

test('a pair alerts by reach and threshold, and whatever they are when it is the same', () => {
  const verdict = (read: string, entry: string, change?: Partial<PairOptions>) =>
    new PairWeigher(options(entry, change)).weigh(read).verdict
  expect(verdict('ABO123', 'AB0123', { log_odds_min: 1_000, profile: 'exact' })).toBe('always')
  expect(verdict('2TAB847', '2TA*', { log_odds_min: 1_000 })).toBe('always')
  expect(verdict('2TAB847', '1TA*')).toBe('out_of_reach')
  expect(verdict('8BC123', 'BBC123', { log_odds_min: -9 })).toBe('likely')
  expect(verdict('8BC123', 'BBC123', { log_odds_min: 0 })).toBe('unlikely')
  expect(verdict('8BC123', 'BBC123', { profile: 'exact' })).toBe('out_of_reach')
  expect(verdict('XBC123', 'BBC123', { profile: 'fold' })).toBe('out_of_reach')
})

test('the state that was read speaks for or against', () => {
  const weigh = (region_read: string) =>
    new PairWeigher(options('BBC123', { region_read, region_entry: 'US-ID' })).weigh('8BC123')
  const [same, unknown, differs] = ['US-ID', '', 'US-WA'].map((state) => weigh(state).log_odds)
  expect(same).toBeGreaterThan(unknown as number)
  expect(differs).toBeLessThan(unknown as number)
})

test('each reading that is previewed alerts, and none that alerts is left out', () => {
  const o = options('2TAB847')
  const { readings } = previewReadings(o)
  const weigher = new PairWeigher(o)
  const shown = new Set(readings.map(({ read }) => read))
  for (const read of shown) expect(['always', 'likely']).toContain(weigher.weigh(read).verdict)
  const symbol = fc.constantFrom(...'0123456789ABCDEFGHIJKLMNPQRSTUVWXYZ')
  const edit = fc.tuple(fc.nat(7), symbol, fc.constantFrom('substitute', 'insert', 'delete'))
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 2 }), (edits) => {
      const read = edits.reduce((text, [at, char, what]) => {
        if (what === 'insert') return text.slice(0, at) + char + text.slice(at)
        return text.slice(0, at) + (what === 'delete' ? '' : char) + text.slice(at + 1)
      }, '2TAB847')
      const { verdict } = weigher.weigh(read)
      expect(shown.has(read)).toBe(verdict === 'always' || verdict === 'likely')
    }),
    { numRuns: 1_000 },
  )
})

test('the likeliest come first, and a lower threshold catches more', () => {
  const shares = [0, -3.5, -6, -9].map((log_odds_min) => {
    const { readings, misreads_share, faithful } = previewReadings(
      options('2TAB847', { log_odds_min }),
    )
    const probabilities = readings.map(({ probability }) => probability)
    expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a))
    expect(readings[0]).toMatchObject({ read: '2TAB847', probability: faithful })
    return misreads_share
  })
  expect(shares[0]).toBe(0)
  expect(shares).toEqual(shares.toSorted((a, b) => a - b))
  expect(shares[3]).toBeGreaterThan(0.6)
  expect(shares[3]).toBeLessThan(1)
})
