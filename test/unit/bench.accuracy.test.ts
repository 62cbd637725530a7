// The accuracy bench's parts against what is plain to see. Were a rule miscounted, the score would
// look better than it is, or worse; were ties at a limit let through, recall would be bought with
// false matches that nobody counts.
import { distance } from 'fastest-levenshtein'
import { describe, expect, test } from 'vitest'
import { crossModels, shippedModels } from '../../bench/lib/accuracy-models.ts'
import { AccuracyRun } from '../../bench/lib/accuracy-run.ts'
import { Decoys, shapePlates } from '../../bench/lib/decoys.ts'
import { FalseScores, limitsOf } from '../../bench/lib/false-scores.ts'
import { labelledReads } from '../../bench/lib/labelled-reads.ts'
import { madeReadings } from '../../bench/lib/made-readings.ts'
import { folder } from '../../bench/lib/match-traffic.ts'
import { DistanceRules, RULES } from '../../bench/lib/rules.ts'
import { Random } from '../../src/domain/random.ts'
import { loadLookAlikes } from '../../src/matching/look-alikes.ts'
import { drawShape } from '../../src/simulate/plates.ts'

const SEED = 5
const HEADER = 'source,image_id,country_or_region,true_plate,read_plate,confidence,candidates'
const classes = loadLookAlikes()
const fold = folder(classes)

test('rules count what edit distance by the textbook gives', () => {
  const random = new Random(SEED)
  const rules = new DistanceRules(classes)
  const counts = new Float64Array(RULES.length)
  const expected = { classes: 0, edit1: 0, classes_edit1: 0, edit2: 0 }
  for (let pair = 0; pair < 20_000; pair += 1) {
    const read = drawShape('B01O8*DL'.slice(random.below(8)), random)
    const entry = drawShape('B01O8*DLBO10'.slice(random.below(12)), random)
    rules.from(read)
    rules.count(new TextEncoder().encode(entry), 0, entry.length, 1, counts)
    const edits = distance(read, entry)
    const folded = distance(fold(read), fold(entry))
    expected.classes += Number(folded === 0)
    expected.edit1 += Number(edits <= 1)
    expected.classes_edit1 += Number(folded <= 1)
    expected.edit2 += Number(edits <= 2)
  }
  const counted = Object.fromEntries(RULES.map((rule, at) => [rule, counts[at]]))
  expect(counted).toEqual({ exact: 0, candidate: 0, ...expected })
  expect(Math.min(...Object.values(expected))).toBeGreaterThan(10)
})

test('decoys are of the shape, each once, and known by their text', () => {
  const decoys = new Decoys('LDL', 3_000, new Random(SEED))
  const records = decoys.pack(0, 3_000, new Random(SEED))
  const plates = Array.from({ length: 3_000 }, (_, i) =>
    String.fromCharCode(...records.subarray(i * 24 + 1, i * 24 + 4)),
  )
  expect(new Set(plates).size).toBe(3_000)
  expect(plates.every((plate) => /^[A-Z]\d[A-Z]$/.test(plate) && decoys.has(plate))).toBe(true)
  const all = shapePlates('LDL')
  const known = Array.from({ length: all }, (_, n) => n).filter((n) =>
    decoys.has(`${letter(n / 260)}${Math.floor(n / 26) % 10}${letter(n % 26)}`),
  )
  expect([all, known.length]).toEqual([6_760, 3_000])
  expect([decoys.has('A1'), decoys.has('1A1'), decoys.has('A1AA')]).toEqual([false, false, false])
})

const letter = (n: number): string => String.fromCharCode(65 + Math.floor(n))

describe('limits', () => {
  const falses = new FalseScores()
  for (const score of [5, 3, 3, 1]) falses.of(1).push(score)
  for (const score of [4, 3]) falses.of(4).push(score)

  test('let no more pass than allowed: equal scores pass or fail together', () => {
    expect(limitsOf([falses], [0, 1, 4, 5, 10, 11, 12, 99])).toEqual([
      { above: 5, falses: 0 },
      { above: 4, falses: 1 },
      { above: 4, falses: 1 },
      { above: 3, falses: 5 },
      { above: 3, falses: 5 },
      { above: 1, falses: 11 },
      { above: Number.NEGATIVE_INFINITY, falses: 12 },
      { above: Number.NEGATIVE_INFINITY, falses: 12 },
    ])
  })

  test('count what alerts whatever the limit', () => {
    const tied = new FalseScores()
    tied.of(2).push(Number.POSITIVE_INFINITY)
    expect(limitsOf([falses, tied], [0, 2, 3])).toEqual([
      { above: Number.MAX_VALUE, falses: 2 },
      { above: 5, falses: 2 },
      { above: 4, falses: 3 },
    ])
  })
})

