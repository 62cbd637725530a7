// Which characters of a reading cost what: the alignment that native/scorer finds cheapest, column
// by column.
import type { AlignedPair } from '../domain/alert.ts'
import { type CostTables, costTables } from './costs.ts'
import { kindOf } from './explain.ts'
import { SYMBOLS } from './look-alikes.ts'
import type { Model } from './model.ts'

/** Dearer alignments are of other plates: native/scorer takes them for no dearer than this. */
export const COST_MAX = 40
/** As in native/scorer: how sure an engine says it is of a character, in steps. */
const CONFIDENCE_STEPS = 254
const DOUBT_MIN = 0.05
const DOUBT_NATS_MAX = 2

export interface Explained {
  model: Model
  /** Folded plates; the entry's is no pattern. */
  read: string
  entry: string
  /** Of the read's characters, 0 to 1 each; null where none came. */
  char_confidence: readonly number[] | null
  /** The candidate that matched, where it explains the read better than the read's own plate. */
  candidate: string | null
  /** What the native scorer found. */
  cost: number
  /** Look-alike classes, as given to the index. */
  classes: readonly string[]
}

/**
 * The columns of the read and the entry, whose costs add up to the native one. By way of a
 * candidate: what it costs as a reading of the entry, where that arises; and what the engine's
 * putting it behind the read costs, where the two differ, each column alike.
 */
export function cheapestColumns(o: Explained): AlignedPair[] {
  const { model, read, entry, candidate, cost, classes } = o
  const tables = costTables(model)
  const doubts = candidate === null ? doubtsOf(read, o.char_confidence) : []
  const steps = cheapestSteps(tables, candidate ?? read, entry, doubts)
  const all = steps.reduce((sum, step) => sum + step.cost, 0)
  const scale = all > COST_MAX ? COST_MAX / all : 1
  const scaled = steps.map((step) => ({ ...step, cost: step.cost * scale }))
  const columns =
    candidate === null
      ? scaled
      : byWayOf(
          cheapestSteps(tables, read, candidate, []),
          scaled,
          Math.max(0, cost - Math.min(all, COST_MAX)),
        )
  return columns.map((column) => ({ ...column, kind: columnKind(column, classes) }))
}

/** Cost of the cheapest alignment of a reading with an entry, in nats. */
export function alignmentCost(tables: CostTables, read: string, entry: string): number {
  return (costsOf(tables, read, entry, []).at(-1) as Float64Array).at(-1) as number
}

/** '' where one side has no character. */
interface Step {
  read: string
  entry: string
  cost: number
}

function cheapestSteps(
  tables: CostTables,
  read: string,
  entry: string,
  doubts: readonly number[],
): Step[] {
  const costs = costsOf(tables, read, entry, doubts)
  const at = (i: number, j: number) => costs[i]?.[j] as number
  const steps: Step[] = []
  let [i, j] = [entry.length, read.length]
  while (i > 0 || j > 0) {
    const price = priceOf(tables, read, entry, doubts, i, j)
    const [r, e] = [read[j - 1] ?? '', entry[i - 1] ?? '']
    if (i > 0 && j > 0 && at(i, j) === at(i - 1, j - 1) + price.substituted) {
      steps.push({ read: r, entry: e, cost: price.substituted })
      i -= 1
      j -= 1
    } else if (j > 0 && at(i, j) === at(i, j - 1) + price.inserted) {
      steps.push({ read: r, entry: '', cost: price.inserted })
      j -= 1
    } else {
      steps.push({ read: '', entry: e, cost: price.deleted })
      i -= 1
    }
  }
  return steps.toReversed()
}

/** Least cost of the first i characters of the entry with the first j of the read, at [i][j]. */
function costsOf(
  tables: CostTables,
  read: string,
  entry: string,
  doubts: readonly number[],
): Float64Array[] {
  const costs = Array.from({ length: entry.length + 1 }, () => new Float64Array(read.length + 1))
  const at = (i: number, j: number) => costs[i]?.[j] ?? Number.POSITIVE_INFINITY
  for (const [i, row] of costs.entries()) {
    for (let j = i === 0 ? 1 : 0; j <= read.length; j += 1) {
      const price = priceOf(tables, read, entry, doubts, i, j)
      const substituted = at(i - 1, j - 1) + price.substituted
      row[j] = Math.min(substituted, at(i - 1, j) + price.deleted, at(i, j - 1) + price.inserted)
    }
  }
  return costs
}

/** What each last step to i characters of the entry and j of the read costs; 0 where none is. */
function priceOf(
  { substitution, deletion, insertion }: CostTables,
  read: string,
  entry: string,
  doubts: readonly number[],
  i: number,
  j: number,
): { substituted: number; deleted: number; inserted: number } {
  const [r, e] = [SYMBOLS.indexOf(read[j - 1] ?? ''), SYMBOLS.indexOf(entry[i - 1] ?? '')]
  const place = placeOf(i - 1, entry.length - 1)
  const eased = (cost: number) => (cost > 0 ? Math.max(0, cost - (doubts[j - 1] ?? 0)) : 0)
  return {
    substituted: eased(substitution[place]?.[e]?.[r] ?? 0),
    deleted: deletion[place]?.[e] ?? 0,
    inserted: eased(insertion[placeOf(i, entry.length)]?.[r] ?? 0),
  }
}

/** By how much an edit of each character is cheaper, by the engine's own word. */
function doubtsOf(read: string, char_confidence: readonly number[] | null): number[] {
  if (char_confidence?.length !== read.length) return []
  const doubts = char_confidence.map(
    (share) => 1 - Math.floor(share * CONFIDENCE_STEPS + 0.5) / CONFIDENCE_STEPS + DOUBT_MIN,
  )
  const mean = doubts.reduce((sum, doubt) => sum + doubt, 0) / doubts.length
  return doubts.map((doubt) =>
    Math.min(Math.max(Math.log(doubt / mean), -DOUBT_NATS_MAX), DOUBT_NATS_MAX),
  )
}

/**
 * From the read to the entry, over each character of the candidate.
 * @param behind cost of the candidate's place, for the columns where the read differs from it
 */
function byWayOf(to_candidate: Step[], to_entry: Step[], behind: number): Step[] {
  const columns: (Step & { differs: boolean })[] = []
  // Of a character that the candidate alone has.
  let carried = 0
  let [a, b] = [0, 0]
  while (a < to_candidate.length || b < to_entry.length) {
    const [first, second] = [to_candidate[a], to_entry[b]]
    const is_extra = first?.entry === ''
    const is_lost = second?.read === ''
    if (is_extra || !is_lost) a += 1
    if (is_lost || !is_extra) b += 1
    const read = is_extra || !is_lost ? (first?.read ?? '') : ''
    const [entry, cost] = is_lost || !is_extra ? [second?.entry ?? '', second?.cost ?? 0] : ['', 0]
    if (read === '' && entry === '') carried += cost
    else columns.push({ read, entry, cost, differs: read !== (is_extra ? '' : second?.read) })
  }
  const differing = columns.filter(({ differs }) => differs)
  const shared = differing.length > 0 ? differing : columns
  for (const column of shared) column.cost += (behind + carried) / shared.length
  return columns.map(({ read, entry, cost }) => ({ read, entry, cost }))
}

function columnKind({ read, entry }: Step, classes: readonly string[]): AlignedPair['kind'] {
  if (read === '') return 'deleted'
  return entry === '' ? 'inserted' : kindOf(read, entry, classes)
}

function placeOf(at: number, last: number): number {
  return at === 0 ? 0 : at === last ? 2 : 1
}
