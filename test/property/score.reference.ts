// The slow twin of native/scorer: the formulas by the textbook, from the model itself. Alignments
// are found by trying all of them.

import { SYMBOLS } from '../../src/matching/look-alikes.ts'
import { type Curve, costTables, type Model } from '../../src/matching/model.ts'

export interface Scored {
  record: number
  cost: number
  log_odds: number
}

export interface ScoredReading {
  plate: string
  confidence: number | null
}

const COST_MAX = 40

export function scoreBySearch(
  model: Model,
  readings: readonly ScoredReading[],
  entry: string,
  state: 'same' | 'differs' | 'unknown',
): Scored {
  const { evidence } = model
  const { confidence } = readings[0] as ScoredReading
  const edited = Math.exp(valueAt(evidence.edited, confidence))
  const zeroed = (plate: string) => plate.replaceAll('O', '0')
  const weights = readings.map((reading, i) =>
    i === 0
      ? valueAt(evidence.read, confidence)
      : valueAt(evidence.candidate, reading.confidence) + (evidence.rank[i - 1] as number),
  )
  const costs = readings.map(({ plate }) =>
    zeroed(plate) === zeroed(entry) ? 0 : Math.min(COST_MAX, alignmentCost(model, plate, entry)),
  )
  const totals = costs.map((cost, i) => cost + Math.max(0, weights[0]! - weights[i]!))
  const record = totals.indexOf(Math.min(...totals))
  let right = 0
  for (const [i, { plate }] of readings.entries()) {
    const share = zeroed(plate) === zeroed(entry) ? 1 : edited * Math.exp(-costs[i]!)
    right += Math.exp(weights[i]!) * share
  }
  const all = 1 + weights.reduce((sum, weight) => sum + Math.exp(weight), 0)
  const posterior = Math.min(Math.max(right / all, 1e-30), 1 - 1e-12)
  const told = state === 'unknown' ? 0 : evidence.state[state]
  return {
    record,
    cost: totals[record]!,
    log_odds: Math.log(posterior) - Math.log1p(-posterior) + told,
  }
}

function valueAt({ none, points }: Curve, x: number | null): number {
  if (x === null) return none
  const next = points.findIndex(([at]) => x <= at)
  if (next < 0) return points.at(-1)![1]
  if (next === 0) return points[0]![1]
  const [x0, y0] = points[next - 1]!
  const [x1, y1] = points[next]!
  return y0 + ((x - x0) / (x1 - x0)) * (y1 - y0)
}

function alignmentCost(model: Model, read: string, entry: string): number {
  const tables = costTables(model)
  const known = new Map<number, number>()
  const placeOf = (at: number, last: number) => (at === 0 ? 0 : at === last ? 2 : 1)
  function rest(i: number, j: number): number {
    if (i === entry.length && j === read.length) return 0
    const key = i * 16 + j
    const found = known.get(key)
    if (found !== undefined) return found
    const options: number[] = []
    const e = SYMBOLS.indexOf(entry[i] ?? '')
    const r = SYMBOLS.indexOf(read[j] ?? '')
    const place = placeOf(i, entry.length - 1)
    if (i < entry.length) options.push(tables.deletion[place]![e]! + rest(i + 1, j))
    if (j < read.length) {
      options.push(tables.insertion[placeOf(i, entry.length)]![r]! + rest(i, j + 1))
    }
    if (i < entry.length && j < read.length) {
      options.push(tables.substitution[place]![e]![r]! + rest(i + 1, j + 1))
    }
    const least = Math.min(...options)
    known.set(key, least)
    return least
  }
  return rest(0, 0)
}
