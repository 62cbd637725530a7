// Thresholds from budgets. A bug here shows as dispatch flooded by a list that promised few false
// alerts, or as a list that quietly catches nothing.
import { describe, expect, test } from 'vitest'
import { Random } from '../../src/domain/random.ts'
import { buildIndex, type IndexedEntry } from '../../src/matching/index-block.ts'
import { loadLookAlikes } from '../../src/matching/look-alikes.ts'
import { loadModel } from '../../src/matching/model.ts'
import { packEntries } from '../../src/matching/record.ts'
import {
  type ListThreshold,
  LOG_ODDS_ALL,
  LOG_ODDS_NONE,
  thresholdsOf,
} from '../../src/matching/threshold.ts'
import { BATCH_READS, DrawnTraffic } from '../../src/matching/traffic.ts'
import { drawPlate } from '../../src/simulate/plates.ts'

const classes = loadLookAlikes()
const models = [loadModel('general')]
const MILLION = 1_000_000

function plates(count: number, list = 0, seed = 5): IndexedEntry[] {
  const random = new Random(seed)
  return Array.from({ length: count }, () => ({
    ...drawPlate(random),
    profile: 'fold+1' as const,
    list,
  }))
}

function partsOf(entries: readonly IndexedEntry[]) {
  const source = buildIndex(entries, { classes, edit_chars_min: 5 })
  return { source, records: packEntries(entries), count: entries.length }
}

function thresholds(entries: readonly IndexedEntry[], ...budgets_per_million: number[]) {
  return thresholdsOf({ ...partsOf(entries), budgets_per_million, classes, models })
}

/** False alerts per million of other traffic than the threshold was measured on. */
function falseAlerts(entries: readonly IndexedEntry[], log_odds_min: number, batches: number) {
  const traffic = new DrawnTraffic({ ...partsOf(entries), lists: 1, models, seed: 977 })
  let found = 0
  for (let batch = 0; batch < batches; batch += 1) {
    traffic.pass(BATCH_READS, ({ kind, log_odds, is_truth }) => {
      if (!is_truth && (kind !== 'scored' || log_odds >= log_odds_min)) found += 1
    })
  }
  return (found * MILLION) / (batches * BATCH_READS)
}

describe('the threshold of a list', () => {
  test.each([
    ['weighted', 2_000, 50],
    ['weighted', 10_000, 100],
    ['counted', 20_000, 4_000],
  ] as const)('keeps other traffic to its budget: %s, %i entries', (basis, count, budget) => {
    const entries = plates(count)
    const [found] = thresholds(entries, budget) as [ListThreshold]
    expect(found.basis).toBe(basis)
    expect(found.expected_false_per_million).toBeLessThanOrEqual(budget)
    expect(found.expected_false_per_million).toBeGreaterThan(budget / 2)
    const measured = falseAlerts(entries, found.log_odds_min, 120)
    expect(measured).toBeGreaterThan(budget * 0.5)
    expect(measured).toBeLessThan(budget * 1.6)
  })

  test('a larger budget catches more, never less', () => {
    const entries = plates(5_000)
    const found = [1, 10, 100, 1_000, 10_000].map((budget) => thresholds(entries, budget)[0])
    for (let i = 1; i < found.length; i += 1) {
      const [before, now] = [found[i - 1], found[i]] as [ListThreshold, ListThreshold]
      expect(now.log_odds_min).toBeLessThanOrEqual(before.log_odds_min)
      expect(now.catches_share).toBeGreaterThanOrEqual(before.catches_share)
      expect(now.catches_share + now.misses_share).toBeCloseTo(1)
    }
    expect(found[4]?.catches_share).toBeGreaterThan(0.8)
  })

  test('a list with room for all that is in reach takes all of it', () => {
    const [found] = thresholds(plates(20), 1_000) as [ListThreshold]
    expect(found.log_odds_min).toBe(LOG_ODDS_ALL)
    const kinds = new Map(found.by_kind.map((kind) => [kind.kind, kind]))
    expect(kinds.get('substitution')?.catches_share).toBeGreaterThan(0.9)
    // Two edits are beyond fold+1, whatever the budget.
    expect(kinds.get('several')?.catches_share).toBe(0)
    expect(found.by_kind.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
  })

  test('where exact matches alone are over the budget, it says so, and nothing else alerts', () => {
    const [found] = thresholds(plates(200_000), 1) as [ListThreshold]
    expect(found.log_odds_min).toBe(LOG_ODDS_NONE)
    expect(found.expected_false_per_million).toBeGreaterThan(10)
    expect(found.catches_share).toBe(0)
  })

  test('two lists have a threshold each, by what each holds', () => {
    const entries = [...plates(50, 0), ...plates(20_000, 1, 6)]
    const [small, large] = thresholds(entries, 100, 100) as [ListThreshold, ListThreshold]
    expect(small.log_odds_min).toBeLessThan(large.log_odds_min)
    expect(small.catches_share).toBeGreaterThan(large.catches_share)
  })

  test('a pattern counts all that it takes: no score can hold it to a budget', () => {
    const pattern = { plate: '2T*', profile: 'fold' as const, list: 0 }
    const [found] = thresholds([pattern, ...plates(100)], 10) as [ListThreshold]
    expect(found.expected_false_per_million).toBeGreaterThan(1_000)
    expect(found.log_odds_min).toBe(LOG_ODDS_NONE)
    const [alone] = thresholds([pattern], 10) as [ListThreshold]
    expect(alone).toMatchObject({ catches_share: 0, misses_share: 0, by_kind: [] })
  })

  test('an empty list has one too, and the same entries give the same', () => {
    expect(thresholds(plates(10), 10, 10)[1]).toMatchObject({
      log_odds_min: LOG_ODDS_ALL,
      expected_false_per_million: 0,
    })
    expect(thresholds([], 10)).toHaveLength(1)
    const entries = plates(3_000)
    expect(thresholds(entries, 30)).toEqual(thresholds(entries, 30))
  })

  test('survives JSON', () => {
    const found = thresholds(plates(100), 1)
    expect(JSON.parse(JSON.stringify(found))).toEqual(found)
  })
})
