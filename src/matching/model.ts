// How reading engines misread: a table of probabilities (config/models/<name>.json), and what an
// alignment costs by it.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { HotplateError } from '../domain/error.ts'
import type { Column } from './explain.ts'
import { SYMBOLS } from './look-alikes.ts'

/** The models that ship, and those that were fitted here: `<name>.json`. */
export const MODELS_FOLDER = new URL('../../config/models/', import.meta.url)
/** Tables carry four digits: their rows add up to one but for that. */
const SUM_ERROR_MAX = 0.001

const probability = z.number().gt(0).lt(1)
const perSymbol = z
  .record(z.string().regex(/^[A-Z0-9]$/), probability)
  .refine(
    (table) => [...SYMBOLS].every((symbol) => symbol in table),
    'expected a probability for each of 0-9 and A-Z',
  )

/** Points that a curve of the packed form has room for (native/scorer/scorer.hpp). */
const CURVE_POINTS = 8
const CANDIDATES = 10

/** Natural logarithm; beyond this, sums of them are no powers that a number holds (scorer.cpp). */
const WEIGHT_MAX = 100
const weight = z.number().min(-WEIGHT_MAX).max(WEIGHT_MAX)

const curve = z.strictObject({
  /** Where no confidence came. */
  none: weight,
  /** Confidence and value, ascending: straight lines between, the outer values beyond. */
  points: z
    .array(z.tuple([z.number().min(0).max(1), weight]))
    .length(CURVE_POINTS)
    .refine(
      (points) => points.every(([x], i) => i === 0 || x > (points[i - 1]?.[0] ?? 1)),
      'expected confidences that ascend',
    ),
})
export type Curve = z.infer<typeof curve>

/** What confidence, place in the engine's list and issuing state tell. Natural logarithms. */
const evidenceSchema = z.strictObject({
  /** Weight of the read's being the plate, against its being some other. */
  read: curve,
  /** The same of a candidate, by its own confidence. */
  candidate: curve,
  /** Added to a candidate's weight, by its place. */
  rank: z.array(weight).length(CANDIDATES),
  /** Weight of edits, by the read's confidence. */
  edited: curve,
  /** Added to the log odds where the issuing states are the same, or differ. */
  state: z.strictObject({ same: weight, differs: weight }),
})

/** Of an engine that nobody has measured: a read is right nine times in ten. */
export const EVIDENCE_UNKNOWN: z.infer<typeof evidenceSchema> = {
  read: flat(2),
  candidate: flat(-1),
  rank: Array.from({ length: CANDIDATES }, (_, place) => -Math.log(place + 1)),
  edited: flat(0),
  state: { same: 1, differs: -2 },
}

function flat(value: number): Curve {
  const points = Array.from({ length: CURVE_POINTS }, (_, i): [number, number] => [
    i / (CURVE_POINTS - 1),
    value,
  ])
  return { none: value, points }
}

const modelSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9-]{1,64}$/),
    /** Rises with each fit of that name. */
    version: z.int().positive(),
    /** What it was fitted on, in words. */
    provenance: z.string().min(1),
    /** Labelled readings that it was fitted on. */
    readings: z.int().positive(),
    /**
     * P(read character | true character), the faithful reading among them. A row and its deletion
     * add up to 1.
     */
    substitution: z.record(z.string().regex(/^[A-Z0-9]$/), perSymbol),
    /** P(not read | true character). */
    deletion: perSymbol,
    /** Probability that a reading has this character besides the plate's own, anywhere. */
    insertion: perSymbol,
    /**
     * Where inserted characters stand: before the first, between two, after the last. Adds up to 1.
     */
    insertion_at: z.strictObject({ start: probability, inside: probability, end: probability }),
    evidence: evidenceSchema.default(EVIDENCE_UNKNOWN),
  })
  .refine(
    ({ substitution, deletion }) =>
      [...SYMBOLS].every((symbol) =>
        isOne(sum(substitution[symbol] ?? {}) + (deletion[symbol] ?? 0)),
      ),
    'expected a row of substitutions for each of 0-9 and A-Z that adds up to 1 with its deletion',
  )
  .refine(({ insertion_at }) => isOne(sum(insertion_at)), 'expected insertion_at to add up to 1')

export type Model = z.infer<typeof modelSchema>

/**
 * @param name of a file in config/models/, without `.json`
 * @throws HotplateError MODEL_INVALID where there is none of that name, or it is no model
 */
