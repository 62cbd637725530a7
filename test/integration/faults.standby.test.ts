// A second ingest process beside the first. A bug here shows as a partition that nobody pulls after
// a death (reads wait, alerts don't come), or as one that two pull at once for good.
import { expect, test } from 'vitest'
import type { Bus } from '../../src/bus/connection.ts'
import { STREAM } from '../../src/bus/streams.ts'
import { ALL_WELL, outcomeOf, untilSettled } from '../helpers/outcome.ts'
import { anySeed, importPlates, makeTraffic, publishAll } from '../helpers/passages.ts'
import { metricOf, type RunningService, startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const TAKEOVER_MS_MAX = 5_000
const RATE_MESSAGES_S = 500

async function received(service: RunningService): Promise<number> {
  return metricOf(await service.metrics(), 'hotplate_reads_received_total')
}

async function partitionsOf(service: RunningService): Promise<number> {
  return metricOf(await service.metrics(), 'hotplate_ingest_partitions')
}

/** Sequence up to which each partition's reads are acknowledged. */
async function floors(bus: Bus): Promise<number[]> {
  const found: number[] = []
  for await (const { name, ack_floor } of bus.jsm.consumers.list(STREAM.reads)) {
    if (name.startsWith('ingest-')) found.push(ack_floor.stream_seq)
  }
  return found
}

test('a second process takes over within 5 s of a kill -9, nothing lost or doubled', {
  timeout: 120_000,
}, async () => {
  const seed = anySeed()
  const traffic = makeTraffic({ reads: 8_000, seed })
  await using engines = await startService({ roles: 'gateway,keeper' })
  const bus = await engines.bus()
  await importPlates(bus, engines.store())
  // The lease as it is by default: the bound is on what people run.
  await using first = await startService({ roles: 'ingest', join: engines })
  await until(async () => (await floors(bus)).length === 1, { what: 'the first to pull' })
  await using second = await startService({ roles: 'ingest', join: engines })
  const published = publishAll(bus, traffic.messages, RATE_MESSAGES_S)
  await until(async () => (await received(first)) > 1_000, { what: '1,000 reads' })
  expect(await received(second)).toBe(0)
  const [before = 0] = await floors(bus)
  await first.kill()
  const killed_ms = performance.now()
  await until(async () => (await received(second)) > 0, { ms: 15_000, what: 'the takeover' })
  expect(performance.now() - killed_ms).toBeLessThanOrEqual(TAKEOVER_MS_MAX)
  await published
  await untilSettled(bus)
  expect((await floors(bus))[0]).toBeGreaterThan(before)
  const outcome = await outcomeOf(bus, engines.store(), traffic)
  expect({ seed, ...outcome }).toEqual({ seed, ...ALL_WELL })
})

test('two processes share two partitions; the one that is left takes both', {
  timeout: 120_000,
}, async () => {
  const seed = anySeed()
  const traffic = makeTraffic({ reads: 8_000, seed })
  // Processes learn of each other once a lease: a short one, so that the flow outlasts the sharing.
  const settings = { INGEST__PARTITIONS: '2', INGEST__LEASE_MS: '1000' }
  await using engines = await startService({ roles: 'gateway,keeper', settings })
  const bus = await engines.bus()
  await importPlates(bus, engines.store())
  await using first = await startService({ roles: 'ingest', join: engines, settings })
  await until(async () => (await partitionsOf(first)) === 2, { what: 'the first to hold both' })
  const published = publishAll(bus, traffic.messages, RATE_MESSAGES_S / 2)
  await using second = await startService({ roles: 'ingest', join: engines, settings })
  await until(async () => (await partitionsOf(first)) === 1 && (await partitionsOf(second)) === 1, {
    ms: 20_000,
    what: 'one partition each',
  })
  await until(async () => (await received(second)) > 500, { what: '500 reads of the second' })
  await first.kill()
  const killed_ms = performance.now()
  await until(async () => (await partitionsOf(second)) === 2, { what: 'the second to hold both' })
  expect(performance.now() - killed_ms).toBeLessThanOrEqual(TAKEOVER_MS_MAX)
  await published
  await untilSettled(bus, { partitions: 2 })
  const outcome = await outcomeOf(bus, engines.store(), traffic)
  expect({ seed, ...outcome }).toEqual({ seed, ...ALL_WELL })
})
