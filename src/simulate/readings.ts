// Turns labelled readings of real engines (true plate, read plate, candidates) into reads, and a
// hot list to match them against. Only a converter: the rows themselves are never part of the
// project.
import { createHash } from 'node:crypto'
import { parse } from 'csv-parse/sync'
import { HotplateError } from '../domain/error.ts'
import { foldPlate } from '../domain/plate.ts'
import { Random } from '../domain/random.ts'
import { CANDIDATES_MAX, type Candidate } from '../domain/read.ts'
import { DAY_MS } from '../domain/time.ts'
import { drawShape } from './plates.ts'
import { classFolder } from './stage.ts'

/** Columns of the CSV. Confidences are 0 to 100; candidates are `text:confidence|…`, best first. */
const COLUMNS = [
  'source',
  'image_id',
  'country_or_region',
  'true_plate',
  'read_plate',
  'confidence',
  'candidates',
] as const
export type ReadingRow = Record<(typeof COLUMNS)[number], string>

export interface ConvertOptions {
  seed: number
  /** True plates and decoys together. */
  list_entries: number
  /** Look-alikes: no decoy equals a true plate after folding these. */
  classes: readonly string[]
  /** The newest read is not younger, epoch ms. */
  now_ms: number
}

export interface ReadTruth {
  id: string
  camera: string
  /** As it was read, folded. */
  plate: string
  /** What was there. */
  truth: string
  /** The row's source: engine, mode, set and condition. */
  source: string
}

export interface ReadingEntry {
  plate: string
  /** ISO 3166-2, or '' */
  state: string
  reason: string
  decoy: boolean
}

export interface ConvertedReadings {
  /** JSON lines, ordered by time. */
  reads: string[]
  /** In the order of the reads. */
  truth: ReadTruth[]
  entries: ReadingEntry[]
  counts: {
    rows: number
    converted: number
    /** Read or true plate is not 1 to 12 of A-Z, 0-9 after folding. */
    left_out: number
    misread: number
  }
}

/** Reads lie within this time before now: inside the retention time with room to spare. */
const SPREAD_DAYS = 20
/** Between two reads of one camera: each is a vehicle passage of its own. */
const GAP_MS_MIN = 61_000
const ROWS_PER_CAMERA_MAX = Math.floor((SPREAD_DAYS * DAY_MS) / GAP_MS_MIN / 2)

/**
 * @param csv with a header line of {@link COLUMNS}
 * @throws HotplateError READINGS_INVALID
 */
export function convertReadings(csv: string, options: ConvertOptions): ConvertedReadings {
  const rows = parseRows(csv)
  const random = new Random(options.seed, 91)
  const cameras = byCamera(rows)
  const made: { time_ms: number; line: string; truth: ReadTruth }[] = []
  const listed = new Map<string, string>()
  for (const [camera, members] of cameras) {
    if (members.length > ROWS_PER_CAMERA_MAX) {
      throw invalid(`at most ${ROWS_PER_CAMERA_MAX} rows of one source but found ${members.length}`)
    }
    const step_ms = (SPREAD_DAYS * DAY_MS) / members.length
    const start_ms = options.now_ms - SPREAD_DAYS * DAY_MS
    for (const [n, usable] of members.entries()) {
      const within_ms = random.unit() * (step_ms - GAP_MS_MIN)
      const time_ms = Math.floor(start_ms + n * step_ms + within_ms)
      // The run's own time keeps the ids of two conversions apart: a known id would not be stored
      // again.
      const id = `${camera}-${options.now_ms.toString(36)}-${n}`
      made.push({ time_ms, ...describe(usable, id, camera, time_ms) })
      const state = regionOf(usable.row)
      if (!listed.get(usable.truth)) listed.set(usable.truth, state)
    }
  }
  made.sort((a, b) => a.time_ms - b.time_ms)
  const truth = made.map((read) => read.truth)
  return {
    reads: made.map(({ line }) => line),
    truth,
    entries: withDecoys(listed, options, random),
    counts: {
      rows: rows.length,
      converted: made.length,
      left_out: rows.length - made.length,
      misread: truth.filter((read) => read.plate !== read.truth).length,
    },
  }
}

/**
 * @param csv with a header line of {@link COLUMNS}
 * @throws HotplateError READINGS_INVALID
 */
