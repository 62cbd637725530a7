// False alerts counted on the real engines. A bug here shows as a list that floods dispatch without
// an alarm, or as an alarm that means nothing.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createVerdicts } from '../../src/alerts/verdicts.ts'
import { ensureStreams, STREAM } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { Alert } from '../../src/domain/alert.ts'
import type { RejectionReason } from '../../src/domain/alert-event.ts'
import { DAY_MS, utcDay } from '../../src/domain/time.ts'
import { TallyJob } from '../../src/evidence/tally-job.ts'
import { measure } from '../../src/hotlists/false-alerts.ts'
import { type Manifests, openManifests } from '../../src/hotlists/manifest.ts'
import { createListsReporter } from '../../src/hotlists/report.ts'
import { openSettings, type SettingsDocuments } from '../../src/hotlists/settings.ts'
import { openThresholds, type Thresholds } from '../../src/hotlists/thresholds.ts'
import { connectStore, type Store } from '../../src/store/client.ts'
import { dropPartition } from '../../src/store/reads.ts'
import { applySchema } from '../../src/store/schema.ts'
import { formatDateTime } from '../../src/store/time.ts'
import { createLog, type Logger } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { makeAlert, publishAlert } from '../helpers/alert.ts'
import { startClickHouse, type TestClickHouse } from '../helpers/clickhouse.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { metricOf } from '../helpers/service.ts'
import { putSettings } from '../helpers/settings.ts'

const config = configSchema.parse({ matching: { false_alerts_per_million_max: 1_000 } })
const NOW = Date.parse('2026-11-20T12:00:00Z')
let nats: TestNats
let clickhouse: TestClickHouse
let store: Store
let manifests: Manifests
let thresholds: Thresholds
let settings: SettingsDocuments
let databases = 0

