// Custom entries by HTTP on a real nats-server: rights, two people at once, what is on record. Were
// it wrong, a program would approve what its user has written, or nobody would know who did.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditRecord } from '../../src/access/audit.ts'
import { addUser, openUsers, setRoles } from '../../src/access/users.ts'
import { STREAM } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import { decide, draft } from '../../src/domain/approval.ts'
import type { Role } from '../../src/domain/roles.ts'
import { DAY_MS } from '../../src/domain/time.ts'
import { openHotlistSubjects } from '../../src/gateway/hotlist-subjects.ts'
import type { CustomEntry } from '../../src/hotlists/custom.ts'
import { historyOf } from '../../src/hotlists/events.ts'
import { openSettings } from '../../src/hotlists/settings.ts'
import { createList, decideSettings } from '../../src/hotlists/settings-changes.ts'
import { newRecord } from '../../src/hotlists/versions.ts'
import { connectStore } from '../../src/store/client.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { ANN, type CustomGround, customGround } from '../helpers/custom.ts'
import { manifestOf } from '../helpers/entry-rows.ts'
import { PASSWORD, startTestGateway, type TestGateway } from '../helpers/gateway.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { freePort } from '../helpers/ports.ts'
import { putSettings } from '../helpers/settings.ts'
import { textsOf } from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'

const PEOPLE: Record<string, Role[]> = {
  ann: ['dispatcher'],
  sue: ['supervisor'],
  sam: ['supervisor'],
  ada: ['administrator'],
  otto: [],
}

let nats: TestNats
let o: CustomGround
let gateway: TestGateway
const cookies = new Map<string, string>()
beforeAll(async () => {
  nats = await startNats()
  o = await customGround(nats.bus)
  const url = `http://127.0.0.1:${await freePort()}`
  // Nobody there: nothing of this needs the store.
  const store = connectStore({ url, user: '', password: '', database: 'hotplate', cluster: null })
  gateway = await startTestGateway(nats.bus, {
    subjects: (audit, view) =>
      openHotlistSubjects({
        bus: nats.bus,
        store,
        audit,
        view,
        log: createLog('silent'),
        config: configSchema.parse({}),
      }),
  })
  await o.manifests.create('bolo', manifestOf(0, { name: 'bolo' }))
  const users = await openUsers(nats.bus)
  for (const [name, roles] of Object.entries(PEOPLE)) {
    await addUser(users, { name, demo: false, password: PASSWORD, roles })
    cookies.set(name, await gateway.signIn(name))
  }
})
afterAll(async () => {
  await gateway?.stop()
  o?.stop()
  await nats?.[Symbol.asyncDispose]()
})

