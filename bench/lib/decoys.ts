// Random plates of a letter/digit shape, each once: the list that must not alert.
import type { Random } from '../../src/domain/random.ts'
import { ENTRY_RECORD_BYTES, packEntry } from '../../src/matching/record.ts'
import { STATES } from './labelled-reads.ts'

const LETTERS = 26
const DIGITS = 10
const FIRST_LETTER = 'A'.charCodeAt(0)
const FIRST_DIGIT = '0'.charCodeAt(0)

/** How many plates have this shape. */
export function shapePlates(shape: string): number {
  return [...shape].reduce((plates, kind) => plates * (kind === 'L' ? LETTERS : DIGITS), 1)
}

/** Plates of one shape by their number, 0 to `shapePlates(shape) - 1`. */
export class Decoys {
  readonly #shape: string
  readonly #numbers = new Set<number>()
  readonly #order: Float64Array

  /** @param count at most half of the shape's plates, which are less than 2^53 */
  constructor(shape: string, count: number, random: Random) {
    this.#shape = shape
    while (this.#numbers.size < count) {
      let number = 0
      for (const kind of shape) {
        const kinds = kind === 'L' ? LETTERS : DIGITS
        number = number * kinds + random.below(kinds)
      }
      this.#numbers.add(number)
    }
    this.#order = Float64Array.from(this.#numbers)
  }

  has(plate: string): boolean {
    if (plate.length !== this.#shape.length) return false
    let number = 0
    for (let i = 0; i < plate.length; i += 1) {
      const code = plate.charCodeAt(i)
      const is_letter = code >= FIRST_LETTER
      if (is_letter !== (this.#shape[i] === 'L')) return false
      number = is_letter
        ? number * LETTERS + code - FIRST_LETTER
        : number * DIGITS + code - FIRST_DIGIT
    }
    return this.#numbers.has(number)
  }

  /** Packed entries (src/matching/record.ts), of random states. */
  pack(first: number, count: number, random: Random): Uint8Array {
    const records = new Uint8Array(count * ENTRY_RECORD_BYTES)
    for (let i = 0; i < count; i += 1) {
      const plate = this.#plate(this.#order[first + i] as number)
      packEntry(records, i, { plate, profile: 'fold+2', region: random.pick(STATES) })
    }
    return records
  }

  #plate(number: number): string {
    const chars = new Uint8Array(this.#shape.length)
    let rest = number
    for (let i = chars.length - 1; i >= 0; i -= 1) {
      const kinds = this.#shape[i] === 'L' ? LETTERS : DIGITS
      chars[i] = (kinds === LETTERS ? FIRST_LETTER : FIRST_DIGIT) + (rest % kinds)
      rest = Math.floor(rest / kinds)
    }
    return String.fromCharCode(...chars)
  }
}
