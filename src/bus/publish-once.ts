// Publishes to subjects that must have no message yet: whoever comes second is told so.
//
// The client's own publish makes two errors with their stacks and a timer for each message, in case
// it fails. An alert is published thousands of times a second when a backlog of reads is caught up
// with, and that was a third of the main thread's work; here the answers come to one subscription,
// and one timer looks after all that wait.
import { headers, type Msg, type Subscription } from '@nats-io/transport-node'
import { type Bus, newInbox } from './connection.ts'

/** JetStream's error "wrong last sequence": the subject has a message already. */
const WRONG_LAST_SEQUENCE = 10_071
const SWEEP_MS = 100

interface Waiting {
  resolve: (outcome: PublishedOnce) => void
  reject: (error: Error) => void
  until_ms: number
  signal: AbortSignal
}

export type PublishedOnce = 'stored' | 'exists'

interface PublishAnswer {
  error?: { err_code?: number; description?: string }
}

export class OncePublisher {
  readonly #bus: Bus
  readonly #inbox: string
  readonly #subscription: Subscription
  readonly #waiting = new Map<string, Waiting>()
  readonly #headers = headers()
  readonly #sweep: NodeJS.Timeout
  #tokens = 0

  constructor(bus: Bus) {
    this.#bus = bus
    this.#inbox = newInbox(bus)
    this.#headers.set('Nats-Expected-Last-Subject-Sequence', '0')
    this.#subscription = bus.nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#answer(message)
      },
    })
    this.#sweep = setInterval(() => this.#look(), SWEEP_MS)
    this.#sweep.unref()
  }

  /**
   * Resolves once the stream holds the message, or another on its subject.
   * Rejects when the stream refuses it or doesn't answer within `wait_ms_max`, or soon after
   * `signal` aborts: it may have been stored all the same, and a next try then says `exists`.
   */
  publish(
    subject: string,
    payload: string,
    signal: AbortSignal,
    wait_ms_max: number,
  ): Promise<PublishedOnce> {
    return new Promise((resolve, reject) => {
      this.#tokens += 1
      const token = String(this.#tokens)
      const until_ms = performance.now() + wait_ms_max
      this.#waiting.set(token, { resolve, reject, until_ms, signal })
      try {
        const reply = `${this.#inbox}.${token}`
        this.#bus.nc.publish(subject, payload, { reply, headers: this.#headers })
      } catch (error) {
        this.#waiting.delete(token)
        reject(error as Error)
      }
    })
  }

  close(): void {
    clearInterval(this.#sweep)
    this.#subscription.unsubscribe()
    for (const { reject } of this.#waiting.values()) reject(new Error('The publisher was closed'))
    this.#waiting.clear()
  }

  #answer(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length + 1)
    const waiting = this.#waiting.get(token)
    if (waiting === undefined) return
    this.#waiting.delete(token)
    try {
      waiting.resolve(outcomeOf(message))
    } catch (error) {
      waiting.reject(error as Error)
    }
  }

  #look(): void {
    const now_ms = performance.now()
    for (const [token, { reject, until_ms, signal }] of this.#waiting) {
      if (!signal.aborted && now_ms < until_ms) continue
      this.#waiting.delete(token)
      reject(new Error(signal.aborted ? 'The publish was given up' : 'The stream did not answer'))
    }
  }
}

/** @throws Error with the stream's words, or when no stream listens (status 503, without a body) */
function outcomeOf(message: Msg): PublishedOnce {
  if (message.data.length === 0) throw new Error('No stream takes the message')
  const { error } = message.json<PublishAnswer>()
  if (error === undefined) return 'stored'
  if (error.err_code === WRONG_LAST_SEQUENCE) return 'exists'
  throw new Error(error.description ?? 'The stream refused the message')
}
