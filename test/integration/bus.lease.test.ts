// Leases on a real server, between real processes. If the bugs return: two pullers ack each other's
// reads away, or nobody takes over from a dead one.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Bus } from '../../src/bus/connection.ts'
import { holdLease, type Lease, type LeaseOptions } from '../../src/bus/lease.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { startFixture } from '../helpers/processes.ts'
import { until } from '../helpers/until.ts'

let nats: TestNats
beforeAll(async () => {
  nats = await startNats()
})
afterAll(() => nats[Symbol.asyncDispose]())

/** Who holds, seen from inside the work: the most at once is what must stay 1. */
class Register {
  now = 0
  most = 0
  gains = 0
  readonly work = (signal: AbortSignal) => {
    this.gains += 1
    this.now += 1
    this.most = Math.max(this.most, this.now)
    signal.addEventListener('abort', () => {
      this.now -= 1
    })
  }
}

function hold(bus: Bus, key: string, onGained: LeaseOptions['onGained'], lease_ms = 600) {
  return holdLease(bus, { key, holder: 'test', lease_ms, log: createLog('silent'), onGained })
}

test('one of two holds; stopped, the other has it at once', async () => {
  const register = new Register()
  const first = await hold(nats.bus, 'two', register.work, 3_000)
  await until(() => first.held)
  const second = await hold(await nats.connect(), 'two', register.work, 3_000)
  await first.stop()
  expect(first.held).toBe(false)
  await until(() => second.held, { ms: 1_000 })
  await second.stop()
  expect(register).toMatchObject({ now: 0, most: 1, gains: 2 })
})

test('a holder keeps its lease for many times its length', async () => {
  const register = new Register()
  const first = await hold(nats.bus, 'long', register.work)
  const second = await hold(await nats.connect(), 'long', register.work)
  const end = performance.now() + 3_000
  await until(() => performance.now() > end)
  expect(register.gains).toBe(1)
  expect(first.held).not.toBe(second.held)
  await Promise.all([first.stop(), second.stop()])
})

test('a holder killed with -9 is followed within 5 s at the default length', async () => {
  await using holder = startFixture('lease-holder.ts', nats.data_dir, 'killed', '3000')
  expect(await holder.line()).toBe('gained')
  const register = new Register()
  const lease = await hold(nats.bus, 'killed', register.work, 3_000)
  await holder.kill()
  const start = performance.now()
  await until(() => lease.held)
  expect(performance.now() - start).toBeLessThan(5_000)
  await lease.stop()
})

test('a frozen holder sees when it wakes that the lease is another’s', async () => {
  await using holder = startFixture('lease-holder.ts', nats.data_dir, 'frozen', '600')
  expect(await holder.line()).toBe('gained')
  holder.process.kill('SIGSTOP')
  const lease = await hold(nats.bus, 'frozen', () => {})
  await until(() => lease.held)
  holder.process.kill('SIGCONT')
  expect(await holder.line()).toBe('lost')
  expect(lease.held).toBe(true)
  await lease.stop()
})

test('stop() waits for the work to end before it gives the lease free', async () => {
  const events: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const first = await hold(
    nats.bus,
    'work',
    async () => {
      await promise
      events.push('first ended')
    },
    3_000,
  )
  await until(() => first.held)
  const second = await hold(await nats.connect(), 'work', () => void events.push('second'), 3_000)
  const stopping = first.stop()
  setTimeout(resolve, 300)
  await stopping
  await until(() => second.held)
  expect(events).toEqual(['first ended', 'second'])
  await second.stop()
})

test('a holder whose NATS is away gives up before its lease is over', async () => {
  await using own = await startNats()
  const register = new Register()
  const lease = await hold(own.bus, 'away', register.work, 1_500)
  await until(() => lease.held)
  process.kill(own.server.pid, 'SIGSTOP')
  const start = performance.now()
  await until(() => register.now === 0, { every_ms: 5 })
  expect(performance.now() - start).toBeLessThan(1_500)
  expect(lease.held).toBe(false)
  process.kill(own.server.pid, 'SIGCONT')
  await until(() => lease.held)
  await lease.stop()
})

test('never two at once, however fast they come and go', async () => {
  const register = new Register()
  const buses = [nats.bus, await nats.connect(), await nats.connect()]
  let gains = 0
  const end = performance.now() + 4_000
  const player = async (bus: Bus, seed: number) => {
    let state = seed
    const random = () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
      return state / 2_147_483_648
    }
    let lease: Lease | null = null
    while (performance.now() < end) {
      lease = await hold(bus, 'rush', register.work, 500)
      await new Promise((resolve) => setTimeout(resolve, random() * 250))
      await lease.stop()
    }
  }
  await Promise.all(buses.map((bus, index) => player(bus, index + 1)))
  gains = register.gains
  expect(gains).toBeGreaterThan(5)
  expect(register).toMatchObject({ now: 0, most: 1 })
})
