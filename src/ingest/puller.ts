// Pulls messages of one durable consumer, bounded by count and by bytes, and guards the one promise
// that "ack of all up to here" rests on: that nothing before it was delivered and lost on the way.
//
// The client library bounds a pull by count or by bytes, never by both; unbounded bytes make the
// server cut a client off as a slow consumer. Hence the pull requests here are our own, on the
// documented JetStream pull API ($JS.API.CONSUMER.MSG.NEXT), two in turn, so that the next one
// stands while the last one is filled.
//
//                       gap in the delivery sequence, reconnect, silence, consumer gone
//   closed ──open()──► pulling ─────────────────────────────────────────────────► rewinding
//                        ▲                                                           │
//                        └── consumer made anew behind the last acknowledged message ┘
//
// pulling    Two slots, each with an inbox and at most one request. A message is passed on when its
//            delivery sequence is the successor of the last one's; any other means that one was
//            lost in flight.
// rewinding  Requests are dropped, messages in flight are ignored (their slots' inboxes are gone).
//            A new consumer is made that starts behind the old one's acknowledgement floor, then
//            the old one is deleted: what was delivered but not acknowledged comes again, at once
//            and in order. Each consumer has a name of its own, so that a late acknowledgement of
//            the old one can't move the new one. `onRewind` tells the pipeline to forget what it
//            holds.

import { AckPolicy, DeliverPolicy, ReplayPolicy } from '@nats-io/jetstream'
import { type Msg, nuid, type Subscription } from '@nats-io/transport-node'
import { type Bus, newInbox } from '../bus/connection.ts'
import type { Logger } from '../telemetry/log.ts'

export interface PullerOptions {
  bus: Bus
  stream: string
  /** First part of the consumers' names; one consumer of this prefix is in use at a time. */
  consumer_prefix: string
  filter_subject?: string
  /**
   * Where to begin when no consumer of this prefix has acknowledged anything yet; the stream's
   * first by default.
   */
  start_seq?: number
  ack_pending_max: number
  /** Of one pull request; at most two stand. */
  pull_messages_max: number
  pull_bytes_max: number
  log: Logger
  onMessage: (message: Msg, position: StreamPosition) => void
  /** Everything passed on and not yet acknowledged will come again. */
  onRewind: () => void
}

/** Where a message stood, from its reply subject. */
export interface StreamPosition {
  /** Sequence in the stream. */
  seq: number
  /** Sequence of this delivery within the consumer, from 1, without holes. */
  delivery: number
  /** When the stream took it in, epoch ms. */
  received_ms: number
}

const REQUEST_MS = 10_000
const HEARTBEAT_MS = 2_000
const SILENCE_MS = 3 * HEARTBEAT_MS
const NANOS_PER_MS = 1_000_000
const ACK_WAIT_MS = 3_600_000

interface Slot {
  subscription: Subscription
  inbox: string
  left: number
}

/**
 * Position from a JetStream reply subject:
 * `$JS.ACK.<stream>.<consumer>.<tries>.<seq>.<delivery>.<nanos>.<pending>`, or with
 * `<domain>.<account>` after `$JS.ACK` and a random token last (NATS ADR-15).
 */
function parsePosition(reply: string): StreamPosition {
  const tokens = reply.split('.')
  const first = tokens.length > 9 ? 7 : 5
  return {
    seq: Number(tokens[first]),
    delivery: Number(tokens[first + 1]),
    // Nanoseconds of today have 19 digits; cutting six keeps the milliseconds exact.
    received_ms: Number((tokens[first + 2] ?? '').slice(0, -6)),
  }
}

export class Puller {
  #o: PullerOptions
  #slots: Slot[] = []
  #consumer = ''
  #delivered = 0
  #paused = false
  #rewinding: Promise<void> | null = null
  #closed = false
  #heard_ms = 0
  #watch: NodeJS.Timeout | undefined
  #status: { stop?: () => void } | undefined

  constructor(options: PullerOptions) {
    this.#o = options
  }

  /** Starts behind the consumer's acknowledgement floor, or at the stream's first message. */
  async open(): Promise<void> {
    this.#followConnection()
    await this.#rewind('The puller starts')
    if (this.#closed) return
    let delivered = 0
    this.#watch = setInterval(() => {
      // The server sends no heartbeat while messages flow, however few.
      if (this.#delivered !== delivered) this.#heard_ms = performance.now()
      delivered = this.#delivered
      if (!this.#paused && performance.now() - this.#heard_ms > SILENCE_MS) {
        void this.#rewind('The server was silent')
      }
    }, HEARTBEAT_MS)
  }

  /** Messages on the stream that this consumer has not been given, plus those not acknowledged. */
  async lag(): Promise<number> {
    const info = await this.#o.bus.jsm.consumers.info(this.#o.stream, this.#consumer)
    return info.num_pending + info.num_ack_pending
  }

  /** While paused no new request is made; at most two requests' worth still comes in. */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#heard_ms = performance.now()
    for (const slot of this.#slots) this.#request(slot)
  }

