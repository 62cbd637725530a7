// Back-test, past reads and cleared vehicles by HTTP and by command, through a real service: who
// may, what is on record before any read is shown, and what a person is told. Were it wrong, reads
// would be shown that nobody can be asked about.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, openUsers } from '../../src/access/users.ts'
import { STREAM } from '../../src/bus/streams.ts'
import type { Role } from '../../src/domain/roles.ts'
import { DAY_MS } from '../../src/domain/time.ts'
import type { BacktestReport } from '../../src/hotlists/backtest.ts'
import { runCli } from '../helpers/cli.ts'
import { approved, type CustomGround, customGround } from '../helpers/custom.ts'
import { PASSWORD } from '../helpers/gateway.ts'
import { type RunningService, startService } from '../helpers/service.ts'
import {
  alertsOf,
  makeRead,
  publish,
  putInForce,
  rowsOf,
  settled,
  textsOf,
} from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'

const PEOPLE: Record<string, Role[]> = {
  ann: ['dispatcher'],
  sue: ['supervisor'],
  ada: ['administrator'],
}

let service: RunningService
let custom: CustomGround
const cookies = new Map<string, string>()
beforeAll(async () => {
  service = await startService({ settings: { HOTLISTS__CHECK_EVERY_S: '1' } })
  const bus = await service.bus()
  custom = await customGround(bus)
  await putInForce(service, 'bolo', [{ plate: 'ZZZ9999' }], 'fold')
  const users = await openUsers(bus)
  for (const [name, roles] of Object.entries(PEOPLE)) {
    await addUser(users, { name, demo: false, password: PASSWORD, roles })
    await until(async () => {
      const { status, cookie } = await signIn(name)
      cookies.set(name, cookie)
      return status === 200
    })
  }
  const seen = async (plate: string, camera: string, ago_ms: number) => {
    const time = new Date(Date.now() - ago_ms).toISOString()
    await publish(service, makeRead({ id: `${plate}-${ago_ms}`, plate, camera, time }), camera)
  }
  await seen('TUV3947', 'gate-1', 3 * DAY_MS)
  await seen('TUV3947', 'gate-1', 3 * DAY_MS - 5_000)
  await seen('TUV3947', 'gate-2', 60_000)
  await seen('TUV394Z', 'gate-2', 30_000)
  await settled(service)
  await until(async () => (await rowsOf(service)).length === 4)
})
afterAll(async () => {
  custom?.stop()
  await service?.[Symbol.asyncDispose]()
})

const url = (path: string) => `http://127.0.0.1:${service.gateway_port}${path}`

async function signIn(user: string) {
  const response = await fetch(url('/v1/session'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, password: PASSWORD }),
  })
  const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  return { status: response.status, cookie }
}

