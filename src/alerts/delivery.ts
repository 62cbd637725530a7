// From the ALERTS stream to the consoles: one subscription for the whole gateway, and a cursor for
// each console.
import { type ConsumerMessages, DeliverPolicy, type JsMsg } from '@nats-io/jetstream'
import type { Bus } from '../bus/connection.ts'
import { alertSubject, STREAM } from '../bus/streams.ts'
import type { Config } from '../config/schema.ts'
import type { Alert, AlsoListed } from '../domain/alert.ts'
import { HotplateError } from '../domain/error.ts'
import { retentionCutoff } from '../domain/time.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { ConsoleCursor, type ConsoleSink, type CursorSource, sharedFrames } from './cursor.ts'
import { PING_FRAME, parseClientFrame } from './frames.ts'
import { ReplayReader, readAlert } from './replay.ts'
import { AlertRing, type StreamedAlert } from './ring.ts'

/** Who looks. */
export interface Viewer {
  user: string
}

export interface DeliverySink extends ConsoleSink {
  /** Ends the socket with a WebSocket close code. */
  close(code: number, reason: string): void
}

export interface AttachedConsole {
  /** A text frame from the console; a wrong one closes its socket with 1008. */
  frame(text: string): void
  /** The socket has taken some of its buffer. */
  drained(): void
  /** The socket is gone. */
  detach(): void
}

export interface Delivery {
  attach(viewer: Viewer, sink: DeliverySink): AttachedConsole
  /**
   * One alert by its id, or null where there is none that this viewer may see.
   * @throws HotplateError BUS_UNAVAILABLE
   */
  find(viewer: Viewer, id: string): Promise<Alert | null>
  /** For /readyz. @throws HotplateError DELIVERY_STALLED while the subscription is down */
  check(): void
  stop(): Promise<void>
}

export interface DeliveryOptions {
  bus: Bus
  config: Config
  metrics: Metrics
  log: Logger
  /**
   * Whether somebody may know of a list's alerts and what happens to them (401.4b), asked anew for
   * each; without it everybody may.
   */
  maySee?: (viewer: Viewer, list: string) => boolean
  /** Resolves once `maySee` goes by what is in force: asked for after the bus was away. */
  refreshRights?: () => Promise<void>
  /** epoch ms */
  now?: () => number
}

const RING_ALERTS_MAX = 4_096
const RING_BYTES_MAX = 16 * 1024 * 1024
const PING_EVERY_MS = 15_000
const RETRY_MS = 500
const CATCH_UP_MS_MAX = 10_000

/** Resolves once the latest alerts are in memory. */
export async function createDelivery(options: DeliveryOptions): Promise<Delivery> {
  const hub = new DeliveryHub(options)
  await hub.start()
  return hub
}

/**
 * Follows the stream with an ordered consumer. Its place is `tail`, so that whatever interrupts it
 * (the server restarted, the connection lost) it goes on with the next sequence: nothing is lost,
 * and what comes twice is dropped by its sequence.
 */
class DeliveryHub implements Delivery, CursorSource {
  ring = new AlertRing(1, RING_ALERTS_MAX, RING_BYTES_MAX)
  tail = 0
  readonly metrics: Metrics
  readonly buffer_bytes_max: number
  readonly frame = sharedFrames()
  readonly now: () => number
  readonly #bus: Bus
  readonly #log: Logger
  readonly #days: number
  readonly #maySee: NonNullable<DeliveryOptions['maySee']>
  readonly #refreshRights: NonNullable<DeliveryOptions['refreshRights']>
  readonly #reader: ReplayReader
  /** By what is left of their lists. */
  readonly #reduced = new WeakMap<StreamedAlert, Map<string, StreamedAlert>>()
  readonly #consoles = new Map<ConsoleCursor, DeliverySink>()
  #messages: ConsumerMessages | undefined
  /** Rises with each subscription: a callback of an older one is not heard. */
  #subscription = 0
  #down = true
  #stopped = false
  #ping: NodeJS.Timeout | undefined

  constructor({ bus, config, metrics, log, maySee, refreshRights, now }: DeliveryOptions) {
    this.#bus = bus
    this.#log = log
    this.#days = config.retention.days
    this.#maySee = maySee ?? (() => true)
    this.#refreshRights = refreshRights ?? (() => Promise.resolve())
    this.#reader = new ReplayReader(bus)
    this.metrics = metrics
    this.buffer_bytes_max = config.gateway.console_buffer_bytes_max
    this.now = now ?? Date.now
  }

