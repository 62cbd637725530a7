// Small control documents (users, lists, cameras, leases): JSON in key-value buckets, checked on
// the way out, changed only by who knows the revision that is there.
import { DeliverPolicy, JetStreamApiCodes, JetStreamApiError, type JsMsg } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { errors, nanos } from '@nats-io/transport-node'
import type { z } from 'zod'
import { HotplateError } from '../domain/error.ts'
import type { Bus } from './connection.ts'

export interface Revisioned<T> {
  value: T
  revision: number
}

/** Keys are of `A-Z a-z 0-9 _ - / = .`, with no dot first or last. */
export interface Documents<T> {
  /** Null when there is none. @throws HotplateError DOCUMENT_INVALID */
  get(key: string): Promise<Revisioned<T> | null>
  /** Answers the revision. @throws HotplateError DOCUMENT_EXISTS */
  create(key: string, value: T): Promise<number>
  /**
   * Answers the new revision. @throws HotplateError DOCUMENT_CHANGED when `revision` isn't the last
   * any more
   */
  update(key: string, value: T, revision: number): Promise<number>
  /** With a revision: only where it is still the last, and without erasing what was there. */
  purge(key: string, revision?: number): Promise<void>
  /** All that are valid; others are reported as `onInvalid` says. */
  all(): Promise<Map<string, Revisioned<T>>>
  /**
   * Calls for each existing document first and resolves once those were delivered, then for each
   * change in order (null: purged), also after the server was away. What changed twice in that time
   * is told once.
   */
  watch(onChange: (key: string, doc: Revisioned<T> | null) => void): Promise<{ stop(): void }>
}

export interface DocumentsOptions {
  /** Documents older than this vanish, without a word to those who watch. */
  ttl_ms?: number
  /** Told of each document that isn't as the schema says; the log by default. */
  onInvalid?: (error: HotplateError, key: string) => void
}

const LIST_MS_MAX = 30_000
const REOPEN_MS = 250

/** Opens a bucket, making it or changing its limits where needed. */
export async function openDocuments<T>(
  bus: Bus,
  bucket: string,
  schema: z.ZodType<T>,
  options: DocumentsOptions = {},
): Promise<Documents<T>> {
  const kv = await answered(openBucket(bus, bucket, options.ttl_ms ?? 0))
  return new BucketDocuments(bus, bucket, kv, schema, options)
}

async function openBucket(bus: Bus, bucket: string, ttl_ms: number): Promise<KV> {
  const kv = await new Kvm(bus.js).create(bucket, {
    history: 1,
    replicas: bus.replicas ?? 1,
    // Any replica may answer a direct get, also one that is behind: rights and revisions are asked
    // of the leader.
    allow_direct: false,
    ...(ttl_ms > 0 ? { ttl: ttl_ms } : {}),
  })
  const { config } = await bus.jsm.streams.info(`KV_${bucket}`)
  const num_replicas = bus.replicas ?? config.num_replicas
  const max_age = nanos(ttl_ms)
  if (config.max_age !== max_age || config.num_replicas !== num_replicas) {
    const duplicate_window =
      max_age > 0 ? Math.min(config.duplicate_window, max_age) : config.duplicate_window
    const limits = { ...config, max_age, num_replicas, duplicate_window }
    await bus.jsm.streams.update(config.name, limits)
  }
  return kv
}

class BucketDocuments<T> implements Documents<T> {
  readonly #bus: Bus
  readonly #bucket: string
  readonly #kv: KV
  readonly #schema: z.ZodType<T>
  readonly #onInvalid: (error: HotplateError, key: string) => void

  constructor(bus: Bus, bucket: string, kv: KV, schema: z.ZodType<T>, options: DocumentsOptions) {
    this.#bus = bus
    this.#bucket = bucket
    this.#kv = kv
    this.#schema = schema
    this.#onInvalid =
      options.onInvalid ??
      ((error, key) => bus.log?.warn({ bucket, key, err: error }, 'A document is invalid.'))
  }

