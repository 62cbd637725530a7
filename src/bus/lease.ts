// One holder at a time of a named duty (a partition's puller, the keeper), by a document that its
// holder keeps changing.
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { HotplateError } from '../domain/error.ts'
import type { Logger } from '../telemetry/log.ts'
import { type Bus, openJetStream } from './connection.ts'
import { type Documents, openDocuments, type Revisioned } from './documents.ts'

export interface LeaseOptions {
  /** What is leased, as `ingest.0`. */
  key: string
  /** Who asks, for people: host and pid. */
  holder: string
  lease_ms: number
  log: Logger
  /**
   * Called each time the lease is gained. Work must end when `signal` aborts; if a promise is
   * answered, `stop()` waits for it before it gives the lease free (within the lease's own time).
   */
  onGained: (signal: AbortSignal) => void | Promise<void>
}

export interface Lease {
  readonly held: boolean
  /** Ends the work and gives the lease free at once. */
  stop(): Promise<void>
}

const BUCKET = 'leases'
const leaseSchema = z.object({ holder: z.string(), nonce: z.string(), free: z.boolean() })
type LeaseDocument = z.infer<typeof leaseSchema>

/**
 * A holder gives up after this share of the lease without a confirmed renewal: the rest is for slow
 * timers.
 */
const HOLD_SHARE = 0.75
const RENEW_SHARE = 0.25
const LOOK_SHARE = 1 / 6

/**
 * Asks for a lease until stopped; resolves once the asking has begun, held or not.
 * @throws HotplateError BUS_UNAVAILABLE
 */
export async function holdLease(bus: Bus, o: LeaseOptions): Promise<Lease> {
  const quick = { ...bus, ...(await openJetStream(bus.nc, Math.max(200, o.lease_ms / 3))) }
  const documents = await openDocuments(quick, BUCKET, leaseSchema)
  const lease = new LeaseLoop(documents, o)
  lease.start()
  return lease
}

/**
 * A lease is always in one of these modes:
 *
 * watching: somebody else's document is there. We look at it `LOOK_SHARE` of a lease apart. Free,
 *   none, or of our own (a write of ours whose answer was lost): taking. Not changed for a whole
 *   lease by our own monotonic clock, from when we first saw its revision to when we asked again:
 *   its holder has given up, so taking. No two clocks are compared.
 * taking: one write that only succeeds on the very revision seen. Confirmed within the time that a
 *   holder may hold: holding. Else: watching.
 * holding: `onGained` was called. The document is renewed every `RENEW_SHARE` of a lease, on the
 *   revision that is ours. The time that we may hold counts from when the last confirmed write was
 *   *sent*, which is before anybody can have seen it; it ends at `HOLD_SHARE` of a lease, so always
 *   before another's wait does. Over, or the document is another's: the signal aborts, then
 *   watching.
 * stopped: after `stop()` in any mode. If held: the signal aborts, the work's promise is awaited,
 *   the document is marked free, and the next to look takes it.
 *
 * A process that is frozen (SIGSTOP, a stalled virtual machine) can't abort its signal in that
 * time; it does as soon as it runs again, and `held` is false at once. Work under a lease must
 * therefore be idempotent.
 */
class LeaseLoop implements Lease {
  readonly #documents: Documents<LeaseDocument>
  readonly #o: LeaseOptions
  readonly #mine: LeaseDocument
  readonly #stopping = new AbortController()
  #loop: Promise<void> = Promise.resolve()
  /** What we know of another's document: its revision, and since when by our clock. */
  #seen = { revision: -1, since_ms: 0 }
  #holding: { abort: AbortController; until_ms: number; work: Promise<void> } | null = null
  #deadline: NodeJS.Timeout | undefined

  constructor(documents: Documents<LeaseDocument>, o: LeaseOptions) {
    this.#documents = documents
    this.#o = o
    this.#mine = { holder: o.holder, nonce: randomBytes(8).toString('hex'), free: false }
  }

  get held(): boolean {
    return this.#holding !== null && performance.now() < this.#holding.until_ms
  }

