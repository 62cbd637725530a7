// 401.4f through a real service with two workers: of entries in every state, those alert that a
// second person has approved, or a supervisor has activated as urgent, and no others.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { APPROVAL_STATES } from '../../src/domain/approval.ts'
import { customKey } from '../../src/hotlists/custom.ts'
import { addCustom, amendCustom, stepCustom } from '../../src/hotlists/custom-changes.ts'
import {
  ANN,
  approved,
  type CustomGround,
  customGround,
  customIn,
  drafted,
  revoked,
  SAM,
  SUE,
} from '../helpers/custom.ts'
import { type RunningService, startService } from '../helpers/service.ts'
import { alertsOf, makeRead, publish, putInForce, settled } from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'

let service: RunningService
let o: CustomGround
beforeAll(async () => {
  service = await startService({ settings: { INGEST__WORKERS: '2', HOTLISTS__CHECK_EVERY_S: '1' } })
  o = await customGround(await service.bus())
  await putInForce(service, 'bolo', [{ plate: 'ZZZ9999' }], 'exact')
})
afterAll(async () => {
  o?.stop()
  await service?.[Symbol.asyncDispose]()
})

let rounds = 0
/** Plates of entries that reads of these raise alerts for, each read in a message of its own. */
async function alerting(...plates: string[]): Promise<string[]> {
  rounds += 1
  const camera = `gate-${rounds}`
  for (const plate of plates) await publish(service, makeRead({ plate, camera }), camera)
  await settled(service)
  const alerts = (await alertsOf(service)).filter(({ read }) => read.camera === camera)
  return alerts.map(({ entry }) => entry.plate).toSorted()
}

const step = (id: string, action: 'approve' | 'submit' | 'return', by = SUE) =>
  stepCustom(o, by, { list: 'bolo', id, action, note: 'Because' })

test('401.4f an entry alerts in the state active and in no other', async () => {
  const plates = APPROVAL_STATES.map((_, at) => `AAA000${at}`)
  for (const [at, state] of APPROVAL_STATES.entries()) {
    const custom = customIn('bolo', { plate: plates[at] as string }, state)
    await o.manifests.custom.create(customKey('bolo', custom.entry.id), custom)
  }
  const active = plates[APPROVAL_STATES.indexOf('active')]
  await until(async () => (await alerting(...plates)).includes(active as string))
  expect(await alerting(...plates)).toEqual([active])
})

test('401.4f an entry on its way to being approved never alerts before', async () => {
  const given = drafted({ plate: 'KXA7437' })
  const { id } = (await addCustom(o, SUE, 'bolo', given, false)).value.entry
  // What came into force after it is seen: so would it be.
  const seen = async () => {
    const mark = `MRK${1_000 + rounds}`
    await approved(o, 'bolo', { plate: mark })
    await until(async () => (await alerting(mark)).length === 1)
  }
  await seen()
  expect(await alerting('KXA7437')).toEqual([])
  await step(id, 'submit')
  await expect(step(id, 'approve', SUE)).rejects.toMatchObject({ code: 'APPROVAL_SELF' })
  await seen()
  expect(await alerting('KXA7437')).toEqual([])
  await step(id, 'return', SAM)
  await seen()
  expect(await alerting('KXA7437')).toEqual([])
  await step(id, 'submit')
  await step(id, 'approve', SAM)
  await until(async () => (await alerting('KXA7437')).length === 1)
  // Wider than what was approved: a draft again, and silent.
  await amendCustom(o, SUE, { list: 'bolo', id }, { plate: 'KXA74*' })
  await until(async () => (await alerting('KXA7437')).length === 0)
  await seen()
  expect(await alerting('KXA7437', 'KXA7444')).toEqual([])
  await step(id, 'submit')
  await step(id, 'approve', SAM)
  await until(async () => (await alerting('KXA7444')).join() === 'KXA74*')
  await revoked(o, 'bolo', id)
  await until(async () => (await alerting('KXA7444')).length === 0)
  await expect(step(id, 'submit')).rejects.toMatchObject({ code: 'APPROVAL_STATE' })
})

test('401.4f an entry is silent from its end on, and the keeper says so', async () => {
  const expires_at = new Date(Date.now() + 4_000).toISOString()
  const id = await approved(o, 'bolo', { plate: 'MNP4739', expires_at })
  await until(async () => (await alerting('MNP4739')).length === 1)
  await until(() => Date.now() > Date.parse(expires_at))
  expect(await alerting('MNP4739')).toEqual([])
  const key = customKey('bolo', id)
  await until(async () => (await o.manifests.custom.get(key))?.value.approval.state === 'expired')
  expect(await alerting('MNP4739')).toEqual([])
})

test('401.4f an urgent entry alerts at once, on the word of a supervisor', async () => {
  const given = drafted({ plate: 'TUV3947', purpose: 'missing_person' })
  const { id } = (await addCustom(o, ANN, 'bolo', given, true)).value.entry
  const urgent = { list: 'bolo', id, action: 'activate_urgently', note: 'Missing child' } as const
  await expect(stepCustom(o, ANN, urgent)).rejects.toMatchObject({ code: 'APPROVAL_RIGHT' })
  await stepCustom(o, SUE, urgent)
  await until(async () => (await alerting('TUV3947')).length === 1)
  await stepCustom(o, SAM, { list: 'bolo', id, action: 'refuse', note: 'Found at school' })
  await until(async () => (await alerting('TUV3947')).length === 0)
})
