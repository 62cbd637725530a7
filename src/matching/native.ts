// Loads the compiled part: the addon (native/, built by scripts/build-native.mjs), else the same on
// WebAssembly. Each thread has an instance of its own.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { HotplateError } from '../domain/error.ts'
import { wasmNative } from './wasm-native.ts'

export interface NativeMatcher {
  /** @returns how many pairs there are; as many as fit stand in `target` */
  match(records: Uint8Array, count: number, target: Uint32Array): number
  /** @returns how many entries; undefined for none. `take` gives them, as pairs */
  find(plate: string): number | undefined
  /** What the last search found. */
  take(target: Uint32Array): number
  readonly kernels: 'plain' | 'avx2' | 'avx512'
  readonly touched: number
}

/** What `scan` gives: arrays of their own, free to be transferred. */
export interface Scan {
  rows: number
  /** One block of the rows (Native format); empty where there are none. */
  block: Uint8Array
  /** Packed plates of the rows and their candidates, in the form of record.ts. */
  records: Uint8Array
  /** Beside each record, in the form of evidence.ts. */
  evidence: Uint8Array
  /** For each record: its row, and which candidate (-1: the plate itself). */
  origins: Int32Array
  /** For each row: message, line, offset and length in the batch. */
  places: Uint32Array
  /** For each line that is not plain: message, line, offset, length, 1 for the whole message. */
  left_overs: Uint32Array
}

export interface NativeScanner {
  /**
   * @param cameras names by their index in `meta`, a line each; empty for one that is none
   * @param models for each camera the number of its engine's model
   */
  scan(
    data: Uint8Array,
    meta: Float64Array,
    cameras: Uint8Array,
    message_bytes_max: number,
    lines_max: number,
    behind_ms_max: number,
    ahead_ms_max: number,
    models: Uint8Array,
  ): Scan
}

export interface NativeScorer {
  /**
   * @param records packed plates of one read, its own first, then its candidates' (record.ts)
   * @param evidence beside each record (evidence.ts)
   * @param entries packed entries, 24 bytes each (record.ts)
   * @returns for each entry: the record that explains the read best, its cost, the log odds
   */
  score(records: Uint8Array, evidence: Uint8Array, entries: Uint8Array): Float64Array
}

export interface NativeJudge {
  /**
   * @param records packed plates (record.ts), `evidence` beside each (evidence.ts), `origins` for
   * each its read and which candidate
   * @returns null for no hit; else of each its read, entry and the record that explains it, and its
   * cost and log odds: by read, then entry
   */
  judge(
    records: Uint8Array,
    evidence: Uint8Array,
    origins: Int32Array,
    count: number,
  ): { places: Uint32Array; weights: Float64Array } | null
  /** The entry of a hit as it is in the index. */
  listed(entry: number): { plate: string; region: number; list: number }
}

export interface Native {
  Judge: new (
    base: Uint8Array | string,
    overlay: Uint8Array | null,
    removed: Uint32Array,
    models: readonly Uint8Array[],
    log_odds_min: Float64Array,
  ) => NativeJudge
  /** A string is the path of a block's file. */
  Matcher: new (
    source: Uint8Array | string,
    kernels?: string,
  ) => NativeMatcher
  Scanner: new () => NativeScanner
  /** @throws TypeError where it is no packed model (packed-model.ts) */
  Scorer: new (
    model: Uint8Array,
  ) => NativeScorer
  /** Size of the block that `fillIndex` needs. */
  indexBytes(entries: Uint8Array, count: number, fold: Uint8Array, edit_chars_min: number): number
  fillIndex(
    entries: Uint8Array,
    count: number,
    fold: Uint8Array,
    edit_chars_min: number,
    block: Uint8Array,
  ): void
  /** Throws unless the whole block is sound. */
  checkIndex(source: Uint8Array | string): void
  /** Brute force by the textbook, for tests: the truth that the matcher must equal. */
  referenceMatch(
    entries: Uint8Array,
    entry_count: number,
    classes: readonly string[],
    edit_chars_min: number,
    records: Uint8Array,
    count: number,
  ): Uint32Array
}

export interface Addon extends Native {
  /** Reads this many lines of memory at random places: what a search can't be faster than. */
  touchLines(block: Uint8Array, lines: number, seed: number): number
}

const ADDON_FILE = fileURLToPath(new URL('../../build/Release/hotplate.node', import.meta.url))
const CHOICES = ['', 'addon', 'wasm']

interface Loaded {
  native: Native
  fallback: string | null
}
let loaded: Loaded | undefined

/**
 * The addon; where it is not built or does not load, the same on WebAssembly. HOTPLATE_NATIVE asks
 * for one of them: `addon` or `wasm`.
 * @throws HotplateError NATIVE_ADDON_MISSING where the addon is asked for and is not to be had,
 * NATIVE_UNKNOWN where it is neither that is asked for
 */
export function loadNative(): Native {
  loaded ??= load(process.env.HOTPLATE_NATIVE ?? '')
  return loaded.native
}

/** Why it is WebAssembly that runs, in a sentence; null where it is the addon. */
export function nativeFallback(): string | null {
  loadNative()
  return loaded?.fallback ?? null
}

function load(choice: string): Loaded {
  if (!CHOICES.includes(choice)) {
    const text = `Expected addon or wasm for HOTPLATE_NATIVE but received ${choice}`
    throw new HotplateError('NATIVE_UNKNOWN', text)
  }
  if (choice === 'wasm') {
    return { native: wasmNative, fallback: `${SLOWER}, as HOTPLATE_NATIVE asks` }
  }
  try {
    return { native: loadAddon(), fallback: null }
  } catch (error) {
    if (choice === 'addon') throw error
    return { native: wasmNative, fallback: `${SLOWER}. ${(error as Error).message}` }
  }
}

const SLOWER = 'Plates are matched on WebAssembly, with equal results but several times slower'

/** @throws HotplateError NATIVE_ADDON_MISSING where the addon is not built, or not for this Node */
export function loadAddon(file: string = ADDON_FILE): Addon {
  if (!existsSync(file)) throw missing('is not built')
  try {
    return createRequire(import.meta.url)(file) as Addon
  } catch (cause) {
    throw missing('does not load', cause)
  }
}

function missing(what: string, cause?: unknown): HotplateError {
  const reason = cause instanceof Error ? ` (${cause.message})` : ''
  return new HotplateError(
    'NATIVE_ADDON_MISSING',
    `The native matcher ${what}${reason}: run \`node scripts/build-native.mjs\``,
    { cause },
  )
}
