// The streams on a real server. If the bugs return: a full stream drops reads instead of refusing
// them, one producer's ids swallow another's reads, or a changed limit never reaches a stream that
// is there already.
import { connect } from '@nats-io/transport-node'
import { expect, test } from 'vitest'
import { connectBus } from '../../src/bus/connection.ts'
import { findNatsServer } from '../../src/bus/embedded.ts'
import { ensureStreams, readsFilter, storeBytesMax, trimBefore } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import { superviseChild } from '../../src/supervise/child.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startNats } from '../helpers/nats.ts'
import { freePort } from '../helpers/ports.ts'
import { until } from '../helpers/until.ts'

const MIB = 1024 * 1024

test('streams are made once, and brought to new limits', async () => {
  await using nats = await startNats()
  const config = configSchema.parse({})
  const other = await nats.connect()
  await Promise.all([ensureStreams(nats.bus, config), ensureStreams(other, config)])
  await ensureStreams(nats.bus, config)
  const before = await nats.bus.jsm.streams.info('READS')
  expect(before.config).toMatchObject({
    subjects: ['reads.v1.*'],
    discard: 'new',
    storage: 'file',
    retention: 'limits',
    max_age: 48 * 3_600e9,
    max_bytes: 8 * 1024 * MIB,
    duplicate_window: 100e6,
    num_replicas: 1,
  })
  expect((await nats.bus.jsm.streams.info('REJECTS')).config.discard).toBe('old')
  expect((await nats.bus.jsm.streams.info('ALERTS')).config.max_msgs_per_subject).toBe(64)
  const changed = configSchema.parse({ streams: { reads: { age_hours_max: 1, bytes_max: MIB } } })
  await nats.bus.js.publish('reads.v1.pole-1', '{}')
  await ensureStreams(nats.bus, changed)
  const after = await nats.bus.jsm.streams.info('READS')
  expect(after.config).toMatchObject({ max_age: 3_600e9, max_bytes: MIB })
  expect(after.state.messages).toBe(1)
})

test('an embedded store of storeBytesMax has room for all streams', async () => {
  const config = configSchema.parse({})
  await using nats = await startNats({ store_bytes_max: storeBytesMax(config) })
  await ensureStreams(nats.bus, config)
})

test('a store too small for the streams is said with the stream and the settings', async () => {
  await using nats = await startNats({ store_bytes_max: MIB })
  await expect(ensureStreams(nats.bus, configSchema.parse({}))).rejects.toMatchObject({
    code: 'STREAM_REFUSED',
    message: expect.stringMatching(/stream READS \(.*storage.*streams\.\*/),
  })
})

test('a full READS refuses new reads and drops no old ones; trimmed, it takes them', async () => {
  await using nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({ streams: { reads: { bytes_max: MIB } } }))
  const read = 'x'.repeat(100_000)
  let last = 0
  const fill = async () => {
    for (;;) last = (await nats.bus.js.publish('reads.v1.pole-1', read)).seq
  }
  await expect(fill()).rejects.toThrow(/maximum bytes exceeded/)
  const { state } = await nats.bus.jsm.streams.info('READS')
  expect(state.first_seq).toBe(1)
  await trimBefore(nats.bus, 'READS', last)
  expect((await nats.bus.jsm.streams.info('READS')).state.messages).toBe(1)
  await nats.bus.js.publish('reads.v1.pole-1', read)
})

test('an alert under its id is taken once, and looked up by it', async () => {
  await using nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({}))
  const expectNone = { expect: { lastSubjectSequence: 0 } }
  await nats.bus.js.publish('alerts.v1.a', 'first', expectNone)
  await expect(nats.bus.js.publish('alerts.v1.a', 'again', expectNone)).rejects.toMatchObject({
    code: 10_071,
  })
  const found = await nats.bus.jsm.direct.getMessage('ALERTS', { last_by_subj: 'alerts.v1.a' })
  expect(found?.string()).toBe('first')
})

test('a producer’s message id used again later drops nothing', async () => {
  await using nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({}))
  await nats.bus.js.publish('reads.v1.pole-1', 'one', { msgID: '1' })
  const second = await until(async () => {
    const ack = await nats.bus.js.publish('reads.v1.pole-2', 'two', { msgID: '1' })
    return ack.duplicate ? null : ack
  })
  expect(second.seq).toBe(2)
})

test('the filter of a partition is the subject that its reads have', () => {
  expect(readsFilter(1, 0)).toBe('reads.v1.*')
  expect(readsFilter(4, 3)).toBe('reads.p.3.*')
})

test('a server without JetStream is told so', async () => {
  const port = await freePort()
  const servers = `nats://127.0.0.1:${port}`
  const server = await superviseChild({
    name: 'nats-server',
    command: findNatsServer(),
    args: ['-a', '127.0.0.1', '-p', String(port)],
    ready: async () => (await connect({ servers, reconnect: false })).close(),
    ready_ms_max: 10_000,
    backoff_ms_min: 100,
    backoff_ms_max: 1_000,
    stop_ms_max: 2_000,
    log: createLog('silent'),
  })
  const bus = await connectBus({ servers, name: 'test' })
  await expect(ensureStreams(bus, configSchema.parse({}))).rejects.toMatchObject({
    code: 'JETSTREAM_MISSING',
  })
  await bus.close()
  await server.stop()
})

test('a user who may not ask JetStream anything is refused', async () => {
  await using nats = await startNats()
  // The camera may not ask JetStream anything: to it the server is one that never answers.
  const camera = await nats.connect(nats.server.camera)
  await expect(ensureStreams(camera, configSchema.parse({}))).rejects.toMatchObject({
    code: 'STREAM_REFUSED',
  })
})

test('no server at all: bounded, and told with the setting', async () => {
  const port = await freePort()
  const attempt = connectBus({
    servers: `nats://127.0.0.1:${port}`,
    name: 'test',
    connect_ms_max: 500,
  })
  await expect(attempt).rejects.toMatchObject({
    code: 'BUS_UNAVAILABLE',
    message: expect.stringContaining('nats.url'),
  })
})

test('each connection listens on an inbox of its own, below its user’s name', async () => {
  await using nats = await startNats()
  const { url, service } = nats.server
  const listener = await connect({ servers: url, user: service.user, pass: service.password })
  const heard = new Set<string>()
  listener.subscribe('_INBOX_service.>', {
    callback: (_, message) => {
      heard.add(message.subject.split('.')[1] ?? '')
    },
  })
  await listener.flush()
  const other = await nats.connect()
  await nats.bus.jsm.getAccountInfo()
  await other.jsm.getAccountInfo()
  await until(() => heard.size >= 2)
  await listener.close()
})
