// Fits what confidence and place in the engine's list tell (Model.evidence) to labelled readings:
// the greatest likelihood of the true plates, by the formulas of native/scorer, uphill by Adam
// (Kingma and Ba 2015).
import { alignmentCost, COST_MAX } from './cheapest.ts'
import { type CostTables, costTables, editLikelihoods } from './costs.ts'
import { editsOf, formNumber, formTables } from './forms.ts'
import { type Curve, EVIDENCE_UNKNOWN, type Model } from './model.ts'

export interface LabelledReading {
  true_plate: string
  read_plate: string
  /** 0 to 1; null where none came. */
  confidence?: number | null
  candidates?: readonly { plate: string; confidence: number }[]
}

type Evidence = Model['evidence']

const POINTS = 8
const CANDIDATES_MAX = 10
const NO_VALUE = POINTS
/** Read's curve, candidates' curve, edits' curve, ranks, alone, shared. */
const [READ, CANDIDATE, EDITED, RANK] = [0, POINTS + 1, 2 * (POINTS + 1), 3 * (POINTS + 1)]
const ALONE = RANK + CANDIDATES_MAX
const SHARED = ALONE + 1
const PARAMETERS = SHARED + 1

const STEPS = 400
const RATE = 0.05
/** Pulls neighbouring points together, as so many readings would. */
const SMOOTH_READINGS = 4
/** Pulls each parameter to where it began. */
const RIDGE_READINGS = 0.2
/** Cameras of the same engine may send no candidates, or no confidence: so much do those count. */
const STRIPPED_WEIGHT = 0.1
const LIKELIHOOD_MIN = 1e-9

/** Two neighbouring parameters of a curve and the share of the second; or one, and no second. */
interface Place {
  at: number
  next: number
  part: number
}

/** One reading against its true plate: what the formulas need. */
interface Case {
  weight: number
  read: Place
  edited: Place
  candidates: Place[]
  /** For the read and each candidate. */
  same: boolean[]
  /**
   * Likelihood of the edit that makes the true plate of it, times how common that one's form is; 0
   * where it is the same.
   */
  edit: Float64Array
  /** How common its own form is, and the forms that edits make of it. */
  forms: Float64Array
  edit_forms: Float64Array
}

interface Knots {
  read: number[]
  candidate: number[]
}

/** Confidences at which there are equally many readings, 0 to 1, ascending. */
function knotsOf(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b)
  const knots: number[] = []
  for (let k = 0; k < POINTS; k += 1) {
    const quantile = sorted[Math.round(((k + 0.15) / (POINTS - 0.7)) * (sorted.length - 1))]
    const wanted = Math.round((quantile ?? k / (POINTS - 1)) * 1e4) / 1e4
    const least = k === 0 ? 0 : (knots[k - 1] as number) + 1e-4
    const most = 1 - (POINTS - 1 - k) * 1e-4
    knots.push(Math.min(Math.max(wanted, least), most))
  }
  return knots
}

function placeOn(knots: readonly number[], base: number, value: number | null): Place {
  if (value === null) return { at: base + NO_VALUE, next: base + NO_VALUE, part: 0 }
  const above = knots.findIndex((knot) => value <= knot)
  if (above < 0) return { at: base + POINTS - 1, next: base + POINTS - 1, part: 0 }
  if (above === 0) return { at: base, next: base, part: 0 }
  const [low, high] = [knots[above - 1] as number, knots[above] as number]
  return { at: base + above - 1, next: base + above, part: (value - low) / (high - low) }
}

function curveAt(p: Float64Array, { at, next, part }: Place): number {
  return (p[at] as number) * (1 - part) + (p[next] as number) * part
}

function addTo(gradient: Float64Array, { at, next, part }: Place, amount: number): void {
  gradient[at] = (gradient[at] as number) + amount * (1 - part)
  gradient[next] = (gradient[next] as number) + amount * part
}

/**
 * @param model whose tables price the edits
 * @returns the evidence part of the model, fitted
 */
