// The embedded nats-server as it really runs. If its bugs return: a camera reads or writes what
// isn't its own, an acked read is gone after a crash of the server, or a killed service leaves a
// server behind on its port.
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jetstream } from '@nats-io/jetstream'
import { expect, test } from 'vitest'
import { connectBus } from '../../src/bus/connection.ts'
import { readNatsCredentials } from '../../src/bus/embedded.ts'
import { ensureStreams } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import { identifyProcess } from '../../src/supervise/process.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { startNats } from '../helpers/nats.ts'
import { freePort } from '../helpers/ports.ts'
import { startFixture } from '../helpers/processes.ts'
import { until } from '../helpers/until.ts'

const config = (partitions = 1) => configSchema.parse({ ingest: { partitions } })

test('a camera may publish reads and gets its acks, and may do nothing else', async () => {
  await using nats = await startNats()
  await ensureStreams(nats.bus, config())
  const camera = await nats.connect(nats.server.camera)
  const ack = await camera.js.publish('reads.v1.pole-1', '{}')
  expect(ack).toMatchObject({ stream: 'READS', seq: 1 })
  const refused: string[] = []
  const short = jetstream(camera.nc, { timeout: 300 })
  await expect(short.publish('alerts.v1.x', '{}')).rejects.toThrow()
  await expect(short.publish('reads.v1.pole-1.more', '{}')).rejects.toThrow()
  await expect(camera.jsm.streams.info('READS')).rejects.toThrow()
  for (const subject of ['reads.>', '_INBOX.>', '_INBOX_service.>', '>']) {
    camera.nc.subscribe(subject, {
      callback: (error) => {
        if (error) refused.push(error.message)
      },
    })
  }
  await until(() => refused.length >= 4)
  expect(refused.every((text) => /permissions violation for subscription/i.test(text))).toBe(true)
  const { state } = await nats.bus.jsm.streams.info('ALERTS')
  expect(state.messages).toBe(0)
})

test('nobody gets in without a password, and the error says which setting is wrong', async () => {
  await using nats = await startNats()
  for (const login of [{}, { user: 'service', password: 'wrong' }]) {
    const attempt = connectBus({ servers: nats.server.url, name: 'test', ...login })
    await expect(attempt).rejects.toMatchObject({
      code: 'BUS_REFUSED',
      message: expect.stringContaining('nats.password'),
    })
  }
})

test('credentials are for the account of the service alone, and stay over restarts', async () => {
  using folder = temporaryFolder()
  expect(() => readNatsCredentials(folder.path)).toThrow(/No embedded NATS has run/)
  const first = await startNats({ data_dir: folder.path })
  const before = readNatsCredentials(folder.path)
  for (const file of ['credentials.json', 'nats.conf', 'server.pid']) {
    expect(statSync(join(folder.path, 'nats', file)).mode & 0o777).toBe(0o600)
  }
  await first[Symbol.asyncDispose]()
  await using second = await startNats({ data_dir: folder.path })
  const after = readNatsCredentials(folder.path)
  expect(after).toEqual({ ...before, url: second.server.url })
})

test('partitions: a camera’s reads stay in one of P, and acks come back', async () => {
  await using nats = await startNats({ partitions: 4 })
  await ensureStreams(nats.bus, config(4))
  const camera = await nats.connect(nats.server.camera)
  const names = Array.from({ length: 40 }, (_, index) => `pole-${index}`)
  for (const round of [0, 1]) {
    const acks = await Promise.all(names.map((name) => camera.js.publish(`reads.v1.${name}`, '{}')))
    expect(acks.map((ack) => ack.stream)).toEqual(names.map(() => 'READS'))
    expect(Math.max(...acks.map((ack) => ack.seq))).toBe(40 * (round + 1))
  }
  const { state } = await nats.bus.jsm.streams.info('READS', { subjects_filter: '>' })
  const subjects = Object.entries(state.subjects ?? {})
  expect(subjects).toHaveLength(40)
  expect(subjects.every(([, count]) => count === 2)).toBe(true)
  const partitions = new Set(subjects.map(([subject]) => subject.split('.')[2]))
  expect([...partitions].toSorted()).toEqual(['0', '1', '2', '3'])
  // No puller has a partition beyond the last: a read there would never be seen.
  const beyond = jetstream(camera.nc, { timeout: 300 }).publish('reads.p.4.pole-1', '{}')
  await expect(beyond).rejects.toThrow()
})

