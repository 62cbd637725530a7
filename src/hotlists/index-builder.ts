// The thread that prepares lists: brings a version from the store into its entry file, builds the
// index of all lists in force, writes it to the disk and looks files through. Matching never waits
// for any of it.
import { constants, setPriority } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import type { HotList } from '../domain/hotlist.ts'
import { tableOf } from '../matching/entry-table.ts'
import { buildIndexOf, type IndexOptions } from '../matching/index-block.ts'
import { ENTRY_RECORD_BYTES } from '../matching/record.ts'
import { connectStore, type StoreOptions } from '../store/client.ts'
import { streamRows } from './entries.ts'
import { EntryFile, writeEntryFile } from './entry-file.ts'

export type BuilderTask =
  | { task: 'load'; store: StoreOptions; list: HotList; file: string }
  | { task: 'build'; files: string[]; options: IndexOptions }
  | { task: 'verify'; file: string }

export interface BuiltIndex {
  block: SharedArrayBuffer
  table: SharedArrayBuffer
  /** Least log odds of an alert, by list number: the place of the list's file. */
  log_odds_min: Float64Array
}

// Matching goes first where cores are short. Elsewhere than on Linux this would be the priority of
// the whole process.
if (!isMainThread && process.platform === 'linux')
  setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL)

export default async function run(task: BuilderTask): Promise<BuiltIndex | null> {
  switch (task.task) {
    case 'load':
      await load(task.store, task.list, task.file)
      return null
    case 'build':
      return build(task.files, task.options)
    case 'verify':
      withFile(task.file, (entries) => entries.verify())
      return null
  }
}

async function load(options: StoreOptions, list: HotList, file: string): Promise<void> {
  const store = connectStore(options)
  try {
    await writeEntryFile(file, list, await streamRows(store, list.name, list.version))
  } finally {
    await store.close()
  }
}

const LIST_AT = 14

function build(files: readonly string[], options: IndexOptions): BuiltIndex {
  const parts = files.map((file) => new EntryFile(file))
  try {
    const count = parts.reduce((sum, { entries }) => sum + entries, 0)
    const records = new Uint8Array(count * ENTRY_RECORD_BYTES)
    let at = 0
    parts.forEach((part, list) => {
      const end = at + part.entries * ENTRY_RECORD_BYTES
      part.readRecords(records.subarray(at, end))
      for (; at < end; at += ENTRY_RECORD_BYTES) {
        records[at + LIST_AT] = list & 255
        records[at + LIST_AT + 1] = list >>> 8
      }
    })
    return {
      block: buildIndexOf(records, count, options),
      table: tableOf(records, count),
      log_odds_min: new Float64Array(files.length).fill(Number.NEGATIVE_INFINITY),
    }
  } finally {
    for (const part of parts) part.close()
  }
}

function withFile<T>(file: string, work: (entries: EntryFile) => T): T {
  const entries = new EntryFile(file)
  try {
    return work(entries)
  } finally {
    entries.close()
  }
}
