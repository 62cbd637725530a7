// The index on the disk, so that a restart maps it and builds nothing: a block, and beside it a
// description of what it was built of. Both are named by a hash of these inputs; whoever wants the
// index of just these lists finds it, whatever happened in between, or builds it. The description
// is written first: a block that is there has one.
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { HotList } from '../domain/hotlist.ts'
import type { IndexOptions } from '../matching/index-block.ts'
import { checkIndex, saveIndex } from '../matching/index-file.ts'
import type { ListThreshold } from '../matching/threshold.ts'
import { hashText } from './entries.ts'

/** All that an index and its thresholds come from. */
export interface IndexInputs extends IndexOptions {
  /** In the order of their numbers. */
  lists: readonly HotList[]
  /** Of misreads, as in use. */
  models: readonly { name: string; version: number }[]
  /** Budget of the lists that have none of their own. */
  false_alerts_per_million_max: number
}

export interface SavedIndex {
  /** Path of the block. */
  source: string
  /** By list number. */
  thresholds: ListThreshold[]
}

interface Description {
  inputs: IndexInputs
  thresholds: ListThreshold[]
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
    return { source, thresholds: description.thresholds }
  } catch {
    return null
  }
}

export async function keepIndex(
  folder: string,
  inputs: IndexInputs,
  block: SharedArrayBuffer,
  thresholds: ListThreshold[],
): Promise<void> {
  const [source, described] = indexPaths(folder, inputs)
  const text = JSON.stringify({ inputs, thresholds } satisfies Description)
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
