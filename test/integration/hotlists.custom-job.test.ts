// The keeper's look after custom entries, on a real nats-server. Were it wrong, an urgent entry
// would stand on one person's word for days and nobody be told, or what is over would look as if it
// were in force.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureStreams } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import { DAY_MS } from '../../src/domain/time.ts'
import { addCustom, amendCustom, stepCustom } from '../../src/hotlists/custom-changes.ts'
import { CustomJob } from '../../src/hotlists/custom-job.ts'
import { historyOf } from '../../src/hotlists/events.ts'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import {
  ANN,
  approved,
  type CustomGround,
  customGround,
  drafted,
  revoked,
  SAM,
  SUE,
} from '../helpers/custom.ts'
import { manifestOf } from '../helpers/entry-rows.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { until } from '../helpers/until.ts'

const HOUR_MS = 3_600_000
const config = configSchema.parse({})

let nats: TestNats
let o: CustomGround
let job: CustomJob
let metrics: Metrics
let told: unknown[]
let ending: AbortController
beforeAll(async () => {
  nats = await startNats()
  await ensureStreams(nats.bus, config)
  o = await customGround(nats.bus)
  await o.manifests.create('bolo', manifestOf(0, { name: 'bolo' }))
})
beforeEach(async () => {
  ending?.abort()
  ending = new AbortController()
  told = []
  metrics = createMetrics()
  const log = {
    warn: (facts: unknown) => void told.push(facts),
    error: (facts: unknown) => void told.push(facts),
  }
  job = new CustomJob({ bus: nats.bus, config, log, metrics }, ending.signal)
  for (const key of (await o.manifests.custom.all()).keys()) await o.manifests.custom.purge(key)
})
afterAll(async () => {
  ending?.abort()
  o?.stop()
  await nats?.[Symbol.asyncDispose]()
})

const find = async (id: string) => (await o.manifests.custom.get(`bolo.${id}`))?.value.approval
const actsOn = async (id: string) =>
  (await historyOf(nats.bus, 'bolo', { object: `entry:${id}` })).map(({ what }) => what)
const overdue = async () => (await metrics.urgentOverdue.get()).values[0]?.value
/** At that time; again until what was changed before has come to its mirror. */
async function run(now_ms: number, seen: () => Promise<unknown>): Promise<void> {
  await until(async () => {
    await job.run(now_ms)
    return seen()
  })
}

test('401.4f what is over is expired, whatever its state was', async () => {
  const now_ms = Date.now()
  const active = await approved(o, 'bolo', { plate: 'KXA7437' })
  const later = new Date(now_ms + 2 * DAY_MS).toISOString()
  const longer = await approved(o, 'bolo', { plate: 'KXA7437', expires_at: later })
  const waiting = (await addCustom(o, ANN, 'bolo', drafted({ plate: 'MNP4739' }), true)).value.entry
  await job.run(now_ms)
  expect((await find(active))?.state).toBe('active')
  const over_ms = now_ms + DAY_MS + HOUR_MS
  await run(over_ms, async () => (await find(active))?.state === 'expired')
  await run(over_ms, async () => (await find(waiting.id))?.state === 'expired')
  expect((await find(longer))?.state).toBe('active')
  expect((await actsOn(active))[0]).toBe('entry_expire')
  // It can be asked for again, and has to be approved again.
  const patch = { expires_at: later }
  const again = await amendCustom(o, ANN, { list: 'bolo', id: active }, patch)
  expect(again.value.approval.state).toBe('draft')
  expect(told).toEqual([])
})

test('401.4f an urgent entry is told each hour until a second person has decided', async () => {
  const { id } = (await addCustom(o, ANN, 'bolo', drafted({ plate: 'KXA7437' }), false)).value.entry
  const step = { list: 'bolo', id, note: 'Missing child' }
  await stepCustom(o, SUE, { ...step, action: 'activate_urgently' })
  const begun_ms = Date.parse((await find(id))?.urgent?.at ?? '')
  const escalated = async () =>
    (await actsOn(id)).filter((what) => what === 'entry_escalate').length
  await until(() => o.mirror.entries.get(`bolo.${id}`)?.value.approval.state === 'active')
  await job.run(begun_ms + HOUR_MS - 1)
  await job.run(begun_ms + HOUR_MS - 1)
  expect(await escalated()).toBe(0)
  await run(begun_ms + HOUR_MS, async () => (await escalated()) === 1)
  await run(begun_ms + HOUR_MS, async () => (await overdue()) === 1)
  await job.run(begun_ms + 2 * HOUR_MS - 1)
  expect(await escalated()).toBe(1)
  await run(begun_ms + 2 * HOUR_MS, async () => (await escalated()) === 2)
  expect(told).toHaveLength(2)
  expect(told[0]).toMatchObject({ list: 'bolo', entry: id })
  expect(JSON.stringify(told)).not.toContain('KXA7437')
  // It never ends by itself before its time.
  expect((await find(id))?.state).toBe('active')
  await stepCustom(o, SAM, { ...step, action: 'confirm' })
  await run(begun_ms + 4 * HOUR_MS, async () => (await overdue()) === 0)
  expect(await escalated()).toBe(2)
  expect((await find(id))?.urgent).toMatchObject({ by: 'sue', confirmed_by: 'sam' })
})

test('what has ended long ago goes, and its history stays', async () => {
  const id = await approved(o, 'bolo', { plate: 'KXA7437' })
  await revoked(o, 'bolo', id)
  const ended_ms = Date.now() + config.hotlists.ended_days * DAY_MS
  await job.run(ended_ms - HOUR_MS)
  expect(await find(id)).toBeDefined()
  await run(ended_ms + HOUR_MS, async () => (await find(id)) === undefined)
  const acts = ['entry_forget', 'entry_revoke', 'entry_approve', 'entry_submit']
  expect(await actsOn(id)).toEqual(acts)
})
