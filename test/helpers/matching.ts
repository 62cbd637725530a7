// What the matcher's tests share: batches of reads, and the answers of the matcher and of the
// brute-force reference.
import { expect } from 'vitest'
import { buildIndex, type IndexedEntry } from '../../src/matching/index-block.ts'
import { Judge, type Sighted } from '../../src/matching/judge.ts'
import { loadLookAlikes } from '../../src/matching/look-alikes.ts'
import { Matcher, PLATE_RECORD_BYTES, packPlate } from '../../src/matching/matcher.ts'
import { loadModel, type Model } from '../../src/matching/model.ts'
import { loadNative } from '../../src/matching/native.ts'
import { packEntries } from '../../src/matching/record.ts'
import { thresholdsOf } from '../../src/matching/threshold.ts'

export interface SearchedRead {
  plate: string
  fold_only: boolean
}

export const CLASSES = loadLookAlikes()

export function packReads(reads: readonly SearchedRead[]): Uint8Array {
  const records = new Uint8Array(reads.length * PLATE_RECORD_BYTES)
  reads.forEach(({ plate, fold_only }, record) => {
    packPlate(records, record, plate, fold_only)
  })
  return records
}

export interface SearchOptions {
  classes?: readonly string[]
  edit_chars_min?: number
}

/** Hits as text, `record:entry`. */
export function matched(
  entries: readonly IndexedEntry[],
  reads: readonly SearchedRead[],
  { classes = CLASSES, edit_chars_min = 5 }: SearchOptions = {},
): string[] {
  const matcher = new Matcher(buildIndex(entries, { classes, edit_chars_min }))
  return asText(matcher.match(packReads(reads), reads.length))
}

/** The same, each read by itself. */
export function matchedAlone(
  entries: readonly IndexedEntry[],
  reads: readonly SearchedRead[],
  { classes = CLASSES, edit_chars_min = 5 }: SearchOptions = {},
): string[] {
  const matcher = new Matcher(buildIndex(entries, { classes, edit_chars_min }))
  return reads.flatMap((read, at) =>
    asText(matcher.match(packReads([read]), 1)).map((hit) => hit.replace(/^0:/, `${at}:`)),
  )
}

/** The same by brute force. */
export function referred(
  entries: readonly IndexedEntry[],
  reads: readonly SearchedRead[],
  { classes = CLASSES, edit_chars_min = 5 }: SearchOptions = {},
): string[] {
  const records = packEntries(entries)
  const { referenceMatch } = loadNative()
  return asText(
    referenceMatch(
      records,
      entries.length,
      classes,
      edit_chars_min,
      packReads(reads),
      reads.length,
    ),
  )
}

/** In the order of records, then entries; records have to come in theirs. */
export function asText(hits: Uint32Array): string[] {
  const pairs = Array.from({ length: hits.length / 2 }, (_, i) => hits.subarray(2 * i, 2 * i + 2))
  const by_record = (a: Uint32Array, b: Uint32Array) => (a[0] as number) - (b[0] as number)
  expect(pairs).toEqual(pairs.toSorted(by_record))
  return pairs
    .toSorted((a, b) => by_record(a, b) || (a[1] as number) - (b[1] as number))
    .map(([record, entry]) => `${record}:${entry}`)
}

export interface JudgeOfOptions {
  model?: Model
  /** Whose `model` it is, where cameras have several. */
  modelOf?: (camera: string) => number
  /** Of every list; without one, all that is in reach alerts. */
  budget_per_million?: number
  /** Instead of a budget: a threshold itself, of every list. */
  log_odds_min?: number
  edit_chars_min?: number
}

/** A judge over one block of these entries. */
export function judgeOf(
  entries: readonly IndexedEntry[],
  {
    model = loadModel('general'),
    modelOf = () => 0,
    budget_per_million,
    log_odds_min = Number.NEGATIVE_INFINITY,
    edit_chars_min = 5,
  }: JudgeOfOptions = {},
): Judge {
  const lists = entries.reduce((most, { list = 0 }) => Math.max(most, list + 1), 1)
  const source = buildIndex(entries, { classes: CLASSES, edit_chars_min })
  const thresholds =
    budget_per_million === undefined
      ? Array.from({ length: lists }, () => ({ log_odds_min }))
      : thresholdsOf({
          source,
          records: packEntries(entries),
          count: entries.length,
          budgets_per_million: Array(lists).fill(budget_per_million),
          classes: CLASSES,
          models: [model],
        })
  return new Judge({
    base: source,
    overlay: null,
    removed: new Uint32Array(),
    log_odds_min: Float64Array.from(thresholds, (one) => one.log_odds_min),
    classes: CLASSES,
    models: [model, model],
    modelOf,
  })
}

/** A read without anything besides its plate, but for what is given. */
export function sighted(read: Partial<Sighted> & { plate: string }): Sighted {
  const nothing = { camera: 'a', region: '', confidence: null, char_confidence: null }
  return { ...nothing, candidates: null, ...read }
}
