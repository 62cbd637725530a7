// Loads the compiled matcher (native/, built by scripts/build-native.mjs). Node gives each thread
// an instance of its own.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { HotplateError } from '../domain/error.ts'

export interface NativeMatcher {
  match(records: Uint8Array, count: number): Uint32Array
}

export interface Native {
  Matcher: new (block: Uint8Array) => NativeMatcher
  /** Size of the block that `fillIndex` needs. */
  indexBytes(entries: Uint8Array, count: number, fold: Uint8Array, edit_chars_min: number): number
  fillIndex(
    entries: Uint8Array,
    count: number,
    fold: Uint8Array,
    edit_chars_min: number,
    block: Uint8Array,
  ): void
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

export const ADDON_FILE = fileURLToPath(
  new URL('../../build/Release/hotplate.node', import.meta.url),
)

let loaded: Native | undefined

/** @throws HotplateError NATIVE_ADDON_MISSING where the addon is not built, or not for this Node */
export function loadNative(file: string = ADDON_FILE): Native {
  if (file === ADDON_FILE && loaded) return loaded
  if (!existsSync(file)) throw missing('is not built')
  let native: Native
  try {
    native = createRequire(import.meta.url)(file) as Native
  } catch (cause) {
    throw missing('does not load', cause)
  }
  if (file === ADDON_FILE) loaded = native
  return native
}

function missing(what: string, cause?: unknown): HotplateError {
  const reason = cause instanceof Error ? ` (${cause.message})` : ''
  return new HotplateError(
    'NATIVE_ADDON_MISSING',
    `The native matcher ${what}${reason}: run \`node scripts/build-native.mjs\``,
    { cause },
  )
}
