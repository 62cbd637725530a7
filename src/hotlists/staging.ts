// The lines of a list on their way into the store, under a version that is not in force: entries go
// in columns, a block at a time, while the next lines are read, so that millions are never held.
// Knows the store and nothing of the bus: it runs in a thread of its own as well.
import type { Entry } from '../domain/hotlist.ts'
import type { ListSettings } from '../domain/list-settings.ts'
import {
  type BadLine,
  isBad,
  type NewEntry,
  type ParsedLine,
} from '../formats/hotlists/parsed-line.ts'
import type { Store } from '../store/client.ts'
import { BAD_LINES_KEPT_MAX, insertBadLines } from './bad-lines.ts'
import { covers, type Removal } from './changes.ts'
import { insertSilenced, SILENCED_KEPT_MAX } from './differences.ts'
import { countEntries, EntryWriter, entryId } from './entries.ts'
import { IdSet } from './id-set.ts'
import { Increment } from './increment.ts'
import { purposeOfCode } from './settings.ts'

/** What is done with a list's lines. Plain data: it goes to a thread. */
export interface StagingOrder {
  list: string
  version: number
  /** What people have silenced in the list. */
  removals: readonly Removal[]
  /** What administrators have decided on file codes; null: entries keep what they bring. */
  file_codes: ListSettings['file_codes'] | null
  /** The file is a part: what it does not name stays as in this version; null: there is none. */
  part_of?: number | null
}

export interface StagingCounts {
  /** Records that came: entries, bad lines and skipped ones but for headers. */
  lines: number
  /** In the version, active. */
  entries: number
  /** In the version, and matched by nothing: no purpose of the policy fits their file code. */
  inactive: number
  bad: number
  /** Of the bad ones: bytes that are no text of the file's encoding. */
  bad_encoding: number
  skipped: number
  /** Lines that say what an earlier one said: same plate, state, case and reason. */
  duplicates: number
  /** Entries that a removal keeps out. */
  silenced: number
}

export function noCounts(): StagingCounts {
  return {
    lines: 0,
    entries: 0,
    inactive: 0,
    bad: 0,
    bad_encoding: 0,
    skipped: 0,
    duplicates: 0,
    silenced: 0,
  }
}

export interface Staged {
  counts: StagingCounts
  /** Lines by why they were left out. */
  skipped: Record<string, number>
  /** Inactive entries by their file code. */
  inactive: Record<string, number>
  /** The file's own count of its records; null: it was cut off. Without one there is none. */
  footer?: number | null
}

/**
 * Writes what lines bring. The first of several lines that make the same entry stands.
 * @param onProgress told with each block of entries
 * @throws ClickHouseError or a connection's error; what the parser throws (LIST_UNREADABLE)
 */
export async function stageLines(
  store: Store,
  order: StagingOrder,
  lines: AsyncIterable<ParsedLine> | Iterable<ParsedLine>,
  onProgress: (counts: StagingCounts) => void = () => {},
): Promise<Staged> {
  const stage = new Stage(store, order, onProgress)
  if (order.part_of !== undefined) return stagePart(store, stage, order, lines)
  for await (const line of lines) {
    if ('entry' in line && line.remove === undefined) {
      stage.count()
      if (stage.add(line.entry)) await stage.write()
    } else stage.other(line)
  }
  return stage.finish()
}

async function stagePart(
  store: Store,
  stage: Stage,
  order: StagingOrder,
  lines: AsyncIterable<ParsedLine> | Iterable<ParsedLine>,
): Promise<Staged> {
  const { list, version, part_of = null } = order
  const part = new Increment()
  for await (const line of lines) {
    if ('entry' in line) {
      stage.count()
      part.take(line.entry, line.remove === true)
    } else stage.other(line)
  }
  if (part_of !== null) await part.copyRest(store, part_of, order)
  for (const entry of part.entries) if (stage.add(entry)) await stage.write()
  const { counts, ...staged } = await stage.finish()
  return { ...staged, counts: { ...counts, ...(await countEntries(store, list, version)) } }
}

class Stage {
  readonly #store: Store
  readonly #order: StagingOrder
  readonly #onProgress: (counts: StagingCounts) => void
  readonly #writer: EntryWriter
  readonly #seen = new IdSet()
  readonly #removals: ReadonlyMap<string, Removal[]>
  readonly #bad: BadLine[] = []
  readonly #silenced: Entry[] = []
  readonly #staged: Staged = {
    counts: noCounts(),
    skipped: {},
    inactive: {},
  }

  constructor(store: Store, order: StagingOrder, onProgress: (counts: StagingCounts) => void) {
    this.#store = store
    this.#order = order
    this.#onProgress = onProgress
    this.#writer = new EntryWriter(store, order.list, order.version)
    this.#removals = Map.groupBy(order.removals, ({ plate }) => plate)
  }

  /** A line of an entry has come. */
  count(): void {
    this.#staged.counts.lines += 1
  }

  /** @returns whether a block is full */
  add(given: NewEntry): boolean {
    const { counts } = this.#staged
    const entry: Entry = { ...given, id: entryId(given) }
    if (!this.#seen.add(entry.id)) {
      counts.duplicates += 1
      return false
    }
    if (this.#removals.get(entry.plate)?.some((removal) => covers(removal, entry))) {
      counts.silenced += 1
      if (this.#silenced.length < SILENCED_KEPT_MAX) this.#silenced.push(entry)
      return false
    }
    const inactive = this.#purpose(entry)
    counts[inactive ? 'inactive' : 'entries'] += 1
    return this.#writer.add(inactive ? { ...entry, inactive } : entry)
  }

  /** Gives the entry the purpose of its file code. @returns true where none fits */
  #purpose(entry: Entry): true | undefined {
    const code = entry.details?.file_code
    if (code === undefined || entry.purpose !== undefined || this.#order.file_codes === null) {
      return undefined
    }
    const purpose = purposeOfCode({ file_codes: this.#order.file_codes }, code)
    if (purpose !== null) {
      entry.purpose = purpose
      return undefined
    }
    const { inactive } = this.#staged
    inactive[code] = (inactive[code] ?? 0) + 1
    return true
  }

  other(line: ParsedLine): void {
    const { counts, skipped } = this.#staged
    if (isBad(line)) {
      counts.lines += 1
      counts.bad += 1
      if (line.encoding) counts.bad_encoding += 1
      if (this.#bad.length < BAD_LINES_KEPT_MAX) this.#bad.push(line)
    } else if ('footer' in line) {
      this.#staged.footer = line.footer.records
    } else {
      const why = 'skipped' in line ? line.skipped : 'removal'
      if (why !== 'header') counts.lines += 1
      counts.skipped += 1
      skipped[why] = (skipped[why] ?? 0) + 1
    }
  }

  async write(): Promise<void> {
    await this.#writer.write()
    this.#onProgress({ ...this.#staged.counts })
  }

  async finish(): Promise<Staged> {
    const { list, version } = this.#order
    await this.#writer.finish()
    await insertBadLines(this.#store, list, version, this.#bad)
    await insertSilenced(this.#store, list, version, this.#silenced)
    return this.#staged
  }
}