  async get(key: string): Promise<Revisioned<T> | null> {
    const entry = await answered(this.#kv.get(key))
    if (entry === null || entry.operation !== 'PUT') return null
    return { value: this.#parse(key, entry.string()), revision: entry.revision }
  }

  async create(key: string, value: T): Promise<number> {
    try {
      return await answered(this.#kv.create(key, JSON.stringify(value)))
    } catch (cause) {
      if (!isConflict(cause)) throw cause
      const what = `${key} of ${this.#bucket}`
      throw new HotplateError('DOCUMENT_EXISTS', `Document ${what} is there already`, { cause })
    }
  }

  async update(key: string, value: T, revision: number): Promise<number> {
    try {
      return await answered(this.#kv.update(key, JSON.stringify(value), revision))
    } catch (cause) {
      if (!isConflict(cause)) throw cause
      throw new HotplateError(
        'DOCUMENT_CHANGED',
        `Document ${key} of ${this.#bucket} is no longer at revision ${revision}: read it again`,
        { cause },
      )
    }
  }

  async purge(key: string, revision?: number): Promise<void> {
    if (revision !== undefined) {
      try {
        await answered(this.#kv.purge(key, { previousSeq: revision }))
      } catch (error) {
        if (!isConflict(error)) throw error
      }
      return
    }
    const entry = await answered(this.#kv.get(key))
    if (entry !== null && entry.operation === 'PUT') await this.#erase(entry.revision)
    await answered(this.#kv.purge(key))
  }

  /** A purge alone leaves the value in the server's files: a destroyed secret would lie there. */
  async #erase(revision: number): Promise<void> {
    try {
      await answered(this.#bus.jsm.streams.deleteMessage(`KV_${this.#bucket}`, revision, true))
    } catch (error) {
      // Changed or purged by another since.
      if (!(error instanceof JetStreamApiError)) throw error
    }
  }

  async all(): Promise<Map<string, Revisioned<T>>> {
    const documents = new Map<string, Revisioned<T>>()
    const feed = await answered(
      openFeed(this.#bus, this.#bucket, (message) => {
        this.#deliver(message, (key, doc) => {
          if (doc === null) documents.delete(key)
          else documents.set(key, doc)
        })
      }),
    )
    try {
      await inTime(feed.caughtUp, `the documents of ${this.#bucket}`)
    } finally {
      feed.stop()
    }
    return documents
  }

  watch(onChange: (key: string, doc: Revisioned<T> | null) => void): Promise<{ stop(): void }> {
    return watchBucket(this.#bus, this.#bucket, (message) => this.#deliver(message, onChange))
  }

  #deliver(message: JsMsg, onChange: (key: string, doc: Revisioned<T> | null) => void): void {
    const key = message.subject.slice(`$KV.${this.#bucket}.`.length)
    const operation = message.headers?.get('KV-Operation') ?? ''
    if (operation === 'DEL' || operation === 'PURGE') {
      onChange(key, null)
      return
    }
    let value: T
    try {
      value = this.#parse(key, message.string())
    } catch (error) {
      this.#onInvalid(error as HotplateError, key)
      return
    }
    onChange(key, { value, revision: message.seq })
  }

  #parse(key: string, text: string): T {
    try {
      return this.#schema.parse(JSON.parse(text))
    } catch (cause) {
      // The cause may quote the document's values; the sentence must not.
      throw new HotplateError(
        'DOCUMENT_INVALID',
        `Document ${key} of ${this.#bucket} is not as expected`,
        { cause },
      )
    }
  }
}

/** A bucket's messages from one ordered consumer on: the last of each key first. */
interface Feed {
  caughtUp: Promise<void>
  stop(): void
}

async function openFeed(
  bus: Bus,
  bucket: string,
  onMessage: (message: JsMsg) => void,
): Promise<Feed> {
  const consumer = await bus.js.consumers.getPushConsumer(`KV_${bucket}`, {
    filter_subjects: `$KV.${bucket}.>`,
    deliver_policy: DeliverPolicy.LastPerSubject,
  })
  let waiting = (await consumer.info(true)).num_pending
  const { promise: caughtUp, resolve } = Promise.withResolvers<void>()
  if (waiting === 0) resolve()
  const messages = await consumer.consume({
    callback: (message) => {
      onMessage(message)
      waiting -= 1
      if (waiting === 0) resolve()
    },
  })
  return { caughtUp, stop: () => messages.stop() }
}

/**
 * A watch is always in one of these modes:
 *
 * following: one feed is open. The connection comes back after a loss: reopening, since the
 *   server's side of the feed may have died with it, and the client would notice a minute later
 *   only.
 * reopening: a new feed starts with the last of each key; what was told before is known by its
 *   sequence. Fails (the server is away again): once more a little later. Open: following.
 * stopped: for good.
 */
async function watchBucket(
  bus: Bus,
  bucket: string,
  onMessage: (message: JsMsg) => void,
): Promise<{ stop(): void }> {
  let stopped = false
  let told = 0
  let round = 0
  let feed: Feed | null = null
  const goesOn = (mine: number) => !stopped && mine === round
  const open = async (mine: number) => {
    const next = await openFeed(bus, bucket, (message) => {
      if (!goesOn(mine) || message.seq <= told) return
      told = message.seq
      onMessage(message)
    })
    feed?.stop()
    feed = next
    if (!goesOn(mine)) next.stop()
    return next
  }
  const reopen = async () => {
    round += 1
    const mine = round
    while (goesOn(mine)) {
      try {
        const { state } = await bus.jsm.streams.info(`KV_${bucket}`)
        // The server came back from an older disk: its sequences start again from there.
        if (state.last_seq < told) told = 0
        await open(mine)
        return
      } catch {
        await new Promise((resolve) => setTimeout(resolve, REOPEN_MS))
      }
    }
  }
  const status = bus.nc.status()
  const first = await answered(open(round))
  void (async () => {
    for await (const { type } of status) if (type === 'reconnect' && !stopped) void reopen()
  })()
  const stop = () => {
    stopped = true
    feed?.stop()
    ;(status as { stop?: () => void }).stop?.()
  }
  try {
    await inTime(first.caughtUp, `the documents of ${bucket}`)
  } catch (error) {
    stop()
    throw error
  }
  return { stop }
}

async function inTime(done: Promise<void>, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new HotplateError(
      'BUS_UNAVAILABLE',
      `NATS did not deliver ${what} within ${LIST_MS_MAX} ms`,
    )
    timer = setTimeout(() => reject(error), LIST_MS_MAX)
  })
  try {
    await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A server that doesn't answer gets one name, whatever the client calls it. */
async function answered<R>(answer: Promise<R>): Promise<R> {
  try {
    return await answer
  } catch (cause) {
    if (!isSilence(cause)) throw cause
    throw new HotplateError('BUS_UNAVAILABLE', 'NATS did not answer in time', { cause })
  }
}

function isSilence(error: unknown): boolean {
  return (
    error instanceof errors.TimeoutError ||
    error instanceof errors.RequestError ||
    error instanceof errors.ConnectionError ||
    error instanceof errors.ClosedConnectionError ||
    (error instanceof Error && error.name === 'JetStreamNotEnabled')
  )
}

function isConflict(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence
  )
}

/** Whether the document was changed by another since it was read. */
export function isOvertaken(error: unknown): boolean {
  if (!(error instanceof HotplateError)) return false
  return error.code === 'DOCUMENT_CHANGED' || error.code === 'DOCUMENT_EXISTS'
}