  async start(): Promise<void> {
    const { first_seq, last_seq } = await this.#state()
    const from = Math.max(1, first_seq, last_seq - RING_ALERTS_MAX + 1)
    this.ring = new AlertRing(from, RING_ALERTS_MAX, RING_BYTES_MAX)
    this.tail = from - 1
    await this.#subscribe()
    const end = performance.now() + CATCH_UP_MS_MAX
    while (this.tail < last_seq && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    this.#ping = setInterval(() => this.#pingAll(), PING_EVERY_MS)
    this.#ping.unref()
    void this.#watchConnection()
  }

  attach(viewer: Viewer, sink: DeliverySink): AttachedConsole {
    const cursor = new ConsoleCursor(this, sink, (item) => this.#shown(viewer, item))
    this.#consoles.set(cursor, sink)
    this.metrics.consoles.set(this.#consoles.size)
    return {
      frame: (text) => this.#onFrame(cursor, sink, text),
      drained: () => cursor.drained(),
      detach: () => {
        cursor.close()
        this.#consoles.delete(cursor)
        this.metrics.consoles.set(this.#consoles.size)
      },
    }
  }

  async find(viewer: Viewer, id: string): Promise<Alert | null> {
    const message = await this.#lookUp(id)
    const item = message === null ? null : readAlert(message)
    const shown = item === null ? null : this.#shown(viewer, item)
    return shown?.kind === 'alert' ? shown.alert : null
  }

  check(): void {
    if (!this.#down) return
    throw new HotplateError('DELIVERY_STALLED', 'The subscription to ALERTS is down')
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#subscription += 1
    clearInterval(this.#ping)
    for (const cursor of this.#consoles.keys()) cursor.close()
    this.#consoles.clear()
    await this.#messages?.close().catch(() => undefined)
  }

  page(after: number) {
    return this.#reader.page(after, this.ring.first - 1)
  }

  async #lookUp(id: string) {
    try {
      return await this.#bus.jsm.streams.getMessage(STREAM.alerts, {
        last_by_subj: alertSubject(id),
      })
    } catch (cause) {
      throw new HotplateError('BUS_UNAVAILABLE', 'The alert can not be looked up now', { cause })
    }
  }

  async lastSequence(): Promise<number> {
    return (await this.#state()).last_seq
  }

  async #state() {
    return (await this.#bus.jsm.streams.info(STREAM.alerts)).state
  }

  /** What somebody may see of an alert or event: all, or without some lists, or nothing. */
  #shown(viewer: Viewer, item: StreamedAlert): StreamedAlert | null {
    if (item.read_ms < retentionCutoff(this.now(), this.#days)) return null
    if (!this.#maySee(viewer, item.alert.entry.list)) return null
    if (item.kind !== 'alert' || item.alert.also === undefined) return item
    const hidden = item.alert.also.filter(({ list }) => !this.#maySee(viewer, list))
    return hidden.length === 0 ? item : this.#without(item, new Set(hidden))
  }

  /** Consoles that may see the same of an alert share one frame of it. */
  #without(item: StreamedAlert & { kind: 'alert' }, hidden: Set<AlsoListed>): StreamedAlert {
    const { also = [], ...rest } = item.alert
    const left = also.filter((one) => !hidden.has(one))
    const key = left.map(({ list, id }) => `${list} ${id}`).join('\n')
    const known = this.#reduced.get(item) ?? new Map<string, StreamedAlert>()
    this.#reduced.set(item, known)
    const found = known.get(key)
    if (found !== undefined) return found
    const alert: Alert = left.length === 0 ? rest : { ...rest, also: left }
    const reduced: StreamedAlert = { ...item, alert, text: JSON.stringify(alert) }
    known.set(key, reduced)
    return reduced
  }

  async #subscribe(): Promise<void> {
    const subscription = this.#subscription
    const consumer = await this.#bus.js.consumers.get(STREAM.alerts, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.tail + 1,
    })
    const messages = await consumer.consume({
      max_messages: 1_000,
      callback: (message) => {
        if (this.#subscription === subscription) this.#take(message)
      },
    })
    if (this.#subscription !== subscription) {
      void messages.close().catch(() => undefined)
      return
    }
    this.#messages = messages
    this.#down = false
    void messages.closed().then(() => {
      if (this.#subscription === subscription) return this.#resubscribe()
    })
  }

  #take(message: JsMsg): void {
    if (message.seq <= this.tail) return
    this.tail = message.seq
    const item = readAlert(message)
    if (item === null) {
      this.#log.warn({ seq: message.seq }, 'A message on ALERTS is neither alert nor event.')
      return
    }
    this.ring.push(item)
    for (const cursor of this.#consoles.keys()) cursor.offer(item)
  }

  /** The client library would notice a lost consumer by missed heartbeats, many seconds later. */
  async #watchConnection(): Promise<void> {
    for await (const status of this.#bus.nc.status()) {
      if (this.#stopped) return
      if (status.type === 'disconnect') this.#down = true
      if (status.type === 'reconnect') await this.#resubscribe()
    }
  }

  async #resubscribe(): Promise<void> {
    this.#subscription += 1
    const subscription = this.#subscription
    this.#down = true
    void this.#messages?.close().catch(() => undefined)
    while (!this.#stopped && this.#subscription === subscription && !this.#bus.nc.isClosed()) {
      try {
        const { last_seq } = await this.#state()
        if (last_seq < this.tail) this.#startOver(last_seq)
        // No alert may be shown by rights of before.
        await this.#refreshRights()
        await this.#subscribe()
        return
      } catch (error) {
        this.#log.debug({ err: error }, 'The subscription to ALERTS is not up yet.')
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  /** The stream is another one (its data folder was replaced): consoles come again and are told. */
  #startOver(last_seq: number): void {
    this.#log.warn({ tail: this.tail, last_seq }, 'The ALERTS stream was replaced.')
    this.ring = new AlertRing(1, RING_ALERTS_MAX, RING_BYTES_MAX)
    this.tail = 0
    for (const sink of this.#consoles.values()) sink.close(1012, 'The alert stream restarted')
  }

  #onFrame(cursor: ConsoleCursor, sink: DeliverySink, text: string): void {
    const frame = parseClientFrame(text)
    if (typeof frame === 'string') {
      sink.close(1008, frame)
    } else if (frame.type === 'resume') {
      void cursor.resume(frame.after, frame.last)
    } else if (frame.seq > cursor.sentMax) {
      sink.close(1008, 'Expected "seq" of received to be one that was sent')
    } else {
      cursor.goLive()
    }
  }

  #pingAll(): void {
    for (const [cursor, sink] of this.#consoles) {
      // A full buffer shows by itself that the line is busy.
      if (cursor.mode !== 'behind') sink.send(PING_FRAME)
    }
  }
}
