// How common plates of each form are where an engine's cameras stand: which characters are letters
// and which are digits. O counts as the digit that it ties.
import { PLATE_CHARS_MAX } from '../domain/plate.ts'
import type { EditLikelihoods } from './costs.ts'
import { SYMBOLS } from './look-alikes.ts'

/** Room for the numbers of all forms of at most twelve characters. */
const FORMS = 1 << (PLATE_CHARS_MAX + 1)
/** What is known before any plate is seen weighs as much as so many plates. */
const PRIOR_PLATES = 20

/** Shares of all plates. */
export interface Forms {
  /** By form, `L` a letter and `D` a digit: `LLLDDDD`. */
  known: Record<string, number>
  /** Of any other form by itself, by its characters: of one, of two, up to twelve. */
  others: number[]
}

/** A bit a character, 1 a letter, after a leading 1. */
export function formNumber(plate: string): number {
  return [...plate].reduce((number, char) => number * 2 + (/[A-NP-Z]/.test(char) ? 1 : 0), 1)
}

/** By number of a form. */
export interface FormTables {
  /** Its share of plates. */
  shares: Float64Array
  /** Share of the form that an edit makes of a plate of it, on average over edits. */
  edited: Float64Array
}

/** @param forms null where nothing is known of them: all are alike then, and count 1 */
export function formTables(forms: Forms | null, likelihoods: EditLikelihoods): FormTables {
  const shares = new Float64Array(FORMS).fill(1)
  const edited = new Float64Array(FORMS).fill(1)
  if (forms === null) return { shares, edited }
  for (const [at, share] of forms.others.entries()) shares.fill(share, 2 << at, 4 << at)
  for (const [form, share] of Object.entries(forms.known)) {
    shares[formNumber(plateOf(form))] = share
  }
  const average = averaged(likelihoods)
  for (let number = 2; number < FORMS; number += 1) {
    const form = number.toString(2).slice(1).replaceAll('1', 'L').replaceAll('0', 'D')
    let sum = 0
    let share = 0
    eachEdit(average, plateOf(form), (likelihood, made) => {
      sum += likelihood
      share += likelihood * (shares[made] as number)
    })
    edited[number] = share / sum
  }
  return { shares, edited }
}

/** @param plates folded; each counts once, however often it was read */
export function fitForms(plates: Iterable<string>): Forms {
  const distinct = [...new Set(plates)]
  const all = distinct.length
  const counts = Map.groupBy(distinct, formOf)
  const others = Array.from({ length: PLATE_CHARS_MAX }, (_, at) => {
    const alike = distinct.filter(({ length }) => length === at + 1).length
    const of_length = (alike + 1 / PLATE_CHARS_MAX) / (all + 1)
    return (PRIOR_PLATES * of_length) / 2 ** (at + 1) / (all + PRIOR_PLATES)
  })
  const known = [...counts].map(([form, { length }]): [string, number] => [
    form,
    rounded(length / (all + PRIOR_PLATES) + (others[form.length - 1] as number)),
  ])
  known.sort(([a], [b]) => (a < b ? -1 : 1))
  return { known: Object.fromEntries(known), others: others.map(rounded) }
}

export interface Edits {
  /** Likelihood of all edits of a reading, several at once too, beside its being faithful. */
  all: number
  /** How common the form is that they make, on average. */
  share: number
}

/** Sums of single edits' likelihoods are held between these. */
const SINGLE_MIN = 0.001
const SINGLE_MAX = 1.5

/** Of a reading; two edits at once stand for all that are more than one. */
export function editsOf(
  likelihoods: EditLikelihoods,
  { shares, edited }: FormTables,
  read: string,
): Edits {
  let sum = 0
  let once = 0
  let twice = 0
  eachEdit(likelihoods, read, (likelihood, made) => {
    sum += likelihood
    once += likelihood * (shares[made] as number)
    twice += likelihood * (edited[made] as number)
  })
  const single = Math.min(Math.max(sum, SINGLE_MIN), SINGLE_MAX)
  const all = Math.expm1(single)
  return { all, share: (single * once + (all - single) * twice) / (all * sum) }
}

/** @param add takes the likelihood of an edit, and the number of the form that it makes */
function eachEdit(
  { letters, digits, removed, lost_letters, lost_digits }: EditLikelihoods,
  read: string,
  add: (likelihood: number, form: number) => void,
): void {
  const chars = read.length
  const form = formNumber(read)
  for (let i = 0; i < chars; i += 1) {
    const place = placeOf(i, chars - 1)
    const symbol = SYMBOLS.indexOf(read[i] as string)
    const bit = 1 << (chars - 1 - i)
    add(letters[place]?.[symbol] as number, form | bit)
    add(digits[place]?.[symbol] as number, form & ~bit)
    const without = ((form >> 1) & -bit) | (form & (bit - 1))
    if (chars > 1) add(removed[place]?.[symbol] as number, without)
  }
  for (let gap = 0; chars < PLATE_CHARS_MAX && gap <= chars; gap += 1) {
    const place = placeOf(gap, chars)
    const bit = 1 << (chars - gap)
    const wider = ((form & -bit) << 1) | (form & (bit - 1))
    add(lost_letters[place] as number, wider | bit)
    add(lost_digits[place] as number, wider)
  }
}

/** All letters alike, and all digits. */
function averaged(likelihoods: EditLikelihoods): EditLikelihoods {
  const kinds = [0, 1].map((kind) =>
    [...SYMBOLS].flatMap((char, at) => (char !== 'O' && formNumber(char) === 2 + kind ? at : [])),
  )
  const ofPlaces = (places: Float64Array[]) =>
    places.map((place) => {
      const means = kinds.map(
        (of) => of.reduce((sum, at) => sum + (place[at] as number), 0) / of.length,
      )
      return Float64Array.from(SYMBOLS, (char) => means[formNumber(char) - 2] as number)
    })
  const { letters, digits, removed } = likelihoods
  return {
    ...likelihoods,
    letters: ofPlaces(letters),
    digits: ofPlaces(digits),
    removed: ofPlaces(removed),
  }
}

/** Some plate of a form. */
function plateOf(form: string): string {
  return form.replaceAll('L', 'A').replaceAll('D', '0')
}

function formOf(plate: string): string {
  return plate.replace(/[A-NP-Z]/g, 'L').replace(/[0-9O]/g, 'D')
}

function placeOf(at: number, last: number): number {
  return at === 0 ? 0 : at === last ? 2 : 1
}

/** Four digits. */
function rounded(share: number): number {
  return Number(share.toPrecision(4))
}
