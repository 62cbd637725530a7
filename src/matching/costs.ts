// What misreads cost by a model: -ln of their probability, given that the entry's plate was there,
// against that of its being read as it is. Nats, 0 and up.
import { SYMBOLS } from './look-alikes.ts'
import type { Model } from './model.ts'

/** First, inside, last: of characters; before the first, between, after the last: of insertions. */
const PLACES = ['start', 'inside', 'end'] as const
/** Gaps inside a plate of seven. */
const GAPS_INSIDE = 6
/** Plates have four zeros for each letter O; a list may write either for the other. */
const O_SHARE = 0.2
const LETTERS = 26
const DIGITS = 10

export interface CostTables {
  /** By place, the entry's character and the read's: 0 for the same, and for O and 0. */
  substitution: readonly Float64Array[][]
  /** By place and the entry's character. */
  deletion: readonly Float64Array[]
  /** By place and the read's character. */
  insertion: readonly Float64Array[]
}

const known = new WeakMap<Model, CostTables>()

export function costTables(model: Model): CostTables {
  const found = known.get(model) ?? makeTables(model)
  known.set(model, found)
  return found
}

function makeTables(model: Model): CostTables {
  const symbols = [...SYMBOLS]
  const { insertion_at, place: factors } = model
  const asIs = (true_char: string) => readAs(model, true_char, true_char)
  return {
    substitution: PLACES.map((place) =>
      symbols.map((entry) =>
        Float64Array.from(symbols, (read) =>
          tied(entry).includes(read)
            ? 0
            : nats(
                factors.substitution[place] *
                  ofTied(entry, (t) => readAs(model, t, read) / asIs(t)),
              ),
        ),
      ),
    ),
    deletion: PLACES.map((place) =>
      Float64Array.from(symbols, (entry) =>
        nats(
          factors.deletion[place] * ofTied(entry, (t) => (model.deletion[t] as number) / asIs(t)),
        ),
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

export interface EditLikelihoods {
  /** By place and the read's character: its being another's, a letter. */
  letters: Float64Array[]
  /** The same of digits; O is one. */
  digits: Float64Array[]
  /** By place and the read's character: its being nobody's. */
  removed: Float64Array[]
  /** By place of the gap: a letter lost there. */
  lost_letters: number[]
  lost_digits: number[]
}

/**
 * All plates that one edit at a place makes of a reading, each as likely as the edit and its own
 * form make it: of a form with more plates, each is the rarer. O counts as the digit it ties.
 */
export function editLikelihoods({
  substitution,
  deletion,
  insertion,
}: CostTables): EditLikelihoods {
  const symbols = [...SYMBOLS].filter((symbol) => symbol !== 'O')
  const numberOf = (symbol: string) => SYMBOLS.indexOf(symbol)
  const substituted = (place: number, kind: number, read: string) => {
    const others = symbols.filter((one) => alikeOf(one) === kind && !tied(read).includes(one))
    const costs = others.map(
      (entry) => substitution[place]?.[numberOf(entry)]?.[numberOf(read)] as number,
    )
    return (total(costs.map((cost) => Math.exp(-cost))) * alikeOf(read)) / kind
  }
  const lost = (place: number, kind: number) => {
    const some = symbols.filter((symbol) => alikeOf(symbol) === kind)
    const costs = some.map((entry) => deletion[place]?.[numberOf(entry)] as number)
    return total(costs.map((cost) => Math.exp(-cost))) / kind
  }
  const byRead = (of: (place: number, read: string) => number) =>
    PLACES.map((_, place) => Float64Array.from(SYMBOLS, (read) => of(place, read)))
  return {
    letters: byRead((place, read) => substituted(place, LETTERS, read)),
    digits: byRead((place, read) => substituted(place, DIGITS, read)),
    removed: byRead(
      (place, read) => Math.exp(-(insertion[place]?.[numberOf(read)] as number)) * alikeOf(read),
    ),
    lost_letters: PLACES.map((_, place) => lost(place, LETTERS)),
    lost_digits: PLACES.map((_, place) => lost(place, DIGITS)),
  }
}

/** Characters of its kind. */
function alikeOf(symbol: string): number {
  return symbol >= 'A' && symbol !== 'O' ? LETTERS : DIGITS
}

function ofTied(entry: string, ratio: (true_char: string) => number): number {
  if (tied(entry).length === 1) return ratio(entry)
  return O_SHARE * ratio('O') + (1 - O_SHARE) * ratio('0')
}

function readAs(model: Model, true_char: string, read: string): number {
  const row = model.substitution[true_char] as Record<string, number>
  return tied(read).reduce((p, char) => p + (row[char] as number), 0)
}

function tied(char: string): readonly string[] {
  return char === 'O' || char === '0' ? ['O', '0'] : [char]
}

/** As exact as the packed form, so that costs here and there are equal. */
function nats(ratio: number): number {
  return Math.fround(Math.max(0, -Math.log(ratio)))
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0)
}
