// Fits a confusion model to labelled readings: counts, smoothed so that nothing is impossible.
import { alignPlates, type Column } from './explain.ts'
import { fitEvidence, type LabelledReading } from './fit-evidence.ts'
import { fitForms } from './forms.ts'
import { SYMBOLS } from './look-alikes.ts'
import { EVIDENCE_UNKNOWN, type Model } from './model.ts'
import { unexpected } from './unexpected.ts'

export interface FitOptions {
  name: string
  /** What the readings are, in words; the counts are added. */
  source: string
  /** Decides between alignments of equal length only. */
  classes: readonly string[]
  /**
   * Whether the model will meet plates of the same issuers only, so that it may learn how common
   * their forms are.
   */
  forms?: boolean
}

/** Readings farther off are of other things than this plate: their columns pair up by chance. */
export const EDITS_MAX = 3
/** Readings that each prior weighs as much as, per true character. */
const SUBSTITUTION_PRIOR = 8
const DELETION_PRIOR = 50
const INSERTION_PRIOR = 1
const PLACE_PRIOR = 20
/**
 * Of the prior of an unseen substitution: the share of "any character alike"; the rest goes to the
 * ones often misread into.
 */
const UNIFORM_SHARE = 0.5
const PLATE = /^[A-Z0-9]{1,12}$/

interface Counts {
  given: number
  readings: number
  /** true * 36 + read */
  pairs: Float64Array
  deleted: Float64Array
  inserted: Float64Array
  at: ByPlace
  /** True characters by place, those misread, and those not read. */
  seen: ByPlace
  misread: ByPlace
  lost: ByPlace
}

interface ByPlace {
  start: number
  inside: number
  end: number
}

/**
 * @param pairs folded plates, with what the engine told besides, if anything; those that are no
 * plates, or more than 3 edits apart, are left out
 * @throws TypeError where nothing is left
 */
export function fitModel(pairs: readonly LabelledReading[], options: FitOptions): Model {
  const tables = fitTables(pairs, options)
  const usable = pairs.filter(
    ({ true_plate, read_plate }) => PLATE.test(true_plate) && PLATE.test(read_plate),
  )
  const is_told = usable.some((one) => one.confidence != null || one.candidates?.length)
  const forms = options.forms ? fitForms(usable.map(({ true_plate }) => true_plate)) : null
  const model = { ...tables, evidence: { ...EVIDENCE_UNKNOWN, forms } }
  return is_told ? { ...model, evidence: fitEvidence(model, usable) } : model
}

function fitTables(pairs: readonly LabelledReading[], options: FitOptions): Model {
  const counts = count(pairs, options.classes)
  if (counts.readings === 0) throw unexpected('labelled readings', 'pairs', 'none')
  const { readings, at } = counts
  const deletion: Record<string, number> = {}
  const insertion: Record<string, number> = {}
  const substitution: Model['substitution'] = {}
  // What was never seen is rare, and not impossible.
  const deleted = Math.max(1, total(counts.deleted))
  const deleted_all = deleted / (total(counts.pairs) + deleted)
  const inserted_all = total(counts.inserted) / readings
  const into = misreadInto(counts.pairs)
  ;[...SYMBOLS].forEach((symbol, t) => {
    const row = counts.pairs.subarray(t * SYMBOLS.length, (t + 1) * SYMBOLS.length)
    const lost = counts.deleted[t] as number
    const p_deleted = (lost + DELETION_PRIOR * deleted_all) / (total(row) + lost + DELETION_PRIOR)
    const shares = smoothedRow(row, t, into)
    deletion[symbol] = rounded(p_deleted)
    substitution[symbol] = Object.fromEntries(
      [...SYMBOLS].map((read, r) => [read, rounded((shares[r] as number) * (1 - p_deleted))]),
    )
    const extra = counts.inserted[t] as number
    insertion[symbol] = rounded(
      (extra + INSERTION_PRIOR * Math.max(inserted_all, 1 / readings)) /
        (readings + INSERTION_PRIOR),
    )
  })
  const places = at.start + at.inside + at.end + 3
  return {
    name: options.name,
    version: 1,
    provenance:
      `Aggregated from ${counts.given} labelled readings of ${options.source}; ` +
      `${readings} within ${EDITS_MAX} edits counted.`,
    readings,
    substitution,
    deletion,
    insertion,
    insertion_at: {
      start: rounded((at.start + 1) / places),
      inside: rounded((at.inside + 1) / places),
      end: rounded((at.end + 1) / places),
    },
    place: {
      substitution: factorsOf(counts.misread, counts.seen),
      deletion: factorsOf(counts.lost, counts.seen),
    },
    evidence: EVIDENCE_UNKNOWN,
  }
}

