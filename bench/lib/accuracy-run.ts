// Runs labelled reads against decoys, shape by shape and block by block: all matches of the judge,
// none held back, each counted for the rules and for the score.
import { Random } from '../../src/domain/random.ts'
import { buildIndex, buildIndexOf } from '../../src/matching/index-block.ts'
import type { PackedReads } from '../../src/matching/judge.ts'
import { loadLookAlikes } from '../../src/matching/look-alikes.ts'
import type { Model } from '../../src/matching/model.ts'
import { loadNative, type NativeJudge } from '../../src/matching/native.ts'
import { packModel } from '../../src/matching/packed-model.ts'
import { ENTRY_RECORD_BYTES } from '../../src/matching/record.ts'
import type { ReadModels } from './accuracy-models.ts'
import { type EngineResult, EngineTally } from './accuracy-tally.ts'
import { Decoys, shapePlates } from './decoys.ts'
import { type LabelledRead, packLabelled } from './labelled-reads.ts'
import { CANDIDATE, DistanceRules, EXACT } from './rules.ts'

const LIST_ENTRIES = 1_000_000
/** A block takes 300,000 of `fold+2` (index-block.ts). */
const BLOCK_ENTRIES = 250_000
/** Shapes with fewer reads meet one block only. */
const SHAPE_READS_MIN = 60
const SHAPE_PLATES_MIN = 2 * LIST_ENTRIES
const BATCH_READS = 64
const PLACE_WORDS = 3
const NOT_FOUND = Number.NEGATIVE_INFINITY

interface Batch {
  reads: readonly LabelledRead[]
  packed: PackedReads
}

interface Batches {
  /** All reads, none of which tells its state. */
  untold: Batch[]
  /** Those that tell it where half of them do. */
  told: Batch[]
}

export class AccuracyRun {
  /** Reads of shapes with too few plates. */
  readonly left_out: number
  readonly #reads: readonly LabelledRead[]
  readonly #models: ReadModels
  readonly #packed_models: readonly Uint8Array[]
  readonly #options = { classes: loadLookAlikes(), edit_chars_min: 1 }
  readonly #rules = new DistanceRules(this.#options.classes)
  readonly #tallies = new Map<string, EngineTally>()
  readonly #seed: number
  readonly #scale: number

  /** @param scale share of the decoys that are drawn, above 0 to 1; each counts for more then */
  constructor(reads: readonly LabelledRead[], models: ReadModels, seed: number, scale: number) {
    this.#reads = reads.filter(({ shape }) => isMeasured(shape))
    this.left_out = reads.length - this.#reads.length
    this.#models = models
    this.#packed_models = models.models.map(packModel)
    this.#seed = seed
    this.#scale = scale
  }

  run(onShape: (shape: string, done: number, all: number) => void): void {
    this.#countTruths()
    const shapes = Map.groupBy(this.#reads, ({ shape }) => shape)
    let done = 0
    for (const [shape, reads] of shapes) {
      this.#countFalses(shape, reads)
      done += reads.length
      onShape(shape, done, this.#reads.length)
    }
  }

  results(): Record<string, EngineResult> {
    return Object.fromEntries([...this.#tallies].map(([name, tally]) => [name, tally.result()]))
  }

  /** The true plates as a list of their own: what each read scores with its own. */
  #countTruths(): void {
    const regions = new Map(this.#reads.map(({ truth, region }) => [truth, region]))
    const plates = [...regions.keys()]
    const entries = [...regions].map(([plate, region]) => {
      return { plate, region, profile: 'fold+2' as const }
    })
    const judge = this.#judge(buildIndex(entries, this.#options))
    const { untold, told } = this.#batches(this.#reads)
    const untold_scores = scoresOf(judge, untold, plates)
    const told_scores = scoresOf(judge, told, plates)
    const bytes = new TextEncoder()
    for (const read of this.#reads) {
      const score = untold_scores.get(read) ?? NOT_FOUND
      const half = read.tells_state ? (told_scores.get(read) ?? NOT_FOUND) : score
      const tally = this.#tallyOf(read)
      tally.addRead(read.is_wrong, score, half)
      if (!read.is_wrong || read.plate === '') continue
      this.#rules.from(read.plate)
      this.#rules.count(bytes.encode(read.truth), 0, read.truth.length, 1, tally.rules_caught)
      if (read.candidates.some(({ plate }) => plate === read.truth)) {
        add(tally.rules_caught, CANDIDATE, 1)
      }
    }
  }

  #countFalses(shape: string, reads: readonly LabelledRead[]): void {
    const all = Math.max(1, Math.round(LIST_ENTRIES * this.#scale))
    const count = reads.length < SHAPE_READS_MIN ? Math.min(all, BLOCK_ENTRIES) : all
    const weight = LIST_ENTRIES / count
    // Each shape's own, so that decoys don't depend on the order of the rows.
    const random = new Random(this.#seed, shapeNumber(shape))
    const decoys = new Decoys(shape, count, random)
    for (const read of reads) this.#countEqual(read, decoys, weight)
    const batches = this.#batches(reads)
    for (let first = 0; first < count; first += BLOCK_ENTRIES) {
      const entries = Math.min(BLOCK_ENTRIES, count - first)
      const records = decoys.pack(first, entries, random)
      const judge = this.#judge(buildIndexOf(records, entries, this.#options))
      for (const batch of batches.untold) {
        this.#countHits(judge, batch, records, shape.length, (read, tally, score, at) => {
          tally.falsesOf(read.tells_state ? 'untold' : 'silent', weight).push(score)
          this.#rules.count(records, at, shape.length, weight, tally.rules_false)
        })
      }
      for (const batch of batches.told) {
        this.#countHits(judge, batch, records, shape.length, (_read, tally, score) => {
          tally.falsesOf('told', weight).push(score)
        })
      }
    }
  }

  /** Rules that ask for equality need no search. */
  #countEqual(read: LabelledRead, decoys: Decoys, weight: number): void {
    if (read.plate === '') return
    const { rules_false } = this.#tallyOf(read)
    const readings = new Set(read.candidates.map(({ plate }) => plate)).add(read.plate)
    readings.delete(read.truth)
    for (const plate of readings) {
      if (!decoys.has(plate)) continue
      add(rules_false, CANDIDATE, weight)
      if (plate === read.plate) add(rules_false, EXACT, weight)
    }
  }

  #countHits(
    judge: NativeJudge,
    { reads, packed }: Batch,
    records: Uint8Array,
    chars: number,
    onHit: (read: LabelledRead, tally: EngineTally, score: number, at: number) => void,
  ): void {
    const hits = judge.judge(packed.records, packed.evidence, packed.origins, packed.count)
    if (hits === null) return
    let read_number = -1
    let read = reads[0] as LabelledRead
    let truth = new Uint8Array()
    let tally = this.#tallyOf(read)
    for (let hit = 0; hit < hits.weights.length / 2; hit += 1) {
      const number = hits.places[hit * PLACE_WORDS] as number
      if (number !== read_number) {
        read_number = number
        read = reads[number] as LabelledRead
        truth = new TextEncoder().encode(read.truth)
        tally = this.#tallyOf(read)
        this.#rules.from(read.plate)
      }
      const at = (hits.places[hit * PLACE_WORDS + 1] as number) * ENTRY_RECORD_BYTES + 1
      if (isSame(records, at, truth)) continue
      const score = isTied(records, at, chars, read.plate)
        ? Number.POSITIVE_INFINITY
        : (hits.weights[hit * 2 + 1] as number)
      onHit(read, tally, score, at)
    }
  }

