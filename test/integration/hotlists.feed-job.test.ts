// The keeper's work with feeds, on a real bus and a real HTTPS server: what is due is asked, what
// comes is handed on once, what fails is tried again later, and nobody learns a secret.
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { configSchema } from '../../src/config/schema.ts'
import { HotplateError } from '../../src/domain/error.ts'
import type { ListFeed } from '../../src/domain/list-feed.ts'
import { defaultSettings } from '../../src/domain/list-settings.ts'
import { openSettings, type SettingsDocuments } from '../../src/hotlists/settings.ts'
import { type Delivery, FeedJob } from '../../src/hotlists/sources/feed-job.ts'
import { dueAt, type FeedStates, openFeedStates } from '../../src/hotlists/sources/feed-state.ts'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import { createAuthority } from '../helpers/certificates.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'

const MINUTE_MS = 60_000
const NOW = Date.parse('2026-03-01T12:00:00Z')
const SECRET = 'a secret of the test'

let nats: TestNats
let settings: SettingsDocuments
let states: FeedStates
let server: ReturnType<typeof createServer>
let ca_file: string
let host: string
let answer: (response: ServerResponse) => void
let asked: { authorization: string | undefined; etag: string | undefined }[]
let delivered: (Delivery & { text: string })[]
let refusal: Error | null
let logged: string[]
let metrics: Metrics
let lists = 0

