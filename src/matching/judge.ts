// From reads to the matches that alert: native code finds and weighs (native/judge); what is hit is
// explained here.
import type { PlateMatch } from '../domain/alert.ts'
import { isPattern } from '../domain/plate.ts'
import type { Candidate } from '../domain/read.ts'
import { cheapestColumns } from './cheapest.ts'
import { EVIDENCE_BYTES, packEvidence } from './evidence.ts'
import { alignPattern, alignPlates } from './explain.ts'
import type { IndexSource } from './index-block.ts'
import type { Model } from './model.ts'
import { loadNative, type NativeJudge } from './native.ts'
import { packModel } from './packed-model.ts'
import { PLATE_RECORD_BYTES, packPlate } from './record.ts'
import { regionText } from './region.ts'

/** What of a read bears on a match. */
export interface Sighted {
  camera: string
  plate: string
  /** ISO 3166-2; '' where it is unknown. */
  region: string
  confidence: number | null
  char_confidence: readonly number[] | null
  candidates: readonly Candidate[] | null
}

export interface JudgeOptions {
  base: IndexSource
  /** Single additions: their entries are numbered on after the base's. */
  overlay: SharedArrayBuffer | null
  /** Entries of the base that are silenced, ascending. */
  removed: Uint32Array
  /**
   * Least log odds of an alert, by list number. Plates that are the same once O is 0 alert
   * whatever theirs, and so does what fits a pattern.
   */
  log_odds_min: Float64Array
  /** Look-alike classes, as given to the index. */
  classes: readonly string[]
  /** One at least. */
  models: readonly Model[]
  /** Place in `models` of a camera's engine's. */
  modelOf: (camera: string) => number
}

/** Reads and their candidates as native code takes them, in a run of records for each read. */
export interface PackedReads {
  /** Packed plates (record.ts). */
  records: Uint8Array
  /** Beside each (evidence.ts). */
  evidence: Uint8Array
  /** For each record its read, and which candidate (-1: the plate itself). */
  origins: Int32Array
  /** Records. */
  count: number
}

export interface JudgedHit {
  /** Number of the read. */
  read: number
  entry: number
  match: PlateMatch
}

/** Candidate readings looked up besides a read's own plate; engines put the likely ones first. */
const CANDIDATES_MATCHED_MAX = 10
const PLACE_WORDS = 3

/** One per thread and generation of the lists. */
export class Judge {
  readonly #native: NativeJudge
  readonly #o: JudgeOptions
  #packed: PackedReads = roomFor(1_024)

  /**
   * @throws TypeError where a source is no index block of this version; HotplateError
   * NATIVE_ADDON_MISSING
   */
  constructor(options: JudgeOptions) {
    const { base, overlay, removed, models, log_odds_min } = options
    this.#o = options
    this.#native = new (loadNative().Judge)(
      typeof base === 'string' ? base : new Uint8Array(base),
      overlay && new Uint8Array(overlay),
      removed,
      models.map(packModel),
      log_odds_min,
    )
  }

  /** All matches of these reads, each pair of read and entry once, ordered by read then entry. */
  match(reads: readonly Sighted[]): JudgedHit[] {
    this.#pack(reads)
    return this.matchPacked(this.#packed, (read) => reads[read] as Sighted)
  }

  /**
   * As {@link match}, of reads that are packed already.
   * @param readOf is asked for reads that are hit only
   */
  matchPacked(packed: PackedReads, readOf: (read: number) => Sighted): JudgedHit[] {
    const { records, evidence, origins, count } = packed
    const judged = this.#native.judge(records, evidence, origins, count)
    if (judged === null) return []
    const { places, weights } = judged
    return Array.from({ length: weights.length / 2 }, (_, hit) => {
      const at = hit * PLACE_WORDS
      const [read, entry, record] = places.subarray(at, at + PLACE_WORDS) as unknown as Place
      const candidate = origins[record * 2 + 1] as number
      const [cost, log_odds] = weights.subarray(hit * 2, hit * 2 + 2) as unknown as Weights
      return { read, entry, match: this.#explain(readOf(read), entry, candidate, cost, log_odds) }
    })
  }

  #pack(reads: readonly Sighted[]): void {
    const wanted = reads.length * (1 + CANDIDATES_MATCHED_MAX)
    if (wanted * 2 > this.#packed.origins.length) this.#packed = roomFor(wanted)
    this.#packed.count = 0
    reads.forEach((read, number) => {
      const { camera, plate, region, confidence, char_confidence, candidates } = read
      const model = this.#o.modelOf(camera)
      const others = candidates?.slice(0, CANDIDATES_MATCHED_MAX) ?? []
      const own = others.find((candidate) => candidate.plate === plate)?.confidence ?? null
      this.#add(number, -1, plate, {
        confidence: confidence ?? own,
        char_confidence,
        region,
        model,
      })
      others.forEach((candidate, index) => {
        if (candidate.plate === plate) return
        const told = { confidence: candidate.confidence, region, model }
        this.#add(number, index, candidate.plate, told)
      })
    })
  }

  #add(
    read: number,
    candidate: number,
    plate: string,
    evidence: Parameters<typeof packEvidence>[3],
  ): void {
    const packed = this.#packed
    packPlate(packed.records, packed.count, plate, candidate >= 0)
    packEvidence(packed.evidence, packed.count, plate.length, evidence)
    packed.origins[packed.count * 2] = read
    packed.origins[packed.count * 2 + 1] = candidate
    packed.count += 1
  }

  #explain(
    read: Sighted,
    entry: number,
    candidate: number,
    cost: number,
    log_odds: number,
  ): PlateMatch {
    const { classes, models, modelOf } = this.#o
    const { plate: listed, region } = this.#native.listed(entry)
    const model = models[modelOf(read.camera)] as Model
    const told = candidate < 0 ? undefined : read.candidates?.[candidate]
    const by_pattern = isPattern(listed)
      ? alignPattern(told?.plate ?? read.plate, listed, classes).aligned
      : null
    const aligned =
      by_pattern?.map((column) => ({ ...column, cost: 0 })) ??
      cheapestColumns({
        model,
        read: read.plate,
        entry: listed,
        char_confidence: read.char_confidence,
        candidate: told?.plate ?? null,
        cost,
        classes,
      })
    // The class is in the profiles' terms: the fewest edits, whatever costs least.
    const kind = by_pattern ? 'wildcard' : alignPlates(read.plate, listed, classes).class
    return {
      class: told === undefined || by_pattern ? kind : 'candidate',
      cost,
      score: Math.exp(-cost),
      posterior: 1 / (1 + Math.exp(-log_odds)),
      aligned,
      ...(told === undefined ? {} : { candidate: told.plate }),
      state: compareStates(read.region, regionText(region)),
      model: { name: model.name, version: model.version },
    }
  }
}

type Place = [read: number, entry: number, record: number]
type Weights = [cost: number, log_odds: number]

function roomFor(records: number): PackedReads {
  return {
    records: new Uint8Array(records * PLATE_RECORD_BYTES),
    evidence: new Uint8Array(records * EVIDENCE_BYTES),
    origins: new Int32Array(records * 2),
    count: 0,
  }
}

function compareStates(seen: string, listed: string): PlateMatch['state'] {
  if (seen === '' || listed === '') return 'unknown'
  return seen === listed ? 'same' : 'differs'
}
