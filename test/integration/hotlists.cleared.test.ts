// Cleared vehicles through a real service: what is silenced, what is not, and for how long. A bug
// here stops an innocent driver again, or lets a wanted car pass in silence.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAudit } from '../../src/access/audit.ts'
import { configSchema } from '../../src/config/schema.ts'
import { DAY_MS } from '../../src/domain/time.ts'
import { clearanceKey, openClearances } from '../../src/hotlists/cleared.ts'
import {
  addClearance,
  type ClearanceAsked,
  type ClearingOptions,
  stepClearance,
} from '../../src/hotlists/cleared-changes.ts'
import { clearedCounts } from '../../src/hotlists/cleared-tally.ts'
import { historyOf } from '../../src/hotlists/events.ts'
import { importList } from '../../src/hotlists/import.ts'
import {
  ANN,
  approved,
  type CustomGround,
  customGround,
  revoked,
  SAM,
  SUE,
} from '../helpers/custom.ts'
import { metricOf, type RunningService, startService } from '../helpers/service.ts'
import { alertsOf, makeRead, publish, putInForce, type Sent, settled } from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'

let service: RunningService
let custom: CustomGround
let o: ClearingOptions
beforeAll(async () => {
  service = await startService({ settings: { HOTLISTS__CHECK_EVERY_S: '1' } })
  const bus = await service.bus()
  custom = await customGround(bus)
  const { manifests } = custom
  const clearances = await openClearances(bus)
  const limits = configSchema.parse({}).hotlists
  o = { store: service.store(), manifests, clearances, audit: createAudit(bus), limits }
  await putInForce(service, 'bolo', [{ plate: 'ZZZ9999' }, { plate: 'KLM8888' }], 'fold')
  await putInForce(service, 'other', [{ plate: 'ABC1238' }], 'fold')
})
afterAll(async () => {
  custom?.stop()
  await service?.[Symbol.asyncDispose]()
})

const asked = (entry_id: string, plate: string, more: Partial<ClearanceAsked> = {}) => ({
  entry_id,
  plate,
  reason: 'Stopped and checked: a plumber',
  expires_at: new Date(Date.now() + DAY_MS).toISOString(),
  ...more,
})
const ask = async (entry_id: string, plate: string, more: Partial<ClearanceAsked> = {}) =>
  (await addClearance(o, ANN, 'bolo', asked(entry_id, plate, more))).value
const step = (id: string, action: 'approve' | 'return' | 'revoke', by = SUE) =>
  stepClearance(o, by, { list: 'bolo', id, action, note: 'Because' })

let rounds = 0
/** Lists and entries' plates that a read alerts on. */
async function alerting(read: Sent): Promise<string[]> {
  rounds += 1
  const camera = `gate-${rounds}`
  await publish(service, makeRead({ ...read, camera }), camera)
  await settled(service)
  const alerts = (await alertsOf(service)).filter((alert) => alert.read.camera === camera)
  return alerts
    .flatMap(({ entry, also = [] }) => [
      `${entry.list} ${entry.plate}`,
      ...also.map(({ list }) => `${list} also`),
    ])
    .toSorted()
}
const silent = (read: Sent) => until(async () => (await alerting(read)).length === 0)

async function importBolo(...plates: string[]): Promise<void> {
  const entries = plates.map((plate) => ({ plate, reason: 'Test' }))
  const list = { name: 'bolo', category: 'custom', profile: 'fold', entries } as const
  await importList(service.store(), custom.manifests, list)
}

async function silencedOf(id: string): Promise<number> {
  return (await clearedCounts(service.store(), 'bolo')).get(id)?.silenced ?? 0
}

test('401.4f nothing is silenced before a second person has approved it', async () => {
  const entry = await approved(custom, 'bolo', { plate: 'TUV3945', profile: 'fold' })
  await until(async () => (await alerting({ plate: 'TUV394S' })).length === 1)
  const { id } = await ask(entry, 'TUV394S')
  await expect(step(id, 'approve', ANN)).rejects.toMatchObject({ code: 'APPROVAL_RIGHT' })
  const own = (await addClearance(o, SUE, 'bolo', asked(entry, 'TUV394S'))).value
  await expect(step(own.id, 'approve', SUE)).rejects.toMatchObject({ code: 'APPROVAL_SELF' })
  await step(own.id, 'return', SAM)
  // Whatever came into force after it is seen by then: so would it be.
  const mark = await ask(entry, 'TUV3S45')
  await step(mark.id, 'approve')
  await until(async () => (await alerting({ plate: 'TUV3S45' })).length === 0)
  expect(await alerting({ plate: 'TUV394S' })).toEqual(['bolo TUV3945'])
  await step(id, 'approve')
  await silent({ plate: 'TUV394S' })
  const events = await historyOf(await service.bus(), 'bolo', { object: `cleared:${id}` })
  expect(events.map(({ what, who, refused }) => [what, who, refused])).toEqual([
    ['cleared_approve', 'sue', undefined],
    ['cleared_approve', 'ann', 'approval_right'],
    ['cleared_ask', 'ann', undefined],
  ])
})

