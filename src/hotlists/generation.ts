// What a batch is matched against, and its hits are named by: a base, built of the entry files of
// all lists, less what was silenced since, and an overlay of the custom entries in force. Both are
// immutable; a batch keeps the generation that it began with, and the last batch of one frees it.
import type { Revisioned } from '../bus/documents.ts'
import type { Entry, HotList } from '../domain/hotlist.ts'
import {
  buildIndex,
  type IndexedEntry,
  type IndexOptions,
  type IndexSource,
} from '../matching/index-block.ts'
import { packEntries } from '../matching/record.ts'
import { regionText } from '../matching/region.ts'
import type { ListThreshold } from '../matching/threshold.ts'
import { type Change, covers, type Removal } from './changes.ts'
import { type CustomEntry, isInForce, shownEntry } from './custom.ts'
import type { EntryFile } from './entry-file.ts'

export interface ListedEntry {
  list: HotList
  entry: Entry
  /** Made by hand: as fresh as its own approval, however old the list's version is. */
  custom?: true
}

export interface BaseOptions {
  source: IndexSource
  lists: readonly HotList[]
  /** Of each list. */
  files: readonly EntryFile[]
  /** By list number: the place in `lists`. */
  thresholds: readonly ListThreshold[]
  /** Told of a file of which an entry can't be read. */
  onDamaged: (path: string, error: unknown) => void
}

export class Base {
  readonly source: IndexSource
  readonly lists: readonly HotList[]
  readonly files: readonly EntryFile[]
  readonly thresholds: readonly ListThreshold[]
  readonly size: number
  readonly #starts: readonly number[]
  readonly #found = new Map<string, readonly number[]>()
  readonly #onDamaged: BaseOptions['onDamaged']

  constructor({ source, lists, files, thresholds, onDamaged }: BaseOptions) {
    this.source = source
    this.lists = lists
    this.files = files
    this.thresholds = thresholds
    this.#onDamaged = onDamaged
    const starts: number[] = []
    let size = 0
    for (const { entries } of files) {
      starts.push(size)
      size += entries
    }
    this.#starts = starts
    this.size = size
  }

