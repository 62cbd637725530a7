// The console's end of the alert stream (docs/protocol.md): connects, resumes, notices loss and
// silence.
import type { Alert } from '../domain/alert.ts'
import type { AlertEvent } from '../domain/alert-event.ts'
import type { ShownAlert } from './store.ts'

export interface StreamEvents {
  /** In the order of their arrival, gathered for one frame of the screen. */
  onAlerts(alerts: ShownAlert[], events: ShownEvent[]): void
  onLive(): void
  onLost(): void
  /** The session may be over: ask. */
  onRefused(): void
  /** The stream was replaced: what is shown is of another one. */
  onReset(): void
}

/** What happened to an alert, and its sequence. */
export interface ShownEvent {
  seq: number
  event: AlertEvent
}

interface Frame {
  type: string
  seq?: number
  prev?: number
  alert?: Alert
  event?: AlertEvent
}

/** The server pings every 15 s: this long without a frame, and the line is dead. */
const SILENCE_MS_MAX = 35_000
const RETRY_MS_MIN = 500
const RETRY_MS_MAX = 5_000
const RECEIPT_EVERY_MS = 250
const GATHER_MS_MAX = 100
/** At first only the latest are asked for: the board holds no more. */
const FIRST_ALERTS = 500
const SESSION_ENDED = 4401
/** The server can't let anyone in at present: asking again at once would not help it. */
const NOT_RECORDED = 1013

/** Runs until `stop`. It holds the last sequence, and no alerts. */
export class AlertStream {
  readonly #events: StreamEvents
  #socket: WebSocket | undefined
  #held = 0
  #receipt_seq = 0
  #gathered: (ShownAlert | ShownEvent)[] = []
  #retry_ms = RETRY_MS_MIN
  #stopped = false
  #asked_ms = 0
  #timers = new Map<string, number>()

  constructor(events: StreamEvents) {
    this.#events = events
    this.#connect()
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#socket?.close()
  }

  #after(name: string, ms: number, work: () => void): void {
    clearTimeout(this.#timers.get(name))
    this.#timers.set(name, window.setTimeout(work, ms))
  }

  #connect(): void {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    const socket = new WebSocket(`${scheme}://${location.host}/v1/alerts/stream`)
    this.#socket = socket
    let opened = false
    socket.addEventListener('open', () => {
      opened = true
      this.#retry_ms = RETRY_MS_MIN
      this.#listenForSilence(socket)
      this.#resume()
      this.#events.onLive()
    })
    socket.addEventListener('message', ({ data }) => {
      this.#listenForSilence(socket)
      this.#onFrame(JSON.parse(String(data)) as Frame)
    })
    socket.addEventListener('close', ({ code }) => {
      if (this.#stopped || this.#socket !== socket) return
      this.#socket = undefined
      this.#events.onLost()
      // A refused upgrade looks like any failure to the browser: only the server can tell.
      if (code === SESSION_ENDED || !opened) this.#events.onRefused()
      if (code === NOT_RECORDED) this.#retry_ms = RETRY_MS_MAX
      this.#retryLater()
    })
  }

  #retryLater(): void {
    const ms = this.#retry_ms * (0.75 + Math.random() / 2)
    this.#retry_ms = Math.min(RETRY_MS_MAX, this.#retry_ms * 2)
    this.#after('retry', ms, () => {
      if (!this.#stopped) this.#connect()
    })
  }

  #listenForSilence(socket: WebSocket): void {
    this.#after('silence', SILENCE_MS_MAX, () => {
      if (this.#socket !== socket) return
      this.#socket = undefined
      socket.close()
      this.#events.onLost()
      this.#retryLater()
    })
  }

  #resume(): void {
    this.#asked_ms = performance.now()
    const after = this.#held
    this.#send(
      after === 0 ? { type: 'resume', after, last: FIRST_ALERTS } : { type: 'resume', after },
    )
  }

  #send(frame: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame))
  }

  #onFrame({ type, seq, prev, alert, event }: Frame): void {
    if (type === 'reset') {
      this.#held = 0
      this.#gathered = []
      this.#events.onReset()
    } else if (seq !== undefined && (alert !== undefined || event !== undefined)) {
      // Something between what is held and this is missing: once a second at most, ask for it.
      const lost = this.#held > 0 && prev !== undefined && prev > this.#held
      if (lost) {
        if (performance.now() - this.#asked_ms > 1_000) this.#resume()
        return
      }
      this.#held = Math.max(this.#held, seq)
      if (alert !== undefined) this.#gather({ seq, alert })
      else if (event !== undefined) this.#gather({ seq, event })
    }
  }

  #gather(item: ShownAlert | ShownEvent): void {
    this.#gathered.push(item)
    if (this.#gathered.length > 1) return
    let done = false
    const flush = () => {
      if (done || this.#stopped) return
      done = true
      const items = this.#gathered
      this.#gathered = []
      this.#events.onAlerts(
        items.filter((one) => 'alert' in one),
        items.filter((one) => 'event' in one),
      )
      this.#acknowledge()
    }
    requestAnimationFrame(flush)
    // A page in the background gets no frames.
    setTimeout(flush, GATHER_MS_MAX)
  }

  #acknowledge(): void {
    if (this.#timers.has('receipt')) return
    this.#after('receipt', RECEIPT_EVERY_MS, () => {
      this.#timers.delete('receipt')
      if (this.#held <= this.#receipt_seq) return
      this.#receipt_seq = this.#held
      this.#send({ type: 'received', seq: this.#held })
    })
  }
}
