// Why an entry matched: the read and the entry's plate, aligned character by character.
import type { AlignedPair, MatchClass } from '../domain/alert.ts'

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
 * @param entry folded plate of the entry
 * @param classes look-alike classes, as given to the index
 * @returns columns in the order of the plates, and the class of the worst one. Where several edits
 * were needed (two readings that only a candidate brought together), a longer read is an insertion,
 * a shorter one a deletion
 */
export function alignPlates(read: string, entry: string, classes: readonly string[]): Explanation {
  const width = entry.length + 1
  const costs = costTable(read, entry, classes)
  const aligned: Column[] = []
  let i = read.length
  let j = entry.length
  while (i > 0 || j > 0) {
    const cost = costs[i * width + j] as number
    const r = read[i - 1] ?? ''
    const e = entry[j - 1] ?? ''
    const kind = kindOf(r, e, classes)
    if (i > 0 && j > 0 && cost === (costs[(i - 1) * width + j - 1] as number) + WEIGHTS[kind]) {
      aligned.push({ read: r, entry: e, kind })
      i -= 1
      j -= 1
    } else if (i > 0 && cost === (costs[(i - 1) * width + j] as number) + WEIGHTS.inserted) {
      aligned.push({ read: r, entry: '', kind: 'inserted' })
      i -= 1
    } else {
      aligned.push({ read: '', entry: e, kind: 'deleted' })
      j -= 1
    }
  }
  aligned.reverse()
  return { class: classOf(read.length - entry.length, aligned), aligned }
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
      if (i === 0 || j === 0) {
        costs[i * width + j] = i * WEIGHTS.inserted + j * WEIGHTS.deleted
        continue
      }
      const kind = kindOf(read[i - 1] as string, entry[j - 1] as string, classes)
      costs[i * width + j] = Math.min(
        (costs[(i - 1) * width + j - 1] as number) + WEIGHTS[kind],
        (costs[(i - 1) * width + j] as number) + WEIGHTS.inserted,
        (costs[i * width + j - 1] as number) + WEIGHTS.deleted,
      )
    }
  }
  return costs
}

function kindOf(read: string, entry: string, classes: readonly string[]): AlignedPair['kind'] {
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

function classOf(longer: number, aligned: readonly Column[]): MatchClass {
  let worst: AlignedPair['kind'] = 'same'
  for (const { kind } of aligned) if (WEIGHTS[kind] > WEIGHTS[worst]) worst = kind
  switch (worst) {
    case 'same':
      return 'exact'
    case 'any':
      return 'wildcard'
    case 'o_zero':
    case 'look_alike':
      return worst
    case 'differs':
    case 'inserted':
    case 'deleted':
      return longer > 0 ? 'insertion' : longer < 0 ? 'deletion' : 'substitution'
  }
}
