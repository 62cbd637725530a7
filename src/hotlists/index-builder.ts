// Builds the index of all entries in force in a thread of its own, so that matching never waits for
// it.
import { buildEntryTable } from '../matching/entry-table.ts'
import { buildIndex, type IndexedEntry } from '../matching/index-block.ts'

export interface BuildTask {
  entries: (IndexedEntry & { region?: string })[]
  classes: string[]
  edit_chars_min: number
}

export interface BuiltIndex {
  block: SharedArrayBuffer
  table: SharedArrayBuffer
}

export default function build({ entries, classes, edit_chars_min }: BuildTask): BuiltIndex {
  return {
    block: buildIndex(entries, { classes, edit_chars_min }),
    table: buildEntryTable(entries),
  }
}
