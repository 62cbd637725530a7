// The rules that the accuracy bench holds the score against: what others match by.
import { foldTable, SYMBOLS } from '../../src/matching/look-alikes.ts'

export const RULES = ['exact', 'classes', 'candidate', 'edit1', 'classes_edit1', 'edit2'] as const
export type Rule = (typeof RULES)[number]

/** Room for all character codes of plates. */
const CODES = 128

/**
 * Edit distance (substitutions, insertions, deletions) between one plate and many, each character
 * by itself or by its look-alike class: Myers' bit vectors as Hyyrö (2003) has them for whole
 * strings.
 */
class Distances {
  readonly #masks = new Uint16Array(CODES)
  /** For each character's code those of its class. */
  readonly #members: readonly (readonly number[])[]
  #chars = 0

  constructor(classOf: (char: string) => number) {
    const codes = Array.from(SYMBOLS, (char) => [char.charCodeAt(0), classOf(char)] as const)
    this.#members = Array.from({ length: CODES }, (_, code) => {
      const own = codes.find(([other]) => other === code)?.[1]
      return codes.filter(([, number]) => number === own).map(([other]) => other)
    })
  }

  from(plate: string): void {
    this.#masks.fill(0)
    this.#chars = plate.length
    for (let i = 0; i < plate.length; i += 1) {
      for (const code of this.#members[plate.charCodeAt(i)] ?? []) {
        this.#masks[code] = (this.#masks[code] as number) | (1 << i)
      }
    }
  }

  /** @param at of the first of `chars` characters in `bytes` */
  to(bytes: Uint8Array, at: number, chars: number): number {
    const last = 1 << (this.#chars - 1)
    let distance = this.#chars
    let more = (1 << this.#chars) - 1
    let less = 0
    for (let i = at; i < at + chars; i += 1) {
      const same = this.#masks[bytes[i] as number] as number
      const diagonal = (((same & more) + more) ^ more) | same | less
      let up = less | ~(diagonal | more)
      const down = diagonal & more
      if ((up & last) !== 0) distance += 1
      else if ((down & last) !== 0) distance -= 1
      up = (up << 1) | 1
      more = (down << 1) | ~(diagonal | up)
      less = up & diagonal
    }
    return distance
  }
}

/** Which rules match a read with an entry: those that go by the read's own plate. */
export class DistanceRules {
  readonly #plain: Distances
  readonly #folded: Distances

  constructor(classes: readonly string[]) {
    const fold = foldTable(classes)
    // The rules know nothing of O and 0 that the classes don't say.
    const is_one_class = classes.some((members) => members.includes('O') && members.includes('0'))
    const classOf = (char: string) =>
      char === 'O' && !is_one_class ? SYMBOLS.length : (fold[SYMBOLS.indexOf(char)] as number)
    this.#plain = new Distances((char) => SYMBOLS.indexOf(char))
    this.#folded = new Distances(classOf)
  }

  from(plate: string): void {
    this.#plain.from(plate)
    this.#folded.from(plate)
  }

  /** Adds `weight` for each rule that matches, at its place in `RULES`. */
  count(bytes: Uint8Array, at: number, chars: number, weight: number, counts: Float64Array): void {
    const edits = this.#plain.to(bytes, at, chars)
    const folded = this.#folded.to(bytes, at, chars)
    if (folded === 0) counts[CLASSES] = (counts[CLASSES] as number) + weight
    if (folded <= 1) counts[CLASSES_EDIT1] = (counts[CLASSES_EDIT1] as number) + weight
    if (edits <= 1) counts[EDIT1] = (counts[EDIT1] as number) + weight
    if (edits <= 2) counts[EDIT2] = (counts[EDIT2] as number) + weight
  }
}

export const EXACT = RULES.indexOf('exact')
export const CANDIDATE = RULES.indexOf('candidate')
const CLASSES = RULES.indexOf('classes')
const CLASSES_EDIT1 = RULES.indexOf('classes_edit1')
const EDIT1 = RULES.indexOf('edit1')
const EDIT2 = RULES.indexOf('edit2')
