// A rate and its interval. Were it too narrow, a single bad day would raise an alarm; too wide, a
// list could flood dispatch for months before anybody is told.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rateOf } from '../../src/domain/rate.ts'

/** Published tables of the exact Poisson interval, 95 %. */
const TABLE: readonly [events: number, low: number, high: number][] = [
  [0, 0, 3.689],
  [1, 0.025, 5.572],
  [2, 0.242, 7.225],
  [5, 1.623, 11.668],
  [10, 4.795, 18.39],
  [50, 37.111, 65.919],
  [100, 81.364, 121.627],
]

test('the interval is that of the published tables', () => {
  for (const [events, low, high] of TABLE) {
    const rate = rateOf(events, 1_000_000)
    expect(rate?.per_million).toBe(events)
    expect(rate?.low).toBeCloseTo(low, 2)
    expect(rate?.high).toBeCloseTo(high, 2)
  }
})

test('it holds the rate, narrows as more is seen, and scales with the trials', () => {
  fc.assert(
    fc.property(fc.nat(20_000), fc.integer({ min: 1, max: 1e12 }), (events, trials) => {
      const rate = rateOf(events, trials)
      if (rate === null) throw new Error('Expected a rate')
      expect(rate.low).toBeLessThanOrEqual(rate.per_million)
      expect(rate.high).toBeGreaterThan(rate.per_million)
      const twice = rateOf(events * 2, trials * 2)
      expect(twice?.per_million).toBeCloseTo(rate.per_million, 6)
      expect((twice?.high ?? 0) - (twice?.low ?? 0)).toBeLessThan(rate.high - rate.low)
    }),
    { numRuns: 50 },
  )
})

test('of nothing tried there is no rate', () => {
  expect(rateOf(0, 0)).toBeNull()
})