beforeAll(async () => {
  nats = await startNats()
  settings = await openSettings(nats.bus)
  states = await openFeedStates(nats.bus)
  const authority = createAuthority('the authority of a test')
  ca_file = join(nats.data_dir, 'ca.pem')
  await writeFile(ca_file, authority.ca)
  server = createServer(authority.issue({ dns: ['localhost'] }), (request, response) => {
    const { authorization, 'if-none-match': etag } = request.headers
    asked.push({ authorization, etag })
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  host = `localhost:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await nats[Symbol.asyncDispose]()
})
beforeEach(async () => {
  for (const list of (await settings.all()).keys()) await settings.purge(list)
  asked = []
  delivered = []
  refusal = null
  logged = []
  answer = (response) => response.writeHead(200, { etag: '"v1"' }).end('a list')
})

/** A list with a feed, in the state given. */
async function listWith(feed: ListFeed, state: 'active' | 'submitted' = 'active'): Promise<string> {
  lists += 1
  const name = `list-${lists}`
  const at = new Date(NOW).toISOString()
  const stated = {
    settings: { ...defaultSettings(name, 'custom', 'fold'), feed },
    approval: {
      subject: 'list' as const,
      state,
      authors: ['ann'],
      history: [{ action: 'draft' as const, by: 'ann', at }],
    },
  }
  const document =
    state === 'active' ? { approved: stated, proposed: null } : { approved: null, proposed: stated }
  await settings.create(name, { name, ...document })
  return name
}

const https = (path = '/out/stolen.csv'): ListFeed => ({
  kind: 'https',
  url: `https://${host}${path}`,
  every_minutes: 60,
  account: 'state',
})

function job(signal = new AbortController().signal): FeedJob {
  const config = configSchema.parse({
    data_dir: nats.data_dir,
    hotlists: {
      feeds: {
        settled_s: 5,
        ca_file,
        hosts_allowed: [host],
        private_hosts_allowed: [host],
        accounts: { state: { token: SECRET, archive_password: 'of the archive' } },
      },
    },
  })
  const note = (fields: object, text: string) =>
    logged.push(`${text} ${inspect(fields, { depth: 8 })}`)
  const log = { info: note, warn: note, error: note } as never
  const deliver = (delivery: Delivery) => {
    delivered.push({ ...delivery, text: readFileSync(delivery.path, 'utf8') })
    if (refusal !== null) return Promise.reject(refusal)
    return Promise.resolve({ version: delivered.length, state: 'active', held: [], counts: {} })
  }
  const open = () => Promise.resolve({ settings, states, deliver })
  metrics = createMetrics()
  return new FeedJob({ config, open, log, metrics }, signal)
}

test('a file is fetched when its time has come, and handed on', async () => {
  const list = await listWith(https())
  await job().run(NOW)
  await job().run(NOW + 59 * MINUTE_MS)
  expect(asked).toEqual([{ authorization: `Bearer ${SECRET}`, etag: undefined }])
  expect(delivered).toMatchObject([
    { list, name: 'stolen.csv', text: 'a list', password: 'of the archive' },
  ])
  expect((await states.get(list))?.value).toMatchObject({
    list,
    asked_at: '2026-03-01T12:00:00.000Z',
    failures: 0,
    version: 1,
    mark: { etag: '"v1"' },
  })
  await job().run(NOW + 60 * MINUTE_MS)
  expect(asked).toHaveLength(2)
})

test('what has not changed is not imported again', async () => {
  const list = await listWith(https())
  await job().run(NOW)
  answer = (response) => response.writeHead(304).end()
  await job().run(NOW + 60 * MINUTE_MS)
  expect(asked[1]?.etag).toBe('"v1"')
  expect(delivered).toHaveLength(1)
  expect((await states.get(list))?.value).toMatchObject({
    asked_at: '2026-03-01T13:00:00.000Z',
    version: 1,
    mark: { etag: '"v1"' },
  })
})

test('another file of the same list is asked for at once, and as a new one', async () => {
  const list = await listWith(https())
  await job().run(NOW)
  const known = await settings.get(list)
  if (known === null) throw new Error('no settings')
  const { approved } = known.value
  if (approved === null) throw new Error('not approved')
  const moved = { ...approved, settings: { ...approved.settings, feed: https('/out/other.csv') } }
  await settings.update(list, { ...known.value, approved: moved }, known.revision)
  await job().run(NOW + MINUTE_MS)
  expect(asked.map(({ etag }) => etag)).toEqual([undefined, undefined])
  expect(delivered.map(({ name }) => name)).toEqual(['stolen.csv', 'other.csv'])
})

test('401.4f a feed that nobody has approved is not asked', async () => {
  await listWith(https(), 'submitted')
  await job().run(NOW)
  expect(asked).toEqual([])
})

test('a failure is tried again soon, then later and later; success ends that', async () => {
  const list = await listWith(https())
  answer = (response) => response.writeHead(503).end()
  const tries: number[] = []
  for (let s = 0; s < 300; s += 10) {
    const before = asked.length
    await job().run(NOW + s * 1_000)
    if (asked.length > before) tries.push(s)
  }
  expect(tries).toEqual([0, 30, 90, 210])
  expect((await states.get(list))?.value).toMatchObject({
    failures: 4,
    failure: { code: 'FEED_UNREACHABLE', message: expect.stringContaining('status 503') },
  })
  answer = (response) => response.writeHead(200).end('a list')
  await job().run(NOW + 450_000)
  const state = (await states.get(list))?.value
  expect(state).toMatchObject({ failures: 0, version: 1 })
  expect(state?.failure).toBeUndefined()
})

test('what another try does not change waits for its next time', async () => {
  await listWith(https())
  answer = (response) => response.writeHead(302, { location: '/' }).end()
  for (const minutes of [0, 1, 5, 59]) await job().run(NOW + minutes * MINUTE_MS)
  expect(asked).toHaveLength(1)
  expect(delivered).toEqual([])
})

test('a file that could not be taken is asked for again, whatever it is known by', async () => {
  const list = await listWith(https())
  refusal = new HotplateError('LIST_UNREADABLE', "The list can't be read")
  await job().run(NOW)
  expect((await states.get(list))?.value).toMatchObject({
    failures: 1,
    failure: { code: 'LIST_UNREADABLE' },
  })
  refusal = null
  await job().run(NOW + 60 * MINUTE_MS)
  expect(asked[1]?.etag).toBeUndefined()
  expect(delivered).toHaveLength(2)
})

test('an account that the configuration does not have is told by its name', async () => {
  const list = await listWith({ ...https(), account: 'other' } as ListFeed)
  await job().run(NOW)
  expect((await states.get(list))?.value.failure).toEqual({
    code: 'FEED_ACCOUNT',
    message: 'Expected the account other in hotlists.feeds.accounts but found none',
  })
  expect(asked).toEqual([])
})

test('no secret stands in the log or in a document', async () => {
  const list = await listWith(https())
  answer = (response) => response.writeHead(401).end()
  await job().run(NOW)
  expect(logged).toHaveLength(1)
  const told = JSON.stringify([logged, (await states.get(list))?.value])
  expect(told).not.toContain(SECRET)
})

test('a file in a watched folder is handed on, and its report says what became of it', async () => {
  const list = await listWith({ kind: 'folder' })
  const keeper = job()
  await keeper.run(NOW)
  const folder = join(nats.data_dir, 'lists', list)
  await writeFile(join(folder, 'stolen.csv'), 'a list')
  for (const s of [10, 20]) await keeper.run(NOW + s * 1_000)
  expect(delivered).toMatchObject([{ list, name: 'stolen.csv', text: 'a list' }])
  const report = join(folder, 'done', '2026-03-01T12-00-20.000Z-stolen.csv.report.json')
  expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({
    list,
    file: 'stolen.csv',
    version: 1,
    state: 'active',
  })
})

test('a file at fault goes to failed; one that the store was down for is taken again', async () => {
  const list = await listWith({ kind: 'folder' })
  const folder = join(nats.data_dir, 'lists', list)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'stolen.csv'), 'a list')
  const keeper = job()
  refusal = new Error('the store is down')
  for (const s of [0, 10]) await keeper.run(NOW + s * 1_000)
  refusal = new HotplateError('LIST_UNREADABLE', "The list can't be read")
  for (const s of [20, 30]) await keeper.run(NOW + s * 1_000)
  for (const s of [40, 50]) await keeper.run(NOW + s * 1_000)
  expect(delivered).toHaveLength(2)
  const report = join(folder, 'failed', '2026-03-01T12-00-30.000Z-stolen.csv.report.json')
  expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({
    code: 'LIST_UNREADABLE',
    message: "The list can't be read",
  })
})

test('one turn at a time; a keeper that keeps no more ends its own', async () => {
  const stopping = new AbortController()
  await listWith(https())
  answer = () => stopping.abort()
  const keeper = job(stopping.signal)
  keeper.turn(NOW)
  keeper.turn(NOW)
  await keeper.idle()
  expect(asked).toHaveLength(1)
  expect(logged).toEqual([])
})

test('the wait after failures is never longer than the regular one', () => {
  const state = { list: 'a', feed: 'b', asked_at: new Date(NOW).toISOString() }
  const failure = { code: 'FEED_UNREACHABLE', message: '' }
  const wait_s = (failures: number) => (dueAt({ ...state, failures, failure }, 60) - NOW) / 1_000
  expect([1, 2, 3, 7, 8, 60, 2_000].map(wait_s)).toEqual([30, 60, 120, 1_920, 3_600, 3_600, 3_600])
})