beforeAll(async () => {
  ;[nats, clickhouse] = await Promise.all([startNats(), startClickHouse()])
  await ensureStreams(nats.bus, config)
  manifests = await openManifests(nats.bus)
  thresholds = await openThresholds(nats.bus)
  settings = await openSettings(nats.bus)
})
afterAll(async () => {
  await store.close()
  await nats[Symbol.asyncDispose]()
  await clickhouse[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await store?.close()
  const { url, user, password } = clickhouse.engine
  databases += 1
  store = connectStore({ url, user, password, database: `tally${databases}`, cluster: null })
  await applySchema(store)
  await nats.bus.jsm.streams.purge(STREAM.alerts)
  for (const name of (await manifests.all()).keys()) await manifests.purge(name)
  await listed('state-extract', NOW - 5 * DAY_MS)
})

async function listed(name: string, since_ms: number, budget?: number): Promise<void> {
  await manifests.create(name, {
    name,
    category: 'stolen_vehicle',
    profile: 'fold+1',
    version: 1,
    entries: 10,
    imported_at: new Date(since_ms).toISOString(),
    ...(budget === undefined ? {} : { false_alerts_per_million_max: budget }),
  })
}

async function reads(count: number, time_ms: number): Promise<void> {
  const time = formatDateTime(time_ms)
  const values = Array.from({ length: count }, (_, n) => ({
    camera: 'pole-1',
    id: `${time_ms}-${n}`,
    plate: 'GOOD123',
    time,
    received_at: time,
  }))
  await store.client.insert({
    table: `${store.database}.reads`,
    format: 'JSONEachRow',
    values,
  })
}

async function alerts(count: number, time_ms: number, list = 'state-extract'): Promise<Alert[]> {
  const raised = Array.from({ length: count }, () =>
    makeAlert((alert) => {
      alert.read.time = new Date(time_ms).toISOString()
      alert.entry.list = list
    }),
  )
  for (const alert of raised) await publishAlert(nats.bus, alert)
  return raised
}

const reject = (alert: Alert | undefined, reason: RejectionReason, seq = 0) =>
  createVerdicts(nats.bus).give(alert as Alert, { verdict: 'rejected', reason, by: 'a' }, seq)
const verify = (alert: Alert | undefined, seq = 0) =>
  createVerdicts(nats.bus).give(alert as Alert, { verdict: 'verified', by: 'a' }, seq)

function startJob(signal = new AbortController().signal) {
  const lines: string[] = []
  const log = createLog('silent')
  const say = (level: string) => (_facts: object, text: string) => {
    lines.push(`${level} ${text}`)
  }
  const told = Object.assign(Object.create(log) as Logger, {
    error: say('error'),
    info: say('info'),
  })
  const metrics = createMetrics()
  const job = new TallyJob({ config, bus: nats.bus, store, log: told, metrics }, signal)
  return { job, lines, metrics: () => metrics.registry.metrics() }
}
const report = async (now_config = config, may_see?: (list: string) => boolean) => {
  const { lists } = await createListsReporter(
    store,
    manifests,
    thresholds,
    settings,
    now_config,
    () => NOW,
  ).report(may_see)
  return lists
}

test('reads, alerts and verdicts are counted per list, wrong matches as false', async () => {
  await listed('amber', NOW - DAY_MS)
  await reads(50, NOW - 2 * DAY_MS)
  await reads(100, NOW - 1_000)
  const raised = await alerts(8, NOW - 2_000)
  await alerts(1, NOW - 2_000, 'amber')
  await verify(raised[0])
  for (const [at, reason] of (
    ['misread', 'wrong_state', 'wrong_vehicle', 'entry_not_in_force', 'test'] as const
  ).entries()) {
    await reject(raised[at + 1], reason)
  }
  const { job, metrics } = startJob()
  await job.run(NOW)
  const [amber, extract] = await report()
  expect(await report(config, (name) => name === 'amber')).toEqual([amber])
  expect(extract).toMatchObject({
    name: 'state-extract',
    measured: { reads: 150, alerts: 8, unreviewed: 2, verified: 1, false_alerts: 3 },
  })
  expect(extract?.measured.rejected_otherwise).toBe(2)
  expect(extract?.measured.rate?.per_million).toBeCloseTo(20_000)
  expect(amber).toMatchObject({
    measured: { reads: 100, alerts: 1, unreviewed: 1, false_alerts: 0, rate: { low: 0 } },
    state: 'open',
    alarm: false,
  })
  const label = 'hotplate_list_false_alerts_per_million{list="state-extract"}'
  expect(metricOf(await metrics(), label)).toBeCloseTo(20_000)
})

test('the alarm stands while a list is over its budget for certain, and is told once', async () => {
  await reads(1_000, NOW - 1_000)
  const raised = await alerts(6, NOW - 2_000)
  const { job, lines, metrics } = startJob()
  const over = async () =>
    metricOf(await metrics(), 'hotplate_list_false_alerts_over_budget{list="state-extract"}')
  await reject(raised[0], 'misread')
  await reject(raised[1], 'misread')
  await job.run(NOW)
  // Two in a thousand against one: that may be chance.
  expect([await over(), lines]).toEqual([0, []])
  const last = await Promise.all(raised.slice(2).map((alert) => reject(alert, 'misread')))
  await job.run(NOW + 1_000)
  await job.run(NOW + 2_000)
  expect(await over()).toBe(1)
  expect(lines).toEqual(['error A list raises more false alerts than its budget.'])
  expect(await report()).toMatchObject([{ state: 'over', alarm: true, budget_per_million: 1_000 }])
  // A person was wrong, and says so: the last word counts.
  for (const [at, { seq }] of last.entries()) await verify(raised[at + 2], seq)
  await job.run(NOW + 3_000)
  expect(await over()).toBe(0)
  expect(lines.slice(1)).toEqual(['info A list is within its budget of false alerts again.'])
  expect(await report()).toMatchObject([{ measured: { verified: 4, false_alerts: 2 } }])
})

test("a list's own budget goes before the setting", async () => {
  await listed('amber', NOW - DAY_MS, 0.5)
  await reads(1_000, NOW - 1_000)
  await startJob().job.run(NOW)
  const budgets = (await report()).map(({ budget_per_million }) => budget_per_million)
  expect(budgets).toEqual([0.5, 1_000])
})

test('reads before the list came into force do not count', async () => {
  await listed('amber', NOW - 3_600_000)
  await reads(10, NOW - DAY_MS)
  await reads(20, NOW - 7_200_000)
  await reads(30, NOW - 1_800_000)
  await startJob().job.run(NOW)
  expect((await report()).map(({ measured }) => measured.reads)).toEqual([30, 60])
  // Nor does a new version begin the count anew.
  const before = await manifests.get('amber')
  if (before === null) throw new Error('Expected the manifest')
  const next = { ...before.value, version: 2, imported_at: new Date(NOW + 1_000).toISOString() }
  await manifests.update('amber', next, before.revision)
  await startJob().job.run(NOW + 2_000)
  expect((await report()).map(({ measured }) => measured.reads)).toEqual([30, 60])
})

test('401.5 counts stay when reads and alerts have gone, also with another keeper', async () => {
  await listed('amber', NOW - 29 * DAY_MS)
  const then = NOW - 28 * DAY_MS
  await reads(40, then)
  const [alert] = await alerts(1, then, 'amber')
  await reject(alert, 'misread')
  await startJob().job.run(NOW)
  await dropPartition(store, utcDay(then))
  await nats.bus.jsm.streams.purge(STREAM.alerts)
  const later = NOW + 20 * DAY_MS
  await reads(5, later - 1_000)
  await startJob().job.run(later)
  const totals = async (days: number) =>
    (
      await createListsReporter(
        store,
        manifests,
        thresholds,
        settings,
        configSchema.parse({ matching: { false_alerts_days: days } }),
        () => later,
      ).report()
    ).lists.map(({ measured }) => [measured.reads, measured.false_alerts])
  expect(await totals(90)).toEqual([
    [45, 1],
    [5, 0],
  ])
  expect(await totals(10)).toEqual([
    [5, 0],
    [5, 0],
  ])
  const { client, database } = store
  const query = `SELECT name FROM system.columns
    WHERE database = '${database}' AND table = 'list_days' ORDER BY position`
  const columns = await (await client.query({ query, format: 'JSONEachRow' })).json()
  expect(JSON.stringify(columns)).not.toMatch(/plate|camera|alert_id|user/)
})

test('a process that keeps no more says nothing, and writes nothing', async () => {
  await reads(10, NOW - 1_000)
  const keeping = new AbortController()
  const { job, metrics } = startJob(keeping.signal)
  await job.run(NOW)
  expect(await metrics()).toContain('over_budget{list="state-extract"} 0')
  keeping.abort()
  expect(await metrics()).not.toContain('{list=')
  await alerts(1, NOW - 1_000)
  await job.run(NOW + 1_000)
  expect(await report()).toMatchObject([{ measured: { alerts: 0 } }])
})

test('the state is open until too much or enough is seen', () => {
  const state = (false_alerts: number, seen: number) =>
    measure({ reads: seen, alerts: 9, verified: 0, false_alerts, rejected_otherwise: 0 }, 10).state
  expect(state(0, 0)).toBe('open')
  expect(state(0, 100_000)).toBe('open')
  expect(state(0, 1_000_000)).toBe('within')
  expect(state(11, 1_000_000)).toBe('open')
  expect(state(30, 1_000_000)).toBe('over')
})

test('the report tells how old a list is past its time, and whether it alerts at all', async () => {
  await listed('fresh', NOW - 3_600_000)
  await listed('old', NOW - 31.5 * 3_600_000)
  await listed('stopped', NOW - 40 * 3_600_000)
  const time = { refresh_hours_max: 24 }
  await putSettings(settings, 'fresh', { ...time, title: 'Fresh one', priority: 1 })
  await putSettings(settings, 'old', { ...time, ilets: true })
  await putSettings(settings, 'stopped', { ...time, when_stale: 'stop' })
  const told = (await report()).map(({ name, stale_h, stopped, alarm, priority }) => ({
    name,
    stale_h,
    stopped,
    alarm,
    priority,
  }))
  expect(told).toEqual([
    { name: 'fresh', stale_h: null, stopped: false, alarm: false, priority: 1 },
    { name: 'old', stale_h: 31, stopped: false, alarm: true, priority: 3 },
    { name: 'state-extract', stale_h: null, stopped: false, alarm: false, priority: 2 },
    { name: 'stopped', stale_h: 40, stopped: true, alarm: true, priority: 3 },
  ])
})