  #batches(reads: readonly LabelledRead[]): Batches {
    return {
      untold: this.#pack(reads, false),
      told: this.#pack(
        reads.filter((read) => read.tells_state),
        true,
      ),
    }
  }

  #pack(reads: readonly LabelledRead[], with_state: boolean): Batch[] {
    return Array.from({ length: Math.ceil(reads.length / BATCH_READS) }, (_, i) => {
      const part = reads.slice(i * BATCH_READS, (i + 1) * BATCH_READS)
      return { reads: part, packed: packLabelled(part, this.#models.modelOf, with_state) }
    })
  }

  #tallyOf(read: LabelledRead): EngineTally {
    const known = this.#tallies.get(read.engine)
    if (known) return known
    const model = this.#models.models[this.#models.modelOf(read)] as Model
    const fresh = new EngineTally(model)
    this.#tallies.set(read.engine, fresh)
    return fresh
  }

  #judge(block: SharedArrayBuffer): NativeJudge {
    const least = Float64Array.of(Number.NEGATIVE_INFINITY)
    const { Judge } = loadNative()
    return new Judge(new Uint8Array(block), null, new Uint32Array(), this.#packed_models, least)
  }
}

/** @param plates by the number of the entry */
function scoresOf(
  judge: NativeJudge,
  batches: readonly Batch[],
  plates: readonly string[],
): Map<LabelledRead, number> {
  const scores = new Map<LabelledRead, number>()
  for (const { reads, packed } of batches) {
    const hits = judge.judge(packed.records, packed.evidence, packed.origins, packed.count)
    for (let hit = 0; hit < (hits?.weights.length ?? 0) / 2; hit += 1) {
      const read = reads[hits?.places[hit * PLACE_WORDS] as number] as LabelledRead
      const plate = plates[hits?.places[hit * PLACE_WORDS + 1] as number]
      if (plate !== read.truth) continue
      const is_tied = read.plate.replaceAll('O', '0') === plate.replaceAll('O', '0')
      const score = hits?.weights[hit * 2 + 1] as number
      scores.set(read, is_tied ? Number.POSITIVE_INFINITY : score)
    }
  }
  return scores
}

function isMeasured(shape: string): boolean {
  const plates = shapePlates(shape)
  return plates >= SHAPE_PLATES_MIN && plates <= Number.MAX_SAFE_INTEGER
}

/** A bit a character, after a leading 1. */
function shapeNumber(shape: string): number {
  return [...shape].reduce((number, kind) => number * 2 + (kind === 'L' ? 1 : 0), 1)
}

function isSame(records: Uint8Array, at: number, plate: Uint8Array): boolean {
  for (let i = 0; i < plate.length; i += 1) if (records[at + i] !== plate[i]) return false
  return true
}

/** Whether the plates are the same once O is 0. */
function isTied(records: Uint8Array, at: number, chars: number, plate: string): boolean {
  if (plate.length !== chars) return false
  for (let i = 0; i < chars; i += 1) {
    if (zeroed(records[at + i] as number) !== zeroed(plate.charCodeAt(i))) return false
  }
  return true
}

const ZERO = '0'.charCodeAt(0)
const LETTER_O = 'O'.charCodeAt(0)

function zeroed(code: number): number {
  return code === LETTER_O ? ZERO : code
}

function add(counts: Float64Array, at: number, weight: number): void {
  counts[at] = (counts[at] as number) + weight
}