test('a cleared vehicle is silent for its entry alone, and each time is counted', async () => {
  const entry = await approved(custom, 'bolo', { plate: 'ABC1230', profile: 'fold' })
  const twin = await approved(custom, 'bolo', { plate: 'ABC123Q', profile: 'fold' })
  await until(async () => (await alerting({ plate: 'ABC123D' })).length === 2)
  const { id } = await ask(entry, 'ABC123D')
  await step(id, 'approve')
  // The other entry alerts on the cleared vehicle, and the entry on all others.
  await until(async () => (await alerting({ plate: 'ABC123D' })).join() === 'bolo ABC123Q')
  const before = await silencedOf(id)
  expect(await alerting({ plate: 'A8C123D' })).toEqual(['bolo ABC1230', 'bolo ABC123Q'])
  expect(await alerting({ plate: 'ABC1230' })).toEqual(['bolo ABC1230', 'bolo ABC123Q'])
  expect(await alerting({ plate: 'ABC123O' })).toEqual(['bolo ABC1230', 'bolo ABC123Q'])
  for (let time = 0; time < 3; time += 1) {
    expect(await alerting({ plate: 'abc-123d' })).toEqual(['bolo ABC123Q'])
  }
  await until(async () => (await silencedOf(id)) >= before + 3, { ms: 30_000 })
  expect(metricOf(await service.metrics(), 'hotplate_alerts_kept_back_total')).toBeGreaterThan(2)
  await step(id, 'revoke', ANN)
  await until(async () => (await alerting({ plate: 'ABC123D' })).length === 2)
  await revoked(custom, 'bolo', twin)
})

test('where a state is given, only reads of that state are left alone', async () => {
  const entry = await approved(custom, 'bolo', { plate: 'QRS5550', profile: 'fold' })
  const { id } = await ask(entry, 'QRS555D', { region: 'US-UT' })
  await step(id, 'approve')
  await silent({ plate: 'QRS555D', region: 'US-UT' })
  expect(await alerting({ plate: 'QRS555D', region: 'US-ID' })).toEqual(['bolo QRS5550'])
  expect(await alerting({ plate: 'QRS555D' })).toEqual(['bolo QRS5550'])
})

test('an entry of an import has its clearances too, and O and 0 are one', async () => {
  expect(await alerting({ plate: 'KLM888B' })).toEqual(['bolo KLM8888'])
  const hit = (await alertsOf(service)).find(({ entry }) => entry.plate === 'KLM8888')
  const { id } = await ask(hit?.entry.id as string, 'KLM888B')
  await step(id, 'approve')
  await silent({ plate: 'KLM888B' })
  expect(await alerting({ plate: 'KLMB888' })).toEqual(['bolo KLM8888'])
  // A version that still has the entry, then one that has not.
  const state = async () => (await o.clearances.get(clearanceKey('bolo', id)))?.value.approval.state
  await importBolo('KLM8888', 'NEW1234')
  await until(async () => (await alerting({ plate: 'NEW1234' })).length === 1)
  expect(await alerting({ plate: 'KLM888B' })).toEqual([])
  expect(await state()).toBe('active')
  await importBolo('ZZZ9999')
  await until(async () => (await state()) === 'expired')
  const [last] = await historyOf(await service.bus(), 'bolo', { object: `cleared:${id}` })
  expect(last).toMatchObject({ what: 'cleared_expire', who: 'system:hotplate' })
})

test("the entry's own plate can't be cleared, nor a vehicle for no entry or for ever", async () => {
  const entry = await approved(custom, 'bolo', { plate: 'OHM1230', profile: 'fold' })
  for (const plate of ['OHM1230', '0HM123O', 'ohm 1230']) {
    await expect(ask(entry, plate)).rejects.toMatchObject({ code: 'CLEARED_OWN_PLATE' })
  }
  await expect(ask('nobody', 'OHM123D')).rejects.toMatchObject({ code: 'ENTRY_UNKNOWN' })
  await expect(ask('*.>', 'OHM123D')).rejects.toMatchObject({ code: 'ENTRY_UNKNOWN' })
  const at = (days: number) => ({ expires_at: new Date(Date.now() + days * DAY_MS).toISOString() })
  for (const more of [at(-1), at(91), { reason: ' ' }]) {
    await expect(ask(entry, 'OHM123D', more)).rejects.toMatchObject({ code: 'CLEARED_INVALID' })
  }
  await expect(ask(entry, 'OHM123D*')).rejects.toMatchObject({ code: 'CLEARED_INVALID' })
})

test('a clearance ends with its time, and with its entry', async () => {
  const stateOf = async (id: string) =>
    (await o.clearances.get(clearanceKey('bolo', id)))?.value.approval.state
  const entry = await approved(custom, 'bolo', { plate: 'WXY6660', profile: 'fold' })
  const expires_at = new Date(Date.now() + 5_000).toISOString()
  const short = await ask(entry, 'WXY666D', { expires_at })
  await step(short.id, 'approve')
  await silent({ plate: 'WXY666D' })
  await until(() => Date.now() > Date.parse(expires_at))
  expect(await alerting({ plate: 'WXY666D' })).toEqual(['bolo WXY6660'])
  await until(async () => (await stateOf(short.id)) === 'expired')
  const long = await ask(entry, 'WXY666Q')
  await step(long.id, 'approve')
  await revoked(custom, 'bolo', entry)
  await until(async () => (await stateOf(long.id)) === 'expired')
})
