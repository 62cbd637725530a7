// Where rows become durable: in the store, or, when that is behind or down, on the stream BACKLOG.
//
//             an insert fails, takes longer than insert_wait_ms_max, or no slot is free so long
//   direct ──────────────────────────────────────────────────────────────────────────► backlog
//      ▲                                                                                  │
//      └──────────── the drainer has put a batch from BACKLOG into the store ─────────────┘
//
// direct   Groups of rows go to the store, INSERTS_MAX at a time.
// backlog  Groups go to BACKLOG, in a few messages, and count as durable once the stream has
//          acknowledged them. The drainer (backlog.ts) tries the store by itself, and its first
//          success leads back to direct.
//
// Either way `write` resolves only when the rows are durable, and gives up only when told to:
// nobody acknowledges reads whose rows could still be lost. A group may end up in both places; the
// store keeps each read once.
import { headers } from '@nats-io/transport-node'
import type { Bus } from '../bus/connection.ts'
import type { Store } from '../store/client.ts'
import { insertReads } from '../store/reads.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** Blocks of one batch: the least that is written together. */
export interface RowChunk {
  blocks: Uint8Array
  rows: number
}

export interface RowGroup {
  chunks: RowChunk[]
  rows: number
  bytes: number
}

const BACKLOG_SUBJECT = 'backlog.v1.reads'
/** Header of a BACKLOG message: how many rows it holds. */
export const ROWS_HEADER = 'Hotplate-Rows'
const INSERTS_MAX = 2
const PUBLISH_MS_MAX = 10_000

export interface WriterOptions {
  bus: Bus
  store: Store
  insert_wait_ms_max: number
  /** Of a message on BACKLOG. */
  message_bytes_max: number
  log: Logger
  metrics: Metrics
}

export class RowWriter {
  #o: WriterOptions
  #mode: 'direct' | 'backlog' = 'direct'
  #inserting = 0
  #waiting: (() => void)[] = []

  constructor(options: WriterOptions) {
    this.#o = options
  }

  get mode(): 'direct' | 'backlog' {
    return this.#mode
  }

  /** Resolves once the rows are in the store or on BACKLOG; rejects only when `signal` aborts. */
  async write(group: RowGroup, signal: AbortSignal): Promise<'stored' | 'backlogged'> {
    if (this.#mode === 'direct' && (await this.#slot())) {
      const { insert_wait_ms_max } = this.#o
      const late = AbortSignal.timeout(insert_wait_ms_max)
      try {
        await insertReads(
          this.#o.store,
          group.chunks.map(({ blocks }) => blocks),
          late,
        )
        this.#o.metrics.readsStored.inc(group.rows)
        return 'stored'
      } catch (error) {
        const why = late.aborted ? new Error(`No answer within ${insert_wait_ms_max} ms`) : error
        this.#fallBehind(why)
      } finally {
        this.#release()
      }
    }
    await this.#publish(group, signal)
    return 'backlogged'
  }

  /** The drainer's word that the store takes rows again. */
  storeWorks(): void {
    if (this.#mode === 'direct') return
    this.#mode = 'direct'
    this.#o.log.info('The store takes rows again.')
  }

  #fallBehind(error: unknown): void {
    if (this.#mode === 'backlog') return
    this.#mode = 'backlog'
    this.#o.log.warn({ err: error }, 'The store is behind or down: rows go to BACKLOG.')
  }

  /** Waits for one of the slots; false where none came free in time or the mode has changed. */
  async #slot(): Promise<boolean> {
    if (this.#inserting >= INSERTS_MAX && !(await this.#turn())) {
      this.#fallBehind(new Error('No insert came to an end in time'))
      return false
    }
    if (this.#mode !== 'direct') return false
    this.#inserting += 1
    return true
  }

  #turn(): Promise<boolean> {
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer)
        resolve(true)
      }
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((waiting) => waiting !== go)
        resolve(false)
      }, this.#o.insert_wait_ms_max)
      this.#waiting.push(go)
    })
  }

  #release(): void {
    this.#inserting -= 1
    this.#waiting.shift()?.()
  }

  /** As few messages as their size allows, one after the other. */
  async #publish(group: RowGroup, signal: AbortSignal): Promise<void> {
    let message: RowChunk[] = []
    let bytes = 0
    for (const chunk of group.chunks) {
      if (bytes > 0 && bytes + chunk.blocks.length > this.#o.message_bytes_max) {
        await this.#publishOne(message, signal)
        message = []
        bytes = 0
      }
      message.push(chunk)
      bytes += chunk.blocks.length
    }
    if (message.length > 0) await this.#publishOne(message, signal)
  }

  async #publishOne(chunks: readonly RowChunk[], signal: AbortSignal): Promise<void> {
    const payload = Buffer.concat(chunks.map(({ blocks }) => blocks))
    const rows = chunks.reduce((sum, chunk) => sum + chunk.rows, 0)
    const head = headers()
    head.set(ROWS_HEADER, String(rows))
    for (let wait_ms = 50; ; wait_ms = Math.min(wait_ms * 2, 2_000)) {
      signal.throwIfAborted()
      try {
        await this.#o.bus.js.publish(BACKLOG_SUBJECT, payload, {
          headers: head,
          timeout: PUBLISH_MS_MAX,
        })
        this.#o.metrics.readsBacklogged.inc(rows)
        return
      } catch (error) {
        this.#o.log.warn({ err: error }, 'BACKLOG does not take rows; trying again.')
        await new Promise((resolve) => setTimeout(resolve, wait_ms))
      }
    }
  }
}
