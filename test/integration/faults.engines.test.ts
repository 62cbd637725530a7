// The engines below a running service: each killed with -9 under load, and all of them ended with
// the service. A bug here shows as an acked read that is gone after a restart of nats-server, as a
// service that never finds back to an engine, or as an engine that goes on alone and holds port and
// folder against the next start.
import { expect, test } from 'vitest'
import { alive, descendantsOf, type Engine, engineOf } from '../helpers/family.ts'
import { ALL_WELL, outcomeOf, untilSettled } from '../helpers/outcome.ts'
import { anySeed, importPlates, makeTraffic, publishAll, untilListed } from '../helpers/passages.ts'
import { metricOf, type RunningService, startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const SETTINGS = {
  INGEST__LEASE_MS: '500',
  INGEST__ROWS_WAIT_MS_MAX: '100',
  // Warnings of what the tests do here on purpose.
  LOG__LEVEL: 'error',
}
const RATE_MESSAGES_S = 500
const STOP_MS_MAX = 15_000
const ORPHAN_MS_MAX = 10_000

async function received(service: RunningService): Promise<number> {
  return metricOf(await service.metrics(), 'hotplate_reads_received_total')
}

/** Resolves when `reads` more have been taken: the engine then dies in the middle of the flow. */
async function untilMore(service: RunningService, reads: number): Promise<void> {
  const before = await received(service)
  await until(async () => (await received(service)) >= before + reads, {
    ms: 30_000,
    what: `${reads} more reads`,
  })
}

async function killEngine(service: RunningService, engine: Engine): Promise<void> {
  const victim = engineOf(service.data_dir, engine)
  if (victim === null) throw new Error(`No ${engine} runs`)
  process.kill(victim.pid, 'SIGKILL')
  const next = () => engineOf(service.data_dir, engine)?.pid ?? victim.pid
  await until(() => next() !== victim.pid, { what: `a new ${engine}` })
}

test.each(['clickhouse', 'nats'] as const)(
  '%s killed three times under load: no acked read is lost or doubled, alerts come once',
  { timeout: 120_000 },
  async (engine) => {
    const seed = anySeed()
    const traffic = makeTraffic({ reads: 8_000, seed })
    await using service = await startService({ settings: SETTINGS })
    const bus = await service.bus()
    await importPlates(bus, service.store())
    await untilListed(service)
    const published = publishAll(bus, traffic.messages, RATE_MESSAGES_S)
    for (let kill = 0; kill < 3; kill += 1) {
      await untilMore(service, 1_000)
      await killEngine(service, engine)
    }
    await published
    await untilSettled(bus, { ms: 75_000 })
    const outcome = await outcomeOf(bus, service.store(), traffic)
    expect({ seed, ...outcome }).toEqual({ seed, ...ALL_WELL })
    expect(metricOf(await service.metrics(), 'hotplate_engine_restarts_total')).toBe(3)
  },
)

test('SIGTERM under load: draining is told, no process stays, and the next start goes on', {
  timeout: 120_000,
}, async () => {
  const seed = anySeed()
  const traffic = makeTraffic({ reads: 8_000, seed })
  await using service = await startService({ settings: SETTINGS })
  const bus = await service.bus()
  await importPlates(bus, service.store())
  await untilListed(service)
  const published = publishAll(bus, traffic.messages, RATE_MESSAGES_S)
  await untilMore(service, 1_000)
  const family = descendantsOf(service.pid)
  const asked_ms = performance.now()
  const { process: child } = service
  child.kill('SIGTERM')
  const readyz = await until(
    async () => {
      const response = await fetch(`http://127.0.0.1:${service.health_port}/readyz`)
      return response.status === 503 ? response.text() : ''
    },
    { ms: STOP_MS_MAX, every_ms: 5, what: '/readyz with 503' },
  )
  expect(JSON.parse(readyz)).toMatchObject({ status: 'draining' })
  await until(() => child.exitCode !== null || child.signalCode !== null, {
    ms: STOP_MS_MAX,
    what: 'the end of the service',
  })
  expect(child.exitCode).toBe(0)
  expect(performance.now() - asked_ms).toBeLessThan(STOP_MS_MAX)
  expect(family.length).toBeGreaterThanOrEqual(2)
  expect(alive(family)).toEqual([])
  await service.restart()
  await published
  await untilSettled(bus)
  const outcome = await outcomeOf(bus, service.store(), traffic)
  expect({ seed, ...outcome }).toEqual({ seed, ...ALL_WELL })
})

test('kill -9 of the service under load leaves no engine behind', { timeout: 60_000 }, async () => {
  const traffic = makeTraffic({ reads: 4_000, seed: anySeed() })
  await using service = await startService({ settings: SETTINGS })
  const bus = await service.bus()
  const published = publishAll(bus, traffic.messages, RATE_MESSAGES_S)
  await untilMore(service, 500)
  const family = descendantsOf(service.pid)
  expect(engineOf(service.data_dir, 'nats')).not.toBeNull()
  expect(engineOf(service.data_dir, 'clickhouse')).not.toBeNull()
  await service.kill()
  await until(() => alive(family).length === 0, {
    ms: ORPHAN_MS_MAX,
    what: `the end of ${family.length} processes`,
  })
  await service.restart()
  await published
})
