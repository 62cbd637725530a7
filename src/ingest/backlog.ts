// Drains BACKLOG into the store: one batch at a time, for as long as the program runs. Any number
// of processes may drain; the stream gives each batch to one of them, and gives it again when that
// one dies.
import { AckPolicy, type Consumer, DeliverPolicy, type JsMsg } from '@nats-io/jetstream'
import type { Bus } from '../bus/connection.ts'
import { STREAM } from '../bus/streams.ts'
import { isDataError, type Store } from '../store/client.ts'
import { insertReads } from '../store/reads.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { ROWS_HEADER } from './writer.ts'

const CONSUMER = 'drain'
/** How soon a batch is given to another process when the one that had it dies. */
const ACK_WAIT_MS = 10_000
const WORKING_EVERY_MS = 3_000
const INSERT_MS_MAX = 45_000
const NEXT_MS = 1_000
const NANOS_PER_MS = 1_000_000
/** A batch that the store refuses for its content waits this long, so that the others pass it. */
const REFUSED_WAIT_MS = 60_000

export interface BacklogOptions {
  bus: Bus
  store: Store
  log: Logger
  metrics: Metrics
  onStored: () => void
}

export class BacklogDrainer {
  #o: BacklogOptions
  #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(options: BacklogOptions) {
    this.#o = options
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    let consumer: Consumer | null = null
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      try {
        consumer ??= await this.#open()
        const message = await consumer.next({ expires: NEXT_MS })
        if (message) await this.#drain(message)
        failures = 0
      } catch (error) {
        if (this.#stop.signal.aborted) return
        failures += 1
        consumer = null
        this.#o.log.debug({ err: error }, 'BACKLOG waits for the store.')
        await this.#pause(Math.min(100 * 2 ** failures, 2_000))
      }
    }
  }

  async #open(): Promise<Consumer> {
    await this.#o.bus.jsm.consumers.add(STREAM.backlog, {
      durable_name: CONSUMER,
      ack_policy: AckPolicy.Explicit,
      ack_wait: ACK_WAIT_MS * NANOS_PER_MS,
      deliver_policy: DeliverPolicy.All,
      max_ack_pending: 16,
    })
    return this.#o.bus.js.consumers.get(STREAM.backlog, CONSUMER)
  }

  async #drain(message: JsMsg): Promise<void> {
    const rows = Number(message.headers?.get(ROWS_HEADER) ?? 0)
    this.#o.metrics.backlogReads.set(message.info.pending + 1)
    const deadline = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(INSERT_MS_MAX)])
    const working = setInterval(() => message.working(), WORKING_EVERY_MS)
    try {
      await insertReads(this.#o.store, [message.data], deadline)
    } catch (error) {
      const refused = isDataError(error)
      if (refused) this.#o.log.error({ err: error, rows }, 'The store refused a batch of rows.')
      message.nak(refused ? REFUSED_WAIT_MS : 200)
      throw error
    } finally {
      clearInterval(working)
    }
    await message.ackAck()
    this.#o.metrics.backlogReads.set(message.info.pending)
    this.#o.metrics.readsStored.inc(rows)
    this.#o.onStored()
  }

  #pause(wait_ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait_ms)
      this.#stop.signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
