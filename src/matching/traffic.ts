// Traffic drawn for hot lists, and what their index and the scorer make of it. Half of the plates
// have the shapes of the lists' own entries, half those that are common across the country; half of
// the reads tell the issuing state, that of an entry. Each engine misreads its share of the reads.
import { Random, Weighted } from '../domain/random.ts'
import { COMMON_SHAPES } from '../domain/shapes.ts'
import { EVIDENCE_BYTES, packEvidence } from './evidence.ts'
import type { IndexSource } from './index-block.ts'
import { SYMBOLS } from './look-alikes.ts'
import { Matcher } from './matcher.ts'
import type { Model } from './model.ts'
import { loadNative, type NativeScorer } from './native.ts'
import { packModel } from './packed-model.ts'
import { ENTRY_RECORD_BYTES, PLATE_RECORD_BYTES } from './record.ts'
import { regionText } from './region.ts'
import {
  type Drawn,
  drawAlike,
  isSamePlate,
  MisreadSampler,
  newDrawn,
  ShapeCounts,
  shapeOf,
} from './sample.ts'

export interface TrafficOptions {
  /** Index of the entries. */
  source: IndexSource
  /** Packed entries (record.ts), with their lists' numbers. */
  records: Uint8Array
  count: number
  /** How many lists there are. */
  lists: number
  /** Of the engines in use. */
  models: readonly Model[]
  seed: number
}

export interface DrawnHit {
  /** Place in the batch. */
  read: number
  list: number
  cost: number
  log_odds: number
  /** `same` once O is 0, `pattern`, or `scored`. */
  kind: 'same' | 'pattern' | 'scored'
  /** The entry's plate is the one that was drawn. */
  is_truth: boolean
}

export interface DrawnMisread {
  truth: Drawn
  read: Drawn
  /** Probability that this plate is read right. */
  faithful: number
}

export const BATCH_READS = 4_096
const ALIKE_SHARE = 0.5
const STATE_SHARE = 0.5
const TRIES_MAX = 64
const LIST_AT = 14
const REGION_AT = 16

interface Engine {
  misreader: MisreadSampler
  scorer: NativeScorer
}

