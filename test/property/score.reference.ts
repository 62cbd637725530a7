// The slow twin of native/scorer: the formulas by the textbook, from the model itself. Alignments
// are found by trying all of them.

import { costTables } from '../../src/matching/costs.ts'
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
  let all = 0
  for (const [i, { plate }] of readings.entries()) {
    const weight = Math.exp(weights[i]!) * formShare(model, formOf(plate))
    const part = (edit * shares[i]!) / all_shares
    const edits = editsOf(model, plate)
    all += weight + part * edits.share
    if (zeroed(plate) === zeroed(entry)) right += weight
    else {
      const likelihood = (plates(plate) / plates(entry) / edits.all) * Math.exp(-costs[i]!)
      right += part * likelihood * formShare(model, formOf(entry))
    }
  }
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

const LETTERS = [...'ABCDEFGHIJKLMNPQRSTUVWXYZ']
const DIGITS = [...'0123456789']

function formOf(plate: string): string {
  return [...plate].map((char) => (LETTERS.includes(char) ? 'L' : 'D')).join('')
}

function formShare({ evidence }: Model, form: string): number {
  if (evidence.forms === null) return 1
  return evidence.forms.known[form] ?? evidence.forms.others[form.length - 1]!
}

const numberOf = (symbol: string) => SYMBOLS.indexOf(symbol)
const placeOf = (at: number, last: number) => (at === 0 ? 0 : at === last ? 2 : 1)

/** Every plate that one edit of a reading makes. */
function eachEdit(model: Model, read: string, add: (cost: number, made: string) => void): void {
  const { substitution, deletion, insertion } = costTables(model)
  for (let i = 0; i < read.length; i += 1) {
    const place = placeOf(i, read.length - 1)
    const [before, seen, after] = [read.slice(0, i), read[i]!, read.slice(i + 1)]
    for (const symbol of [...LETTERS, ...DIGITS]) {
      if (symbol === (seen === 'O' ? '0' : seen)) continue
      add(substitution[place]![numberOf(symbol)]![numberOf(seen)]!, before + symbol + after)
    }
    if (read.length > 1) add(insertion[place]![numberOf(seen)]!, before + after)
  }
  for (let gap = 0; read.length < 12 && gap <= read.length; gap += 1) {
    for (const symbol of [...LETTERS, ...DIGITS]) {
      const cost = deletion[placeOf(gap, read.length)]![numberOf(symbol)]!
      add(cost, read.slice(0, gap) + symbol + read.slice(gap))
    }
  }
}

const averages = new WeakMap<Model, ReturnType<typeof averageEdits>>()
const shares_of_edited = new WeakMap<Model, Map<string, number>>()

/** By place, the kind that is seen and the one that is listed: the seen is any of its kind. */
function averageEdits(model: Model) {
  const { substitution, deletion, insertion } = costTables(model)
  const likely = (cost: number) => Math.exp(-cost)
  const sum = (numbers: number[]) => numbers.reduce((all, n) => all + n, 0)
  const of = (kind: string) => (kind === 'L' ? LETTERS : DIGITS)
  return [0, 1, 2].map((place) => ({
    substituted: (seen_kind: string, kind: string) => {
      const all = of(seen_kind).flatMap((seen) =>
        of(kind)
          .filter((symbol) => symbol !== seen)
          .map((symbol) => likely(substitution[place]![numberOf(symbol)]![numberOf(seen)]!)),
      )
      return (sum(all) * plates(of(seen_kind)[0]!)) / plates(of(kind)[0]!) / of(seen_kind).length
    },
    removed: (seen_kind: string) =>
      sum(of(seen_kind).map((seen) => likely(insertion[place]![numberOf(seen)]!))) *
      (plates(of(seen_kind)[0]!) / of(seen_kind).length),
    lost: (kind: string) =>
      sum(of(kind).map((symbol) => likely(deletion[place]![numberOf(symbol)]!))) /
      plates(of(kind)[0]!),
  }))
}

/** How common the form is that an edit makes of a plate of this form, whatever its characters. */
function editedShare(model: Model, form: string): number {
  if (model.evidence.forms === null) return 1
  const shares = shares_of_edited.get(model) ?? new Map<string, number>()
  shares_of_edited.set(model, shares)
  const known = shares.get(form)
  if (known !== undefined) return known
  const average = averages.get(model) ?? averageEdits(model)
  averages.set(model, average)
  const sum = { all: 0, share: 0 }
  const add = (likelihood: number, made: string) => {
    sum.all += likelihood
    sum.share += likelihood * formShare(model, made)
  }
  for (let i = 0; i < form.length; i += 1) {
    const { substituted, removed } = average[placeOf(i, form.length - 1)]!
    const [before, seen, after] = [form.slice(0, i), form[i]!, form.slice(i + 1)]
    for (const kind of 'LD') add(substituted(seen, kind), before + kind + after)
    if (form.length > 1) add(removed(seen), before + after)
  }
  for (let gap = 0; form.length < 12 && gap <= form.length; gap += 1) {
    const { lost } = average[placeOf(gap, form.length)]!
    for (const kind of 'LD') add(lost(kind), form.slice(0, gap) + kind + form.slice(gap))
  }
  shares.set(form, sum.share / sum.all)
  return sum.share / sum.all
}

/** What all edits of a reading come to, and how common the forms are that they make. */
function editsOf(model: Model, read: string): { all: number; share: number } {
  const sum = { all: 0, once: 0, twice: 0 }
  eachEdit(model, read, (cost, made) => {
    const likelihood = (Math.exp(-cost) * plates(read)) / plates(made)
    sum.all += likelihood
    sum.once += likelihood * formShare(model, formOf(made))
    sum.twice += likelihood * editedShare(model, formOf(made))
  })
  const single = Math.min(Math.max(sum.all, 0.001), 1.5)
  const several = Math.expm1(single) - single
  const all = single + several
  return { all, share: (single * sum.once + several * sum.twice) / sum.all / all }
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