async function post<T = Record<string, unknown>>(who: string, path: string, body: unknown) {
  const response = await fetch(url(path), {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: cookies.get(who) ?? '' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as T & { code?: string } }
}

async function get<T>(who: string, path: string): Promise<T> {
  const response = await fetch(url(path), { headers: { cookie: cookies.get(who) ?? '' } })
  return (await response.json()) as T
}

const why = { purpose: 'suspect_interdiction', reason: 'Robbery at the mill', case: 'SV26-7' }
const entry = { plate: 'tuv-3947', profile: 'fold+1', list: 'bolo' }

/** What is on record of whoever saw reads, latest last. */
async function recorded(): Promise<Record<string, unknown>[]> {
  const texts = await textsOf(await service.bus(), STREAM.audit)
  const all = texts.map((text) => JSON.parse(text) as Record<string, unknown>)
  return all.filter(({ what }) => what === 'backtest' || what === 'past_reads')
}

test('401.9c a back-test says what an entry would have done, and is on record first', async () => {
  const { status, body } = await post<BacktestReport>('sue', '/v1/backtest', { ...entry, ...why })
  expect(status).toBe(200)
  expect(body).toMatchObject({
    entry: { plate: 'TUV3947', profile: 'fold+1' },
    threshold: { list: 'bolo', budget_per_million: 100 },
    reads: 4,
    alerts: 3,
    plates_total: 2,
    cameras_total: 2,
  })
  expect(
    body.plates.map(({ plate, reads, alerts, class: kind }) => [plate, reads, alerts, kind]),
  ).toEqual([
    ['TUV3947', 3, 2, 'exact'],
    ['TUV394Z', 1, 1, 'substitution'],
  ])
  expect(body.cameras).toContainEqual({ camera: 'gate-1', reads: 2, alerts: 1 })
  expect(body.days).toHaveLength(2)
  expect((await recorded()).at(-1)).toMatchObject({
    who: 'sue',
    what: 'backtest',
    list: 'bolo',
    searched: 'TUV3947 fold+1',
    outcome: 'ok',
    ...why,
  })
})

test('401.9c without a right, a purpose or a reason no read is shown', async () => {
  const refused = await post('ada', '/v1/backtest', { ...entry, ...why })
  expect([refused.status, refused.body.code]).toEqual([403, 'approval_right'])
  expect((await recorded()).at(-1)).toMatchObject({ who: 'ada', refused: 'approval_right' })
  const dots = await post('sue', '/v1/backtest', { ...entry, ...why, reason: '. . .' })
  expect([dots.status, dots.body.code]).toEqual([422, 'reads_reason'])
  const { purpose: _, ...none } = why
  const without = await post('sue', '/v1/backtest', { ...entry, ...none })
  expect([without.status, without.body.code]).toEqual([400, 'invalid_request'])
  const unknown = await post('sue', '/v1/backtest', { ...entry, ...why, list: 'nobody' })
  expect([unknown.status, unknown.body.code]).toEqual([404, 'list_not_found'])
  const wild = await post('sue', '/v1/backtest', { ...entry, ...why, plate: '?*' })
  expect([wild.status, wild.body.code]).toEqual([422, 'entry_invalid'])
})

test('past reads of an entry are shown with a reason, and on record first', async () => {
  const id = await approved(custom, 'bolo', { plate: 'TUV3947', profile: 'exact' })
  const asked = { entry: id, ...why }
  const { status, body } = await post<{ sightings: { camera: string }[] }>(
    'ann',
    '/v1/hotlists/bolo/past-reads',
    asked,
  )
  expect(status).toBe(200)
  expect(body.sightings.map(({ camera }) => camera)).toEqual(['gate-2', 'gate-1', 'gate-1'])
  expect((await recorded()).at(-1)).toMatchObject({ what: 'past_reads', searched: id, who: 'ann' })
  const nobody = await post('ann', '/v1/hotlists/bolo/past-reads', { ...asked, entry: 'x' })
  expect([nobody.status, nobody.body.code]).toEqual([404, 'entry_not_found'])
})

test('401.4f a cleared vehicle is asked for by one and approved by another', async () => {
  const id = await approved(custom, 'bolo', { plate: 'KXA7438', profile: 'fold' })
  const expires_at = new Date(Date.now() + DAY_MS).toISOString()
  const path = '/v1/hotlists/bolo/cleared'
  const asked = { entry_id: id, plate: 'KXA743B', reason: 'Stopped and checked', expires_at }
  const own = await post('sue', path, { ...asked, plate: 'KXA7438' })
  expect([own.status, own.body.code]).toEqual([422, 'cleared_own_plate'])
  const made = await post<{ id: string; revision: number }>('sue', path, asked)
  expect(made.status).toBe(201)
  const inbox = await get<{ items: { subject: string; id: string }[] }>('sue', '/v1/inbox')
  expect(inbox.items).toContainEqual(
    expect.objectContaining({ subject: 'cleared', id: made.body.id, by: 'sue' }),
  )
  const self = await post('sue', `${path}/${made.body.id}/approve`, {})
  expect([self.status, self.body.code]).toEqual([403, 'approval_self'])
  await addUser(await openUsers(await service.bus()), {
    name: 'sam',
    demo: false,
    password: PASSWORD,
    roles: ['supervisor'],
  })
  const step = ['--list', 'bolo', '--id', made.body.id, '--action', 'approve', '--by', 'sam']
  const common = ['--data', service.data_dir]
  const cli = await runCli(['hotlist', 'cleared', ...step, ...common], service.settings)
  expect(cli).toMatchObject({ code: 0, stdout: 'KXA743B for KXA7438 on bolo is active\n' })
  await until(async () => {
    const listed = await get<{ cleared: { id: string; approval: { state: string } }[] }>(
      'ann',
      path,
    )
    return listed.cleared.some((one) => one.id === made.body.id && one.approval.state === 'active')
  })
  const before = (await alertsOf(service)).length
  await publish(service, makeRead({ plate: 'KXA743B', camera: 'gate-3' }), 'gate-3')
  await settled(service)
  expect((await alertsOf(service)).length).toBe(before)
  const shown = await runCli(['hotlist', 'cleared', '--list', 'bolo', ...common], service.settings)
  expect(shown.stdout).toMatch(/KXA743B +KXA7438 +active/)
})

test('the commands show the same, with a purpose and a reason', async () => {
  const common = ['--data', service.data_dir]
  const reason = ['--purpose', 'suspect_interdiction', '--reason', 'Robbery at the mill']
  const asked = ['--plate', 'TUV3947', '--profile', 'fold+1', '--list', 'bolo', '--by', 'sue']
  const backtest = await runCli(
    ['hotlist', 'backtest', ...asked, ...reason, ...common],
    service.settings,
  )
  expect(backtest.stderr).toBe('')
  expect(backtest.stdout).toMatch(/^3 alerts from 4 reads of 2 plates at 2 cameras/)
  expect(backtest.stdout).toMatch(/TUV394Z +1 +1 +substitution/)
  const without = await runCli(['hotlist', 'backtest', ...asked, ...common], service.settings)
  expect(without).toMatchObject({ code: 2, stdout: '' })
  const [alert] = await alertsOf(service)
  const id = alert?.entry.id ?? 'none'
  const past = await runCli(
    ['hotlist', 'past-reads', '--list', 'bolo', '--entry', id, ...reason, ...common],
    service.settings,
  )
  expect([past.code, past.stderr]).toEqual([1, expect.stringContaining('no entry none in force')])
})
