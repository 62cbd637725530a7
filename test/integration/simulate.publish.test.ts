// The simulator against a real server. If the bugs return: a camera's own user may not publish,
// reads that were acked are missing after the server's death, or a replay ends before its last
// ack.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ensureStreams } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import { loadModel } from '../../src/matching/model.ts'
import { generateMessages } from '../../src/simulate/messages.ts'
import { jetStreamPublish, Publisher } from '../../src/simulate/publish.ts'
import { replayFile } from '../../src/simulate/replay.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { until } from '../helpers/until.ts'

const model = loadModel('general')

/** Ids of all reads on the stream. */
async function idsOnStream({ bus }: TestNats): Promise<string[]> {
  const { state } = await bus.jsm.streams.info('READS')
  const ids: string[] = []
  for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
    const message = await bus.jsm.streams.getMessage('READS', { seq })
    const lines = message?.string().split('\n') ?? []
    for (const line of lines) ids.push((JSON.parse(line) as { id: string }).id)
  }
  return ids
}

test('reads survive the death of the server: each is there, sent again under its id', async () => {
  await using nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({}))
  const camera = await nats.connect(nats.server.camera)
  const signal = AbortSignal.timeout(40_000)
  const publisher = new Publisher(jetStreamPublish(camera.nc, 500), {
    window_messages_max: 32,
    retry_ms_min: 20,
    signal,
  })
  const expected: string[] = []
  let messages = 0
  for (const { subject, payload, reads } of generateMessages({
    cameras: 7,
    count: 6_000,
    batch: 20,
    seed: 3,
    model,
  })) {
    expected.push(...reads.map(({ id }) => id))
    await publisher.send({ subject, payload, reads: reads.length })
    if (++messages === 120) process.kill(nats.server.pid, 'SIGKILL')
  }
  const counts = await publisher.drain()
  expect(counts).toMatchObject({ reads_sent: 6_000, reads_acked: 6_000, reads_failed: 0 })
  expect(counts.messages_resent).toBeGreaterThan(0)
  await until(() => nats.server.restarts === 1, { what: 'the restart' })
  expect(new Set(await idsOnStream(nats))).toEqual(new Set(expected))
})

test('a camera may not publish elsewhere: such a message fails at once', async () => {
  await using nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({}))
  const camera = await nats.connect(nats.server.camera)
  const publish = jetStreamPublish(camera.nc)
  await expect(publish('alerts.v1.0', Buffer.from('{}'))).rejects.toThrow(/alerts.v1.0 failed/)
  await expect(publish('alerts.v1.0', Buffer.from('{}'))).rejects.toMatchObject({
    code: 'PUBLISH_REFUSED',
  })
})

test('a replayed file is on the stream when the replay says so', async () => {
  await using nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({}))
  using folder = temporaryFolder()
  const file = join(folder.path, 'reads.ndjson')
  const messages = [...generateMessages({ cameras: 3, count: 500, seed: 4, model })]
  writeFileSync(file, messages.map(({ payload }) => Buffer.from(payload).toString()).join('\n'))
  const publish = jetStreamPublish(nats.bus.nc)
  const counts = await replayFile({ publish, file, rate_reads_s: 0, batch: 10 })
  expect(counts).toMatchObject({ lines: 500, lines_skipped: 0, reads_acked: 500 })
  const ids = messages.flatMap(({ reads }) => reads.map(({ id }) => id))
  expect(new Set(await idsOnStream(nats))).toEqual(new Set(ids))
})
