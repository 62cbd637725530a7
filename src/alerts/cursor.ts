// One console's place in the alert stream, and how it gets every alert once, in order, with a
// bounded buffer.
import type { Metrics } from '../telemetry/metrics.ts'
import { alertFrame, RESET_FRAME } from './frames.ts'
import type { Page } from './replay.ts'
import type { AlertRing, StreamedAlert } from './ring.ts'

/** Where a console's frames go: its socket. */
export interface ConsoleSink {
  /** Bytes handed over that the network has not taken yet. */
  buffered(): number
  send(frame: Buffer): void
}

/** What all cursors of a gateway share. */
export interface CursorSource {
  readonly ring: AlertRing
  /** The last sequence that came in. */
  readonly tail: number
  readonly metrics: Metrics
  readonly buffer_bytes_max: number
  page(after: number): Promise<Page>
  /** The stream's last sequence, from the server. */
  lastSequence(): Promise<number>
  /** The frame, shared by all consoles that stand at the same place. */
  frame(item: StreamedAlert, prev: number): Buffer
  now(): number
}

/** A console sends its first frame within this, or it is live from now on. */
const FIRST_FRAME_WAIT_MS = 250
const PAGE_ALERTS_MAX = 64
const RETRY_MS = 500

/**
 * The cursor is always in one of these modes:
 *
 * ## waiting
 * The console has just come and has not said where it stands. Nothing is sent, so that no new alert
 * overtakes a replay.
 * Exits: `resume` -> replaying; another frame, or 250 ms -> live, from the stream's end.
 *
 * ## live
 * The cursor stands at the stream's end. Each alert goes out as it comes in.
 * Exits: the socket's buffer is above its limit when an alert comes -> behind; `resume` ->
 * replaying.
 *
 * ## behind
 * The socket's buffer is full. Nothing is sent, and each alert that comes in is counted as a gap.
 * It is not lost: the cursor stays where it is.
 * Exits: the buffer has drained to half its limit -> replaying; `resume` -> behind, at the new
 * place.
 *
 * ## replaying
 * Alerts after the cursor are sent page by page: from memory, or from the stream where memory does
 * not reach back so far. What comes in meanwhile is found by a later page. Exits: the buffer is
 * above its limit -> behind; the cursor reaches the stream's end -> live, in the same turn of the
 * event loop, so that nothing falls in between; the stream can't be read -> replaying again after
 * half a second; `resume` -> replaying, from the new place.
 *
 * ## closed
 * The socket is gone. Nothing happens any more.
 *
 *   waiting ──► live ──► behind
 *      │         ▲ │        │ ▲
 *      └────► replaying ◄───┘ │
 *                  └──────────┘
 */
export class ConsoleCursor {
  mode: 'waiting' | 'live' | 'behind' | 'replaying' | 'closed' = 'waiting'
  /** Last sequence that was sent or need not be. */
  at = 0
  /** Last alert sent: the next frame's `prev`. */
  prev = 0
  readonly #source: CursorSource
  readonly #sink: ConsoleSink
  readonly #shown: (item: StreamedAlert) => StreamedAlert | null
  #timer: NodeJS.Timeout | undefined
  /** Rises with each move: a page that was asked for before it is not sent after it. */
  #moves = 0
  #pumping = false
  #sent_max = 0

  /** @param shown an alert or event as this console may see it; null: not at all */
  constructor(
    source: CursorSource,
    sink: ConsoleSink,
    shown: (item: StreamedAlert) => StreamedAlert | null,
  ) {
    this.#source = source
    this.#sink = sink
    this.#shown = shown
    this.#timer = setTimeout(() => this.goLive(), FIRST_FRAME_WAIT_MS)
  }

  /** Highest sequence that was ever sent on this socket. */
  get sentMax(): number {
    return this.#sent_max
  }