  get paused(): boolean {
    return this.#paused
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#watch)
    this.#status?.stop?.()
    this.#dropSlots()
  }

  /** Forgets what is in flight and takes everything after the last acknowledged message again. */
  rewind(why: string): Promise<void> {
    return this.#rewind(why)
  }

  #followConnection(): void {
    const status = this.#o.bus.nc.status()
    this.#status = status as { stop?: () => void }
    void (async () => {
      for await (const event of status) {
        if (event.type === 'reconnect') void this.#rewind('The connection was made again')
      }
    })()
  }

  #rewind(why: string): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#rewinding ??= this.#makeAnew(why).finally(() => {
      this.#rewinding = null
    })
    return this.#rewinding
  }

  async #makeAnew(why: string): Promise<void> {
    this.#dropSlots()
    for (let wait_ms = 50; !this.#closed; wait_ms = Math.min(wait_ms * 2, 1_000)) {
      try {
        await this.#recreateConsumer()
        break
      } catch (error) {
        this.#o.log.warn(
          { err: error, consumer: this.#o.consumer_prefix, why },
          'Consumer not ready.',
        )
        await new Promise((resolve) => setTimeout(resolve, wait_ms))
      }
    }
    if (this.#closed) return
    this.#delivered = 0
    this.#heard_ms = performance.now()
    this.#o.onRewind()
    this.#slots = [this.#openSlot(), this.#openSlot()]
    if (!this.#paused) for (const slot of this.#slots) this.#request(slot)
  }

  async #recreateConsumer(): Promise<void> {
    const { bus, stream, consumer_prefix, filter_subject, ack_pending_max } = this.#o
    const old: string[] = []
    let floor = (this.#o.start_seq ?? 1) - 1
    for await (const info of bus.jsm.consumers.list(stream)) {
      if (!info.name.startsWith(`${consumer_prefix}-`)) continue
      old.push(info.name)
      floor = Math.max(floor, info.ack_floor.stream_seq)
    }
    const name = `${consumer_prefix}-${nuid.next()}`
    await bus.jsm.consumers.add(stream, {
      durable_name: name,
      ack_policy: AckPolicy.All,
      // A rewind, never a timer, brings back what was not acknowledged.
      ack_wait: ACK_WAIT_MS * NANOS_PER_MS,
      max_ack_pending: ack_pending_max,
      max_waiting: 8,
      replay_policy: ReplayPolicy.Instant,
      ...(floor > 0
        ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: floor + 1 }
        : { deliver_policy: DeliverPolicy.All }),
      ...(filter_subject ? { filter_subject } : {}),
    })
    this.#consumer = name
    for (const gone of old) await bus.jsm.consumers.delete(stream, gone)
  }

  #openSlot(): Slot {
    const inbox = newInbox(this.#o.bus)
    const slot: Slot = {
      inbox,
      left: 0,
      subscription: this.#o.bus.nc.subscribe(inbox, {
        callback: (error, message) => {
          if (error) this.#o.log.warn({ err: error }, 'Pull inbox failed.')
          else this.#receive(slot, message)
        },
      }),
    }
    return slot
  }

  #dropSlots(): void {
    for (const slot of this.#slots) slot.subscription.unsubscribe()
    this.#slots = []
  }

  #request(slot: Slot): void {
    if (this.#closed || this.#paused || slot.left > 0) return
    const { bus, stream, pull_messages_max, pull_bytes_max } = this.#o
    slot.left = pull_messages_max
    bus.nc.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${this.#consumer}`,
      JSON.stringify({
        batch: pull_messages_max,
        max_bytes: pull_bytes_max,
        expires: REQUEST_MS * NANOS_PER_MS,
        idle_heartbeat: HEARTBEAT_MS * NANOS_PER_MS,
      }),
      { reply: slot.inbox },
    )
  }

  #receive(slot: Slot, message: Msg): void {
    const reply = message.reply
    if (!reply) {
      this.#heard_ms = performance.now()
      this.#handleStatus(slot, message)
      return
    }
    const position = parsePosition(reply)
    if (position.delivery !== this.#delivered + 1) {
      void this.#rewind('A delivery was lost')
      return
    }
    this.#delivered = position.delivery
    slot.left -= 1
    if (slot.left === 0) {
      this.#heard_ms = performance.now()
      this.#request(slot)
    }
    this.#o.onMessage(message, position)
  }

  /**
   * Status codes of a pull: 100 heartbeat, 408 expired, 409 limits or consumer gone, 503 nobody
   * there (NATS ADR-9).
   */
  #handleStatus(slot: Slot, message: Msg): void {
    const code = message.headers?.code ?? 0
    if (code === 100) return
    slot.left = 0
    const text = message.headers?.description ?? ''
    if (code === 503 || code === 404 || /consumer deleted|leadership/i.test(text)) {
      void this.#rewind(`The server answered ${code} ${text}`)
    } else {
      this.#request(slot)
    }
  }
}
