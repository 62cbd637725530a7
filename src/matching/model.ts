// How reading engines misread: a table of probabilities (config/models/<name>.json), and what an
// alignment costs by it.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { HotplateError } from '../domain/error.ts'
import { PLATE_CHARS_MAX } from '../domain/plate.ts'
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

const share = z.number().gt(0).lte(1)

const formsSchema = z.strictObject({
  known: z.record(z.string().regex(/^[LD]{1,12}$/), share),
  others: z.array(share).length(PLATE_CHARS_MAX),
})

/** What confidence, place in the engine's list and issuing state tell. Natural logarithms. */
const evidenceSchema = z.strictObject({
  /** Weight of the read's being the plate, against its being some other. */
  read: curve,
  /** The same of a candidate, by its own confidence. */
  candidate: curve,
  /** Added to a candidate's weight, by its place. */
  rank: z.array(weight).length(CANDIDATES),
  /** Weight of the plate's being an edit of either, by the read's confidence. */
  edited: curve,
  /** Added to that where the camera sent no candidates. */
  alone: weight,
  /** Read and candidates share an edit in proportion to this power of their weights. */
  shared: z.number().min(0).max(1),
  /**
   * Forms of fewer plates than this crowd: two vehicles are as easily one edit apart as a reading
   * and its plate are, so that an entry of such a form is the less likely what was seen.
   */
  plates: z.number().min(1).max(1e18),
  /**
   * How common plates of each form are, where the cameras see those of few issuers: what the engine
   * made of a plate has often a form that there is none of. Null where that is not known: a model
   * that any country may use.
   */
  forms: formsSchema.nullable().default(null),
  /** Added to the log odds where the issuing states are the same, or differ. */
  state: z.strictObject({ same: weight, differs: weight }),
})

/**
 * No labelled readings tell states as engines read them. Set: a state is read right nineteen times
 * in twenty, and a third of all traffic is of the same one.
 */
const STATE = { same: Math.log(0.95 * 3), differs: Math.log((0.05 * 3) / 2) }

/** Of an engine that nobody has measured: a read is right nine times in ten. */
export const EVIDENCE_UNKNOWN: z.infer<typeof evidenceSchema> = {
  read: flat(2),
  candidate: flat(-1),
  rank: Array.from({ length: CANDIDATES }, (_, place) => -Math.log(place + 1)),
  edited: flat(0),
  alone: 0,
  shared: 0.6,
  plates: 26 ** 3 * 10 ** 4,
  forms: null,
  state: STATE,
}

function flat(value: number): Curve {
  const points = Array.from({ length: CURVE_POINTS }, (_, i): [number, number] => [
    i / (CURVE_POINTS - 1),
    value,
  ])
  return { none: value, points }
}

const factor = z.number().min(0.1).max(10)
const factors = z.strictObject({ start: factor, inside: factor, end: factor })

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
    /** Factors of the above by the true character's place. */
    place: z.strictObject({ substitution: factors, deletion: factors }),
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

function sum(table: Readonly<Record<string, number>>): number {
  return Object.values(table).reduce((total, p) => total + p, 0)
}

function isOne(total: number): boolean {
  return Math.abs(total - 1) <= SUM_ERROR_MAX
}