  /** From `waiting` to live: nothing old, and everything from now on. */
  goLive(): void {
    if (this.mode !== 'waiting') return
    clearTimeout(this.#timer)
    this.at = this.#source.tail
    this.prev = this.#source.ring.lastWhere((item) => this.#isShown(item))?.seq ?? 0
    this.mode = 'live'
  }

  /** Everything after `after`, whatever was sent before; of that no more than the `last` ones. */
  async resume(after: number, last?: number): Promise<void> {
    if (this.mode === 'closed') return
    clearTimeout(this.#timer)
    this.#moves += 1
    const move = this.#moves
    if (this.mode !== 'behind') this.mode = 'replaying'
    let place = after
    if (after > this.#source.tail && !(await this.#streamReaches(after, move))) {
      if (this.#moves !== move || this.#isClosed()) return
      this.#sink.send(RESET_FRAME)
      place = 0
    }
    if (this.#moves !== move || this.#isClosed()) return
    this.at = place
    this.prev = place
    if (last !== undefined) {
      const latest = this.#source.ring.placeOfLast(last, (item) => this.#isShown(item))
      this.at = Math.max(place, latest.at)
      this.prev = Math.max(place, latest.prev)
    }
    void this.#pump()
  }

  /** An alert has come in. */
  offer(item: StreamedAlert): void {
    if (this.mode !== 'live' && this.mode !== 'behind') return
    const shown = this.#shown(item)
    if (this.mode === 'live' && shown !== null && this.#isFull()) this.mode = 'behind'
    if (this.mode === 'behind') {
      if (shown !== null) this.#source.metrics.consoleGaps.inc()
      return
    }
    if (item.seq <= this.at) return
    if (shown !== null) {
      this.#send(shown)
      this.#observe(shown)
    }
    this.at = item.seq
  }

  /** The socket has taken some of its buffer. */
  drained(): void {
    if (this.mode !== 'behind') return
    if (this.#sink.buffered() > this.#source.buffer_bytes_max / 2) return
    this.mode = 'replaying'
    void this.#pump()
  }

  close(): void {
    this.mode = 'closed'
    clearTimeout(this.#timer)
  }

  #isShown(item: StreamedAlert): boolean {
    return this.#shown(item) !== null
  }

  #isFull(): boolean {
    return this.#sink.buffered() > this.#source.buffer_bytes_max
  }

  // Read through a function: TypeScript does not know that `mode` changes while we await.
  #isClosed(): boolean {
    return this.mode === 'closed'
  }

  /** `prev` leaves events out: to a console that doesn't know them, one is no gap. */
  #send(item: StreamedAlert): void {
    this.#sink.send(this.#source.frame(item, this.prev))
    if (item.kind === 'alert') this.prev = item.seq
    if (item.seq > this.#sent_max) this.#sent_max = item.seq
  }

  /** Two machines' clocks may differ by more than a delivery takes: it never counts as negative. */
  #observe({ received_ms }: StreamedAlert): void {
    if (Number.isNaN(received_ms)) return
    const seconds = Math.max(0, this.#source.now() - received_ms) / 1_000
    this.#source.metrics.alertDelivery.observe(seconds)
  }

  async #streamReaches(after: number, move: number): Promise<boolean> {
    while (this.#moves === move && !this.#isClosed()) {
      try {
        return (await this.#source.lastSequence()) >= after
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
    return true
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.mode === 'replaying') {
        if (this.#isFull()) {
          this.mode = 'behind'
        } else if (this.at >= this.#source.tail) {
          this.mode = 'live'
        } else {
          await this.#sendPage()
        }
      }
    } finally {
      this.#pumping = false
    }
  }

  async #sendPage(): Promise<void> {
    const move = this.#moves
    const { ring } = this.#source
    let page: Page
    if (ring.covers(this.at)) {
      const items = ring.after(this.at, PAGE_ALERTS_MAX)
      page = { items, upto: items.at(-1)?.seq ?? this.#source.tail }
      // Other consoles and the live alerts have their turn between two pages.
      await new Promise((resolve) => setImmediate(resolve))
    } else {
      try {
        page = await this.#source.page(this.at)
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
        return
      }
    }
    if (this.#moves !== move || this.mode !== 'replaying') return
    for (const item of page.items) {
      if (item.seq <= this.at) continue
      if (this.#isFull()) return
      const shown = this.#shown(item)
      if (shown !== null) this.#send(shown)
      this.at = item.seq
    }
    this.at = Math.max(this.at, page.upto)
  }
}

/** One frame is built once for all consoles that stand at the same place and may see the same. */
export function sharedFrames(): (item: StreamedAlert, prev: number) => Buffer {
  let seq = -1
  let frames = new Map<StreamedAlert, Map<number, Buffer>>()
  return (item, prev) => {
    if (item.seq !== seq) {
      seq = item.seq
      frames = new Map()
    }
    const by_prev = frames.get(item) ?? new Map<number, Buffer>()
    frames.set(item, by_prev)
    const frame = by_prev.get(prev) ?? alertFrame(item, prev)
    by_prev.set(prev, frame)
    return frame
  }
}
