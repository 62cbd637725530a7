// A console's cursor against a socket that takes what it likes. A bug here shows as an alert that
// is lost, doubled or out of order for some order of alerts, drains and resumes.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConsoleCursor, type ConsoleSink, type CursorSource } from '../../src/alerts/cursor.ts'
import { alertFrame, parseClientFrame } from '../../src/alerts/frames.ts'
import { AlertRing, type StreamedAlert } from '../../src/alerts/ring.ts'
import type { Alert } from '../../src/domain/alert.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { makeAlert, makeEvent } from '../helpers/alert.ts'
import { until } from '../helpers/until.ts'

const BUFFER_BYTES_MAX = 4_000
const RING_ALERTS_MAX = 8
const metrics = createMetrics()

/** The whole stream, a memory of its last eight alerts, and pages out of the rest. */
class Stream implements CursorSource {
  readonly ring = new AlertRing(1, RING_ALERTS_MAX, 1_000_000)
  readonly all: StreamedAlert[] = []
  readonly metrics = metrics
  readonly buffer_bytes_max = BUFFER_BYTES_MAX
  readonly frame = alertFrame
  readonly now = Date.now

  get tail(): number {
    return this.all.at(-1)?.seq ?? 0
  }
  page(after: number) {
    const items = this.all.filter(({ seq }) => seq > after).slice(0, 3)
    return Promise.resolve({ items, upto: items.at(-1)?.seq ?? this.tail })
  }
  lastSequence(): Promise<number> {
    return Promise.resolve(this.tail)
  }
  publish(hidden: boolean, received_ms = Date.now()): StreamedAlert {
    const alert = listed(hidden)
    const text = JSON.stringify(alert)
    return this.#keep({ kind: 'alert', seq: this.tail + 1, text, alert, read_ms: 0, received_ms })
  }
  publishEvent(hidden: boolean): StreamedAlert {
    const alert = makeEvent(listed(hidden))
    const text = JSON.stringify(alert)
    const received_ms = Number.NaN
    return this.#keep({ kind: 'update', seq: this.tail + 1, text, alert, read_ms: 0, received_ms })
  }
  #keep(item: StreamedAlert): StreamedAlert {
    this.all.push(item)
    this.ring.push(item)
    return item
  }
}

function listed(hidden: boolean): Alert {
  return makeAlert((alert) => {
    alert.entry.list = hidden ? 'hidden' : 'shown'
  })
}

class Socket implements ConsoleSink {
  readonly frames: { type: string; seq: number; prev: number }[] = []
  #buffered = 0
  most = 0
  buffered(): number {
    return this.#buffered
  }
  send(frame: Buffer): void {
    this.#buffered += frame.length
    this.most = Math.max(this.most, this.#buffered)
    this.frames.push(JSON.parse(frame.toString()) as Socket['frames'][number])
  }
  drain(): void {
    this.#buffered = 0
  }
}

const isShown = ({ alert }: StreamedAlert) => alert.entry.list === 'shown'
const shown = (item: StreamedAlert) => (isShown(item) ? item : null)
const turn = () => new Promise((resolve) => setImmediate(resolve))

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish'), hidden: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('event'), hidden: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drain'), hidden: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('turn'), hidden: fc.boolean() }) },
)

describe('cursor', () => {
  it('sends all once and in order, and events make no gap, whatever the socket does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), fc.nat(12), async (steps, old) => {
        const stream = new Stream()
        const socket = new Socket()
        for (let i = 0; i < old; i += 1) stream.publish(false)
        const cursor = new ConsoleCursor(stream, socket, shown)
        void cursor.resume(0)
        for (const { do: what, hidden } of steps) {
          if (what === 'publish') cursor.offer(stream.publish(hidden))
          if (what === 'event') cursor.offer(stream.publishEvent(hidden))
          if (what === 'turn') await turn()
          if (what === 'drain') {
            socket.drain()
            cursor.drained()
          }
        }
        const wanted = stream.all.filter(isShown).map(({ seq }) => seq)
        await until(
          () => {
            socket.drain()
            cursor.drained()
            return cursor.mode === 'live'
          },
          { ms: 2_000, every_ms: 1 },
        )
        cursor.close()
        expect(socket.frames.map(({ seq }) => seq)).toEqual(wanted)
        // To a console that leaves out what it doesn't know, alerts follow on each other.
        const alerts = socket.frames.filter(({ type }) => type === 'alert')
        const places = alerts.map(({ seq }) => seq)
        expect(alerts.map(({ prev }) => prev)).toEqual([0, ...places].slice(0, -1))
        // To one that knows them, `prev` is behind each event too.
        for (const { seq, prev } of socket.frames) expect(prev).toBeLessThan(seq)
        expect(socket.most).toBeLessThan(BUFFER_BYTES_MAX + 2_000)
      }),
      { numRuns: 100 },
    )
  })

  it('begins with the last ones where a console asks for no more', async () => {
    const stream = new Stream()
    const socket = new Socket()
    for (let i = 0; i < 6; i += 1) stream.publish(i % 2 === 1)
    stream.publishEvent(false)
    const cursor = new ConsoleCursor(stream, socket, shown)
    await cursor.resume(0, 2)
    await until(() => cursor.mode === 'live')
    cursor.close()
    expect(socket.frames.map(({ seq, prev }) => [seq, prev])).toEqual([
      [3, 1],
      [5, 3],
      // An event is not one of the last two.
      [7, 5],
    ])
  })

  it('goes live by itself when the console says nothing', async () => {
    const stream = new Stream()
    const socket = new Socket()
    stream.publish(false)
    const cursor = new ConsoleCursor(stream, socket, shown)
    await until(() => cursor.mode === 'live')
    cursor.offer(stream.publish(false))
    cursor.close()
    cursor.offer(stream.publish(false))
    expect(socket.frames.map(({ seq, prev }) => [seq, prev])).toEqual([[2, 1]])
  })
})

describe('the delivery time', () => {
  it('runs from the receipt of the read, for live frames that say when that was', async () => {
    const stream = new Stream()
    const cursor = new ConsoleCursor(stream, new Socket(), shown)
    const measured = async () => {
      const text = await metrics.registry.metrics()
      const value = (what: string) =>
        Number(new RegExp(`^hotplate_alert_delivery_seconds_${what} (.*)$`, 'm').exec(text)?.[1])
      return { count: value('count'), seconds: value('sum') }
    }
    const before = await measured()
    stream.publish(false, Date.now() - 60_000)
    void cursor.resume(0)
    await until(() => cursor.mode === 'live')
    expect(await measured()).toEqual(before)
    cursor.offer(stream.publish(false, Date.now() - 3_000))
    cursor.offer(stream.publish(false, Number.NaN))
    cursor.close()
    const { count, seconds } = await measured()
    expect(count - before.count).toBe(1)
    expect(seconds - before.seconds).toBeGreaterThanOrEqual(3)
    expect(seconds - before.seconds).toBeLessThan(10)
  })
})

describe('frames of a console', () => {
  it('are taken, or refused in words that fit a close reason, whatever they are', () => {
    expect(parseClientFrame('{"type":"resume","after":7}')).toEqual({ type: 'resume', after: 7 })
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const frame = parseClientFrame(text)
        if (typeof frame === 'string') expect(Buffer.byteLength(frame)).toBeLessThan(123)
      }),
    )
  })
})