type Answer = { status: number; code?: string; etag: string | null; body: Record<string, unknown> }
async function ask(
  who: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await gateway.fetch(path, {
    method,
    headers: {
      cookie: cookies.get(who) ?? '',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as Record<string, unknown>
  const etag = response.headers.get('etag')
  const { code } = answer as { code?: string }
  return { status: response.status, etag, body: answer, ...(code === undefined ? {} : { code }) }
}

const ENTRIES = '/v1/hotlists/bolo/entries'
const given = (more: Record<string, unknown> = {}) => ({
  plate: 'tuv 3947',
  region: 'US-ID',
  reason: 'Armed robbery',
  purpose: 'suspect_interdiction',
  expires_at: new Date(Date.now() + DAY_MS).toISOString(),
  submit: true,
  ...more,
})
const added = async (who = 'ann', more = {}) => {
  const { status, body } = await ask(who, 'POST', ENTRIES, given(more))
  expect([status, body]).toMatchObject([201, { entry: { plate: 'TUV3947' } }])
  return body as unknown as CustomEntry & { revision: number }
}
const step = (who: string, id: string, action: string, body: object = {}, headers = {}) =>
  ask(who, 'POST', `${ENTRIES}/${id}/${action}`, body, headers)

test('401.4f drafted by one, approved by another, revoked with a reason', async () => {
  const details = { contact: 'Unit 7', instructions: 'Do not stop', cautions: ['armed'] }
  const { entry, approval } = await added('sue', { details })
  expect(approval).toMatchObject({ state: 'submitted', authors: ['sue'] })
  const items = await until(async () => {
    const { body } = await ask('sam', 'GET', '/v1/inbox')
    return (body.items as unknown[]).length > 0 ? body.items : null
  })
  expect(items).toMatchObject([
    { subject: 'entry', list: 'bolo', id: entry.id, by: 'sue', urgent: false },
  ])
  const self = await step('sue', entry.id, 'approve')
  expect(self).toMatchObject({ status: 403, code: 'approval_self' })
  const done = await step('sam', entry.id, 'approve')
  expect(done).toMatchObject({ status: 200, body: { approval: { state: 'active' } } })
  expect(done.etag).toBe(`"${String(done.body.revision)}"`)
  const seen = await ask('otto', 'GET', `${ENTRIES}/${entry.id}`)
  expect(seen).toMatchObject({ status: 403, code: 'approval_right' })
  expect(await ask('ann', 'GET', `${ENTRIES}/${entry.id}`)).toMatchObject({
    status: 200,
    body: { entry: { plate: 'TUV3947', details }, approval: { state: 'active' } },
  })
  expect(await step('ann', entry.id, 'revoke')).toMatchObject({ code: 'approval_note' })
  const revoked = await step('ann', entry.id, 'revoke', { note: 'Recovered' })
  expect(revoked.body).toMatchObject({ approval: { state: 'revoked' } })
  const { body } = await ask('ann', 'GET', `/v1/hotlists/bolo/history?object=entry:${entry.id}`)
  expect(body.events).toMatchObject([
    { who: 'ann', what: 'entry_revoke', is: { approval: { state: 'revoked' } } },
    { who: 'ann', what: 'entry_revoke', refused: 'approval_note' },
    { who: 'sam', what: 'entry_approve', from: expect.stringMatching(/127|::/) },
    { who: 'sue', what: 'entry_approve', refused: 'approval_self' },
    { who: 'sue', what: 'entry_submit', was: null, is: { entry: { plate: 'TUV3947' } } },
  ])
})

describe('401.4f each step takes its right, and a refusal is on record', () => {
  test.each([
    ['ann', 'approve', 'approval_right'],
    ['ann', 'urgent', 'approval_right'],
    ['ada', 'approve', 'approval_right'],
    ['ada', 'urgent', 'approval_right'],
    ['ada', 'revoke', 'approval_right'],
    ['otto', 'withdraw', 'approval_right'],
    ['sue', 'confirm', 'approval_state'],
    ['sue', 'return', 'approval_note'],
  ])('%s may not %s: %s', async (who, action, code) => {
    const { entry } = await added()
    const refused = await step(who, entry.id, action, code === 'approval_note' ? {} : { note: 'x' })
    expect(refused).toMatchObject({ status: refused.body.status, code })
    const [last] = await historyOf(nats.bus, 'bolo', { object: `entry:${entry.id}` })
    expect(last).toMatchObject({ who, refused: code })
    expect((await ask('ann', 'GET', `${ENTRIES}/${entry.id}`)).body).toMatchObject({
      approval: { state: 'submitted' },
    })
  })

  test('a change of roles acts on the next request', async () => {
    const { entry } = await added()
    const users = await openUsers(nats.bus)
    await setRoles(users, 'sam', ['dispatcher'])
    await until(async () => (await step('sam', entry.id, 'approve')).code === 'approval_right')
    await setRoles(users, 'sam', ['supervisor'])
    await until(async () => (await step('sam', entry.id, 'approve')).status === 200)
  })
})

test('401.4f of two at once one wins; whoever has seen less is told who', async () => {
  const { entry, revision } = await added()
  const both = await Promise.all([
    step('sue', entry.id, 'approve', { revision }),
    step('sam', entry.id, 'approve', { revision }),
  ])
  expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
  const lost = both.find(({ status }) => status === 409)
  const winner = both[0]?.status === 200 ? 'sue' : 'sam'
  expect(lost).toMatchObject({
    code: 'approval_overtaken',
    body: { standing: { state: 'active', action: 'approve', by: winner } },
  })
  const stale = await step(
    'sam',
    entry.id,
    'revoke',
    { note: 'x' },
    { 'if-match': `"${revision}"` },
  )
  expect(stale).toMatchObject({ status: 412, code: 'revision_stale' })
  expect(stale.body).toMatchObject({ standing: { by: winner } })
  const { revision: now } = (stale.body as { standing: { revision: number } }).standing
  const patch = { vehicle: { color: 'white' } }
  const tag = { 'if-match': `"${now}"` }
  expect(await ask('ann', 'PATCH', `${ENTRIES}/${entry.id}`, patch, tag)).toMatchObject({
    status: 200,
    body: { approval: { state: 'active' }, entry: { vehicle: { color: 'white' } } },
  })
  const odd = await ask('ann', 'PATCH', `${ENTRIES}/${entry.id}`, patch, { 'if-match': '*' })
  expect(odd).toMatchObject({ status: 400, code: 'invalid_request' })
})

test('401.4f an amendment that widens asks for approval anew', async () => {
  const { entry } = await added()
  await step('sue', entry.id, 'approve')
  const path = `${ENTRIES}/${entry.id}`
  expect((await ask('ann', 'PATCH', path, { region: null })).body).toMatchObject({
    approval: { state: 'draft', authors: ['ann'] },
    entry: expect.not.objectContaining({ region: 'US-ID' }),
  })
  const urgent = await step('sue', entry.id, 'urgent', { note: 'Missing child' })
  expect(urgent.body).toMatchObject({ approval: { state: 'active', urgent: { by: 'sue' } } })
  await until(async () => {
    const { body } = await ask('sam', 'GET', '/v1/inbox')
    return (body.items as { id: string; urgent: boolean }[])[0]?.id === entry.id
  })
  expect(await step('sue', entry.id, 'confirm')).toMatchObject({ code: 'approval_self' })
  expect((await step('sam', entry.id, 'confirm')).status).toBe(200)
})

test('what can not be an entry is refused with what was expected', async () => {
  for (const [more, status, code] of [
    [{ plate: '?' }, 422, 'entry_invalid'],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 422, 'entry_invalid'],
    [{ expires_at: new Date(Date.now() + 31 * DAY_MS).toISOString() }, 422, 'entry_invalid'],
    [{ purpose: 'curiosity' }, 400, 'invalid_request'],
    [{ expires_at: undefined }, 400, 'invalid_request'],
    [{ details: { urgent: true } }, 400, 'invalid_request'],
    [{ approval: { state: 'active' } }, 400, 'invalid_request'],
    [{ id: 'mine' }, 400, 'invalid_request'],
  ] as const) {
    expect(await ask('ann', 'POST', ENTRIES, given(more)), code).toMatchObject({ status, code })
  }
  const none = await ask('ann', 'POST', '/v1/hotlists/none/entries', given())
  expect(none).toMatchObject({ status: 404, code: 'list_not_found' })
  expect(await step('sue', 'none', 'approve')).toMatchObject({ code: 'entry_not_found' })
})

test('entries of a list are told by state, and a plate is silenced with who and why', async () => {
  const { entry } = await added()
  await until(() => o.mirror.entries.has(`bolo.${entry.id}`))
  const { body } = await ask('ann', 'GET', `${ENTRIES}?state=submitted`)
  const { entries, more } = body as { entries: CustomEntry[]; more: boolean }
  expect(entries.map((one) => one.entry.id)).toContain(entry.id)
  expect(new Set(entries.map(({ approval }) => approval.state))).toEqual(new Set(['submitted']))
  expect(more).toBe(false)
  const silence = '/v1/hotlists/bolo/silence'
  const what = { plate: 'KXA7437', note: 'Recovered' }
  expect(await ask('ada', 'POST', silence, what)).toMatchObject({ code: 'approval_right' })
  expect(await ask('ann', 'POST', silence, what)).toMatchObject({ status: 200 })
  const removals = [...(await o.manifests.changes.all()).values()].map(({ value }) => value)
  expect(removals).toMatchObject([{ list: 'bolo', plate: 'KXA7437', id: null }])
  const [event] = await historyOf(nats.bus, 'bolo', { object: 'plate:KXA7437' })
  expect(event).toMatchObject({ who: 'ann', is: { note: 'Recovered' } })
})

test('401.4b of a list that one may not know of it is as if there were none', async () => {
  const settings = await openSettings(nats.bus)
  await o.manifests.create('covert', manifestOf(0, { name: 'covert' }))
  const visibility = { kind: 'covert' as const, people: ['ann', 'sam'] }
  await putSettings(settings, 'covert', { visibility })
  const path = '/v1/hotlists/covert/entries'
  const { body } = await until(async () => {
    const answer = await ask('ann', 'POST', path, given())
    return answer.status === 201 ? answer : null
  })
  const { id } = (body as unknown as CustomEntry).entry
  const idsOf = async (who: string) =>
    ((await ask(who, 'GET', '/v1/inbox')).body.items as { id: string }[]).map((item) => item.id)
  await until(async () => (await idsOf('sam')).includes(id))
  expect(await idsOf('sue')).not.toContain(id)
  const hidden = await Promise.all([
    ask('sue', 'GET', path),
    ask('sue', 'GET', `${path}/${id}`),
    ask('sue', 'POST', path, given()),
    ask('sue', 'PATCH', `${path}/${id}`, { reason: 'Seen' }),
    ask('sue', 'POST', `${path}/${id}/approve`, {}),
    ask('sue', 'GET', '/v1/hotlists/covert/history'),
    ask('sue', 'POST', '/v1/hotlists/covert/silence', { plate: 'KXA7437', note: 'x' }),
  ])
  const none = await ask('sue', 'GET', '/v1/hotlists/none/entries')
  for (const answer of hidden) {
    expect([answer.status, answer.body]).toEqual([404, none.body])
  }
  const told = (await textsOf(nats.bus, STREAM.audit)).map(
    (text) => JSON.parse(text) as AuditRecord,
  )
  const refused = told.filter(({ who, reason }) => who === 'sue' && reason === 'list_not_found')
  expect(refused.filter(({ object }) => object === 'covert')).toHaveLength(hidden.length)
  expect(refused.at(-1)).toMatchObject({ object: 'none', detail: 'GET /v1/hotlists/none/entries' })
  expect((await ask('sam', 'POST', `${path}/${id}/approve`, {})).status).toBe(200)
})

test('the inbox has proposals of settings and versions that wait, beside entries', async () => {
  const settings = await openSettings(nats.bus)
  const o_settings = { settings, manifests: o.manifests, audit: o.audit }
  await createList(o_settings, { name: 'watch', category: 'custom', patch: {} }, ANN)
  await decideSettings(o_settings, 'watch', 'submit', ANN)
  await o.manifests.versions.create('bolo.7', {
    ...newRecord(7, 1),
    list: 'bolo',
    stage: 'staged',
    matching: { category: 'custom', profile: 'fold' },
    source: { file: 'bolo.csv', format: 'csv' },
    held: ['12 of 20 lines are wrong'],
    approval: decide(draft('import', ANN.actor, Date.now()), 'submit', ANN.actor, Date.now()),
  })
  await until(async () => {
    const { body } = await ask('sue', 'GET', '/v1/inbox')
    const items = body.items as { subject: string; list: string; what: string }[]
    const told = items.map(({ subject, list, what }) => `${subject} ${list}: ${what}`)
    return (
      told.includes('list watch: New list: watch') &&
      told.includes('import bolo: Held: 12 of 20 lines are wrong')
    )
  })
})