function count(pairs: readonly LabelledReading[], classes: readonly string[]): Counts {
  const counts: Counts = {
    given: 0,
    readings: 0,
    pairs: new Float64Array(SYMBOLS.length ** 2),
    deleted: new Float64Array(SYMBOLS.length),
    inserted: new Float64Array(SYMBOLS.length),
    at: { start: 0, inside: 0, end: 0 },
    seen: { start: 0, inside: 0, end: 0 },
    misread: { start: 0, inside: 0, end: 0 },
    lost: { start: 0, inside: 0, end: 0 },
  }
  for (const { true_plate, read_plate } of pairs) {
    counts.given += 1
    if (!PLATE.test(true_plate) || !PLATE.test(read_plate)) continue
    const { aligned } = alignPlates(read_plate, true_plate, classes)
    const edits = aligned.filter(({ kind }) => kind !== 'same' && kind !== 'o_zero').length
    if (edits > EDITS_MAX) continue
    counts.readings += 1
    countColumns(counts, aligned, true_plate.length)
  }
  return counts
}

function countColumns(counts: Counts, aligned: readonly Column[], true_chars: number): void {
  let before = 0
  for (const { read, entry, kind } of aligned) {
    const r = SYMBOLS.indexOf(read)
    const t = SYMBOLS.indexOf(entry)
    if (kind === 'inserted') {
      add(counts.inserted, r)
      counts.at[before === 0 ? 'start' : before === true_chars ? 'end' : 'inside'] += 1
      continue
    }
    const place = before === 0 ? 'start' : before === true_chars - 1 ? 'end' : 'inside'
    before += 1
    counts.seen[place] += 1
    if (kind === 'deleted') counts.lost[place] += 1
    else if (kind !== 'same' && kind !== 'o_zero') counts.misread[place] += 1
    if (kind === 'deleted') add(counts.deleted, t)
    else add(counts.pairs, t * SYMBOLS.length + r)
  }
}

/** How much oftener something happens at a place than at all places together. */
function factorsOf(happened: ByPlace, seen: ByPlace): ByPlace {
  const rate =
    (happened.start + happened.inside + happened.end) / (seen.start + seen.inside + seen.end)
  const factor = (place: keyof ByPlace) => {
    const ratio = (happened[place] + PLACE_PRIOR) / (seen[place] * rate + PLACE_PRIOR)
    return rounded(Math.min(Math.max(ratio, 0.1), 10))
  }
  return { start: factor('start'), inside: factor('inside'), end: factor('end') }
}

/** How often each character is what another was misread into, as shares. */
function misreadInto(pairs: Float64Array): Float64Array {
  const into = new Float64Array(SYMBOLS.length)
  pairs.forEach((n, at) => {
    const r = at % SYMBOLS.length
    if (r !== Math.floor(at / SYMBOLS.length)) into[r] = (into[r] as number) + n
  })
  const all = Math.max(1, total(into))
  return into.map((n) => n / all)
}

/** P(read | true, not deleted). What is seen outweighs the prior as it grows. */
function smoothedRow(row: Float64Array, t: number, into: Float64Array): Float64Array {
  const others = SYMBOLS.length - 1
  const misread = total(row) - (row[t] as number)
  // One reading in twenty wrong, until a character's own readings say otherwise.
  const p_misread = (misread + SUBSTITUTION_PRIOR * 0.05) / (total(row) + SUBSTITUTION_PRIOR)
  const into_others = into.reduce((sum, share, r) => (r === t ? sum : sum + share), 0)
  return row.map((n, r) => {
    if (r === t) return 1 - p_misread
    const popular = into_others > 0 ? (into[r] as number) / into_others : 1 / others
    const prior = UNIFORM_SHARE / others + (1 - UNIFORM_SHARE) * popular
    return (p_misread * (n + SUBSTITUTION_PRIOR * prior)) / (misread + SUBSTITUTION_PRIOR)
  })
}

function add(counts: Float64Array, at: number): void {
  counts[at] = (counts[at] as number) + 1
}

function total(counts: Float64Array): number {
  return counts.reduce((sum, n) => sum + n, 0)
}

/** Four digits; nothing is certain. */
function rounded(p: number): number {
  return Math.min(0.9999, Number(p.toPrecision(4)))
}
