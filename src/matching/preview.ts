// What would alert for one entry: a single pair of read and entry weighed, and all readings of a
// plate that are one or two misreads away.
import type { Profile } from '../domain/hotlist.ts'
import { isPattern, PLATE_CHARS_MAX, zeroFold } from '../domain/plate.ts'
import { EVIDENCE_BYTES, packEvidence } from './evidence.ts'
import { buildIndex, type IndexOptions } from './index-block.ts'
import { SYMBOLS } from './look-alikes.ts'
import { Matcher } from './matcher.ts'
import type { Model } from './model.ts'
import { loadNative, type NativeScorer } from './native.ts'
import { packModel } from './packed-model.ts'
import { PLATE_RECORD_BYTES, packEntries, packPlate } from './record.ts'
import { drawnOf, MisreadSampler } from './sample.ts'

export interface PairOptions {
  /** Folded plate, or a pattern. */
  entry: string
  /** ISO 3166-2, '' where it is unknown, of either side. */
  region_entry: string
  region_read: string
  /** Of the read, 0 to 1; null where the engine tells none. */
  confidence: number | null
  profile: Profile
  model: Model
  index: IndexOptions
  /** Least log odds of an alert. */
  log_odds_min: number
}

export interface WeighedRead {
  /** nats */
  cost: number
  log_odds: number
  /**
   * - `always`: the same once O is 0, or a pattern that fits
   * - `likely`, `unlikely`: in reach, and its log odds reach the least or do not
   * - `out_of_reach`: farther off than the entry's profile goes
   */
  verdict: 'always' | 'likely' | 'unlikely' | 'out_of_reach'
}

/** Weighs reads against one entry. */
export class PairWeigher {
  readonly #o: PairOptions
  readonly #matcher: Matcher
  readonly #scorer: NativeScorer
  readonly #entries: Uint8Array
  readonly #record = new Uint8Array(PLATE_RECORD_BYTES)
  readonly #evidence = new Uint8Array(EVIDENCE_BYTES)

  constructor(o: PairOptions) {
    const entry = {
      plate: o.entry,
      profile: o.profile,
      ...(o.region_entry === '' ? {} : { region: o.region_entry }),
    }
    this.#o = o
    this.#matcher = new Matcher(buildIndex([entry], o.index))
    this.#scorer = new (loadNative().Scorer)(packModel(o.model))
    this.#entries = packEntries([entry])
    packEvidence(this.#evidence, 0, 0, {
      confidence: o.confidence,
      region: o.region_read,
      model: 0,
    })
  }

  /** @param read folded plate */
  weigh(read: string): WeighedRead {
    const { entry, log_odds_min } = this.#o
    packPlate(this.#record, 0, read, false)
    const scores = this.#scorer.score(this.#record, this.#evidence, this.#entries)
    const [, cost, log_odds] = scores as unknown as [number, number, number]
    const weighed = { cost, log_odds }
    if (this.#matcher.match(this.#record, 1).length === 0) {
      return { ...weighed, verdict: 'out_of_reach' }
    }
    const always = isPattern(entry) || zeroFold(read) === zeroFold(entry)
    if (always) return { ...weighed, cost: 0, verdict: 'always' }
    return { ...weighed, verdict: log_odds >= log_odds_min ? 'likely' : 'unlikely' }
  }
}

export interface PreviewedReading extends WeighedRead {
  read: string
  /** That the plate is read so. */
  probability: number
}

export interface Preview {
  /** The ones that would alert, the likeliest first; O stands for 0 too. */
  readings: PreviewedReading[]
  /** Share of misread plates that these are, by the model. */
  misreads_share: number
  /** That the plate is read as it is. */
  faithful: number
}

/**
 * All readings of the entry's plate within two edits, weighed. What is farther off is rarer, and
 * counts as missed.
 */
export function previewReadings(o: PairOptions): Preview {
  const weigher = new PairWeigher(o)
  const faithful = new MisreadSampler(o.model).faithful(drawnOf(o.entry))
  const zeroed = zeroFold(o.entry)
  const readings: PreviewedReading[] = []
  let misreads_share = 0
  for (const read of readingsWithin(zeroed, 2)) {
    const weighed = weigher.weigh(read)
    if (weighed.verdict !== 'always' && weighed.verdict !== 'likely') continue
    const probability = faithful * Math.exp(-weighed.cost)
    readings.push({ read, ...weighed, probability })
    if (read !== zeroed) misreads_share += probability / (1 - faithful)
  }
  readings.sort((a, b) => b.probability - a.probability || (a.read < b.read ? -1 : 1))
  return { readings, misreads_share: Math.min(1, misreads_share), faithful }
}

const READ_SYMBOLS = [...SYMBOLS].filter((symbol) => symbol !== 'O')

/** The plate, and all that so many substitutions, insertions and deletions make of it. */
function readingsWithin(plate: string, edits: number): Set<string> {
  const all = new Set([plate])
  let last: Iterable<string> = [plate]
  for (let edit = 0; edit < edits; edit += 1) {
    const next = new Set<string>()
    for (const text of last) {
      for (const edited of editedOnce(text)) if (!all.has(edited)) next.add(edited)
    }
    for (const text of next) all.add(text)
    last = next
  }
  return all
}

function* editedOnce(text: string): Generator<string> {
  for (let at = 0; at <= text.length; at += 1) {
    const before = text.slice(0, at)
    const after = text.slice(at + 1)
    if (at < text.length && text.length > 1) yield before + after
    for (const symbol of READ_SYMBOLS) {
      if (at < text.length) yield before + symbol + after
      if (text.length < PLATE_CHARS_MAX) yield before + symbol + text.slice(at)
    }
  }
}