export function fitEvidence(model: Model, readings: readonly LabelledReading[]): Evidence {
  const knots = {
    read: knotsOf(readings.flatMap(({ confidence }) => confidence ?? [])),
    candidate: knotsOf(
      readings.flatMap(({ candidates }) => candidates?.map((c) => c.confidence) ?? []),
    ),
  }
  const cases = makeCases(model, readings, knots)
  const start = startingPoint()
  const p = start.slice()
  const [mean, square] = [new Float64Array(PARAMETERS), new Float64Array(PARAMETERS)]
  for (let step = 1; step <= STEPS; step += 1) {
    const gradient = new Float64Array(PARAMETERS)
    let all = 0
    for (const one of cases) {
      climb(one, p, gradient)
      all += one.weight
    }
    regularise(p, start, gradient)
    const rate = RATE * Math.min(1, (2 * (STEPS - step)) / STEPS + 0.02)
    for (let i = 0; i < PARAMETERS; i += 1) {
      const g = (gradient[i] as number) / all
      mean[i] = 0.9 * (mean[i] as number) + 0.1 * g
      square[i] = 0.99 * (square[i] as number) + 0.01 * g * g
      const [m, s] = [(mean[i] as number) / (1 - 0.9 ** step), square[i] as number]
      p[i] = (p[i] as number) + (rate * m) / (Math.sqrt(s / (1 - 0.99 ** step)) + 1e-6)
    }
    p[SHARED] = Math.min(1, Math.max(0, p[SHARED] as number))
  }
  return { ...evidenceOf(p, knots), forms: model.evidence.forms }
}

function makeCases(model: Model, readings: readonly LabelledReading[], knots: Knots): Case[] {
  const tables = costTables(model)
  const likelihoods = editLikelihoods(tables)
  const forms = formTables(model.evidence.forms, likelihoods)
  const shareOf = (plate: string) => forms.shares[formNumber(plate)] as number
  return readings.flatMap((reading) => {
    const { read_plate, true_plate, confidence = null } = reading
    const candidates = (reading.candidates ?? [])
      .filter(({ plate }) => plate !== read_plate)
      .slice(0, CANDIDATES_MAX)
    const plates = [read_plate, ...candidates.map(({ plate }) => plate)]
    const edits = plates.map((plate) => editsOf(likelihoods, forms, plate))
    const edit = Float64Array.from(
      plates,
      (plate, i) =>
        editLikelihood(tables, edits[i]?.all as number, plate, true_plate) * shareOf(true_plate),
    )
    const one: Case = {
      weight: 1,
      read: placeOn(knots.read, READ, confidence),
      edited: placeOn(knots.read, EDITED, confidence),
      candidates: candidates.map((c) => placeOn(knots.candidate, CANDIDATE, c.confidence)),
      same: plates.map((plate) => zeroed(plate) === zeroed(true_plate)),
      edit,
      forms: Float64Array.from(plates, shareOf),
      edit_forms: Float64Array.from(edits, ({ share }) => share),
    }
    return [one, ...strippedOf(one)]
  })
}

/** The reading as it were without candidates, without confidences, and without both. */
function strippedOf(one: Case): Case[] {
  const unsure = {
    ...one,
    weight: STRIPPED_WEIGHT,
    read: placeOn([], READ, null),
    edited: placeOn([], EDITED, null),
    candidates: one.candidates.map(() => placeOn([], CANDIDATE, null)),
  }
  const alone = {
    candidates: [],
    same: one.same.slice(0, 1),
    edit: one.edit.slice(0, 1),
    forms: one.forms.slice(0, 1),
    edit_forms: one.edit_forms.slice(0, 1),
  }
  const others = one.candidates.length === 0 ? [] : [{ ...one, weight: STRIPPED_WEIGHT, ...alone }]
  return [unsure, ...others, { ...unsure, ...alone }]
}

/**
 * Adds the gradient of one reading's log-likelihood to `gradient`.
 * @returns the log-likelihood, ln(P(true plate | reading))
 */
