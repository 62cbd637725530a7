// Versions of a list by HTTP, on a real nats-server and engine: a file sent in, what came of it, a
// second person's word, the way back. Were it wrong, a browser would put a list into force alone,
// or a large file would fill the memory of the process that alerts.
import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, openUsers } from '../../src/access/users.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { Role } from '../../src/domain/roles.ts'
import { openHotlistSubjects } from '../../src/gateway/hotlist-subjects.ts'
import { importList } from '../../src/hotlists/import.ts'
import { type Manifests, openManifests } from '../../src/hotlists/manifest.ts'
import { connectStore, type Store } from '../../src/store/client.ts'
import { applySchema } from '../../src/store/schema.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startClickHouse, type TestClickHouse } from '../helpers/clickhouse.ts'
import { type TemporaryFolder, temporaryFolder } from '../helpers/folder.ts'
import { PASSWORD, startTestGateway, type TestGateway } from '../helpers/gateway.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { until } from '../helpers/until.ts'

const PEOPLE: Record<string, Role[]> = {
  ann: ['dispatcher'],
  sue: ['supervisor'],
  otto: ['auditor'],
}
const UPLOAD_BYTES_MAX = 8 * 1024 * 1024

let nats: TestNats
let clickhouse: TestClickHouse
let store: Store
let manifests: Manifests
let gateway: TestGateway
let folder: TemporaryFolder
const cookies = new Map<string, string>()

beforeAll(async () => {
  ;[nats, clickhouse] = await Promise.all([startNats(), startClickHouse()])
  folder = temporaryFolder()
  store = connectStore({ ...clickhouse.engine, database: 'hotplate', cluster: null })
  await applySchema(store)
  manifests = await openManifests(nats.bus)
  const limits = { upload_bytes_max: UPLOAD_BYTES_MAX }
  const config = configSchema.parse({ data_dir: folder.path, gateway: limits })
  const log = createLog('silent')
  gateway = await startTestGateway(nats.bus, {
    gateway: limits,
    subjects: (audit, view) =>
      openHotlistSubjects({ bus: nats.bus, store, audit, view, log, config }),
  })
  const entries = [{ plate: 'OLD111', reason: 'Stolen' }]
  const list = { name: 'stolen', category: 'stolen_vehicle', profile: 'fold', entries } as const
  await importList(store, manifests, list)
  const users = await openUsers(nats.bus)
  for (const [name, roles] of Object.entries(PEOPLE)) {
    await addUser(users, { name, demo: false, password: PASSWORD, roles })
    cookies.set(name, await gateway.signIn(name))
  }
})
afterAll(async () => {
  await gateway?.stop()
  await store?.close()
  await clickhouse?.[Symbol.asyncDispose]()
  await nats?.[Symbol.asyncDispose]()
  folder?.[Symbol.dispose]()
})

interface Answer {
  status: number
  body: Record<string, unknown>
}

