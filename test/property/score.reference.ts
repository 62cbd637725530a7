// The slow twin of native/scorer: the formulas by the textbook, from the model itself. Alignments
// are found by trying all of them.

import { costTables, editLikelihoods } from '../../src/matching/costs.ts'
import { SYMBOLS } from '../../src/matching/look-alikes.ts'
import type { Curve, Model } from '../../src/matching/model.ts'

export interface Scored {
  record: number
  cost: number
  log_odds: number
}

export interface ScoredReading {
  plate: string
  confidence: number | null
  char_confidence?: number[] | null
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
  const alone = readings.length === 1 ? evidence.alone : 0
  const edit = Math.exp(valueAt(evidence.edited, confidence) + alone)
  const zeroed = (plate: string) => plate.replaceAll('O', '0')
  const weights = readings.map((reading, i) =>
    i === 0
      ? valueAt(evidence.read, confidence)
      : valueAt(evidence.candidate, reading.confidence) + (evidence.rank[i - 1] as number),
  )
  const costs = readings.map((reading) =>
    zeroed(reading.plate) === zeroed(entry)
      ? 0
      : Math.min(COST_MAX, alignmentCost(model, reading, entry)),
  )
  const totals = costs.map((cost, i) => cost + Math.max(0, weights[0]! - weights[i]!))
  const record = totals.indexOf(Math.min(...totals))
  const shares = weights.map((weight) => Math.exp(evidence.shared * weight))
  const all_shares = shares.reduce((sum, share) => sum + share, 0)
  let right = 0
  for (const [i, { plate }] of readings.entries()) {
    if (zeroed(plate) === zeroed(entry)) right += Math.exp(weights[i]!)
    else {
      const likelihood =
        (plates(plate) / plates(entry) / editsOf(model, plate)) * Math.exp(-costs[i]!)
      right += (edit * shares[i]! * likelihood) / all_shares
    }
  }
  const all = edit + weights.reduce((sum, weight) => sum + Math.exp(weight), 0)
  const posterior = Math.min(Math.max(right / all, 1e-30), 1 - 1e-12)
  const told = state === 'unknown' ? 0 : evidence.state[state]
  return {
    record,
    cost: totals[record]!,
    log_odds:
      Math.log(posterior) -
      Math.log1p(-posterior) +
      told +
      Math.min(0, Math.log(plates(entry) / evidence.plates)),
  }
}

function plates(plate: string): number {
  return [...plate].reduce((all, char) => all * (/[A-NP-Z]/.test(char) ? 26 : 10), 1)
}

/** Of all single edits of a reading, and by them of several. */
function editsOf(model: Model, read: string): number {
  const { edits, losses } = editLikelihoods(costTables(model))
  let sum = losses[0]! + losses[2]! + losses[1]! * (read.length - 1)
  for (const [i, char] of [...read].entries()) {
    sum += edits[i === 0 ? 0 : i === read.length - 1 ? 2 : 1]![SYMBOLS.indexOf(char)]!
  }
  return Math.expm1(Math.min(Math.max(sum, 0.001), 1.5))
}

function doubtsOf({ plate, char_confidence }: ScoredReading): number[] {
  if (!char_confidence) return [...plate].map(() => 0)
  const doubts = char_confidence.map((share) => 1 - Math.floor(share * 254 + 0.5) / 254 + 0.05)
  const mean = doubts.reduce((sum, doubt) => sum + doubt, 0) / doubts.length
  return doubts.map((doubt) => Math.min(Math.max(Math.log(doubt / mean), -2), 2))
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

function alignmentCost(model: Model, reading: ScoredReading, entry: string): number {
  const read = reading.plate
  const doubts = doubtsOf(reading)
  const eased = (cost: number, j: number) => (cost > 0 ? Math.max(0, cost - doubts[j]!) : 0)
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
      options.push(eased(tables.insertion[placeOf(i, entry.length)]![r]!, j) + rest(i, j + 1))
    }
    if (i < entry.length && j < read.length) {
      options.push(eased(tables.substitution[place]![e]![r]!, j) + rest(i + 1, j + 1))
    }
    const least = Math.min(...options)
    known.set(key, least)
    return least
  }
  return rest(0, 0)
}
