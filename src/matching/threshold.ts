// Thresholds in people's terms: of each list, the score from which on matches alert so that random
// traffic raises no more false alerts than the list's budget, and what that catches and misses.
//
// Two estimates of the false alerts at a score, both on drawn traffic (traffic.ts). Where the
// budget is some hundred per million they are counted: hits on entries that are not the drawn
// plate. Rarer ones are weighted: misreads of the list's own plates are drawn, where the scores are
// high, and each counts by how much rarer it is in the traffic than among these (importance
// sampling: H. Kahn and A. W. Marshall, Methods of reducing sample size in Monte Carlo
// computations, Operations Research 1, 1953). With E entries, n draws, read r of plate e by a path
// that costs c, and q the probability that e is read right, that is
//
//   false alerts per read = E / n * sum of traffic(r) * (1 - q(e)) * exp(c) / q(e)
//
// Engines that tell confidences and candidates know more of a read than these draws do: what a
// threshold is worth in service is measured there (hotlists/false-alerts.ts).
import type { MatchClass } from '../domain/alert.ts'
import { alignPlates } from './explain.ts'
import type { IndexSource } from './index-block.ts'
import { SYMBOLS } from './look-alikes.ts'
import type { Model } from './model.ts'
import type { Drawn } from './sample.ts'
import { BATCH_READS, type DrawnMisread, DrawnTraffic } from './traffic.ts'

/** `several`: more than one edit, look-alikes not counted. */
export type MisreadKind = MatchClass | 'several'

export interface CaughtKind {
  kind: MisreadKind
  /** Of the list's misread plates. */
  share: number
  /** Of these, the ones that alert. */
  catches_share: number
}

export interface ListThreshold {
  /** False alerts per million reads, as all below. */
  budget_per_million: number
  /** Least log odds of an alert; what is the same once O is 0 alerts whatever they are. */
  log_odds_min: number
  /** Above the budget where plates that are read as another's, exactly, are more than it. */
  expected_false_per_million: number
  /** How that was estimated. */
  basis: 'counted' | 'weighted'
  /** Of misread plates of the list, drawn by the models, the share that alerts. */
  catches_share: number
  misses_share: number
  /** The most frequent first. */
  by_kind: CaughtKind[]
}

export interface ThresholdOptions {
  /** Index of the entries. */
  source: IndexSource
  /** Packed entries (record.ts), with their lists' numbers. */
  records: Uint8Array
  count: number
  /** By list number. */
  budgets_per_million: readonly number[]
  classes: readonly string[]
  /** Of the engines in use; each misreads its share of the reads. */
  models: readonly Model[]
  seed?: number
}

/** Stand for every score and for none, in JSON too: scores lie within 100 of 0. */
export const LOG_ODDS_ALL = -1_000
export const LOG_ODDS_NONE = 1_000

const SEED = 0x40_12_0b
/** Fewer where there is little to match. */
const READS_OF_ENTRY = 64
const READS_LEAST = 8_192
const READS_MOST = 65_536
/** Scored hits after which half of the reads are enough. */
const HITS_MAX = 100_000
/** Fewer than these are not counted but weighted. */
const EVENTS_MIN = 60
const MISREADS_OF_ENTRY = 32
const MISREADS_OF_LIST = 8_192
const MISREADS_ALL = 32_768
const MILLION = 1_000_000

/** @returns by list number */
export function thresholdsOf(options: ThresholdOptions): ListThreshold[] {
  const { budgets_per_million, seed = SEED } = options
  const lists = budgets_per_million.length
  const traffic = new DrawnTraffic({ ...options, lists, seed })
  const counted = budgets_per_million.map(() => ({ scores: [] as number[], same: 0, patterns: 0 }))
  const most = Math.min(READS_MOST, Math.max(READS_LEAST, options.count * READS_OF_ENTRY))
  let reads = 0
  for (let hits = 0; reads < most && (reads < most / 2 || hits < HITS_MAX); ) {
    hits += traffic.pass(BATCH_READS, ({ list, log_odds, kind, is_truth }) => {
      const found = counted[list]
      if (found === undefined || is_truth) return
      if (kind === 'scored') found.scores.push(log_odds)
      else found[kind === 'same' ? 'same' : 'patterns'] += 1
    })
    reads += BATCH_READS
  }
  return counted.map(({ scores, same, patterns }, list) => {
    const budget_per_million = budgets_per_million[list] as number
    const of_list = misreadsOf(traffic, list, lists, options.classes)
    const per_read = MILLION / reads
    const always =
      same < EVENTS_MIN
        ? patterns * per_read + of_list.same_per_million
        : (same + patterns) * per_read
    const room = budget_per_million - always
    const few = room / per_read < EVENTS_MIN
    const cut = few ? cutOf(of_list.false_scores, room) : countedCut(scores, room, per_read)
    const log_odds_min = cut.score
    return {
      budget_per_million,
      log_odds_min,
      expected_false_per_million: always + cut.total,
      basis: few ? ('weighted' as const) : ('counted' as const),
      ...caughtOf(of_list.misreads, log_odds_min),
    }
  })
}