async function ask(who: string, method: string, path: string, body?: object): Promise<Answer> {
  const response = await gateway.fetch(`/v1/hotlists/stolen/${path}`, {
    method,
    headers: { cookie: cookies.get(who) ?? '', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

/** Sends a file without a length, piece by piece. */
function send(who: string, pieces: Iterable<string>, query = 'format=csv&name=list.csv') {
  const url = new URL(`/v1/hotlists/stolen/imports?${query}`, gateway.url)
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const sending = request(url, {
    method: 'POST',
    headers: { cookie: cookies.get(who) ?? '', 'content-type': 'application/octet-stream' },
  })
  sending.on('response', (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Answer['body']
      resolve({ status: response.statusCode ?? 0, body })
    })
  })
  sending.on('error', reject)
  for (const piece of pieces) sending.write(piece)
  sending.end()
  return promise
}

const staged = (version: number) =>
  until(async () => {
    const { body } = await ask('ann', 'GET', `versions/${version}`)
    return body.state === 'importing' ? null : body
  })

test('401.4f a file sent in waits for a second person, who sees what it changes', async () => {
  const header = 'plate,state,reason\n'
  const sent = await send('ann', [header, 'NEW222,ID,Stolen\n', 'TOOLONG1234567,ID,Stolen\n'])
  expect(sent).toEqual({ status: 202, body: { version: 2 } })
  expect(await staged(2)).toMatchObject({
    state: 'held',
    file: 'list.csv',
    counts: { lines: 2, entries: 1, bad: 1, added: 1, removed: 1 },
    held: ['1 of 2 lines are wrong, where 1 % may be'],
    approval: { authors: ['ann'], state: 'submitted' },
  })
  expect((await ask('ann', 'GET', 'versions/2/bad-lines')).body).toEqual({
    lines: [
      { line: 3, column: 'plate', expected: '1 to 12 of A-Z, 0-9', came: '"TOOLONG1234567"' },
    ],
    more: false,
  })
  const { body } = await ask('sue', 'GET', 'versions/2/difference')
  expect(body).toMatchObject({
    differences: [
      { kind: 'added', plate: 'NEW222', is: { region: 'US-ID' } },
      { kind: 'removed', plate: 'OLD111', is: null },
    ],
    next: null,
  })
  expect((await ask('ann', 'POST', 'versions/2/approve', {})).body.code).toBe('approval_right')
  expect((await manifests.get('stolen'))?.value.version).toBe(1)
  const approved = await ask('sue', 'POST', 'versions/2/approve', {})
  expect(approved).toMatchObject({ status: 200, body: { state: 'active' } })
  expect((await manifests.get('stolen'))?.value.version).toBe(2)
  // What was sent is not kept.
  await until(() => readdirSync(join(folder.path, 'uploads')).length === 0)
})

test('401.4f a supervisor goes back to a version that was in force', async () => {
  expect((await ask('ann', 'POST', 'versions/1/rollback', {})).body.code).toBe('approval_right')
  const back = await ask('sue', 'POST', 'versions/1/rollback', {})
  expect(back).toMatchObject({ status: 200, body: { state: 'active', rolled_back_to: 1 } })
  const { body } = await ask('ann', 'GET', 'versions')
  const states = (body.versions as { version: number; state: string }[]).map((one) => one.state)
  expect(states).toEqual(['active', 'superseded', 'superseded'])
  expect((await ask('sue', 'POST', 'versions/99/rollback', {})).body.code).toBe('version_not_found')
})

test('a file larger than any body comes in as it is sent; one too large is cut', async () => {
  const line = `${'plate,reason'.padEnd(12)}\n`
  const row = (at: number) => `P${at},${'x'.repeat(60)}\n`
  const block = (from: number) => Array.from({ length: 1_000 }, (_, at) => row(from + at)).join('')
  const rows = (count: number) =>
    Array.from({ length: count / 1_000 }, (_, at) => block(1_000 * at))
  const sent = await send('ann', [line, ...rows(40_000)])
  expect(sent.status).toBe(202)
  const version = sent.body.version as number
  expect(await staged(version)).toMatchObject({ counts: { entries: 40_000 } })
  const cut = await send('ann', [line, ...rows(200_000)]).catch((error: unknown) => error)
  // Whoever still sends sees the connection go; whoever reads sees why.
  expect(cut).toSatisfy(
    (answer) => answer instanceof Error || (answer as Answer).body.code === 'body_too_large',
  )
  expect(await manifests.versions.get(`stolen.${version + 1}`)).toBeNull()
  await until(() => readdirSync(join(folder.path, 'uploads')).length === 0)
})

test('who may not bring a file in, or names no layout, is refused', async () => {
  expect(await send('nobody', ['x'])).toMatchObject({ status: 401 })
  expect(await send('otto', ['x'])).toMatchObject({ status: 403, body: { code: 'approval_right' } })
  expect(await send('ann', ['x'], 'format=none')).toMatchObject({
    status: 422,
    body: { code: 'format_unknown' },
  })
})
