// Older alerts out of the ALERTS stream, page by page, for consoles that ask for more than memory
// holds.
import { AckPolicy, DeliverPolicy, type JsMsg } from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import type { Bus } from '../bus/connection.ts'
import { isAlertEvent, STREAM } from '../bus/streams.ts'
import type { Alert } from '../domain/alert.ts'
import type { AlertEvent } from '../domain/alert-event.ts'
import { HotplateError } from '../domain/error.ts'
import type { StreamedAlert } from './ring.ts'

const PAGE_ALERTS_MAX = 256
const PAGE_BYTES_MAX = 1024 * 1024
const PAGES_AT_ONCE_MAX = 4
const FETCH_WAIT_MS = 2_000
const PAGE_WAIT_MS_MAX = 4_000
const IDLE_MS_MAX = 10_000

/** A page, and the sequence up to which it tells everything. */
export interface Page {
  items: StreamedAlert[]
  upto: number
}

/** @returns null where the message is neither alert nor event (nobody can see it then) */
export function readAlert(message: {
  seq: number
  subject: string
  string(): string
}): StreamedAlert | null {
  const { seq, subject } = message
  const text = message.string()
  try {
    const value = JSON.parse(text) as Alert | AlertEvent
    const read_ms = Date.parse(value.read.time)
    if (Number.isNaN(read_ms)) return null
    if (isAlertEvent(subject)) {
      const alert = value as AlertEvent
      return { kind: 'update', seq, text, alert, read_ms, received_ms: Number.NaN }
    }
    const alert = value as Alert
    const received_ms = Date.parse(alert.read.receivedAt)
    return { kind: 'alert', seq, text, alert, read_ms, received_ms }
  } catch {
    return null
  }
}

/**
 * Reads pages with a short-lived consumer each. Consoles that stand at the same place share
 * one page, and no more than a few pages are under way at once, however many consoles come back
 * together.
 */
export class ReplayReader {
  readonly #bus: Bus
  readonly #under_way = new Map<number, Promise<Page>>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(bus: Bus) {
    this.#bus = bus
  }

  /**
   * The alerts and events after `after`.
   * @param upto the last sequence that the stream is known to have had
   */
  page(after: number, upto: number): Promise<Page> {
    const shared = this.#under_way.get(after)
    if (shared !== undefined) return shared
    const page = this.#inTurn(() => this.#read(after, upto)).finally(() =>
      this.#under_way.delete(after),
    )
    this.#under_way.set(after, page)
    return page
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < PAGES_AT_ONCE_MAX) this.#running += 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }

  async #read(after: number, upto: number): Promise<Page> {
    const info = await this.#bus.jsm.consumers.add(STREAM.alerts, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: after + 1,
      inactive_threshold: nanos(IDLE_MS_MAX),
      mem_storage: true,
      num_replicas: 1,
    })
    // Nothing after `after`: what was there has been deleted since.
    if (info.num_pending === 0) return { items: [], upto }
    const messages = await this.#bus.js.consumers.getConsumerFromInfo(info).fetch({
      max_messages: PAGE_ALERTS_MAX,
      expires: FETCH_WAIT_MS,
    })
    const late = setTimeout(() => void messages.close(), PAGE_WAIT_MS_MAX)
    try {
      return await collect(messages, after)
    } finally {
      clearTimeout(late)
      // The server ends it by itself soon if this can't.
      void this.#bus.jsm.consumers.delete(STREAM.alerts, info.name).catch(() => false)
    }
  }
}

/** @throws HotplateError BUS_UNAVAILABLE where nothing came: the page is to be asked for again */
async function collect(messages: AsyncIterable<JsMsg>, after: number): Promise<Page> {
  const items: StreamedAlert[] = []
  let reached = after
  let bytes = 0
  let delivered = 0
  for await (const message of messages) {
    delivered += 1
    // One was lost on the way here: the page ends before it.
    if (message.info.deliverySequence !== delivered) break
    const item = readAlert(message)
    if (item !== null) items.push(item)
    reached = message.seq
    bytes += message.data.length
    if (message.info.pending === 0 || bytes >= PAGE_BYTES_MAX) break
  }
  if (reached === after)
    throw new HotplateError('BUS_UNAVAILABLE', 'No page of alerts came in time')
  return { items, upto: reached }
}
