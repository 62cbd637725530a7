// The alert stream end to end: real nats-server, real gateway, plain WebSockets. A bug here shows
// as an alert that a console never gets, gets twice or out of order, or as a gateway that grows for
// a console that does not read.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DAY_MS } from '../../src/domain/time.ts'
import { makeAlert, publishAlert } from '../helpers/alert.ts'
import { openConsole, startTestGateway, type TestConsole } from '../helpers/gateway.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { until } from '../helpers/until.ts'

const alertsOf = (console: TestConsole) => console.frames.filter(({ type }) => type === 'alert')
const sequences = (console: TestConsole) => alertsOf(console).map(({ seq }) => seq)

/** Each frame's `prev` is the sequence before it: nothing lost, nothing twice, in order. */
function expectUnbroken(console: TestConsole): void {
  const frames = alertsOf(console)
  for (let i = 1; i < frames.length; i += 1) {
    expect(frames[i]?.prev).toBe(frames[i - 1]?.seq)
    expect(frames[i]?.seq).toBeGreaterThan(frames[i - 1]?.seq as number)
  }
}

describe('alert stream', () => {
  let nats: TestNats
  beforeAll(async () => {
    nats = await startNats()
  })
  afterAll(async () => {
    await nats[Symbol.asyncDispose]()
  })

  it('refuses whoever is not signed in, and pages of other sites', async () => {
    await using gateway = await startTestGateway(nats.bus)
    await expect(openConsole(gateway.url, '')).rejects.toThrow('Refused with 401')
    const cookie = await gateway.signIn()
    await expect(
      openConsole(gateway.url, cookie, { origin: 'https://elsewhere.example' }),
    ).rejects.toThrow('Refused with 403')
  })

  it('sends what is published from now on, and nothing old, without resume', async () => {
    await using gateway = await startTestGateway(nats.bus)
    const old = await publishAlert(nats.bus, makeAlert())
    const console = await openConsole(gateway.url, await gateway.signIn())
    console.send({ type: 'received', seq: 0 })
    await until(() => gateway.metrics.registry.metrics().then((m) => m.includes('consoles 1')))
    await until(async () => {
      await publishAlert(nats.bus, makeAlert())
      return alertsOf(console).length > 0
    })
    expect(sequences(console)[0]).toBeGreaterThan(old)
    expectUnbroken(console)
  })

  it('replays from a sequence, then goes on live, each alert once and in order', async () => {
    await using gateway = await startTestGateway(nats.bus)
    const first = await publishAlert(nats.bus, makeAlert())
    for (let i = 0; i < 200; i += 1) await publishAlert(nats.bus, makeAlert())
    const console = await openConsole(gateway.url, await gateway.signIn())
    console.send({ type: 'resume', after: first })
    let last = 0
    for (let i = 0; i < 200; i += 1) last = await publishAlert(nats.bus, makeAlert())
    await until(() => sequences(console).at(-1) === last)
    expect(alertsOf(console)[0]?.prev).toBe(first)
    expect(alertsOf(console)).toHaveLength(last - first)
    expectUnbroken(console)
  })

  it('replays out of the stream what memory does not hold any more', async () => {
    for (let i = 0; i < 5_000; i += 1) {
      const alert = makeAlert()
      nats.bus.nc.publish(`alerts.v1.${alert.id}`, JSON.stringify(alert))
    }
    const last = await publishAlert(nats.bus, makeAlert())
    await using gateway = await startTestGateway(nats.bus)
    const cookie = await gateway.signIn()
    const consoles = await Promise.all([1, 2, 3].map(() => openConsole(gateway.url, cookie)))
    for (const console of consoles) console.send({ type: 'resume', after: 0 })
    for (const console of consoles) {
      await until(() => sequences(console).at(-1) === last)
      expect(alertsOf(console)).toHaveLength(last)
      expectUnbroken(console)
    }
  })

  it('holds back for a console that does not read, counts it, and loses nothing', async () => {
    await using gateway = await startTestGateway(nats.bus, {
      gateway: { console_buffer_bytes_max: 64 * 1024 },
    })
    const slow = await openConsole(gateway.url, await gateway.signIn())
    slow.send({ type: 'resume', after: 0 })
    await until(() => alertsOf(slow).length > 0)
    const start = (await nats.bus.jsm.streams.info('ALERTS')).state.last_seq
    await until(() => sequences(slow).at(-1) === start)
    slow.socket.pause()
    const padding = 'x'.repeat(20_000)
    let last = 0
    for (let i = 0; i < 800; i += 1) {
      const alert = makeAlert((a) => {
        a.entry.reason = padding
      })
      last = await publishAlert(nats.bus, alert)
    }
    const text = await gateway.metrics.registry.metrics()
    expect(Number(/hotplate_console_gaps_total (\d+)/.exec(text)?.[1])).toBeGreaterThan(100)
    slow.socket.resume()
    await until(() => sequences(slow).at(-1) === last)
    expectUnbroken(slow)
  })

  it('401.5 never shows a read older than the retention time', async () => {
    let now = Date.now()
    await using gateway = await startTestGateway(nats.bus, { delivery: { now: () => now } })
    const cookie = await gateway.signIn()
    const alert = makeAlert((a) => {
      a.read.time = new Date(now - 30 * DAY_MS + 60_000).toISOString()
    })
    const seq = await publishAlert(nats.bus, alert)
    const early = await openConsole(gateway.url, cookie)
    early.send({ type: 'resume', after: seq - 1 })
    await until(() => sequences(early).includes(seq))
    expect((await gateway.fetch(`/v1/alerts/${alert.id}`, { headers: { cookie } })).status).toBe(
      200,
    )

    now += 61_000
    const late = await openConsole(gateway.url, cookie)
    late.send({ type: 'resume', after: seq - 1 })
    const next = await publishAlert(nats.bus, makeAlert())
    await until(() => sequences(late).includes(next))
    expect(sequences(late)).toEqual([next])
    expect(alertsOf(late)[0]?.prev).toBe(seq - 1)
    expect((await gateway.fetch(`/v1/alerts/${alert.id}`, { headers: { cookie } })).status).toBe(
      404,
    )
  })

  it('tells a console whose sequence is beyond the stream to start over', async () => {
    await using gateway = await startTestGateway(nats.bus)
    const console = await openConsole(gateway.url, await gateway.signIn())
    const { last_seq } = (await nats.bus.jsm.streams.info('ALERTS')).state
    console.send({ type: 'resume', after: last_seq + 1_000 })
    await until(() => sequences(console).at(-1) === last_seq)
    expect(console.frames[0]?.type).toBe('reset')
    expect(alertsOf(console)[0]?.prev).toBe(0)
  })

  it.each([
    ['no JSON', 'Expected a JSON object'],
    ['[]', 'Expected a JSON object'],
    ['{"type":"resume","after":-1}', 'Expected "after"'],
    ['{"type":"resume","after":"7"}', 'Expected "after"'],
    ['{"type":"received","seq":9007199254740991}', 'Expected "seq"'],
    ['{"type":"shout"}', 'Expected "type"'],
  ])('closes with 1008 on %s', async (frame, reason) => {
    await using gateway = await startTestGateway(nats.bus)
    const console = await openConsole(gateway.url, await gateway.signIn())
    console.send(frame)
    const closed = await until(() => console.closed)
    expect(closed.code).toBe(1008)
    expect(closed.reason).toContain(reason)
  })

  it('closes on too many frames, and on a frame that is too long', async () => {
    await using gateway = await startTestGateway(nats.bus)
    const cookie = await gateway.signIn()
    const many = await openConsole(gateway.url, cookie)
    for (let i = 0; i < 500; i += 1) many.send({ type: 'received', seq: 0 })
    expect((await until(() => many.closed)).code).toBe(1008)
    const long = await openConsole(gateway.url, cookie)
    long.send('x'.repeat(5_000))
    await until(() => long.closed)
  })

  it('closes with 4401 when the session ends, and with 1001 when the service stops', async () => {
    await using gateway = await startTestGateway(nats.bus)
    const mine = await gateway.signIn()
    const other = await gateway.signIn()
    const a = await openConsole(gateway.url, mine)
    const b = await openConsole(gateway.url, other)
    await gateway.fetch('/v1/session', { method: 'DELETE', headers: { cookie: mine } })
    expect((await until(() => a.closed, { ms: 1_000 })).code).toBe(4401)
    expect(b.closed).toBeUndefined()
    await gateway.stop()
    expect((await until(() => b.closed)).code).toBe(1001)
  })
})

describe('alert stream over a restart of nats-server', () => {
  it('goes on where it was: nothing lost, nothing twice', async () => {
    await using nats = await startNats()
    await using gateway = await startTestGateway(nats.bus)
    const console = await openConsole(gateway.url, await gateway.signIn())
    console.send({ type: 'resume', after: 0 })
    const first = await publishAlert(nats.bus, makeAlert())
    await until(() => sequences(console).includes(first))
    const before = nats.server.pid
    process.kill(before, 'SIGKILL')
    await until(() => nats.server.pid !== before)
    const last = await until(() => publishAlert(nats.bus, makeAlert()))
    await until(() => sequences(console).at(-1) === last, { ms: 5_000 })
    expectUnbroken(console)
    expect(gateway.delivery.check()).toBeUndefined()
  })
})
