// Publishing. If the bugs return: a slow stream fills the memory, a lost ack loses a read or
// changes its id, a rate comes in bursts, or an end waits for a server that is away.
import { expect, test } from 'vitest'
import { HotplateError } from '../../src/domain/error.ts'
import { Pace } from '../../src/simulate/pace.ts'
import { Publisher } from '../../src/simulate/publish.ts'
import { until } from '../helpers/until.ts'

const message = (text: string) => ({ subject: 'reads.v1.a', payload: Buffer.from(text), reads: 1 })

test('no more than the window is in flight, by messages and by bytes', async () => {
  const acks: (() => void)[] = []
  const publish = () => new Promise<void>((resolve) => acks.push(resolve))
  const { signal } = new AbortController()
  const publisher = new Publisher(publish, {
    window_messages_max: 3,
    window_bytes_max: 100,
    signal,
  })
  expect(publisher.send(message('1'))).toBeUndefined()
  expect(publisher.send(message('2'))).toBeUndefined()
  let room = false
  void publisher.send(message('3'))?.then(() => {
    room = true
  })
  await Promise.resolve()
  expect(room).toBe(false)
  acks.shift()?.()
  await until(() => room, { what: 'room in the window' })
  expect(publisher.send(message('x'.repeat(100)))).toBeInstanceOf(Promise)
  for (const ack of acks) ack()
  expect(await publisher.drain()).toMatchObject({ messages_acked: 4, messages_failed: 0 })
})

test('a message without its ack is sent again, byte for byte, until it has it', async () => {
  const sent: string[] = []
  const publish = (_subject: string, payload: Uint8Array) => {
    sent.push(Buffer.from(payload).toString())
    return sent.length < 4 ? Promise.reject(new Error('timeout')) : Promise.resolve()
  }
  const { signal } = new AbortController()
  const publisher = new Publisher(publish, { retry_ms_min: 1, retry_ms_max: 2, signal })
  publisher.send(message('{"id":"r-1"}'))
  const counts = await publisher.drain()
  expect(sent).toEqual(Array.from({ length: 4 }, () => '{"id":"r-1"}'))
  expect(counts).toMatchObject({
    reads_sent: 1,
    reads_acked: 1,
    reads_failed: 0,
    messages_resent: 3,
  })
})

test('a refused message fails at once, the others go on', async () => {
  let calls = 0
  const publish = (_subject: string, payload: Uint8Array) => {
    calls++
    return payload.length === 3
      ? Promise.reject(new HotplateError('PUBLISH_REFUSED', 'no'))
      : Promise.resolve()
  }
  const publisher = new Publisher(publish, { signal: new AbortController().signal })
  publisher.send(message('bad'))
  publisher.send(message('good'))
  expect(await publisher.drain()).toMatchObject({ messages_acked: 1, messages_failed: 1 })
  expect(calls).toBe(2)
})

test('an end does not wait for a server that never answers', async () => {
  const ended = new AbortController()
  const publisher = new Publisher(() => new Promise(() => {}), { signal: ended.signal })
  publisher.send(message('1'))
  const drained = publisher.drain()
  ended.abort()
  expect(await drained).toMatchObject({ reads_sent: 1, reads_acked: 0, reads_failed: 1 })
})

test('a rate is even, and a stall is made up for at twice the rate, up to a second', () => {
  let now_ms = 0
  const pace = new Pace(5_000, () => now_ms)
  const taken: number[] = []
  for (; now_ms < 1_000; now_ms += 2) taken.push(pace.take())
  expect(taken.slice(1)).toEqual(Array.from({ length: 499 }, () => 10))
  now_ms += 10_000
  expect(pace.take()).toBe(200)
  let made_up = 200
  for (let tick = 0; tick < 500; tick++) {
    now_ms += 2
    const due = pace.take()
    expect(due).toBeLessThanOrEqual(20)
    made_up += due
  }
  expect(made_up).toBe(5_000 + 5_000)
})

test('a slow rate loses no read to late timers, and waits until the next one is due', () => {
  let now_ms = 0
  const pace = new Pace(0.5, () => now_ms)
  let taken = 0
  for (; now_ms <= 100_000; now_ms += pace.wait_ms()) taken += pace.take()
  expect(taken).toBe(50)
  const fast = new Pace(20, () => now_ms)
  expect(fast.wait_ms()).toBe(50)
  fast.setRate(10_000)
  expect(fast.wait_ms()).toBe(1)
})
