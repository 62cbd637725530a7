// What the puller takes for a dead server. A bug here shows as reads that are matched and stored
// over and over on a quiet road: each rewind gives everything again that is not acknowledged, and
// no message is lost by it, so nobody notices.
import { expect, test } from 'vitest'
import { ensureStreams, STREAM } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import { Puller } from '../../src/ingest/puller.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startNats } from '../helpers/nats.ts'

/** Longer than the puller bears silence. */
const FLOW_MS = 13_000

test('a trickle of reads without a pause is not taken for silence', async () => {
  await using nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({}))
  let openings = 0
  let received = 0
  const puller = new Puller({
    bus: nats.bus,
    stream: STREAM.reads,
    consumer_prefix: 'test',
    ack_pending_max: 10_000,
    pull_messages_max: 2_000,
    pull_bytes_max: 1024 * 1024,
    log: createLog('silent'),
    onMessage: () => {
      received += 1
    },
    onRewind: () => {
      openings += 1
    },
  })
  await puller.open()
  let published = 0
  for (const end_ms = performance.now() + FLOW_MS; performance.now() < end_ms; published += 1) {
    await nats.bus.js.publish('reads.v1.cam-1', '{}')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  puller.close()
  expect(openings).toBe(1)
  expect(received).toBeGreaterThanOrEqual(published - 1)
})
