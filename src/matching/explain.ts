// Why an entry matched: the read and the entry's plate, aligned character by character.
import type { AlignedPair, MatchClass } from '../domain/alert.ts'
import { isPattern } from '../domain/plate.ts'

/** A column before a model has put its price on it. */
export type Column = Omit<AlignedPair, 'cost'>

export interface Explanation {
  class: MatchClass
  aligned: Column[]
}

/** Worse kinds outweigh any number of better ones: plates have 12 columns at most. */
const WEIGHTS: Readonly<Record<AlignedPair['kind'], number>> = {
  same: 0,
  o_zero: 1,
  look_alike: 32,
  differs: 1_024,
  inserted: 1_024,
  deleted: 1_024,
  any: 0,
}

/**
 * The optimal alignment: fewest edits, then fewest look-alikes, then fewest O for 0.
 * @param read folded plate of the read, or of a candidate reading
 * @param entry folded plate of the entry, or its pattern: `?` takes one character, `*` any run of
 * them, which stands in the first of its columns
 * @param classes look-alike classes, as given to the index
 * @returns columns in the order of the plates, and the class of the worst one. Where several edits
 * were needed (two readings that only a candidate brought together), a longer read is an insertion,
 * a shorter one a deletion; a pattern that fits is a wildcard
 */
export function alignPlates(read: string, entry: string, classes: readonly string[]): Explanation {
  const width = entry.length + 1
  const costs = costTable(read, entry, classes)
  const aligned: Column[] = []
  let i = read.length
  let j = entry.length
  let run_chars = 0
  while (i > 0 || j > 0) {
    const cost = costs[i * width + j] as number
    const r = read[i - 1] ?? ''
    const e = entry[j - 1] ?? ''
    const kind = kindOf(r, e, classes)
    if (e === '*' && cost < (costs[i * width + j - 1] as number)) {
      aligned.push({ read: r, entry: '', kind: 'any' })
      i -= 1
      run_chars += 1
    } else if (e === '*') {
      const first = run_chars > 0 ? (aligned.pop()?.read ?? '') : ''
      aligned.push({ read: first, entry: e, kind: 'any' })
      j -= 1
      run_chars = 0
    } else if (
      i > 0 &&
      j > 0 &&
      cost === (costs[(i - 1) * width + j - 1] as number) + WEIGHTS[kind]
    ) {
      aligned.push({ read: r, entry: e, kind })
      i -= 1
      j -= 1
    } else if (i > 0 && cost === (costs[(i - 1) * width + j] as number) + WEIGHTS.inserted) {
      aligned.push({ read: r, entry: '', kind: 'inserted' })
      i -= 1
    } else {
      aligned.push({ read: '', entry: e, kind: e === '?' ? 'any' : 'deleted' })
      j -= 1
    }
  }
  aligned.reverse()
  return { class: classOf(read, entry, aligned), aligned }
}

/**
 * A reading under a pattern that it fits: which characters stand for themselves, and what `?` and
 * `*` were given.
 * @param entry pattern that the reading fits, class by class
 */
export function alignPattern(read: string, entry: string, classes: readonly string[]): Explanation {
  return { class: 'wildcard', aligned: fill(read, entry, classes) ?? [] }
}

/**
 * Each `*` is given as little as will do; it stands in the first column of what it was given. Null
 * where the pattern does not fit.
 */
function fill(
  read: string,
  pattern: string,
  classes: readonly string[],
  run_goes_on = false,
): Column[] | null {
  if (pattern === '') return read === '' ? [] : null
  const entry = pattern[0] as string
  const [first = '', rest] = [read[0], read.slice(1)]
  if (entry === '*') {
    const none = fill(read, pattern.slice(1), classes)
    if (none !== null) return run_goes_on ? none : [{ read: '', entry, kind: 'any' }, ...none]
    const more = first === '' ? null : fill(rest, pattern, classes, true)
    return more && [{ read: first, entry: run_goes_on ? '' : entry, kind: 'any' }, ...more]
  }
  if (first === '') return null
  const kind = entry === '?' ? 'any' : kindOf(first, entry, classes)
  const others = kind === 'differs' ? null : fill(rest, pattern.slice(1), classes)
  return others && [{ read: first, entry, kind }, ...others]
}

/**
 * Least weight of aligning the first i characters of the read with the first j of the entry, at i *
 * width + j.
 */
function costTable(read: string, entry: string, classes: readonly string[]): Uint16Array {
  const width = entry.length + 1
  const costs = new Uint16Array((read.length + 1) * width)
  for (let i = 0; i <= read.length; i += 1) {
    for (let j = 0; j <= entry.length; j += 1) {
      if (i === 0 && j === 0) continue
      const above = i === 0 ? Number.POSITIVE_INFINITY : (costs[(i - 1) * width + j] as number)
      const left = j === 0 ? Number.POSITIVE_INFINITY : (costs[i * width + j - 1] as number)
      const e = entry[j - 1] ?? ''
      if (e === '*') {
        costs[i * width + j] = Math.min(above, left)
        continue
      }
      const both =
        i === 0 || j === 0
          ? Number.POSITIVE_INFINITY
          : (costs[(i - 1) * width + j - 1] as number) +
            WEIGHTS[kindOf(read[i - 1] as string, e, classes)]
      costs[i * width + j] = Math.min(both, above + WEIGHTS.inserted, left + WEIGHTS.deleted)
    }
  }
  return costs
}

/** @param classes look-alike classes, as given to the index */
export function kindOf(
  read: string,
  entry: string,
  classes: readonly string[],
): AlignedPair['kind'] {
  if (entry === '?') return 'any'
  if (read === entry) return 'same'
  const read_is_zero = read === 'O' || read === '0'
  const entry_is_zero = entry === 'O' || entry === '0'
  if (read_is_zero && entry_is_zero) return 'o_zero'
  for (const look_alikes of classes) {
    const has_zero = look_alikes.includes('O') || look_alikes.includes('0')
    const has_read = look_alikes.includes(read) || (read_is_zero && has_zero)
    const has_entry = look_alikes.includes(entry) || (entry_is_zero && has_zero)
    if (has_read && has_entry) return 'look_alike'
  }
  return 'differs'
}

function classOf(read: string, entry: string, aligned: readonly Column[]): MatchClass {
  const worst = Math.max(...aligned.map(weightOf))
  if (worst >= WEIGHTS.differs) {
    if (read.length > entry.length) return 'insertion'
    return read.length < entry.length ? 'deletion' : 'substitution'
  }
  if (isPattern(entry)) return 'wildcard'
  if (worst >= WEIGHTS.look_alike) return 'look_alike'
  return worst >= WEIGHTS.o_zero ? 'o_zero' : 'exact'
}

function weightOf({ read, entry, kind }: Column): number {
  return read === '' && entry === '?' ? WEIGHTS.deleted : WEIGHTS[kind]
}
