// The entries in force in this process: follows the manifests, loads each new version, builds an
// index of all lists and swaps it in. A generation is immutable: a batch is matched, and its hits
// are named, by the one it began with.
//
// The store may be down when a process starts, and alerts must not wait for it: each loaded version
// is also kept as a file in the data folder, and taken from there when the store does not answer.
import { mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Piscina } from 'piscina'
import type { Documents, Revisioned } from '../bus/documents.ts'
import type { Entry, HotList } from '../domain/hotlist.ts'
import type { Store } from '../store/client.ts'
import type { Logger } from '../telemetry/log.ts'
import { loadEntries } from './entries.ts'
import type { BuildTask, BuiltIndex } from './index-builder.ts'

export interface ListedEntry {
  list: HotList
  entry: Entry
}

export interface Generation extends BuiltIndex {
  generation: number
  size: number
  /** The entry at an index of the block. */
  at(index: number): ListedEntry
}

export interface ActiveListsOptions {
  store: Store
  manifests: Documents<HotList>
  data_dir: string
  classes: string[]
  edit_chars_min: number
  log: Logger
  onSwap: (generation: Generation) => void
}

/** Generations whose batches may still be in work. */
const KEPT = 4
const RETRY_MS = 1_000

export class ActiveLists {
  #o: ActiveListsOptions
  #folder: string
  #builder = new Piscina<BuildTask, BuiltIndex>({
    filename: new URL('./index-builder.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: 1_000,
  })
  #wanted = new Map<string, HotList>()
  #loaded = new Map<string, { list: HotList; entries: Entry[] }>()
  #generations = new Map<number, Generation>()
  #current: Generation | null = null
  #work: Promise<void> = Promise.resolve()
  #watch: { stop(): void } | undefined
  #stopped = false

  constructor(options: ActiveListsOptions) {
    this.#o = options
    this.#folder = join(options.data_dir, 'hotlists')
  }

  get current(): Generation | null {
    return this.#current
  }

  /** The generation that a batch was matched against, while batches of it may be in work. */
  generation(number: number): Generation | undefined {
    return this.#generations.get(number)
  }

  /** Resolves once all lists in force are in the index. */
  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    this.#watch = await this.#o.manifests.watch((name, manifest) => this.#changed(name, manifest))
    this.#queue()
    await this.#work
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#watch?.stop()
    await this.#work
    await this.#builder.destroy()
  }

  #changed(name: string, manifest: Revisioned<HotList> | null): void {
    if (manifest === null) this.#wanted.delete(name)
    else this.#wanted.set(name, manifest.value)
    if (this.#watch) this.#queue()
  }

  #queue(): void {
    this.#work = this.#work.then(() => this.#swap())
  }

  async #swap(): Promise<void> {
    while (!this.#stopped) {
      try {
        if (await this.#load()) await this.#build()
        return
      } catch (error) {
        this.#o.log.error({ err: error }, 'The hot lists in force could not be loaded.')
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  /** Loads what changed. @returns whether there is something to build */
  async #load(): Promise<boolean> {
    let changed = this.#current === null
    for (const name of this.#loaded.keys()) {
      if (!this.#wanted.has(name)) changed = this.#loaded.delete(name) || changed
    }
    for (const list of this.#wanted.values()) {
      if (this.#loaded.get(list.name)?.list.version === list.version) continue
      this.#loaded.set(list.name, { list, entries: await this.#entries(list) })
      changed = true
    }
    return changed
  }

  async #entries(list: HotList): Promise<Entry[]> {
    const file = join(this.#folder, `${list.name}.${list.version}.json`)
    try {
      // A store that hangs would keep a starting service from its kept lists for minutes.
      await this.#o.store.check()
      const entries = await loadEntries(this.#o.store, list.name, list.version)
      if (entries.length !== list.entries) {
        throw new Error(
          `Expected ${list.entries} entries of ${list.name} but found ${entries.length}`,
        )
      }
      await this.#keep(list, file, entries)
      return entries
    } catch (error) {
      try {
        const entries = JSON.parse(await readFile(file, 'utf8')) as Entry[]
        this.#o.log.warn({ list: list.name, err: error }, 'The list was taken from its kept file.')
        return entries
      } catch {
        throw error
      }
    }
  }

  async #keep(list: HotList, file: string, entries: Entry[]): Promise<void> {
    await writeFile(`${file}.new`, JSON.stringify(entries), { mode: 0o600 })
    await rename(`${file}.new`, file)
    for (const name of await readdir(this.#folder)) {
      const [owner, version] = name.split('.')
      if (owner === list.name && Number(version) < list.version) {
        await unlink(join(this.#folder, name))
      }
    }
  }

  async #build(): Promise<void> {
    const lists = [...this.#loaded.values()]
    const built = await this.#builder.run({
      entries: lists.flatMap(({ list, entries }) =>
        entries.map(({ plate, region }) => ({
          plate,
          profile: list.profile,
          ...(region === undefined ? {} : { region }),
        })),
      ),
      classes: this.#o.classes,
      edit_chars_min: this.#o.edit_chars_min,
    })
    const number = (this.#current?.generation ?? 0) + 1
    const generation = { generation: number, ...built, ...locate(lists) }
    this.#current = generation
    this.#generations.set(number, generation)
    this.#generations.delete(number - KEPT)
    this.#o.onSwap(generation)
    this.#o.log.info({ entries: generation.size, lists: lists.length }, 'Hot lists in force.')
  }
}

function locate(lists: readonly { list: HotList; entries: Entry[] }[]) {
  const starts: number[] = []
  let size = 0
  for (const { entries } of lists) {
    starts.push(size)
    size += entries.length
  }
  const at = (index: number): ListedEntry => {
    const which = starts.findLastIndex((start) => start <= index)
    const { list, entries } = lists[which] as { list: HotList; entries: Entry[] }
    return { list, entry: entries[index - (starts[which] as number)] as Entry }
  }
  return { size, at }
}
