// From the native matcher's hits to matches: what a hit is called, what it costs, and whether it is
// likely enough to alert.
import type { PlateMatch } from '../domain/alert.ts'
import type { Candidate } from '../domain/read.ts'
import type { EntryTable } from './entry-table.ts'
import { alignPlates } from './explain.ts'
import type { IndexSource } from './index-block.ts'
import { Matcher, PLATE_RECORD_BYTES, packPlate } from './matcher.ts'
import type { Model } from './model.ts'
import { columnCosts } from './model.ts'

export interface Sighted {
  plate: string
  region: string
  candidates: readonly Candidate[] | null
}

export interface JudgeOptions {
  classes: readonly string[]
  model: Model
  /** A one-edit match alerts when its cost is at most this; nearer classes always do. */
  edit_cost_max: number
}

export interface JudgedHit {
  /** Index into the reads given. */
  read: number
  entry: number
  match: PlateMatch
}

/** Candidate readings looked up besides a read's own plate; engines put the likely ones first. */
const CANDIDATES_MATCHED_MAX = 10
/**
 * How many of the plates of a format are on a vehicle: the chance that the reading, taken at its
 * word, is of another vehicle.
 */
const PLATES_IN_USE = 0.1

export class Judge {
  #matcher: Matcher
  #table: EntryTable
  #options: JudgeOptions
  #records = new Uint8Array(4_096 * PLATE_RECORD_BYTES)
  /** For each record: its read, and which candidate (-1: the plate itself). */
  #origin = new Int32Array(4_096 * 2)

  constructor(source: IndexSource, table: EntryTable, options: JudgeOptions) {
    this.#matcher = new Matcher(source)
    this.#table = table
    this.#options = options
  }

  /** All matches of these reads, each pair of read and entry once, ordered by read then entry. */
  match(reads: readonly Sighted[]): JudgedHit[] {
    const count = this.#pack(reads)
    return this.matchPacked(this.#records, this.#origin, count, (read) => reads[read] as Sighted)
  }

  /**
   * As {@link match}, of reads that are packed already.
   * @param records packed plates, 16 bytes each
   * @param origins for each record its read, and which candidate (-1: the plate itself)
   * @param readOf is asked for reads that are hit only
   */
  matchPacked(
    records: Uint8Array,
    origins: Int32Array,
    count: number,
    readOf: (read: number) => Sighted,
  ): JudgedHit[] {
    const hits = this.#matcher.match(records, count)
    if (hits.length === 0) return []
    const found = new Map<number, Map<number, PlateMatch>>()
    for (let at = 0; at < hits.length; at += 2) {
      const record = hits[at] as number
      const entry = hits[at + 1] as number
      const read = origins[record * 2] as number
      const candidate = origins[record * 2 + 1] as number
      const match = this.#judge(readOf(read), entry, candidate)
      if (match === null) continue
      const entries = found.get(read) ?? new Map<number, PlateMatch>()
      found.set(read, entries)
      const known = entries.get(entry)
      if (!known || match.cost < known.cost) entries.set(entry, match)
    }
    return [...found].flatMap(([read, entries]) =>
      [...entries].sort(([a], [b]) => a - b).map(([entry, match]) => ({ read, entry, match })),
    )
  }

  #pack(reads: readonly Sighted[]): number {
    let count = 0
    for (let read = 0; read < reads.length; read += 1) {
      const { plate, candidates } = reads[read] as Sighted
      this.#reserve(count + 1 + CANDIDATES_MATCHED_MAX)
      this.#add(count, read, -1, plate, false)
      count += 1
      if (candidates === null) continue
      const many = Math.min(candidates.length, CANDIDATES_MATCHED_MAX)
      for (let index = 0; index < many; index += 1) {
        const candidate = (candidates[index] as Candidate).plate
        if (candidate === plate) continue
        this.#add(count, read, index, candidate, true)
        count += 1
      }
    }
    return count
  }

  #add(record: number, read: number, candidate: number, plate: string, fold_only: boolean): void {
    packPlate(this.#records, record, plate, fold_only)
    this.#origin[record * 2] = read
    this.#origin[record * 2 + 1] = candidate
  }

  #reserve(records: number): void {
    if (records * 2 <= this.#origin.length) return
    const more = new Uint8Array(records * 2 * PLATE_RECORD_BYTES)
    more.set(this.#records)
    this.#records = more
    const origin = new Int32Array(records * 4)
    origin.set(this.#origin)
    this.#origin = origin
  }

  #judge(read: Sighted, entry: number, candidate: number): PlateMatch | null {
    const { classes, model, edit_cost_max } = this.#options
    const listed = this.#table.plate(entry)
    const { class: kind, aligned } = alignPlates(read.plate, listed, classes)
    const costs = columnCosts(model, aligned)
    const by_model = costs.reduce((total, cost) => total + cost, 0)
    const told = candidate < 0 ? null : ((read.candidates as Candidate[])[candidate] as Candidate)
    const cost = told === null ? by_model : -Math.log(Math.min(Math.max(told.confidence, 0.001), 1))
    const edited = kind === 'substitution' || kind === 'insertion' || kind === 'deletion'
    if (told === null && edited && cost > edit_cost_max) return null
    // The camera says what a candidate costs; the model only says where that cost arises.
    const scale = by_model === 0 ? 0 : cost / by_model
    const score = Math.exp(-cost)
    return {
      class: told === null ? kind : 'candidate',
      cost,
      score,
      posterior: score / (score + PLATES_IN_USE),
      aligned: aligned.map((column, at) => ({ ...column, cost: (costs[at] as number) * scale })),
      ...(told === null ? {} : { candidate: told.plate }),
      state: compareStates(read.region, this.#table.region(entry)),
      model: { name: model.name, version: model.version },
    }
  }
}

function compareStates(seen: string, listed: string): PlateMatch['state'] {
  if (seen === '' || listed === '') return 'unknown'
  return seen === listed ? 'same' : 'differs'
}