export class DrawnTraffic {
  /** Of the traffic: what was read, and what was read wrong. */
  readonly read = new ShapeCounts()
  readonly misread = new ShapeCounts()
  /** Numbers of the entries of each list. */
  readonly entries: readonly (readonly number[])[]
  readonly #o: TrafficOptions
  readonly #matcher: Matcher
  readonly #engines: readonly Engine[]
  readonly #shapes = new Weighted(
    COMMON_SHAPES.map(([shape, weight]): [Drawn, number] => [shapeOf(shape), weight]),
  )
  readonly #random: Random
  readonly #filled: readonly number[]
  readonly #reads = new Uint8Array(BATCH_READS * PLATE_RECORD_BYTES)
  readonly #regions = new Uint32Array(BATCH_READS)
  readonly #batch = Array.from({ length: BATCH_READS }, () => ({
    truth: newDrawn(),
    read: newDrawn(),
    faithful: 0,
  }))
  readonly #entry = newDrawn()
  readonly #evidence = new Map<number, Uint8Array>()
  /** Entries that are scored next, and their records. */
  #found = new Uint32Array(64)
  #found_records = new Uint8Array(64 * ENTRY_RECORD_BYTES)

  constructor(o: TrafficOptions) {
    this.#o = o
    this.#matcher = new Matcher(o.source)
    this.#random = new Random(o.seed)
    const { Scorer } = loadNative()
    this.#engines = o.models.map((model) => ({
      misreader: new MisreadSampler(model),
      scorer: new Scorer(packModel(model)),
    }))
    const entries = Array.from({ length: o.lists }, (): number[] => [])
    for (let entry = 0; entry < o.count; entry += 1) entries[this.#listOf(entry)]?.push(entry)
    this.entries = entries
    this.#filled = [...entries.keys()].filter((list) => entries[list]?.length !== 0)
  }

  /** Draws reads of any vehicles. @returns how many hits there were */
  pass(count: number, onHit: (hit: DrawnHit) => void): number {
    for (let at = 0; at < count; at += 1) {
      const { truth, read } = this.#batch[at] as DrawnMisread
      const entry = this.#filled.length > 0 ? this.#anyOf(this.#random.pick(this.#filled)) : -1
      const alike = entry >= 0 && this.#random.chance(ALIKE_SHARE)
      const shape =
        alike && this.#unpack(entry, this.#entry) ? this.#entry : this.#shapes.draw(this.#random)
      drawAlike(shape, truth, this.#random)
      this.#engine(at).misreader.misread(truth, read, this.#random)
      this.#put(at, read, entry)
      this.read.add(read, true)
      this.misread.add(read, !isSamePlate(read, truth))
    }
    return this.#judge(count, onHit, false)
  }

  /**
   * Draws misreads of a list's own plates, each plate as likely as the other.
   * @returns as many as could be drawn, until the next batch
   */
  misreadsOf(list: number, count: number): readonly DrawnMisread[] {
    let drawn = 0
    for (let tries = count * TRIES_MAX; drawn < count && tries > 0; tries -= 1) {
      const entry = this.#anyOf(list)
      const one = this.#batch[drawn] as DrawnMisread
      if (entry < 0 || !this.#unpack(entry, one.truth)) continue
      const { misreader } = this.#engine(drawn)
      one.faithful = misreader.faithful(one.truth)
      for (let again = 0; again < TRIES_MAX; again += 1) {
        misreader.misread(one.truth, one.read, this.#random)
        if (!isSamePlate(one.truth, one.read)) break
      }
      if (isSamePlate(one.truth, one.read)) continue
      this.#put(drawn, one.read, entry)
      drawn += 1
    }
    return this.#batch.slice(0, drawn)
  }

  /** Gives the reads of the batch the issuing states of any entries of the list. */
  otherStates(list: number, count: number): void {
    for (let at = 0; at < count; at += 1) this.#tellState(at, this.#anyOf(list))
  }

  /** All hits of the batch on the plates that were drawn. */
  judgeTruths(count: number, onHit: (hit: DrawnHit) => void): void {
    this.#judge(count, onHit, true)
  }

  /** @returns how many hits there were */
  #judge(count: number, onHit: (hit: DrawnHit) => void, truths_only: boolean): number {
    const pairs = this.#matcher.match(this.#reads, count)
    for (let at = 0; at < pairs.length; ) {
      const read = pairs[at] as number
      const { truth } = this.#batch[read] as DrawnMisread
      let found = 0
      for (; at < pairs.length && pairs[at] === read; at += 2) {
        const entry = pairs[at + 1] as number
        if (truths_only && !this.#isOf(truth, entry)) continue
        this.#take(entry, found)
        found += 1
      }
      if (found > 0) this.#score(read, found, onHit)
    }
    return pairs.length / 2
  }

  /** Puts an entry among those that are scored next. */
  #take(entry: number, place: number): void {
    if (place === this.#found.length) {
      const [found, records] = [this.#found, this.#found_records]
      this.#found = new Uint32Array(2 * found.length)
      this.#found.set(found)
      this.#found_records = new Uint8Array(2 * records.length)
      this.#found_records.set(records)
    }
    this.#found[place] = entry
    const { records } = this.#o
    const [from, to] = [entry * ENTRY_RECORD_BYTES, place * ENTRY_RECORD_BYTES]
    // Byte by byte: a view of each entry would be most of the work.
    for (let i = 0; i < ENTRY_RECORD_BYTES; i += 1) {
      this.#found_records[to + i] = records[from + i] as number
    }
  }

  #score(read: number, found: number, onHit: (hit: DrawnHit) => void): void {
    const record = this.#reads.subarray(read * PLATE_RECORD_BYTES, (read + 1) * PLATE_RECORD_BYTES)
    const entries = this.#found_records.subarray(0, found * ENTRY_RECORD_BYTES)
    const scores = this.#engine(read).scorer.score(record, this.#evidenceOf(read), entries)
    const drawn = this.#batch[read] as DrawnMisread
    for (let hit = 0; hit < found; hit += 1) {
      const entry = this.#found[hit] as number
      const is_plate = this.#unpack(entry, this.#entry)
      const is_same = is_plate && isSamePlate(drawn.read, this.#entry)
      onHit({
        read,
        list: this.#listOf(entry),
        cost: scores[hit * 3 + 1] as number,
        log_odds: scores[hit * 3 + 2] as number,
        kind: is_same ? 'same' : is_plate ? 'scored' : 'pattern',
        is_truth: is_plate && isSamePlate(drawn.truth, this.#entry),
      })
    }
  }

  #evidenceOf(read: number): Uint8Array {
    const model = read % this.#engines.length
    const region = this.#regions[read] as number
    const key = region * this.#engines.length + model
    const known = this.#evidence.get(key)
    if (known !== undefined) return known
    const packed = new Uint8Array(EVIDENCE_BYTES)
    packEvidence(packed, 0, 0, { confidence: null, region: regionText(region), model })
    this.#evidence.set(key, packed)
    return packed
  }

  #engine(read: number): Engine {
    return this.#engines[read % this.#engines.length] as Engine
  }

  #put(at: number, { symbols, length }: Drawn, entry: number): void {
    const from = at * PLATE_RECORD_BYTES
    this.#reads.fill(0, from, from + PLATE_RECORD_BYTES)
    this.#reads[from] = length
    for (let i = 0; i < length; i += 1) {
      this.#reads[from + 1 + i] = SYMBOLS.charCodeAt(symbols[i] as number)
    }
    this.#tellState(at, entry)
  }

  #tellState(at: number, entry: number): void {
    const told = entry >= 0 && this.#random.chance(STATE_SHARE)
    this.#regions[at] = told ? this.#regionOf(entry) : 0
  }

  /** @returns false for a pattern, which is no plate */
  #unpack(entry: number, target: Drawn): boolean {
    const at = entry * ENTRY_RECORD_BYTES
    target.length = this.#o.records[at] as number
    for (let i = 0; i < target.length; i += 1) {
      const symbol = SYMBOL_OF[this.#o.records[at + 1 + i] as number] as number
      if (symbol < 0) return false
      target.symbols[i] = symbol
    }
    return true
  }

  #isOf(plate: Drawn, entry: number): boolean {
    return this.#unpack(entry, this.#entry) && isSamePlate(plate, this.#entry)
  }

  #anyOf(list: number): number {
    const entries = this.entries[list] ?? []
    return entries.length === 0 ? -1 : this.#random.pick(entries)
  }

  #listOf(entry: number): number {
    const at = entry * ENTRY_RECORD_BYTES + LIST_AT
    return (this.#o.records[at] as number) + 256 * (this.#o.records[at + 1] as number)
  }

  #regionOf(entry: number): number {
    const { buffer, byteOffset } = this.#o.records
    return new DataView(buffer, byteOffset).getUint32(entry * ENTRY_RECORD_BYTES + REGION_AT, true)
  }
}

/** By character code; -1 for what is no symbol, and zero for O. */
const SYMBOL_OF = Int8Array.from({ length: 256 }, (_, code) => {
  const char = String.fromCharCode(code)
  return SYMBOLS.indexOf(char === 'O' ? '0' : char)
})
