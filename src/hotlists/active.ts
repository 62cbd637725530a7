// The entries in force in this process: follows the manifests, the removals and the custom entries,
// and swaps in a new generation whenever one of them says so. The path of a list:
//
//   wanted    its manifest is known. Its entry file is opened, or, where there is none or a damaged
//             one, written anew from the store (in the builder's thread).
//   at hand   every list wanted has a file: the index of all of them is built, unless the one on
//             the disk is of just these.
//   in force  the base is swapped in, less the removals that came after each list's version, with
//             the custom entries in force. From now on a change of either makes another generation
//             of the same base, at once.
//
// What may go wrong, and where it leads:
//   the store does not give a version: the list stays as this process has it, or has it kept on the
//     disk, and the version is tried for until it comes. A process that starts with nothing of a
//     list waits: its reads stay on their stream and none is missed.
//   a file turns out damaged: its hits are named by what can be read, and it is loaded anew.
//   an index can't be built: the generation before stays in force.
//   a kill at any point: files are whole or absent, so the next start begins from what is there.
import { mkdir, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Piscina } from 'piscina'
import type { Revisioned } from '../bus/documents.ts'
import type { Config } from '../config/schema.ts'
import type { HotList } from '../domain/hotlist.ts'
import { modelsInUse } from '../matching/engines.ts'
import type { IndexOptions } from '../matching/index-block.ts'
import { loadModel } from '../matching/model.ts'
import type { ListThreshold } from '../matching/threshold.ts'
import type { Store } from '../store/client.ts'
import type { Logger } from '../telemetry/log.ts'
import { type Change, covers } from './changes.ts'
import { type CustomEntry, customKey } from './custom.ts'
import { hashText } from './entries.ts'
import { EntryFile } from './entry-file.ts'
import { Base, Generation, isLater, type ListedEntry } from './generation.ts'
import type { BuilderResult, BuilderTask, BuiltIndex, DamagedFiles } from './index-builder.ts'
import type { Manifests } from './manifest.ts'
import { type IndexInputs, indexPaths } from './saved-index.ts'

export interface ActiveListsOptions {
  store: Store
  manifests: Manifests
  data_dir: string
  classes: string[]
  matching: Config['matching']
  log: Logger
  onSwap: (generation: Generation) => void
}

const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 30_000

