// What the keeper does with feeds: looks into watched folders, asks the hosts whose time has come,
// and hands what it has to the import. A list is never changed here: what becomes of a file, its
// import decides, and whatever goes wrong leaves the version in force in force.
import { readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type { Revisioned } from '../../bus/documents.ts'
import type { Config } from '../../config/schema.ts'
import { HotplateError } from '../../domain/error.ts'
import type { FolderFeed, HttpsFeed, ListFeed, SftpFeed } from '../../domain/list-feed.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { SettingsDocuments } from '../settings.ts'
import { dueAt, type FeedState, type FeedStates, feedIdentity, feedInForce } from './feed-state.ts'
import { type Outcome, type WatchedFile, WatchedFolder } from './folder.ts'
import { fetchHttps } from './https.ts'
import { fetchSftp } from './sftp.ts'
import type { Fetched } from './spool.ts'

/** A file that a feed has brought. */
export interface Delivery {
  list: string
  path: string
  /** As it is shown: without folders. */
  name: string
  /** Of a zip archive. */
  password?: string
}

/** What the import made of it. */
export interface Delivered {
  version: number
  state: string
  /** Why it waits for a person, in words. */
  held: readonly string[]
  counts: object
}

/** What a turn works on. */
export interface FeedGround {
  settings: Pick<SettingsDocuments, 'all'>
  states: FeedStates
  /** Imports the file. @throws HotplateError LIST_… where the file is at fault */
  deliver: (delivery: Delivery) => Promise<Delivered>
}

export interface FeedJobOptions {
  config: Pick<Config, 'data_dir' | 'hotlists'>
  /** Called once, and again after it has failed. */
  open: () => Promise<FeedGround>
  metrics: Pick<Metrics, 'feedFailures' | 'listLabel'>
  log: Pick<Logger, 'info' | 'warn' | 'error'>
}

type Account = Config['hotlists']['feeds']['accounts'][string]

const NAME_CHARS_MAX = 200
const MESSAGE_CHARS_MAX = 500

export class FeedJob {
  readonly #o: FeedJobOptions
  readonly #signal: AbortSignal
  readonly #folders = new Map<string, WatchedFolder>()
  #turn: Promise<void> | null = null
  #ground: FeedGround | null = null

  /** @param signal aborts when another process keeps, or this one ends */
  constructor(o: FeedJobOptions, signal: AbortSignal) {
    this.#o = o
    this.#signal = signal
    signal.addEventListener('abort', () => o.metrics.feedFailures.reset())
  }

  /** Begins a turn unless one is under way: a file may take minutes, other jobs don't wait. */
  turn(now_ms: number): void {
    this.#turn ??= this.run(now_ms).finally(() => {
      this.#turn = null
    })
  }

  async idle(): Promise<void> {
    await this.#turn
  }

  /** One look at every feed. Any failure is logged and kept; the next turn is soon. */
  async run(now_ms: number): Promise<void> {
    const { open, log, metrics } = this.#o
    try {
      const ground = this.#ground ?? (await open())
      // What a service left that died over it is of no use: it is fetched again.
      if (this.#ground === null) await rm(this.#spool(), { recursive: true, force: true })
      this.#ground = ground
      const known = await ground.states.all()
      for (const [list, { value }] of await ground.settings.all()) {
        if (this.#signal.aborted) return
        const feed = feedInForce(value)
        if (feed === undefined) metrics.feedFailures.remove({ list: metrics.listLabel(list) })
        else if (feed.kind === 'folder') await this.#look(ground, list, feed, now_ms)
        else await this.#ask(ground, list, feed, { known: known.get(list), now_ms })
      }
    } catch (error) {
      if (!this.#signal.aborted) log.error({ err: error }, 'Feeds could not be kept.')
    }
  }

  async #look(ground: FeedGround, list: string, feed: FolderFeed, now_ms: number): Promise<void> {
    const { config, log } = this.#o
    const { folder, settled_s, kept_days } = config.hotlists.feeds
    let watched = this.#folders.get(list)
    if (watched === undefined) {
      const place = join(folder ?? join(config.data_dir, 'lists'), list)
      watched = new WatchedFolder(place, settled_s * 1_000)
      this.#folders.set(list, watched)
    }
    try {
      const { archive_password } = this.#accountOf(feed)
      const password = archive_password === undefined ? {} : { password: archive_password }
      await watched.look(now_ms, (file) => this.#take(ground, list, { ...file, ...password }))
      await watched.clear(now_ms, kept_days)
    } catch (error) {
      log.error({ err: error, list }, 'The folder of a list could not be looked at.')
    }
  }

  async #take(
    { deliver }: FeedGround,
    list: string,
    { name, ...file }: WatchedFile & Pick<Delivery, 'password'>,
  ): Promise<Outcome> {
    const { log } = this.#o
    const told = { list, file: name, at: new Date().toISOString() }
    if (this.#signal.aborted) return { became: 'again' }
    try {
      const delivered = await deliver({ ...file, list, name: name.slice(-NAME_CHARS_MAX) })
      return { became: 'done', report: { ...told, ...delivered } }
    } catch (error) {
      log.error({ err: error, list }, 'A file of a watched folder could not be imported.')
      if (!isOfTheFile(error)) return { became: 'again' }
      return { became: 'failed', report: { ...told, ...failureOf(error) } }
    }
  }

  async #ask(
    ground: FeedGround,
    list: string,
    feed: HttpsFeed | SftpFeed,
    { known, now_ms }: { known: Revisioned<FeedState> | undefined; now_ms: number },
  ): Promise<void> {
    const { log, metrics } = this.#o
    const identity = feedIdentity(feed)
    const state = known?.value.feed === identity ? known.value : undefined
    if (now_ms < dueAt(state, feed.every_minutes)) return
    const next: FeedState = {
      ...state,
      list,
      feed: identity,
      asked_at: new Date(now_ms).toISOString(),
      failures: 0,
    }
    delete next.failure
    try {
      Object.assign(next, await this.#fetch(ground, list, feed, state))
    } catch (error) {
      if (this.#signal.aborted) return
      next.failures = (state?.failures ?? 0) + 1
      next.failure = failureOf(error)
      log.warn({ list, ...next.failure, failures: next.failures }, 'A list could not be fetched.')
    }
    metrics.feedFailures.set({ list: metrics.listLabel(list) }, next.failures)
    if (known === undefined) await ground.states.create(list, next)
    else await ground.states.update(list, next, known.revision)
  }

  /** @returns what is new of the feed's state; nothing where the file has not changed */
  async #fetch(
    { deliver }: FeedGround,
    list: string,
    feed: HttpsFeed | SftpFeed,
    state: FeedState | undefined,
  ): Promise<Partial<FeedState>> {
    const folder = this.#spool()
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const path = join(folder, list)
    await rm(path, { force: true })
    const account = this.#accountOf(feed)
    try {
      const fetched = await this.#fetchTo(path, feed, account, state)
      if (fetched.outcome === 'unchanged') return {}
      const name = nameOf(feed).slice(-NAME_CHARS_MAX)
      const password = account.archive_password
      const { version } = await deliver({
        list,
        path,
        name,
        ...(password === undefined ? {} : { password }),
      })
      // Only what could be taken is not asked for again.
      return { mark: fetched.mark, taken_at: new Date().toISOString(), version }
    } finally {
      await rm(path, { force: true })
    }
  }

  #spool(): string {
    return join(this.#o.config.data_dir, 'fetched')
  }

  #fetchTo(
    path: string,
    feed: HttpsFeed | SftpFeed,
    account: Account,
    state: FeedState | undefined,
  ): Promise<Fetched> {
    const { hosts_allowed, private_hosts_allowed, ca_file, bytes_max, seconds_max } =
      this.#o.config.hotlists.feeds
    const options = {
      rules: { hosts_allowed, private_hosts_allowed },
      limits: { bytes_max, seconds_max },
      account,
      signal: this.#signal,
      ...(state?.mark === undefined ? {} : { mark: state.mark }),
    }
    if (feed.kind === 'sftp') return fetchSftp(feed, path, options)
    const ca = ca_file === null ? {} : { ca: readFileSync(ca_file, 'utf8') }
    return fetchHttps(feed, path, { ...options, ...ca })
  }

  /** @throws HotplateError FEED_ACCOUNT */
  #accountOf({ account: name }: ListFeed): Account {
    if (name === undefined) return {}
    const { accounts } = this.#o.config.hotlists.feeds
    const account = Object.hasOwn(accounts, name) ? accounts[name] : undefined
    if (account !== undefined) return account
    const message = `Expected the account ${name} in hotlists.feeds.accounts but found none`
    throw new HotplateError('FEED_ACCOUNT', message)
  }
}

function nameOf(feed: HttpsFeed | SftpFeed): string {
  const path = feed.kind === 'https' ? new URL(feed.url).pathname : feed.path
  return posix.basename(path) || 'list'
}

/** Another try would end the same way: the file goes to whoever sent it. */
function isOfTheFile(error: unknown): boolean {
  return error instanceof HotplateError && /^(LIST|FORMAT)_/.test(error.code)
}

function failureOf(error: unknown): { code: string; message: string } {
  if (!(error instanceof HotplateError)) {
    return { code: 'INTERNAL', message: 'The import failed: the log has more' }
  }
  return { code: error.code, message: error.message.slice(0, MESSAGE_CHARS_MAX) }
}
