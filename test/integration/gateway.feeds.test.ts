// Feeds by HTTP: who may see how it goes with one, and who may ask for its file. Were a covert
// list's feed shown, its address would say what is looked for.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAudit } from '../../src/access/audit.ts'
import { addUser, openUsers } from '../../src/access/users.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { Role } from '../../src/domain/roles.ts'
import { openHotlistSubjects } from '../../src/gateway/hotlist-subjects.ts'
import { historyOf } from '../../src/hotlists/events.ts'
import { openManifests } from '../../src/hotlists/manifest.ts'
import { openSettings } from '../../src/hotlists/settings.ts'
import { createList } from '../../src/hotlists/settings-changes.ts'
import { type FeedStates, openFeedStates } from '../../src/hotlists/sources/feed-state.ts'
import { connectStore } from '../../src/store/client.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { caller } from '../helpers/custom.ts'
import { PASSWORD, startTestGateway, type TestGateway } from '../helpers/gateway.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'

const PEOPLE: Record<string, Role[]> = { ann: ['dispatcher'], otto: ['auditor'] }
const ADA = caller('ada', 'administrator')
const URL = 'https://lists.example/stolen.csv'

let nats: TestNats
let gateway: TestGateway
let states: FeedStates
const cookies = new Map<string, string>()

beforeAll(async () => {
  nats = await startNats()
  const { bus } = nats
  // No route of feeds asks the store.
  const nowhere = { url: 'http://127.0.0.1:1', user: 'none', password: '' }
  const store = connectStore({ ...nowhere, database: 'hotplate', cluster: null })
  const log = createLog('silent')
  const config = configSchema.parse({ data_dir: nats.data_dir })
  gateway = await startTestGateway(bus, {
    subjects: (audit, view) => openHotlistSubjects({ bus, store, audit, view, log, config }),
  })
  states = await openFeedStates(bus)
  const users = await openUsers(bus)
  for (const [name, roles] of Object.entries(PEOPLE)) {
    await addUser(users, { name, demo: false, password: PASSWORD, roles })
    cookies.set(name, await gateway.signIn(name))
  }
  const o = {
    settings: await openSettings(bus),
    manifests: await openManifests(bus),
    audit: createAudit(bus),
  }
  const feed = { kind: 'https' as const, url: URL, every_minutes: 60 }
  const made = { category: 'stolen_vehicle', agency: 'The state' } as const
  await createList(o, { ...made, name: 'state', patch: { feed } }, ADA)
  await createList(o, { ...made, name: 'plain', patch: {} }, ADA)
  const visibility = { kind: 'covert' as const, people: ['sue'] }
  await createList(o, { ...made, name: 'covert', patch: { feed, visibility } }, ADA)
})
afterAll(async () => {
  await gateway?.stop()
  await nats?.[Symbol.asyncDispose]()
})

async function ask(who: string, method: string, path: string) {
  const headers = { cookie: cookies.get(who) ?? '' }
  const response = await gateway.fetch(`/v1/${path}`, { method, headers })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

test('the layouts of files are told to who is signed in', async () => {
  const { status, body } = await ask('otto', 'GET', 'hotlist-formats')
  expect(status).toBe(200)
  expect(body.formats).toContainEqual(expect.objectContaining({ name: 'ncic' }))
  expect((await ask('nobody', 'GET', 'hotlist-formats')).status).toBe(401)
})

test('how it goes with a feed, before it was ever asked and after it failed', async () => {
  const before = await ask('otto', 'GET', 'hotlists/state/feed')
  const never = { asked_at: null, taken_at: null, version: null, next_at: null, failures: 0 }
  expect(before).toMatchObject({ status: 200, body: { ...never, failure: null } })
  const failure = { code: 'FEED_REFUSED', message: 'status 404' }
  const asked_at = '2026-03-01T12:00:00.000Z'
  await states.create('state', { list: 'state', feed: URL, asked_at, failures: 2, failure })
  expect((await ask('otto', 'GET', 'hotlists/state/feed')).body).toEqual({
    feed: { kind: 'https', url: URL, every_minutes: 60 },
    asked_at,
    taken_at: null,
    version: null,
    next_at: '2026-03-01T13:00:00.000Z',
    failures: 2,
    failure,
  })
})

test('who may bring a list in may have it fetched; it is on record', async () => {
  expect(await ask('otto', 'POST', 'hotlists/state/feed/fetch')).toMatchObject({
    status: 403,
    body: { code: 'approval_right' },
  })
  expect((await ask('ann', 'POST', 'hotlists/state/feed/fetch')).status).toBe(202)
  expect(await states.get('state')).toBeNull()
  const events = await historyOf(nats.bus, 'state')
  expect(events).toContainEqual(expect.objectContaining({ who: 'ann', what: 'list_fetch' }))
})

test('401.4b of a covert list it is as if there were none, and of no feed as well', async () => {
  for (const list of ['covert', 'other']) {
    expect(await ask('ann', 'GET', `hotlists/${list}/feed`)).toMatchObject({
      status: 404,
      body: { code: 'list_not_found' },
    })
    expect((await ask('ann', 'POST', `hotlists/${list}/feed/fetch`)).status).toBe(404)
  }
  expect(await ask('ann', 'GET', 'hotlists/plain/feed')).toMatchObject({
    status: 404,
    body: { code: 'feed_not_found' },
  })
})
