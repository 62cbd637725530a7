// The latest alerts of the stream and their events, in memory: what most replays are served from,
// so that they touch no server.
import type { Alert } from '../domain/alert.ts'
import type { AlertEvent } from '../domain/alert-event.ts'

/** An alert, or what happened to one, as it lies on the ALERTS stream. */
export type StreamedAlert = StreamedFacts &
  ({ kind: 'alert'; alert: Alert } | { kind: 'update'; alert: AlertEvent })

interface StreamedFacts {
  /** The stream's sequence. */
  seq: number
  /** The payload: JSON of `alert`. */
  text: string
  /** epoch ms */
  read_ms: number
  /** When READS took the read in, epoch ms; NaN where that isn't said, as with events. */
  received_ms: number
}

const COMPACT_AT = 1_024

/** Bounded by count and by bytes; the oldest go first. */
export class AlertRing {
  readonly #count_max: number
  readonly #bytes_max: number
  #items: StreamedAlert[] = []
  #start = 0
  #bytes = 0
  #first: number

  /** @param first the sequence from which on everything will be pushed */
  constructor(first: number, count_max: number, bytes_max: number) {
    this.#first = first
    this.#count_max = count_max
    this.#bytes_max = bytes_max
  }

  get length(): number {
    return this.#items.length - this.#start
  }

  /** Everything of the stream from this sequence on is here. */
  get first(): number {
    return this.#first
  }

  /** Sequences must rise. */
  push(item: StreamedAlert): void {
    this.#items.push(item)
    this.#bytes += item.text.length
    while (this.length > 1 && (this.length > this.#count_max || this.#bytes > this.#bytes_max)) {
      const dropped = this.#items[this.#start] as StreamedAlert
      this.#bytes -= dropped.text.length
      this.#first = dropped.seq + 1
      this.#start += 1
    }
    if (this.#start >= COMPACT_AT) {
      this.#items = this.#items.slice(this.#start)
      this.#start = 0
    }
  }

  /** Whether nothing of the stream after `seq` is missing here. */
  covers(seq: number): boolean {
    return seq + 1 >= this.#first
  }

  /** Up to `count_max` alerts and events after `seq`, in order. */
  after(seq: number, count_max: number): StreamedAlert[] {
    let low = this.#start
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#items[middle] as StreamedAlert).seq <= seq) low = middle + 1
      else high = middle
    }
    return this.#items.slice(low, low + count_max)
  }

  /** The latest alert that `wanted` says yes to. */
  lastWhere(wanted: (item: StreamedAlert) => boolean): StreamedAlert | undefined {
    for (let i = this.#items.length - 1; i >= this.#start; i -= 1) {
      const item = this.#items[i] as StreamedAlert
      if (item.kind === 'alert' && wanted(item)) return item
    }
    return undefined
  }

  /**
   * Where the latest `count` alerts that `wanted` says yes to begin: `at`, the sequence after which
   * they are, and `prev`, the one before them that is wanted too, or 0 where memory holds none.
   */
  placeOfLast(count: number, wanted: (item: StreamedAlert) => boolean) {
    let left = count
    for (let i = this.#items.length - 1; i >= this.#start; i -= 1) {
      const item = this.#items[i] as StreamedAlert
      if (item.kind !== 'alert' || !wanted(item)) continue
      if (left === 0) return { at: item.seq, prev: item.seq }
      left -= 1
    }
    return { at: this.#first - 1, prev: 0 }
  }
}