interface WeightedScore {
  score: number
  /** False alerts per million reads that it stands for. */
  weight: number
}

/** As many of the highest scores as fit the room; of those that are the same, all or none. */
function cutOf(scores: WeightedScore[], room: number): { score: number; total: number } {
  scores.sort((a, b) => b.score - a.score)
  let total = 0
  for (let at = 0; at < scores.length; ) {
    let next = total
    let end = at
    const { score } = scores[at] as WeightedScore
    for (; end < scores.length && scores[end]?.score === score; end += 1) {
      next += (scores[end] as WeightedScore).weight
    }
    if (next > room) return { score: at === 0 ? LOG_ODDS_NONE : justAbove(score), total }
    total = next
    at = end
  }
  return { score: LOG_ODDS_ALL, total }
}

/** As {@link cutOf}, of scores that weigh the same. */
function countedCut(scores: readonly number[], room: number, weight: number) {
  const sorted = Float64Array.from(scores).sort().reverse()
  let taken = Math.min(sorted.length, Math.max(0, Math.floor(room / weight)))
  if (taken === sorted.length) return { score: LOG_ODDS_ALL, total: taken * weight }
  const next = sorted[taken] as number
  while (taken > 0 && sorted[taken - 1] === next) taken -= 1
  return { score: taken === 0 ? LOG_ODDS_NONE : justAbove(next), total: taken * weight }
}

/** Scores come of single-precision tables, so that two that are this near are one. */
function justAbove(score: number): number {
  return score + 1e-6
}

interface ListMisreads {
  misreads: { kind: MisreadKind; log_odds: number | null }[]
  false_scores: WeightedScore[]
  /** Reads that are another vehicle's, and misread as an entry's plate exactly. */
  same_per_million: number
}

/** Draws misreads of the list's plates: what they score as such, and as any other's reads. */
function misreadsOf(
  traffic: DrawnTraffic,
  list: number,
  lists: number,
  classes: readonly string[],
): ListMisreads {
  const entries = traffic.entries[list]?.length ?? 0
  const most = Math.min(MISREADS_OF_LIST, Math.ceil(MISREADS_ALL / lists))
  const wanted = Math.min(most, entries * MISREADS_OF_ENTRY)
  const found: ListMisreads = { misreads: [], false_scores: [], same_per_million: 0 }
  while (found.misreads.length < wanted) {
    const left = wanted - found.misreads.length
    const batch = traffic.misreadsOf(list, Math.min(left, BATCH_READS))
    if (batch.length === 0) break
    const own = hitsOnTruth(traffic, list, batch.length)
    traffic.otherStates(list, batch.length)
    const others = hitsOnTruth(traffic, list, batch.length)
    const scale = (MILLION * entries) / wanted
    batch.forEach((drawn, read) => {
      const kind = kindOf(drawn, classes)
      found.misreads.push({ kind, log_odds: own[read]?.log_odds ?? null })
      found.same_per_million += scale * traffic.misread.shareOf(drawn.truth)
      const as_other = others[read]
      if (as_other === undefined) return
      const { faithful } = drawn
      const rarer = ((1 - faithful) * Math.exp(as_other.cost)) / faithful
      const weight = scale * traffic.read.shareOf(drawn.read) * rarer
      found.false_scores.push({ score: as_other.log_odds, weight })
    })
  }
  return found
}

interface ScoredOnce {
  cost: number
  log_odds: number
}

/** By place in the batch: the best hit on the plate that was drawn. */
function hitsOnTruth(traffic: DrawnTraffic, list: number, count: number) {
  const found: (ScoredOnce | undefined)[] = []
  traffic.judgeTruths(count, (hit) => {
    if (hit.list !== list) return
    const { cost, log_odds } = hit
    const known = found[hit.read]
    if (known === undefined || known.log_odds < log_odds) found[hit.read] = { cost, log_odds }
  })
  return found
}

function caughtOf(misreads: ListMisreads['misreads'], log_odds_min: number) {
  const kinds = Map.groupBy(misreads, ({ kind }) => kind)
  const caught = (some: ListMisreads['misreads']) =>
    some.filter(({ log_odds }) => log_odds !== null && log_odds >= log_odds_min).length
  const by_kind = [...kinds]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([kind, some]) => ({
      kind,
      share: some.length / misreads.length,
      catches_share: caught(some) / some.length,
    }))
  const catches_share = misreads.length === 0 ? 0 : caught(misreads) / misreads.length
  return { catches_share, misses_share: misreads.length === 0 ? 0 : 1 - catches_share, by_kind }
}

function kindOf({ read, truth }: DrawnMisread, classes: readonly string[]): MisreadKind {
  const { aligned, class: kind } = alignPlates(textOf(read), textOf(truth), classes)
  const edits = aligned.filter(
    (pair) => pair.kind === 'differs' || pair.kind === 'inserted' || pair.kind === 'deleted',
  )
  return edits.length > 1 ? 'several' : kind
}

function textOf({ symbols, length }: Drawn): string {
  return Array.from(symbols.subarray(0, length), (symbol) => SYMBOLS[symbol]).join('')
}
