// A file that is a part of a list: it adds entries to the version in force, and takes some off. All
// of it is held at once, since its last word on an entry holds; the other entries are copied inside
// the store.
import { HotplateError } from '../domain/error.ts'
import type { Entry } from '../domain/hotlist.ts'
import type { NewEntry } from '../formats/hotlists/parsed-line.ts'
import type { Store } from '../store/client.ts'
import type { Removal } from './changes.ts'
import { copyEntries, deleteEntries, entryId } from './entries.ts'

const LINES_MAX = 100_000
/** Keys of one statement: they travel in an address. */
const KEYS_MAX = 2_000

export class Increment {
  readonly #entries = new Map<string, Entry>()
  /** Numbers of the source that the file has a word on, and plates and states that it takes off. */
  readonly #sources = new Set<string>()
  readonly #places = new Set<string>()
  /** Ids of entries so far, by these. */
  readonly #ids = new Map<string, Set<string>>()
  #lines = 0

  /** Entries that it adds, or says anew. */
  get entries(): Iterable<Entry> {
    return this.#entries.values()
  }

  /**
   * What has no number of its source is taken off by its plate and state.
   * @throws HotplateError LIST_PART_TOO_LARGE
   */
  take(given: NewEntry, remove: boolean): void {
    this.#lines += 1
    if (this.#lines > LINES_MAX) {
      const message = `Expected at most ${LINES_MAX} lines in a part of a list but received more`
      throw new HotplateError('LIST_PART_TOO_LARGE', message)
    }
    const entry = { ...given, id: entryId(given) }
    const source = entry.details?.source_id
    const place = placeOf(entry)
    if (source !== undefined) {
      this.#sources.add(source)
      this.#forget(`source ${source}`)
    } else if (remove) {
      this.#places.add(place)
      this.#forget(`place ${place}`)
    }
    if (remove) return
    this.#entries.set(entry.id, entry)
    this.#file(`place ${place}`, entry.id)
    if (source !== undefined) this.#file(`source ${source}`, entry.id)
  }

  #file(key: string, id: string): void {
    const ids = this.#ids.get(key)
    if (ids === undefined) this.#ids.set(key, new Set([id]))
    else ids.add(id)
  }

  #forget(key: string): void {
    for (const id of this.#ids.get(key) ?? []) this.#entries.delete(id)
    this.#ids.delete(key)
  }

  /** Copies what the file leaves as it is. @param base the version that it changes */
  async copyRest(
    store: Store,
    base: number,
    { list, version, removals }: { list: string; version: number; removals: readonly Removal[] },
  ): Promise<void> {
    await copyEntries(store, list, base, version, removals)
    for (const sources of chunked(this.#sources)) {
      await deleteEntries(store, list, version, "JSONExtractString(details, 'source_id')", sources)
    }
    for (const places of chunked(this.#places)) {
      await deleteEntries(store, list, version, "concat(plate, '\\n', region)", places)
    }
    for (const ids of chunked(this.#entries.keys())) {
      await deleteEntries(store, list, version, 'id', ids)
    }
  }
}

function placeOf({ plate, region = '' }: NewEntry): string {
  return `${plate}\n${region}`
}

function* chunked(keys: Iterable<string>): Generator<string[]> {
  const all = [...keys]
  for (let at = 0; at < all.length; at += KEYS_MAX) yield all.slice(at, at + KEYS_MAX)
}
