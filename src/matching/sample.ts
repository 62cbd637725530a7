// Draws plates and what an engine makes of them, by its model: the traffic that thresholds are
// measured on. Symbols by their number (look-alikes.ts); the letter O is drawn as zero, since the
// two tie everywhere.

import { PLATE_CHARS_MAX } from '../domain/plate.ts'
import type { Random } from '../domain/random.ts'
import { costTables } from './costs.ts'
import { SYMBOLS } from './look-alikes.ts'
import type { Model } from './model.ts'

const ZERO = SYMBOLS.indexOf('0')
const LETTER_O = SYMBOLS.indexOf('O')
const FIRST_LETTER = SYMBOLS.indexOf('A')
const DELETED = SYMBOLS.length
const LETTERS = SYMBOLS.length - FIRST_LETTER

/** Up to {@link PLATE_CHARS_MAX} symbols. */
export interface Drawn {
  symbols: Uint8Array
  length: number
}

export function newDrawn(): Drawn {
  return { symbols: new Uint8Array(PLATE_CHARS_MAX), length: 0 }
}

/** @param plate folded */
export function drawnOf(plate: string): Drawn {
  const drawn = newDrawn()
  for (const char of plate) put(drawn, SYMBOLS.indexOf(char))
  return drawn
}

/** Odds against nothing happening, summed up: `ends[i]` is where outcome i ends. */
interface Outcomes {
  ends: Float64Array
  total: number
}

function outcomesOf(costs: readonly number[]): Outcomes {
  const ends = new Float64Array(costs.length)
  let total = 0
  costs.forEach((cost, outcome) => {
    total += Math.exp(-cost)
    ends[outcome] = total
  })
  return { ends, total }
}

/** @returns an outcome, or -1 for nothing */
function draw({ ends, total }: Outcomes, random: Random): number {
  const at = random.unit() * (1 + total) - 1
  if (at < 0) return -1
  let outcome = 0
  while (outcome < ends.length - 1 && (ends[outcome] as number) <= at) outcome += 1
  return outcome
}

/**
 * Misreads each character and each gap on its own, with the odds that the model gives to an edit
 * there: exp(-cost), against the character's being read as it is.
 */
export class MisreadSampler {
  /** By place, then true symbol: the symbols that it is read as, and its deletion. */
  readonly #characters: readonly Outcomes[][]
  /** By place: the symbol that is read besides. */
  readonly #gaps: readonly Outcomes[]

  constructor(model: Model) {
    const { substitution, deletion, insertion } = costTables(model)
    const never = Number.POSITIVE_INFINITY
    this.#characters = substitution.map((rows, place) =>
      rows.map((row, symbol) =>
        outcomesOf([
          ...Array.from(row, (cost, read) =>
            read === symbol || read === LETTER_O || isZero(read, symbol) ? never : cost,
          ),
          deletion[place]?.[symbol] ?? never,
        ]),
      ),
    )
    this.#gaps = insertion.map((costs) =>
      outcomesOf(Array.from(costs, (cost, read) => (read === LETTER_O ? never : cost))),
    )
  }

  /** Probability that the plate is read as it is. */
  faithful(plate: Drawn): number {
    const last = plate.length - 1
    let odds = 1
    for (let i = 0; i <= last; i += 1) {
      const rows = this.#characters[i === 0 ? 0 : i === last ? 2 : 1] as Outcomes[]
      const gap = this.#gaps[i === 0 ? 0 : 1] as Outcomes
      odds *= (1 + (rows[plate.symbols[i] as number] as Outcomes).total) * (1 + gap.total)
    }
    return 1 / (odds * (1 + (this.#gaps[2] as Outcomes).total))
  }

  /** Writes what is read of the plate; never nothing, and never more than a plate can have. */
  misread(plate: Drawn, target: Drawn, random: Random): void {
    target.length = 0
    const last = plate.length - 1
    for (let i = 0; i <= last; i += 1) {
      this.#gap(i === 0 ? 0 : 1, target, random)
      const symbol = plate.symbols[i] as number
      const rows = this.#characters[i === 0 ? 0 : i === last ? 2 : 1] as Outcomes[]
      const read = draw(rows[symbol] as Outcomes, random)
      if (read !== DELETED) put(target, read < 0 ? symbol : read)
    }
    this.#gap(2, target, random)
    if (target.length === 0) put(target, plate.symbols[0] as number)
  }

  #gap(place: number, target: Drawn, random: Random): void {
    const read = draw(this.#gaps[place] as Outcomes, random)
    if (read >= 0) put(target, read)
  }
}

/** Both are O or zero. */
function isZero(a: number, b: number): boolean {
  return (a === ZERO || a === LETTER_O) && (b === ZERO || b === LETTER_O)
}

function put(target: Drawn, symbol: number): void {
  if (target.length === PLATE_CHARS_MAX) return
  target.symbols[target.length] = symbol === LETTER_O ? ZERO : symbol
  target.length += 1
}

/** Another plate with letters and digits in the same places. */
export function drawAlike(plate: Drawn, target: Drawn, random: Random): void {
  target.length = plate.length
  for (let i = 0; i < plate.length; i += 1) {
    const is_letter = (plate.symbols[i] as number) >= FIRST_LETTER
    const symbol = is_letter ? FIRST_LETTER + random.below(LETTERS) : random.below(FIRST_LETTER)
    target.symbols[i] = symbol === LETTER_O ? ZERO : symbol
  }
}

/** @param shape `L` for a letter, `D` for a digit */
export function shapeOf(shape: string): Drawn {
  const drawn = newDrawn()
  for (const kind of shape) put(drawn, kind === 'L' ? FIRST_LETTER : ZERO)
  return drawn
}

const SHAPES = 2 ** (PLATE_CHARS_MAX + 1)

/** How often plates of each shape were read, and from that how often any one plate is. */
export class ShapeCounts {
  readonly #counts = new Float64Array(SHAPES)
  #all = 0

  /** @param counted whether it counts for its shape, or only among all */
  add(plate: Drawn, counted: boolean): void {
    this.#all += 1
    if (!counted) return
    const shape = shapeNumber(plate)
    this.#counts[shape] = (this.#counts[shape] as number) + 1
  }

  /** Share of all that are this plate, where the plates of a shape are alike. */
  shareOf(plate: Drawn): number {
    let alike = 1
    for (let i = 0; i < plate.length; i += 1) {
      alike *= (plate.symbols[i] as number) >= FIRST_LETTER ? LETTERS - 1 : FIRST_LETTER
    }
    return (this.#counts[shapeNumber(plate)] as number) / (this.#all * alike)
  }
}

/** A bit a character, 1 for a letter, after a leading 1. */
function shapeNumber({ symbols, length }: Drawn): number {
  let shape = 1
  for (let i = 0; i < length; i += 1) {
    shape = 2 * shape + ((symbols[i] as number) >= FIRST_LETTER ? 1 : 0)
  }
  return shape
}

/** Whether the plates are the same once O is 0. */
export function isSamePlate(a: Drawn, b: Drawn): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i += 1) if (a.symbols[i] !== b.symbols[i]) return false
  return true
}