function climb(one: Case, p: Float64Array, gradient: Float64Array): number {
  const { weight, candidates, same, edit, forms, edit_forms } = one
  const shared = p[SHARED] as number
  const alone = candidates.length === 0
  const u = [curveAt(p, one.read)]
  for (const [i, place] of candidates.entries()) {
    u.push(curveAt(p, place) + (p[RANK + i] as number))
  }
  const edited = Math.exp(curveAt(p, one.edited) + (alone ? (p[ALONE] as number) : 0))
  const w = u.map((x, i) => Math.exp(x) * (forms[i] as number))
  const v = u.map((x) => Math.exp(shared * x))
  const all_v = total(v)
  const right = total(w.map((x, i) => (same[i] ? x : 0)))
  const kernel = total(v.map((x, i) => (x * (edit[i] as number)) / all_v))
  const mean = total(v.map((x, i) => (x * (edit_forms[i] as number)) / all_v))
  const all = edited * mean + total(w)
  const found = right + edited * kernel + LIKELIHOOD_MIN * all
  const by_edit = (edited * kernel) / found
  const of_edits = (edited * mean) / all
  let d_shared = 0
  for (const [i, x] of u.entries()) {
    const v_share = (v[i] as number) / all_v
    const pull = kernel === 0 ? 0 : v_share * ((edit[i] as number) / kernel - 1)
    const push = v_share * ((edit_forms[i] as number) / mean - 1)
    const by_shares = by_edit * pull - of_edits * push
    const is_right = same[i] ? (w[i] as number) / found : 0
    const d = is_right + shared * by_shares - (w[i] as number) / all
    d_shared += by_shares * x
    if (i === 0) addTo(gradient, one.read, weight * d)
    else {
      addTo(gradient, candidates[i - 1] as Place, weight * d)
      gradient[RANK + i - 1] = (gradient[RANK + i - 1] as number) + weight * d
    }
  }
  const d_edited = weight * (by_edit - of_edits)
  addTo(gradient, one.edited, d_edited)
  if (alone) gradient[ALONE] = (gradient[ALONE] as number) + d_edited
  gradient[SHARED] = (gradient[SHARED] as number) + weight * d_shared
  return Math.log(found / all)
}

function regularise(p: Float64Array, start: Float64Array, gradient: Float64Array): void {
  const at = (i: number) => p[i] as number
  const add = (i: number, amount: number) => {
    gradient[i] = (gradient[i] as number) + amount
  }
  for (const base of [READ, CANDIDATE, EDITED, RANK]) {
    for (let i = base + 1; i < base + POINTS - 1; i += 1) {
      const bend = at(i - 1) - 2 * at(i) + at(i + 1)
      add(i - 1, -SMOOTH_READINGS * bend)
      add(i, 2 * SMOOTH_READINGS * bend)
      add(i + 1, -SMOOTH_READINGS * bend)
    }
  }
  for (let i = 0; i < PARAMETERS; i += 1) add(i, -RIDGE_READINGS * (at(i) - (start[i] as number)))
}

function startingPoint(): Float64Array {
  return parametersOf(EVIDENCE_UNKNOWN)
}

function parametersOf({ read, candidate, edited, rank, alone, shared }: Evidence): Float64Array {
  const ofCurve = ({ points, none }: Curve) => [...points.map(([, y]) => y), none]
  return Float64Array.from([...[read, candidate, edited].flatMap(ofCurve), ...rank, alone, shared])
}

function evidenceOf(p: Float64Array, knots: Knots): Evidence {
  const rounded = (value: number) => Math.round(value * 1e4) / 1e4
  const curveOf = (x: readonly number[], base: number): Curve => ({
    none: rounded(p[base + NO_VALUE] as number),
    points: x.map((knot, i) => [knot, rounded(p[base + i] as number)]),
  })
  return {
    ...EVIDENCE_UNKNOWN,
    read: curveOf(knots.read, READ),
    candidate: curveOf(knots.candidate, CANDIDATE),
    edited: curveOf(knots.read, EDITED),
    rank: Array.from(p.subarray(RANK, RANK + CANDIDATES_MAX), rounded),
    alone: rounded(p[ALONE] as number),
    shared: rounded(p[SHARED] as number),
  }
}

/**
 * As native/scorer has it: of this edit among all edits of the reading.
 * @param all likelihood of those
 */
function editLikelihood(tables: CostTables, all: number, read: string, entry: string): number {
  if (zeroed(read) === zeroed(entry)) return 0
  const cost = alignmentCost(tables, read, entry)
  if (cost >= COST_MAX) return 0
  return (Math.exp(-cost) * platesLike(read)) / platesLike(entry) / all
}

function platesLike(plate: string): number {
  return [...plate].reduce((all, char) => all * (/[A-NP-Z]/.test(char) ? 26 : 10), 1)
}

function zeroed(plate: string): string {
  return plate.replaceAll('O', '0')
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0)
}