test('reads keep plate characters only; what is no plate counts as missed', () => {
  const rows = [
    'engine/full/set/none,1,us,ABC123,A?C123,93.5,A?C123:93.5|ABC123:81',
    'engine/full/set/none,2,us,ABC123,,,',
    'engine/full/set/none,3,us,ABC123,ABC1234567890,50,',
    'engine/full/set/none,4,us,??,ABC123,50,',
    'engine/full/set/none,5,us,AB12,AB12,50,',
  ]
  const reads = labelledReads([HEADER, ...rows].join('\n'), SEED)
  expect(reads.map(({ plate, is_wrong }) => [plate, is_wrong])).toEqual([
    ['AC123', true],
    ['', true],
    ['', true],
    ['AB12', false],
  ])
  expect(reads[0]).toMatchObject({
    engine: 'engine',
    shape: 'LLLDDD',
    confidence: 0.935,
    candidates: [{ plate: 'ABC123', confidence: 0.81 }],
  })
  const run = new AccuracyRun(reads, shippedModels(), SEED, 0.001)
  run.run(() => undefined)
  const { n_reads, n_wrong, rules } = run.results().engine ?? {}
  expect([n_reads, n_wrong, run.left_out]).toEqual([3, 3, 1])
  expect([rules?.candidate.recall, rules?.edit1.recall]).toEqual([0.333333, 0.333333])
})

test('false matches of a run are what brute force finds on the same decoys', () => {
  const [scale, weight] = [0.005, 200]
  const decoys = decoysOf(5_000)
  const random = new Random(SEED)
  const rows = Array.from({ length: 300 }, () => {
    const truth = drawShape('LLLDDD', random)
    const at = random.below(6)
    const misread = truth.slice(0, at) + drawShape('*', random) + truth.slice(at + random.below(3))
    const read = random.chance(0.05) ? random.pick(decoys) : misread
    const candidate = random.chance(0.1) ? random.pick(decoys) : truth
    return `engine/full/set/none,1,us,${truth},${read},90,${read}:90|${candidate}:50`
  })
  const reads = labelledReads([HEADER, ...rows].join('\n'), SEED)
  const run = new AccuracyRun(reads, shippedModels(), SEED, scale)
  run.run(() => undefined)
  const counts = { exact: 0, classes: 0, candidate: 0, edit1: 0, classes_edit1: 0, edit2: 0 }
  for (const { plate, truth, candidates } of reads) {
    const readings = new Set([plate, ...candidates.map((candidate) => candidate.plate)])
    for (const decoy of decoys.filter((decoy) => decoy !== truth)) {
      const [edits, folded] = [distance(plate, decoy), distance(fold(plate), fold(decoy))]
      counts.exact += Number(edits === 0)
      counts.classes += Number(folded === 0)
      counts.candidate += Number(readings.has(decoy))
      counts.edit1 += Number(edits <= 1)
      counts.classes_edit1 += Number(folded <= 1)
      counts.edit2 += Number(edits <= 2)
    }
  }
  const { rules, n_reads, ours_at_rules } = run.results().engine ?? {}
  for (const rule of RULES) {
    expect([rule, rules?.[rule].fp]).toEqual([
      rule,
      expect.closeTo((counts[rule] * weight) / (n_reads ?? 0), 4),
    ])
  }
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(5)
  expect(ours_at_rules?.edit2.fp).toBeLessThanOrEqual(rules?.edit2.fp ?? 0)
})

/** Those that a run under this seed draws of LLLDDD. */
function decoysOf(count: number): string[] {
  const random = new Random(SEED, 0b1111000)
  const records = new Decoys('LLLDDD', count, random).pack(0, count, random)
  return Array.from({ length: count }, (_, i) =>
    String.fromCharCode(...records.subarray(i * 24 + 1, i * 24 + 7)),
  )
}

test('a model that is tested on a plate was fitted on others', () => {
  const reads = labelledReads(madeReadings(true), SEED)
  const { models, modelOf } = crossModels(reads)
  const by_plate = Map.groupBy(reads, ({ truth }) => truth)
  const parts = Map.groupBy(by_plate.values(), ([first]) => modelOf(first as (typeof reads)[0]))
  expect([...parts.keys()].toSorted()).toEqual([0, 1, 2, 3])
  expect(models).toHaveLength(4)
  for (const [number, plates] of parts) {
    const tested = plates.flat()
    expect(tested.every((read) => modelOf(read) === number)).toBe(true)
    const others = new RegExp(`\\b${reads.length - tested.length}\\b`)
    expect(models[number]?.provenance).toMatch(others)
  }
})
