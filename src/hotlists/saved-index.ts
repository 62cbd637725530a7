// The index on the disk, so that a restart maps it and builds nothing: a block, and beside it a
// description of what it was built of. Both are named by a hash of these inputs; whoever wants the
// index of just these lists finds it, whatever happened in between, or builds it. The description
// is written first: a block that is there has one.
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { HotList } from '../domain/hotlist.ts'
import type { IndexOptions } from '../matching/index-block.ts'
import { checkIndex, saveIndex } from '../matching/index-file.ts'
import { hashText } from './entries.ts'

/** All that an index and its thresholds come from. */
export interface IndexInputs extends IndexOptions {
  /** In the order of their numbers. */
  lists: readonly HotList[]
}

export interface SavedIndex {
  /** Path of the block. */
  source: string
  /** Least log odds of an alert, by list number. */
  log_odds_min: Float64Array
}

interface Description {
  inputs: IndexInputs
  /** Null for minus infinity, which JSON has no word for. */
  log_odds_min: (number | null)[]
}

/** Paths of the block and of its description. */
export function indexPaths(folder: string, inputs: IndexInputs): [string, string] {
  const name = hashText(JSON.stringify(inputs))
  return [join(folder, `${name}.index`), join(folder, `${name}.json`)]
}

/**
 * The index of these inputs, looked at byte by byte.
 * @returns null where there is none, or a damaged one, or one of another release
 */
export async function findIndex(folder: string, inputs: IndexInputs): Promise<SavedIndex | null> {
  const [source, described] = indexPaths(folder, inputs)
  try {
    const description = JSON.parse(await readFile(described, 'utf8')) as Description
    if (JSON.stringify(description.inputs) !== JSON.stringify(inputs)) return null
    checkIndex(source)
    const log_odds_min = description.log_odds_min.map((least) => least ?? Number.NEGATIVE_INFINITY)
    return { source, log_odds_min: Float64Array.from(log_odds_min) }
  } catch {
    return null
  }
}

export async function keepIndex(
  folder: string,
  inputs: IndexInputs,
  block: SharedArrayBuffer,
  log_odds_min: Float64Array,
): Promise<void> {
  const [source, described] = indexPaths(folder, inputs)
  const least = [...log_odds_min].map((value) => (Number.isFinite(value) ? value : null))
  const text = JSON.stringify({ inputs, log_odds_min: least } satisfies Description)
  const file = await open(`${described}.new`, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${described}.new`, described)
  await saveIndex(block, source)
}