export class ActiveLists {
  #o: ActiveListsOptions
  #folder: string
  #builder = new Piscina<BuilderTask, BuilderResult>({
    filename: new URL('./index-builder.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: 1_000,
  })
  #wanted = new Map<string, HotList>()
  #removals = new Map<string, Revisioned<Change>>()
  /** Those that are active. */
  #custom = new Map<string, CustomEntry>()
  /** What their thresholds are, by the list's name; of the ones before, until they are weighed. */
  #weighed = new Map<string, ListThreshold>()
  #weighed_of = ''
  #weighing: Promise<void> | null = null
  #weigh_again = false
  #damaged = new Set<string>()
  /** Files that were found, and not looked through yet. */
  #unseen = new Set<string>()
  /** Files of the base before: a batch may be on its way to a worker that has yet to map them. */
  #needed: string[] = []
  #base: Base | null = null
  #current: Generation | null = null
  #ready = Promise.withResolvers<void>()
  #work: Promise<void> = Promise.resolve()
  #watches: { stop(): void }[] = []
  #retry: NodeJS.Timeout | undefined
  #retry_ms = RETRY_MS_MIN
  #publishing: NodeJS.Immediate | undefined
  #stopped = false
  readonly #models: IndexInputs['models']

  constructor(options: ActiveListsOptions) {
    this.#o = options
    this.#models = modelsInUse(options.matching).map((model) => {
      const { name, version } = loadModel(model)
      return { name, version }
    })
    this.#folder = join(options.data_dir, 'hotlists')
  }

  get current(): Generation | null {
    return this.#current
  }

  /** Whether it was revoked or silenced since its generation was made: a batch may have waited. */
  isSilenced({ list, entry, custom }: ListedEntry): boolean {
    if (custom) return !this.#custom.has(customKey(list.name, entry.id))
    for (const { value, revision } of this.#removals.values()) {
      if (value.list === list.name && isLater(revision, list) && covers(value, entry)) return true
    }
    return false
  }

  /** Resolves once all lists in force are matched against. */
  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const { manifests } = this.#o
    // These first: a base is never in force without what people have said of it.
    this.#watches.push(await manifests.changes.watch((key, removal) => this.#remove(key, removal)))
    this.#watches.push(await manifests.custom.watch((key, custom) => this.#follow(key, custom)))
    let followed = false
    const onManifest = (name: string, manifest: Revisioned<HotList> | null) => {
      if (manifest === null) this.#wanted.delete(name)
      else this.#wanted.set(name, manifest.value)
      this.#retry_ms = RETRY_MS_MIN
      if (followed) this.#queue()
    }
    this.#watches.push(await manifests.watch(onManifest))
    followed = true
    this.#queue()
    await this.#ready.promise
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const watch of this.#watches) watch.stop()
    clearTimeout(this.#retry)
    clearImmediate(this.#publishing)
    this.#ready.resolve()
    await this.#work
    await this.#builder.destroy()
    await this.#weighing
  }

  /** A purge only says that an import has folded the removal in: it goes with that import. */
  #remove(key: string, removal: Revisioned<Change> | null): void {
    if (removal === null) return
    this.#removals.set(key, removal)
    this.#publishSoon()
  }

  #follow(key: string, custom: Revisioned<CustomEntry> | null): void {
    if (custom?.value.approval.state === 'active') this.#custom.set(key, custom.value)
    else if (!this.#custom.delete(key)) return
    this.#publishSoon()
  }

  /** Many changes at once make one generation. */
  #publishSoon(): void {
    if (this.#base === null) return
    this.#publishing ??= setImmediate(() => {
      try {
        this.#publish()
        this.#weighSoon()
      } catch (error) {
        this.#o.log.error({ err: error }, 'Single changes of hot lists are not in force.')
      }
    })
  }

  #queue(): void {
    clearTimeout(this.#retry)
    this.#work = this.#work.then(() => this.#settle())
  }

  async #settle(): Promise<void> {
    if (this.#stopped) return
    try {
      if (await this.#round()) {
        this.#retry_ms = RETRY_MS_MIN
        return
      }
    } catch (error) {
      this.#o.log.error({ err: error }, 'The hot lists in force could not be loaded.')
    }
    clearTimeout(this.#retry)
    if (this.#stopped) return
    this.#retry = setTimeout(() => this.#queue(), this.#retry_ms)
    this.#retry_ms = Math.min(this.#retry_ms * 2, RETRY_MS_MAX)
  }

  /** @returns whether every list is in force in the version that is wanted */
  async #round(): Promise<boolean> {
    const wanted = [...this.#wanted.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
    if (this.#damaged.size === 0 && isSame(this.#base, wanted)) return true
    const found: Found[] = []
    for (const list of wanted) {
      const one = await this.#find(list)
      if (one !== null) found.push(one)
    }
    const lists = found.map(({ list }) => list)
    const files = found.map(({ file }) => file)
    const complete =
      found.length === wanted.length && found.every(({ fallen_back }) => !fallen_back)
    const replaced = files.some((file, at) => file !== this.#base?.files[at])
    if (replaced || !isSame(this.#base, lists)) {
      await this.#build(lists, files)
    }
    for (const path of this.#damaged) {
      if (!files.some(({ file }) => file === path)) this.#damaged.delete(path)
    }
    this.#verify()
    return complete
  }

  /** The file of a list, from wherever it can be had. */
  async #find(list: HotList): Promise<Found | null> {
    const path = join(this.#folder, `${list.name}.${list.version}.entries`)
    const running = this.#base?.files.find(({ manifest }) => manifest.name === list.name)
    if (!this.#damaged.has(path)) {
      if (running?.file === path) return { list, file: running, fallen_back: false }
      const file = this.#open(path)
      if (file?.manifest.profile === list.profile) {
        this.#unseen.add(path)
        return { list, file, fallen_back: false }
      }
    }
    try {
      // A store that hangs would keep a starting service from its kept lists for minutes. One with
      // no entries (a list that people make by hand begins so) is there without it.
      if (list.entries > 0) await this.#o.store.check()
      await this.#builder.run({ task: 'load', store: this.#o.store.options, list, file: path })
      this.#damaged.delete(path)
      return { list, file: new EntryFile(path), fallen_back: false }
    } catch (error) {
      const kept = running ?? (await this.#kept(list))
      if (kept === null && this.#base === null) throw error
      this.#o.log.error({ err: error, list: list.name }, 'The list could not be loaded.')
      return kept === null ? null : { list: kept.manifest, file: kept, fallen_back: true }
    }
  }

  #open(path: string): EntryFile | null {
    try {
      return new EntryFile(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#o.log.warn({ err: error }, 'An entry file is damaged.')
      }
      return null
    }
  }

  /** The latest version before this one that is on the disk. */
  async #kept({ name, version }: HotList): Promise<EntryFile | null> {
    const versions = (await readdir(this.#folder))
      .map((file) => /^(.+)\.(\d+)\.entries$/.exec(file))
      .filter((parts) => parts?.[1] === name && Number(parts[2]) < version)
      .map((parts) => Number(parts?.[2]))
      .toSorted((a, b) => b - a)
    for (const kept of versions) {
      const file = this.#open(join(this.#folder, `${name}.${kept}.entries`))
      if (file !== null) return file
    }
    return null
  }

  /** Looks all of them through, beside what goes on: a start does not wait for it. */
  #verify(): void {
    for (const path of this.#unseen) {
      this.#builder.run({ task: 'verify', file: path }).catch((error: unknown) => {
        if (!this.#stopped) this.#onDamaged(path, error)
      })
    }
    this.#unseen.clear()
  }

  #onDamaged(path: string, error?: unknown): void {
    if (this.#damaged.has(path)) return
    this.#damaged.add(path)
    this.#o.log.error({ err: error }, 'An entry file is damaged; its list is loaded anew.')
    this.#queue()
  }

  async #build(lists: readonly HotList[], files: readonly EntryFile[]): Promise<void> {
    const inputs = this.#inputs(lists)
    const files_of = files.map(({ file }) => file)
    const index = { task: 'index', folder: this.#folder, inputs, files: files_of } as const
    const built = (await this.#builder.run(index)) as BuiltIndex | DamagedFiles
    if ('damaged' in built) {
      for (const path of built.damaged) this.#onDamaged(path)
      throw new Error('An index is not built of damaged files')
    }
    const onDamaged = (path: string, error: unknown) => this.#onDamaged(path, error)
    this.#base = new Base({ ...built, lists, files, onDamaged })
    for (const [key, { value, revision }] of this.#removals) {
      const list = lists.find(({ name }) => name === value.list)
      if (list !== undefined && !isLater(revision, list)) this.#removals.delete(key)
    }
    this.#publish()
    this.#weighSoon()
    this.#ready.resolve()
    this.#o.log.info({ entries: this.#base.size, lists: lists.length }, 'Hot lists in force.')
    try {
      await this.#keep(inputs, built)
    } catch (error) {
      this.#o.log.warn({ err: error }, 'The index is not kept: the next start has to build it.')
    }
  }

  #publish(): void {
    clearImmediate(this.#publishing)
    this.#publishing = undefined
    const number = (this.#current?.generation ?? 0) + 1
    const beside = {
      removals: this.#removals.values(),
      custom: this.#custom.values(),
      thresholds: this.#weighed,
    }
    const base = this.#base as Base
    const generation = new Generation(number, base, beside, this.#index_options, Date.now())
    this.#current = generation
    this.#o.onSwap(generation)
  }

  /**
   * An entry is in force at once, and its list's threshold follows: until then more alerts than the
   * budget has, and none is missed.
   */
  #weighSoon(): void {
    this.#weigh_again = true
    this.#weighing ??= this.#weigh()
      .catch((error: unknown) => {
        if (!this.#stopped) this.#o.log.error({ err: error }, 'Custom entries are not weighed.')
      })
      .finally(() => {
        this.#weighing = null
        if (this.#weigh_again && !this.#stopped) this.#weighSoon()
      })
  }

  async #weigh(): Promise<void> {
    while (this.#weigh_again && !this.#stopped) {
      this.#weigh_again = false
      const weighed = await this.#thresholdsOfCustom(this.#current as Generation)
      if (JSON.stringify([...weighed]) === JSON.stringify([...this.#weighed])) continue
      this.#weighed = weighed
      this.#publish()
    }
  }

  async #thresholdsOfCustom(generation: Generation): Promise<Map<string, ListThreshold>> {
    const { base, overlay } = generation
    if (overlay === null) {
      this.#weighed_of = ''
      return new Map()
    }
    const inputs = this.#inputs(base.lists)
    const packed = generation.packed()
    const of = hashText(JSON.stringify(inputs) + Buffer.from(packed.records).toString('latin1'))
    // Another word in an entry changes nothing that is weighed.
    if (of === this.#weighed_of) return this.#weighed
    const task = { task: 'weigh', inputs, ...packed } as const
    const thresholds = (await this.#builder.run(task)) as ListThreshold[]
    this.#weighed_of = of
    return new Map(base.lists.map(({ name }, at) => [name, thresholds[at] as ListThreshold]))
  }

  #inputs(lists: readonly HotList[]): IndexInputs {
    const { false_alerts_per_million_max } = this.#o.matching
    return { ...this.#index_options, lists, models: this.#models, false_alerts_per_million_max }
  }

  get #index_options(): IndexOptions {
    const { classes, matching } = this.#o
    return { classes, edit_chars_min: matching.edit_chars_min }
  }

  /** Brings the index to the disk, then removes what neither this base nor the last one needs. */
  async #keep(inputs: IndexInputs, built: BuiltIndex): Promise<void> {
    await this.#builder.run({ task: 'keep', folder: this.#folder, inputs, ...built })
    const needed = [
      ...(this.#base?.files ?? []).map(({ file }) => file),
      ...indexPaths(this.#folder, inputs),
    ]
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name)
      if (!needed.includes(path) && !this.#needed.includes(path)) await unlink(path)
    }
    this.#needed = needed
  }
}

interface Found {
  list: HotList
  file: EntryFile
  /** Not in the version that is wanted. */
  fallen_back: boolean
}

function isSame(base: Base | null, lists: readonly HotList[]): boolean {
  const text = (all: readonly HotList[]) =>
    JSON.stringify(all.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
  return base !== null && text(base.lists) === text(lists)
}
