// Publishing to the stream with acks: a bounded number in flight, each sent again until the
// stream has it.
import type { NatsConnection } from '@nats-io/transport-node'
import { HotplateError } from '../domain/error.ts'
import type { Logger } from '../telemetry/log.ts'
import { pause } from './pace.ts'

/**
 * Sends one message and resolves when the stream has taken it.
 * Rejects with HotplateError PUBLISH_REFUSED where trying again is of no use; any other error is
 * tried again.
 */
export type PublishFunction = (subject: string, payload: Uint8Array) => Promise<void>

export interface PublisherOptions {
  /** Messages sent and not yet acked. */
  window_messages_max?: number
  window_bytes_max?: number
  /** Wait before a message is sent again; doubles up to the second. */
  retry_ms_min?: number
  retry_ms_max?: number
  /** Ends the tries. */
  signal: AbortSignal
  log?: Logger
}

export interface PublishCounts {
  messages_sent: number
  messages_acked: number
  /** Refused, or given up at the end. */
  messages_failed: number
  /** Sent again; a read that arrives twice under one id is stored once. */
  messages_resent: number
  reads_sent: number
  reads_acked: number
  reads_failed: number
}

export interface PublishedMessage {
  subject: string
  payload: Uint8Array
  /** How many reads it holds. */
  reads: number
}

/**
 * Every message is in one of these modes:
 *
 *     in flight ── ack ──────────────────────────► acked
 *         │  ▲
 *         │  └── wait over ──┐
 *         ├── no ack ────► waiting ── signal ────► failed
 *         └── refused ───────────────────────────► failed
 *
 * In flight and waiting together are bounded by the window.
 */
export class Publisher {
  readonly #publish: PublishFunction
  readonly #options: Required<Omit<PublisherOptions, 'log'>> & { log: Logger | undefined }
  readonly #inFlight = new Set<Promise<void>>()
  #bytes = 0
  #roomWaiters: (() => void)[] = []
  #interrupted = false
  readonly #counts: PublishCounts = {
    messages_sent: 0,
    messages_acked: 0,
    messages_failed: 0,
    messages_resent: 0,
    reads_sent: 0,
    reads_acked: 0,
    reads_failed: 0,
  }

  constructor(publish: PublishFunction, options: PublisherOptions) {
    this.#publish = publish
    this.#options = {
      window_messages_max: 1_024,
      window_bytes_max: 32 * 1024 * 1024,
      retry_ms_min: 50,
      retry_ms_max: 2_000,
      ...options,
      log: options.log,
    }
  }

  get counts(): PublishCounts {
    return { ...this.#counts }
  }

  /**
   * Sends at once. Await the result before the next call: it is pending while the window is full.
   */
  send(message: PublishedMessage): Promise<void> | undefined {
    this.#counts.messages_sent++
    this.#counts.reads_sent += message.reads
    this.#bytes += message.payload.byteLength
    const delivery = this.#deliver(message).then(() => {
      this.#inFlight.delete(delivery)
      this.#bytes -= message.payload.byteLength
      this.#admit()
    })
    this.#inFlight.add(delivery)
    if (this.#hasRoom()) return undefined
    return new Promise((resolve) => this.#roomWaiters.push(resolve))
  }

  /**
   * Resolves when every message is acked or failed, or when the signal aborts: what is in flight
   * then counts as failed.
   */
  async drain(): Promise<PublishCounts> {
    const { signal } = this.#options
    while (this.#inFlight.size > 0 && !signal.aborted) {
      await orAborted(Promise.all(this.#inFlight), signal)
    }
    const counts = this.counts
    counts.messages_failed = counts.messages_sent - counts.messages_acked
    counts.reads_failed = counts.reads_sent - counts.reads_acked
    return counts
  }

  #hasRoom(): boolean {
    return (
      this.#inFlight.size < this.#options.window_messages_max &&
      this.#bytes < this.#options.window_bytes_max
    )
  }

  #admit(): void {
    if (this.#roomWaiters.length === 0 || !this.#hasRoom()) return
    const waiters = this.#roomWaiters
    this.#roomWaiters = []
    for (const resolve of waiters) resolve()
  }

  async #deliver({ subject, payload, reads }: PublishedMessage): Promise<void> {
    const { signal, retry_ms_min, retry_ms_max } = this.#options
    for (let wait_ms = retry_ms_min; ; wait_ms = Math.min(wait_ms * 2, retry_ms_max)) {
      try {
        await this.#publish(subject, payload)
        this.#counts.messages_acked++
        this.#counts.reads_acked += reads
        this.#say(null)
        return
      } catch (error) {
        this.#say(error)
        const refused = error instanceof HotplateError && error.code === 'PUBLISH_REFUSED'
        if (!refused && !signal.aborted) await pause(wait_ms, signal)
        if (refused || signal.aborted) {
          this.#counts.messages_failed++
          this.#counts.reads_failed += reads
          return
        }
        this.#counts.messages_resent++
      }
    }
  }

  /** One line when acks stop to come, one when they come again. */
  #say(error: unknown): void {
    const interrupted = error !== null
    if (interrupted === this.#interrupted) return
    this.#interrupted = interrupted
    if (interrupted) this.#options.log?.warn({ err: error }, 'A read was not acked; sending again.')
    else this.#options.log?.info('Reads are acked again.')
  }
}

/** Resolves with the promise or the abort, whichever comes first. */
export async function orAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const aborted = Promise.withResolvers<void>()
  const stop = () => aborted.resolve()
  signal.addEventListener('abort', stop, { once: true })
  await Promise.race([promise, aborted.promise])
  signal.removeEventListener('abort', stop)
}

/** Errors of the client after which the same message would fail again. */
const FINAL_ERRORS = new Set([
  'PermissionViolationError',
  'AuthorizationError',
  'ClosedConnectionError',
  'DrainingConnectionError',
  'InvalidSubjectError',
  'InvalidArgumentError',
])

/**
 * Publishes as a camera does: a plain request on the subject, whose answer is the stream's ack.
 * No message id: a read is identified by its camera and its own id.
 */
export function jetStreamPublish(nc: NatsConnection, ack_ms_max = 5_000): PublishFunction {
  return async (subject, payload) => {
    const answer = await nc
      .request(subject, payload, { timeout: ack_ms_max })
      .catch((cause: Error) => {
        const final = FINAL_ERRORS.has(cause.name) || FINAL_ERRORS.has((cause.cause as Error)?.name)
        const message = `Publishing on ${subject} failed: ${cause.message}`
        throw new HotplateError(final ? 'PUBLISH_REFUSED' : 'PUBLISH_FAILED', message, { cause })
      })
    const ack = answer.json<{ stream?: string; error?: { description?: string } }>()
    if (ack.stream === undefined) {
      throw new HotplateError(
        'PUBLISH_FAILED',
        `The stream did not take a message on ${subject}: ${ack.error?.description ?? 'no reason'}`,
      )
    }
  }
}