export function loadModel(name: string): Model {
  if (!/^[a-z0-9-]{1,64}$/.test(name)) {
    throw new HotplateError('MODEL_INVALID', `Expected a model's name but received ${name}`)
  }
  let value: unknown
  try {
    value = JSON.parse(readFileSync(new URL(`${name}.json`, MODELS_FOLDER), 'utf8'))
  } catch (cause) {
    const reason = (cause as Error).message
    throw new HotplateError('MODEL_INVALID', `Model ${name} can't be read: ${reason}`, { cause })
  }
  return checkModel(value, name)
}

/** @throws HotplateError MODEL_INVALID that names what is wrong */
export function checkModel(value: unknown, name: string): Model {
  const result = modelSchema.safeParse(value)
  if (result.success) return result.data
  const what = z.prettifyError(result.error).replaceAll('\n', ' ')
  throw new HotplateError('MODEL_INVALID', `Model ${name}: ${what}`)
}

/**
 * What each column costs, given that the entry's plate was there: -ln of its probability, against
 * that of the character's being read as it is. Nats, 0 and up; O for 0 is free.
 */
export function columnCosts(model: Model, aligned: readonly Column[]): number[] {
  const gaps_inside = aligned.reduce((n, { entry }) => n + (entry === '' ? 0 : 1), 0) - 1
  const costs: number[] = []
  let entry_chars = 0
  for (const { read, entry, kind } of aligned) {
    switch (kind) {
      case 'same':
      case 'o_zero':
      case 'any':
        costs.push(0)
        break
      case 'inserted':
        costs.push(insertionCost(model, read, entry_chars, gaps_inside))
        break
      case 'deleted':
        costs.push(bestOfTied(entry, (t) => (model.deletion[t] as number) / faithful(model, t)))
        break
      case 'look_alike':
      case 'differs':
        costs.push(bestOfTied(entry, (t) => readAs(model, t, read) / faithful(model, t)))
        break
    }
    if (entry !== '') entry_chars += 1
  }
  return costs
}

/** First, inside, last: of characters; before the first, between, after the last: of insertions. */
const PLACES = ['start', 'inside', 'end'] as const
/** Gaps inside a plate of seven. */
const GAPS_INSIDE = 6

export interface CostTables {
  /** By place, the entry's character and the read's, in nats: 0 for the same, and for O and 0. */
  substitution: Float64Array[][]
  /** By place and the entry's character. */
  deletion: Float64Array[]
  /** By place and the read's character. */
  insertion: Float64Array[]
}

/** What each column of an alignment costs. */
export function costTables(model: Model): CostTables {
  const symbols = [...SYMBOLS]
  const { insertion_at } = model
  return {
    substitution: PLACES.map(() =>
      symbols.map((entry) =>
        Float64Array.from(symbols, (read) =>
          read === entry || (tied(read).length > 1 && tied(entry).length > 1)
            ? 0
            : bestOfTied(entry, (t) => readAs(model, t, read) / faithful(model, t)),
        ),
      ),
    ),
    deletion: PLACES.map(() =>
      Float64Array.from(symbols, (entry) =>
        bestOfTied(entry, (t) => (model.deletion[t] as number) / faithful(model, t)),
      ),
    ),
    insertion: PLACES.map((place) =>
      Float64Array.from(symbols, (read) => {
        const at = place === 'inside' ? insertion_at.inside / GAPS_INSIDE : insertion_at[place]
        return nats(tied(read).reduce((p, c) => p + (model.insertion[c] as number), 0) * at)
      }),
    ),
  }
}

function insertionCost(model: Model, read: string, before: number, gaps_inside: number): number {
  const { start, inside, end } = model.insertion_at
  const place = before === 0 ? start : before > gaps_inside ? end : inside / gaps_inside
  return nats(tied(read).reduce((p, char) => p + (model.insertion[char] as number), 0) * place)
}

/** A list may have O for 0, or 0 for O: the likelier is what was there. */
function bestOfTied(entry: string, ratio: (true_char: string) => number): number {
  return nats(Math.max(...tied(entry).map(ratio)))
}

function faithful(model: Model, true_char: string): number {
  return readAs(model, true_char, true_char)
}

function readAs(model: Model, true_char: string, read: string): number {
  const row = model.substitution[true_char] as Record<string, number>
  return tied(read).reduce((p, char) => p + (row[char] as number), 0)
}

function tied(char: string): readonly string[] {
  return char === 'O' || char === '0' ? ['O', '0'] : [char]
}

function nats(ratio: number): number {
  return Math.max(0, -Math.log(ratio))
}

function sum(table: Readonly<Record<string, number>>): number {
  return Object.values(table).reduce((total, p) => total + p, 0)
}

function isOne(total: number): boolean {
  return Math.abs(total - 1) <= SUM_ERROR_MAX
}
