// Lists and their settings by HTTP on a real nats-server. Were it wrong, a list would come into
// force on its author's word, or a covert one would be told of.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addUser, openUsers } from '../../src/access/users.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { Role } from '../../src/domain/roles.ts'
import { openHotlistSubjects } from '../../src/gateway/hotlist-subjects.ts'
import { openManifests } from '../../src/hotlists/manifest.ts'
import { type ListDocument, openSettings } from '../../src/hotlists/settings.ts'
import { connectStore } from '../../src/store/client.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { manifestOf } from '../helpers/entry-rows.ts'
import { PASSWORD, startTestGateway, type TestGateway } from '../helpers/gateway.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { freePort } from '../helpers/ports.ts'
import { putSettings } from '../helpers/settings.ts'

const PEOPLE: Record<string, Role[]> = {
  ann: ['dispatcher'],
  sue: ['supervisor'],
  sam: ['supervisor'],
  ada: ['administrator'],
  otto: ['operator'],
  nobody: [],
}

let nats: TestNats
let gateway: TestGateway
const cookies = new Map<string, string>()
beforeAll(async () => {
  nats = await startNats()
  const manifests = await openManifests(nats.bus)
  const settings = await openSettings(nats.bus)
  const url = `http://127.0.0.1:${await freePort()}`
  // Nobody there: nothing of this needs the store.
  const store = connectStore({ url, user: '', password: '', database: 'hotplate', cluster: null })
  const config = configSchema.parse({})
  const log = createLog('silent')
  gateway = await startTestGateway(nats.bus, {
    subjects: (audit, view) =>
      openHotlistSubjects({ bus: nats.bus, store, audit, view, log, config }),
  })
  const old = new Date(Date.now() - 31.5 * 3_600_000).toISOString()
  await manifests.create('aged', { ...manifestOf(7, { name: 'aged' }), imported_at: old })
  await putSettings(settings, 'aged', { refresh_hours_max: 24 })
  await manifests.create('undated', manifestOf(7, { name: 'undated' }))
  await putSettings(settings, 'covert', { visibility: { kind: 'covert', people: ['sue'] } })
  await putSettings(settings, 'of-people', { visibility: { kind: 'people', people: ['otto'] } })
  await putSettings(settings, 'state', { ilets: true })
  const users = await openUsers(nats.bus)
  for (const [name, roles] of Object.entries(PEOPLE)) {
    await addUser(users, { name, demo: false, password: PASSWORD, roles })
    cookies.set(name, await gateway.signIn(name))
  }
})
afterAll(async () => {
  await gateway?.stop()
  await nats?.[Symbol.asyncDispose]()
})

type Shown = ListDocument & { state: string; stale_h: number | null; age_h: number | null }
interface Answer {
  status: number
  body: Shown & { code?: string; lists: Shown[] }
}
async function ask(who: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await gateway.fetch(`/v1/hotlists${path}`, {
    method,
    headers: { cookie: cookies.get(who) ?? '', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}
const step = (who: string, list: string, action: string, note?: string) =>
  ask(who, 'POST', `/${list}/settings/${action}`, note === undefined ? {} : { note })

describe('401.4f a list by HTTP', () => {
  test('is drafted by one person, and in force by the word of another', async () => {
    const draft = { name: 'bolo', category: 'custom', priority: 2, submit: true }
    expect(await ask('otto', 'POST', '', draft)).toMatchObject({
      status: 403,
      body: { code: 'approval_right' },
    })
    const made = await ask('ann', 'POST', '', draft)
    expect(made).toMatchObject({ status: 201, body: { state: 'submitted', approved: null } })
    expect(await ask('ann', 'POST', '', draft)).toMatchObject({
      status: 409,
      body: { code: 'list_exists' },
    })
    expect(await step('ann', 'bolo', 'approve')).toMatchObject({ status: 403 })
    expect(await step('sue', 'bolo', 'return')).toMatchObject({
      status: 422,
      body: { code: 'approval_note' },
    })
    const approved = await step('sue', 'bolo', 'approve')
    expect(approved).toMatchObject({
      status: 200,
      body: { state: 'active', approved: { settings: { priority: 2 } }, proposed: null },
    })
    const wider = await ask('sue', 'PATCH', '/bolo', { profile: 'fold+1', submit: true })
    expect(wider.body).toMatchObject({
      state: 'active',
      approved: { settings: { profile: 'fold' } },
      proposed: { settings: { profile: 'fold+1' }, approval: { state: 'submitted' } },
    })
    expect(await step('sue', 'bolo', 'approve')).toMatchObject({
      status: 403,
      body: { code: 'approval_self' },
    })
    expect((await step('sam', 'bolo', 'approve')).body.approved?.settings.profile).toBe('fold+1')
    expect((await step('sue', 'bolo', 'revoke', 'Closed')).body.state).toBe('revoked')
    expect(await step('sam', 'nothing', 'approve')).toMatchObject({ status: 404 })
  })

  test('of a government source is registered by an administrator', async () => {
    const list = { name: 'ncic', category: 'stolen_vehicle', agency: 'FBI' }
    expect(await ask('sue', 'POST', '', list)).toMatchObject({ status: 403 })
    expect(await ask('ada', 'POST', '', list)).toMatchObject({
      status: 201,
      body: { state: 'active', approved: { settings: { source: { agency: 'FBI' } } } },
    })
    const path = '/ncic/file-codes/H'
    const body = { purpose: 'suspect_interdiction' }
    expect(await ask('sue', 'POST', path, body)).toMatchObject({ status: 403 })
    const decided = await ask('ada', 'POST', path, body)
    expect(decided.body.approved?.settings.file_codes.H).toMatchObject({ by: 'ada', ...body })
  })

  test('refuses what is no setting, and says where', async () => {
    const wrong = { hours: [{ days: ['mon'], from: '25:00', to: '08:00' }] }
    const answer = await ask('ann', 'PATCH', '/undated', wrong)
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
    expect(JSON.stringify(answer.body)).toContain('body.hours.0.from')
    expect(await ask('ann', 'PATCH', '/undated', { source: { kind: 'custom' } })).toMatchObject({
      status: 400,
    })
  })
})

describe('401.4b lists are told of', () => {
  const names = async (who: string) => {
    const { body } = await ask(who, 'GET', '')
    return body.lists?.map(({ name }) => name)
  }

  test('to those who may see or keep them, and covert ones to nobody else', async () => {
    expect(await names('otto')).toEqual(['aged', 'bolo', 'ncic', 'of-people', 'undated'])
    expect(await names('sue')).toEqual(['aged', 'bolo', 'covert', 'ncic', 'of-people', 'undated'])
    expect(await names('ada')).toEqual(['aged', 'bolo', 'ncic', 'of-people', 'undated'])
    expect((await ask('nobody', 'GET', '')).status).toBe(403)
    for (const [who, list] of [
      ['ada', 'covert'],
      ['sue', 'state'],
      ['sam', 'covert'],
    ] as const) {
      expect((await ask(who, 'GET', `/${list}`)).status).toBe(404)
      expect((await ask(who, 'PATCH', `/${list}`, { title: 'Seen' })).status).toBe(404)
      expect((await step(who, list, 'revoke', 'Why not')).status).toBe(404)
    }
  })

  test('with their age, also where they have no settings of their own', async () => {
    expect((await ask('otto', 'GET', '/aged')).body).toMatchObject({ age_h: 31, stale_h: 31 })
    expect((await ask('otto', 'GET', '/undated')).body).toMatchObject({
      state: 'active',
      stale_h: null,
      approved: { settings: { title: 'undated' } },
    })
  })
})