  /** The entry of this number, read from its list's file. */
  at(index: number): ListedEntry {
    const which = this.#starts.findLastIndex((start) => start <= index)
    const list = this.lists[which] as HotList
    const file = this.files[which] as EntryFile
    const entry = index - (this.#starts[which] as number)
    try {
      return { list, entry: file.at(entry) }
    } catch (error) {
      this.#onDamaged(file.file, error)
      return { list, entry: withoutDetails(file, entry) }
    }
  }

  /** Numbers of the entries of a list that a removal silences. */
  covered(list: number, removal: Removal): readonly number[] {
    const key = `${list}\n${removal.plate}\n${removal.id ?? ''}`
    const known = this.#found.get(key)
    if (known !== undefined) return known
    const file = this.files[list] as EntryFile
    const numbers: number[] = []
    try {
      const { from, to } = file.find(removal.plate)
      for (let entry = from; entry < to; entry += 1) {
        const taken = removal.id === null || covers(removal, file.at(entry))
        if (taken) numbers.push((this.#starts[list] as number) + entry)
      }
    } catch (error) {
      this.#onDamaged(file.file, error)
      return numbers
    }
    this.#found.set(key, numbers)
    return numbers
  }
}

/** An alert with less in it is better than none, and the damaged list is on its way anew. */
function withoutDetails(file: EntryFile, entry: number): Entry {
  const { name, version } = file.manifest
  const { plate, region } = file.matched(entry)
  return {
    id: `${name}-${version}-${entry}`,
    plate,
    ...(region === 0 ? {} : { region: regionText(region) }),
    reason: 'The details of this entry could not be read: look it up in the list itself',
  }
}

/** What people have said beside the lists' versions. */
export interface Beside {
  /** Of all lists; what a list's version has folded in is left out. */
  removals: Iterable<Revisioned<Change>>
  /** Of all lists and in any state; those in force count. */
  custom: Iterable<CustomEntry>
  /** Thresholds that the custom entries alone come to, by the list's name, where they are known. */
  thresholds?: ReadonlyMap<string, ListThreshold>
}

export class Generation {
  readonly generation: number
  readonly base: Base
  /** Index of the custom entries; null where there are none. */
  readonly overlay: SharedArrayBuffer | null
  /** Entries of the base that are silenced, ascending. */
  readonly removed: Uint32Array
  /** By list number: the stricter one of the base's and that of the custom entries. */
  readonly thresholds: readonly ListThreshold[]
  /** Least log odds of an alert, by list number. */
  readonly log_odds_min: Float64Array
  readonly #additions: readonly ListedEntry[]

  /** @param now_ms what is over then is left out; what ends later is for whoever names its hits */
  constructor(
    generation: number,
    base: Base,
    { removals, custom, thresholds }: Beside,
    options: IndexOptions,
    now_ms: number,
  ) {
    this.generation = generation
    this.base = base
    const removals_of = Map.groupBy(removals, ({ value }) => value.list)
    const custom_of = Map.groupBy(custom, ({ list }) => list)
    const additions: ListedEntry[] = []
    const removed = new Set<number>()
    base.lists.forEach((list, number) => {
      const remove = (removal: Removal) => {
        for (const entry of base.covered(number, removal)) removed.add(entry)
      }
      for (const { value, revision } of removals_of.get(list.name) ?? []) {
        if (isLater(revision, list)) remove(value)
      }
      for (const one of custom_of.get(list.name) ?? []) {
        if (!isInForce(one, now_ms)) continue
        additions.push({ list, entry: shownEntry(one), custom: true })
        // Where the list has it too, the custom entry stands in its place.
        remove(one.entry)
      }
    })
    this.#additions = additions
    this.thresholds = base.lists.map((list, number) =>
      stricter(base.thresholds[number] as ListThreshold, thresholds?.get(list.name)),
    )
    this.log_odds_min = Float64Array.from(this.thresholds, ({ log_odds_min }) => log_odds_min)
    this.overlay =
      additions.length === 0
        ? null
        : buildIndex(
            additions.map((one) => indexed(base, one)),
            options,
          )
    const sorted = Uint32Array.from(removed).sort()
    this.removed = new Uint32Array(new SharedArrayBuffer(sorted.byteLength))
    this.removed.set(sorted)
  }

  /** Entries in force. */
  get size(): number {
    return this.base.size + this.#additions.length - this.removed.length
  }

  /** The custom entries in force, packed (matching/record.ts). */
  packed(): { records: Uint8Array; count: number } {
    const entries = this.#additions.map((one) => indexed(this.base, one))
    return { records: packEntries(entries), count: entries.length }
  }

  /** The entry of a hit: the base's numbers first, then the overlay's. */
  at(index: number): ListedEntry {
    const { size } = this.base
    return index < size ? this.base.at(index) : (this.#additions[index - size] as ListedEntry)
  }
}

/**
 * A list that its custom entries make dense is held to their threshold: an empty base would let all
 * that is in reach alert. Few beside many are held to that of the many.
 */
function stricter(base: ListThreshold, custom: ListThreshold | undefined): ListThreshold {
  return custom !== undefined && custom.log_odds_min > base.log_odds_min ? custom : base
}

/** Whether a removal came after what a list's version has folded in. */
export function isLater(revision: number, { changes_through = 0 }: HotList): boolean {
  return revision > changes_through
}

function indexed(base: Base, { list, entry }: ListedEntry): IndexedEntry {
  return {
    plate: entry.plate,
    profile: entry.profile ?? list.profile,
    list: base.lists.indexOf(list),
    ...(entry.region === undefined ? {} : { region: entry.region }),
  }
}
