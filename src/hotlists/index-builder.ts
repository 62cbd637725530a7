// The thread that prepares lists: brings a version from the store into its entry file, finds or
// builds the index of all lists in force and their thresholds, brings it to the disk, and looks
// files through. Matching never waits for any of it.
import { getPriority, setPriority } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import { budgetOf, type HotList } from '../domain/hotlist.ts'
import { buildIndexOf, type IndexSource } from '../matching/index-block.ts'
import { loadModel } from '../matching/model.ts'
import { ENTRY_RECORD_BYTES } from '../matching/record.ts'
import { type ListThreshold, thresholdsOf } from '../matching/threshold.ts'
import { connectStore, type StoreOptions } from '../store/client.ts'
import { streamRows } from './entries.ts'
import { EntryFile, writeEntryFile } from './entry-file.ts'
import { findIndex, type IndexInputs, keepIndex } from './saved-index.ts'

export type BuilderTask =
  | { task: 'load'; store: StoreOptions; list: HotList; file: string }
  | { task: 'index'; folder: string; inputs: IndexInputs; files: readonly string[] }
  | ({ task: 'keep'; folder: string; inputs: IndexInputs } & BuiltIndex)
  | { task: 'verify'; file: string }
  | { task: 'weigh'; inputs: IndexInputs; records: Uint8Array; count: number }

export interface BuiltIndex {
  /** A path where it was found on the disk. */
  source: IndexSource
  /** By list number: the place of the list among the inputs. */
  thresholds: ListThreshold[]
}

/** Files that no index may be built of. */
export interface DamagedFiles {
  damaged: string[]
}

/** A third of a matching thread's share where all cores are taken. */
const BUILDER_NICENESS = 5

// Matching goes first where cores are short. Elsewhere than on Linux this would be the priority of
// the whole process.
if (!isMainThread && process.platform === 'linux') {
  setPriority(0, Math.min(getPriority(0) + BUILDER_NICENESS, 19))
}

/** What tasks give: `index` and `weigh`; the others null. */
export type BuilderResult = BuiltIndex | DamagedFiles | ListThreshold[] | null

export default async function run(task: BuilderTask): Promise<BuilderResult> {
  switch (task.task) {
    case 'load':
      await load(task.store, task.list, task.file)
      return null
    case 'index':
      return index(task.folder, task.inputs, task.files)
    case 'keep':
      if (typeof task.source !== 'string') {
        await keepIndex(task.folder, task.inputs, task.source, task.thresholds)
      }
      return null
    case 'verify':
      withFiles([task.file], ([file]) => file?.verify())
      return null
    case 'weigh':
      return weigh(task.inputs, buildIndexOf(task.records, task.count, task.inputs), task)
  }
}

async function load(options: StoreOptions, list: HotList, file: string): Promise<void> {
  if (list.entries === 0) return writeEntryFile(file, list, nothing())
  const store = connectStore(options)
  try {
    const rows = streamRows(store, list.name, list.version, list.entries)
    await writeEntryFile(file, list, rows)
  } finally {
    await store.close()
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** @param files of the lists, in their order */
async function index(
  folder: string,
  inputs: IndexInputs,
  files: readonly string[],
): Promise<BuiltIndex | DamagedFiles> {
  const found = await findIndex(folder, inputs)
  if (found !== null) return found
  const damaged = files.filter(isDamaged)
  if (damaged.length > 0) return { damaged }
  const { records, count } = withFiles(files, recordsOf)
  const source = buildIndexOf(records, count, inputs)
  return { source, thresholds: weigh(inputs, source, { records, count }) }
}

function weigh(
  inputs: IndexInputs,
  source: IndexSource,
  { records, count }: { records: Uint8Array; count: number },
): ListThreshold[] {
  return thresholdsOf({
    source,
    records,
    count,
    budgets_per_million: inputs.lists.map((list) =>
      budgetOf(list, inputs.false_alerts_per_million_max),
    ),
    classes: inputs.classes,
    models: inputs.models.map(({ name }) => loadModel(name)),
  })
}

function isDamaged(path: string): boolean {
  try {
    withFiles([path], ([file]) => file?.verify())
    return false
  } catch {
    return true
  }
}

const LIST_AT = 14

/** Records of all files, with the numbers of their lists. */
export function recordsOf(files: readonly EntryFile[]): { records: Uint8Array; count: number } {
  const count = files.reduce((sum, { entries }) => sum + entries, 0)
  const records = new Uint8Array(count * ENTRY_RECORD_BYTES)
  let at = 0
  files.forEach((file, list) => {
    const end = at + file.entries * ENTRY_RECORD_BYTES
    file.readRecords(records.subarray(at, end))
    for (; at < end; at += ENTRY_RECORD_BYTES) {
      records[at + LIST_AT] = list & 255
      records[at + LIST_AT + 1] = list >>> 8
    }
  })
  return { records, count }
}

function withFiles<T>(paths: readonly string[], work: (files: EntryFile[]) => T): T {
  const files = paths.map((path) => new EntryFile(path))
  try {
    return work(files)
  } finally {
    for (const file of files) file.close()
  }
}