  start(): void {
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        const revision = await this.#watch()
        if (revision !== null) await this.#hold(revision)
      } catch (error) {
        this.#o.log.debug({ lease: this.#o.key, err: error }, 'A lease could not be asked for.')
      }
      await this.#pause(this.#o.lease_ms * LOOK_SHARE)
    }
  }

  /**
   * One look, and one try if it may be ours: the revision of our document once it is, with the hold
   * begun.
   */
  async #watch(): Promise<number | null> {
    const asked_ms = performance.now()
    const document = await this.#documents.get(this.#o.key)
    if (this.#stopping.signal.aborted || !this.#mayTake(document, asked_ms)) return null
    const sent_ms = performance.now()
    try {
      const revision =
        document === null
          ? await this.#documents.create(this.#o.key, this.#mine)
          : await this.#documents.update(this.#o.key, this.#mine, document.revision)
      if (this.#gain(sent_ms)) return revision
      if (this.#stopping.signal.aborted) await this.#giveFree(revision)
      return null
    } catch (error) {
      if (isOvertaken(error)) return null
      throw error
    }
  }

  #mayTake(document: Revisioned<LeaseDocument> | null, asked_ms: number): boolean {
    if (document === null || document.value.free) return true
    if (document.value.nonce === this.#mine.nonce) return true
    if (document.revision !== this.#seen.revision) {
      this.#seen = { revision: document.revision, since_ms: performance.now() }
      return false
    }
    return asked_ms - this.#seen.since_ms >= this.#o.lease_ms
  }

  #gain(sent_ms: number): boolean {
    const until_ms = sent_ms + this.#o.lease_ms * HOLD_SHARE
    if (performance.now() >= until_ms || this.#stopping.signal.aborted) return false
    const abort = new AbortController()
    this.#holding = { abort, until_ms, work: Promise.resolve() }
    this.#armDeadline()
    this.#o.log.info({ lease: this.#o.key, holder: this.#o.holder }, 'A lease was gained.')
    this.#holding.work = this.#work(abort.signal)
    return true
  }

  async #work(signal: AbortSignal): Promise<void> {
    try {
      await this.#o.onGained(signal)
    } catch (error) {
      this.#o.log.error({ lease: this.#o.key, err: error }, 'The work under a lease failed.')
    }
  }

  async #hold(first: number): Promise<void> {
    let revision = first
    while (this.held && !this.#stopping.signal.aborted) {
      await this.#pause(this.#o.lease_ms * RENEW_SHARE)
      if (!this.held || this.#stopping.signal.aborted) break
      revision = (await this.#renew(revision)) ?? -1
      if (revision === -1) break
    }
    const held = this.#holding
    this.#drop()
    if (held === null || revision === -1 || !this.#stopping.signal.aborted) return
    await Promise.race([held.work, wait(held.until_ms - performance.now())])
    await this.#giveFree(revision)
  }

  /** The new revision, the old one when NATS did not answer, null when the lease is another's. */
  async #renew(revision: number): Promise<number | null> {
    const sent_ms = performance.now()
    try {
      const next = await this.#documents.update(this.#o.key, this.#mine, revision)
      this.#extend(sent_ms)
      return next
    } catch (error) {
      if (!isOvertaken(error)) return revision
    }
    try {
      // An earlier renewal of ours may have arrived though its answer did not: it counts for
      // nothing but its revision.
      const document = await this.#documents.get(this.#o.key)
      return document?.value.nonce === this.#mine.nonce ? document.revision : null
    } catch {
      return revision
    }
  }

  #extend(sent_ms: number): void {
    if (this.#holding === null || !this.held) return
    this.#holding.until_ms = sent_ms + this.#o.lease_ms * HOLD_SHARE
    this.#armDeadline()
  }

  #armDeadline(): void {
    clearTimeout(this.#deadline)
    const left_ms = (this.#holding?.until_ms ?? 0) - performance.now()
    this.#deadline = setTimeout(() => {
      this.#o.log.warn({ lease: this.#o.key }, 'A lease could not be renewed in time.')
      this.#drop()
    }, left_ms)
  }

  #drop(): void {
    clearTimeout(this.#deadline)
    if (this.#holding === null) return
    const { abort } = this.#holding
    this.#holding = null
    abort.abort()
    this.#o.log.info({ lease: this.#o.key, holder: this.#o.holder }, 'A lease was given up.')
  }

  async #giveFree(revision: number): Promise<void> {
    try {
      await this.#documents.update(this.#o.key, { ...this.#mine, free: true }, revision)
    } catch (error) {
      // Nothing lost: it runs out by itself.
      this.#o.log.debug({ lease: this.#o.key, err: error }, 'A lease could not be given free.')
    }
  }

  async #pause(ms: number): Promise<void> {
    const ends = [this.#stopping.signal]
    if (this.#holding !== null) ends.push(this.#holding.abort.signal)
    await wait(ms, ends)
  }
}

function wait(ms: number, ends: readonly AbortSignal[] = []): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      for (const end of ends) end.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.max(0, ms))
    for (const end of ends) end.addEventListener('abort', done)
    if (ends.some((end) => end.aborted)) done()
  })
}

function isOvertaken(error: unknown): boolean {
  return (
    error instanceof HotplateError &&
    (error.code === 'DOCUMENT_CHANGED' || error.code === 'DOCUMENT_EXISTS')
  )
}