export function parseRows(csv: string): ReadingRow[] {
  try {
    return parse(csv, {
      bom: true,
      skip_empty_lines: true,
      columns: (header: string[]) => {
        const missing = COLUMNS.find((name) => !header.includes(name))
        if (missing !== undefined) throw invalid(`a column ${missing} in the header line`)
        return header
      },
    }) as unknown as ReadingRow[]
  } catch (cause) {
    if (cause instanceof HotplateError) throw cause
    throw invalid(`CSV: ${(cause as Error).message}`, cause)
  }
}

interface UsableRow {
  row: ReadingRow
  plate: string
  truth: string
}

/** Each source is a camera. */
function byCamera(rows: readonly ReadingRow[]): Map<string, UsableRow[]> {
  const cameras = new Map<string, UsableRow[]>()
  for (const row of rows) {
    const plate = foldPlate(row.read_plate)
    const truth = foldPlate(row.true_plate)
    if (plate === null || truth === null) continue
    const camera = `readings-${createHash('sha256').update(row.source).digest('hex').slice(0, 12)}`
    const members = cameras.get(camera)
    if (members) members.push({ row, plate, truth })
    else cameras.set(camera, [{ row, plate, truth }])
  }
  return cameras
}

function describe({ row, plate, truth }: UsableRow, id: string, camera: string, time_ms: number) {
  const confidence = share(row.confidence)
  const candidates = parseCandidates(row.candidates, plate)
  const region = regionOf(row)
  const line = JSON.stringify({
    id,
    time: new Date(time_ms).toISOString(),
    camera,
    plate,
    ...(region === '' ? {} : { region }),
    ...(confidence === null ? {} : { confidence }),
    ...(candidates.length === 0 ? {} : { candidates }),
  })
  return { line, truth: { id, camera, plate, truth, source: row.source } }
}

/** Those that are plates and not the read's own, best first. */
export function parseCandidates(text: string, plate: string): Candidate[] {
  const candidates: Candidate[] = []
  for (const item of text.split('|')) {
    const colon = item.lastIndexOf(':')
    const candidate = foldPlate(item.slice(0, Math.max(0, colon)))
    const confidence = share(item.slice(colon + 1))
    if (candidate === null || confidence === null || candidate === plate) continue
    if (candidates.length < CANDIDATES_MAX) candidates.push({ plate: candidate, confidence })
  }
  return candidates
}

/** 0 to 100 as 0 to 1; null where there is none. */
export function share(percent: string): number | null {
  const value = percent.trim() === '' ? Number.NaN : Number(percent)
  return value >= 0 && value <= 100 ? Math.round(value * 100) / 10_000 : null
}

/** `us-va` is a state; `us` or `eu` is none. */
function regionOf(row: ReadingRow): string {
  const region = row.country_or_region.toUpperCase()
  return /^[A-Z]{2}-[A-Z0-9]{1,3}$/.test(region) ? region : ''
}

/**
 * The true plates among random ones of their shapes, so that nothing but the plate itself tells
 * them apart.
 */
function withDecoys(
  listed: ReadonlyMap<string, string>,
  { list_entries, classes }: ConvertOptions,
  random: Random,
): ReadingEntry[] {
  const fold = classFolder(classes)
  const true_folded = new Set([...listed.keys()].map(fold))
  const entries: ReadingEntry[] = [...listed].map(([plate, state]) => ({
    plate,
    state,
    reason: 'Listed plate of the readings',
    decoy: false,
  }))
  const shapes = [...listed].map(
    ([plate, state]) => [plate.replace(/[A-Z]/g, 'L').replace(/[0-9]/g, 'D'), state] as const,
  )
  const taken = new Set(listed.keys())
  for (let attempts = 0; entries.length < list_entries && shapes.length > 0; attempts++) {
    if (attempts > list_entries * 20) {
      throw invalid(`shapes of plates that leave room for ${list_entries} entries`)
    }
    const [shape, state] = random.pick(shapes)
    const plate = drawShape(shape, random)
    if (taken.has(plate) || true_folded.has(fold(plate))) continue
    taken.add(plate)
    entries.push({ plate, state, reason: 'Listed plate of the readings', decoy: true })
  }
  return random.shuffle(entries)
}

function invalid(expected: string, cause?: unknown): HotplateError {
  return new HotplateError('READINGS_INVALID', `Readings: expected ${expected}`, { cause })
}
