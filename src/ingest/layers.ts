// Matches of a generation: those of its base but for the silenced entries, and those of its
// overlay, whose entries are numbered on.
import { EntryTable } from '../matching/entry-table.ts'
import { Judge, type JudgedHit, type JudgeOptions, type Sighted } from '../matching/judge.ts'
import type { IndexShare, Layer } from './work.ts'

export class Layers {
  readonly base_number: number
  readonly #base: Judge
  readonly #size: number
  readonly #overlay: Judge | null
  readonly #removed: Set<number>

  /** @param before of an earlier generation: its base is used again where it is the same */
  constructor(share: IndexShare, options: JudgeOptions, before: Layers | null) {
    const known = before?.base_number === share.base_number ? before : null
    this.base_number = share.base_number
    this.#base = known === null ? judgeOf(share.base, options) : known.#base
    this.#size = new EntryTable(share.base.table).size
    this.#overlay = share.overlay && judgeOf(share.overlay, options)
    this.#removed = new Set(share.removed)
  }

  /** As the judge's, in the order of the reads; a read's matches in the base come first. */
  match(reads: readonly Sighted[]): JudgedHit[] {
    return this.#both((judge) => judge.match(reads))
  }

  /** As the judge's. */
  matchPacked(
    records: Uint8Array,
    origins: Int32Array,
    count: number,
    readOf: (read: number) => Sighted,
  ): JudgedHit[] {
    return this.#both((judge) => judge.matchPacked(records, origins, count, readOf))
  }

  #both(match: (judge: Judge) => JudgedHit[]): JudgedHit[] {
    const hits = match(this.#base).filter(({ entry }) => !this.#removed.has(entry))
    if (this.#overlay === null) return hits
    const added = match(this.#overlay).map((hit) => ({ ...hit, entry: this.#size + hit.entry }))
    return [...hits, ...added].toSorted((a, b) => a.read - b.read)
  }
}

function judgeOf({ source, table }: Layer, options: JudgeOptions): Judge {
  return new Judge(source, new EntryTable(table), options)
}
