// Labelled readings of real engines as the accuracy bench takes them, and as the judge does.
import { Random } from '../../src/domain/random.ts'
import type { Candidate } from '../../src/domain/read.ts'
import { EVIDENCE_BYTES, packEvidence } from '../../src/matching/evidence.ts'
import type { PackedReads } from '../../src/matching/judge.ts'
import { PLATE_RECORD_BYTES, packPlate } from '../../src/matching/record.ts'
import { parseCandidates, parseRows, share } from '../../src/simulate/readings.ts'

export interface LabelledRead {
  /** First segment of the row's source. */
  engine: string
  /** A to Z and 0 to 9. */
  truth: string
  /** `L` a letter, `D` a digit. */
  shape: string
  /** '' where the reading is none that can be matched: it counts, and is missed. */
  plate: string
  /** Whether the reading differs from the truth; O and 0 differ. */
  is_wrong: boolean
  /** 0 to 1. */
  confidence: number | null
  /** Other readings than the plate, best first, {@link CANDIDATES_MATCHED_MAX} at most. */
  candidates: readonly Candidate[]
  /** Issuing state of the true plate: drawn, the rows have none that a list would share. */
  region: string
  /** Whether the read tells the state, in the run where half of them do. */
  tells_state: boolean
}

type Told = Pick<LabelledRead, 'plate' | 'confidence'>

/** As the judge looks up (src/matching/judge.ts). */
const CANDIDATES_MATCHED_MAX = 10
const PLATE = /^[A-Z0-9]{1,12}$/
const OTHER_CHARS = /[^A-Z0-9]/g
/** A few states, so that every decoy has a good chance of the true plate's. */
export const STATES = ['US-ID', 'US-UT', 'US-NV', 'US-OR', 'US-WA', 'US-MT'] as const

/**
 * Characters other than A-Z and 0-9 are dropped from readings, `?` for one that was seen and not
 * recognised among them. Rows whose true plate is no plate are left out.
 * @param csv with the columns of src/simulate/readings.ts
 * @throws HotplateError READINGS_INVALID
 */
export function labelledReads(csv: string, seed: number): LabelledRead[] {
  const random = new Random(seed, 17)
  const states = new Map<string, string>()
  const reads: LabelledRead[] = []
  for (const row of parseRows(csv)) {
    const truth = onlyPlateChars(row.true_plate)
    if (!PLATE.test(truth)) continue
    const read = onlyPlateChars(row.read_plate)
    const plate = PLATE.test(read) ? read : ''
    const region = states.get(truth) ?? random.pick(STATES)
    states.set(truth, region)
    reads.push({
      engine: row.source.split('/')[0] ?? '',
      truth,
      shape: shapeOf(truth),
      plate,
      is_wrong: read !== truth,
      confidence: share(row.confidence),
      candidates: parseCandidates(row.candidates, plate).slice(0, CANDIDATES_MATCHED_MAX),
      region,
      tells_state: random.chance(0.5),
    })
  }
  return reads
}

function onlyPlateChars(text: string): string {
  return text.toUpperCase().replace(OTHER_CHARS, '')
}

function shapeOf(plate: string): string {
  return plate.replace(/[A-Z]/g, 'L').replace(/[0-9]/g, 'D')
}

/**
 * Packs reads as the judge does; the number of a read in the batch is its place in `reads`.
 * @param modelOf number of the read's model
 * @param with_state whether the reads tell their state
 */
export function packLabelled(
  reads: readonly LabelledRead[],
  modelOf: (read: LabelledRead) => number,
  with_state: boolean,
): PackedReads {
  const most = reads.length * (1 + CANDIDATES_MATCHED_MAX)
  const records = new Uint8Array(most * PLATE_RECORD_BYTES)
  const evidence = new Uint8Array(most * EVIDENCE_BYTES)
  const origins = new Int32Array(most * 2)
  let count = 0
  const add = (number: number, candidate: number, { plate, confidence }: Told) => {
    const of = reads[number] as LabelledRead
    packPlate(records, count, plate, candidate >= 0)
    packEvidence(evidence, count, plate.length, {
      confidence,
      region: with_state ? of.region : '',
      model: modelOf(of),
    })
    origins[count * 2] = number
    origins[count * 2 + 1] = candidate
    count += 1
  }
  reads.forEach((read, number) => {
    if (read.plate === '') return
    add(number, -1, read)
    read.candidates.forEach((candidate, place) => {
      add(number, place, candidate)
    })
  })
  return { records, evidence, origins, count }
}