test('a taken port is said with its setting, and a running server is never adopted', async () => {
  await using nats = await startNats()
  using folder = temporaryFolder()
  const port = Number(new URL(nats.server.url).port)
  await expect(startNats({ data_dir: folder.path, port })).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: expect.stringContaining('nats.port'),
  })
  await expect(startNats({ data_dir: nats.data_dir })).rejects.toMatchObject({
    code: 'CHILD_RUNNING',
  })
})

test('sync_always is refused where the server is too old, and works where it is not', async () => {
  const start = startNats({ sync_always: true })
  const known = await start.then(
    (nats) => nats[Symbol.asyncDispose]().then(() => null),
    (error: unknown) => error,
  )
  if (known === null) return
  expect(known).toMatchObject({
    code: 'NATS_SERVER_TOO_OLD',
    message: expect.stringMatching(/needs nats-server 2.10 or newer, but .* is nats-server: v2/),
  })
})

test('kill -9 of the server under load: restarted, no acked message lost', async () => {
  const reasons: string[] = []
  await using nats = await startNats({ onRestart: (why) => reasons.push(why) })
  await ensureStreams(nats.bus, config())
  const { js, jsm } = nats.bus
  const acked: Array<{ seq: number; text: string }> = []
  const ending = new AbortController()
  const publish = async (worker: number) => {
    for (let index = 0; !ending.signal.aborted; index += 1) {
      const text = `${worker}/${index}`
      try {
        const { seq } = await js.publish(`reads.v1.pole-${worker}`, text, { timeout: 1_000 })
        acked.push({ seq, text })
      } catch {
        // Not acked: not promised.
      }
    }
  }
  const workers = Promise.all(Array.from({ length: 64 }, (_, worker) => publish(worker)))
  for (let kill = 1; kill <= 3; kill += 1) {
    const before = acked.length
    await until(() => acked.length > before + 2_000, { what: 'acked messages' })
    process.kill(nats.server.pid, 'SIGKILL')
    await until(() => nats.server.restarts === kill && nats.server.pid !== 0)
  }
  const before = acked.length
  await until(() => acked.length > before + 500, { what: 'acks after the last restart' })
  ending.abort()
  await workers
  expect(reasons).toEqual(Array(3).fill('was ended by signal 9'))
  const stored = new Map<number, string>()
  const { state } = await jsm.streams.info('READS')
  const consumer = await js.consumers.get('READS', {})
  for (let left = state.messages; left > 0; ) {
    for await (const message of await consumer.fetch({ max_messages: 5_000, expires: 2_000 })) {
      stored.set(message.seq, message.string())
      left -= 1
    }
  }
  const lost = acked.filter(({ seq, text }) => stored.get(seq) !== text)
  expect(lost).toEqual([])
  expect(acked.length).toBeGreaterThan(6_000)
})

test('a service killed with -9 leaves no server, and the next start gets the port', async () => {
  using folder = temporaryFolder()
  const port = await freePort()
  await using parent = startFixture('nats-parent.ts', folder.path, String(port))
  const pid = Number(await parent.line())
  expect(identifyProcess(pid)).not.toBeNull()
  await parent.kill()
  await using next = await startNats({ data_dir: folder.path, port })
  expect(next.server.pid).not.toBe(pid)
  expect(identifyProcess(pid)).toBeNull()
})

test('a server that cannot start says why', async () => {
  using folder = temporaryFolder()
  mkdirSync(join(folder.path, 'nats'))
  writeFileSync(join(folder.path, 'nats', 'jetstream'), 'in the way')
  await expect(startNats({ data_dir: folder.path })).rejects.toMatchObject({
    code: 'CHILD_FAILED',
    message: expect.stringMatching(/nats-server ended with code 1; it said: .*JetStream/i),
  })
})
