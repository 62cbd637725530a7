// The keeper by its lease. Were it wrong, two processes would purge at once, or, once one has died,
// none would.
import { expect, test } from 'vitest'
import { createVerdicts } from '../../src/alerts/verdicts.ts'
import { DAY_MS } from '../../src/domain/time.ts'
import { importList } from '../../src/hotlists/import.ts'
import { openManifests } from '../../src/hotlists/manifest.ts'
import { readPartitions } from '../../src/store/reads.ts'
import { formatDateTime } from '../../src/store/time.ts'
import { metricOf, startService } from '../helpers/service.ts'
import { alertsOf, makeRead, publish, settled } from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'

test('401.5a of two keepers one runs retention, the other when that one is killed', async () => {
  await using main = await startService({ roles: 'ingest' })
  await publish(main, makeRead())
  await settled(main)
  const keeper = { roles: 'keeper', join: main, settings: { RETENTION__CHECK_EVERY_S: '1' } }
  await using first = await startService(keeper)
  await using second = await startService(keeper)
  const { client, database } = main.store()
  const expire = async (id: string) => {
    const time = formatDateTime(Date.now() - 31.5 * DAY_MS)
    const values = [{ camera: 'pole-1', id, plate: 'OLD1', time, received_at: time }]
    await client.insert({ table: `${database}.reads`, format: 'JSONEachRow', values })
    const gone = async () => (await readPartitions(main.store())).length === 1
    await until(gone, { ms: 30_000, every_ms: 100, what: 'the purge' })
  }
  const runs = async () => {
    const query = `SELECT holder FROM ${database}.retention_log
      WHERE phase = 'proved' ORDER BY run_at`
    const result = await client.query({ query, format: 'JSONEachRow' })
    return (await result.json<{ holder: string }>()).map(({ holder }) => holder)
  }
  const dropped = async (service: typeof first) =>
    metricOf(await service.metrics(), 'hotplate_retention_partitions_dropped_total')

  await expire('a')
  // The proof is written, and counted, after the partition has gone.
  await until(async () => (await runs()).length === 1, { what: 'the proof' })
  const counts = async () => [await dropped(first), await dropped(second)]
  await until(async () => (await counts()).includes(1), { what: 'the count' })
  const [leader, other] = (await dropped(first)) === 1 ? [first, second] : [second, first]
  expect(await dropped(other)).toBe(0)
  await leader.kill()
  await expire('b')
  await until(async () => (await dropped(other)) === 1, { what: 'the count' })
  const holders = await runs()
  expect([holders.length, new Set(holders).size]).toEqual([2, 2])
})

test('what people reject as wrong raises the alarm of its list in the service', async () => {
  const settings = {
    MATCHING__FALSE_ALERTS_EVERY_S: '1',
    MATCHING__FALSE_ALERTS_PER_MILLION_MAX: '10',
  }
  let log = ''
  const onLog = (text: string) => {
    log += text
  }
  await using service = await startService({ settings, onLog })
  const bus = await service.bus()
  const entries = [{ plate: 'KXA7437', reason: 'Stolen vehicle' }]
  const list = { name: 'amber', category: 'custom', profile: 'exact', entries } as const
  await importList(service.store(), await openManifests(bus), list)
  const over = async () =>
    metricOf(await service.metrics(), 'hotplate_list_false_alerts_over_budget{list="amber"}')
  const raised = await until(async () => {
    await publish(service, makeRead({ plate: 'KXA7437' }))
    return (await alertsOf(service))[0]
  })
  await settled(service)
  const verdicts = createVerdicts(bus)
  expect(await over()).toBe(0)
  await verdicts.give(raised, { verdict: 'rejected', reason: 'wrong_vehicle', by: 'a' }, 0)
  await until(async () => (await over()) === 1, { what: 'the alarm' })
  await until(() => log.includes('A list raises more false alerts than its budget.'))
  expect(log).not.toContain('KXA7437')
})
