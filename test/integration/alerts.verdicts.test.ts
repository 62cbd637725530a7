// Verdicts end to end: real nats-server, real gateway. A bug here shows as two dispatchers who both
// believe that theirs stands, a verdict without a trace, or one that looks like an alert.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, openUsers } from '../../src/access/users.ts'
import { AlertRaiser } from '../../src/alerts/raise.ts'
import { alertSubject, STREAM } from '../../src/bus/streams.ts'
import { DAY_MS } from '../../src/domain/time.ts'
import { makeAlert, makeEvent, publishAlert } from '../helpers/alert.ts'
import {
  openConsole,
  PASSWORD,
  startTestGateway,
  type TestConsole,
  type TestGateway,
  USER,
} from '../helpers/gateway.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { until } from '../helpers/until.ts'

const OTHER = 'second'
let nats: TestNats
let gateway: TestGateway
let mine: string
let others: string

beforeAll(async () => {
  nats = await startNats()
  gateway = await startTestGateway(nats.bus)
  await addUser(await openUsers(nats.bus), { name: OTHER, demo: true, password: PASSWORD })
  mine = await gateway.signIn()
  others = await until(() => gateway.signIn(OTHER))
})
afterAll(async () => {
  await gateway.stop()
  await nats[Symbol.asyncDispose]()
})

const say = async (id: string, said: object, cookie = mine) => {
  const response = await gateway.fetch(`/v1/alerts/${id}/verdict`, {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/json' },
    body: JSON.stringify(said),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const fetchAlert = async (id: string) =>
  (await gateway.fetch(`/v1/alerts/${id}`, { headers: { cookie: mine } })).json()
const auditOf = async (id: string) => {
  const records: Record<string, unknown>[] = []
  const { last_seq } = (await nats.bus.jsm.streams.info(STREAM.audit)).state
  for (let seq = 1; seq <= last_seq; seq += 1) {
    const message = await nats.bus.jsm.streams.getMessage(STREAM.audit, { seq })
    const record = message?.json<Record<string, unknown>>()
    if (record?.object === id && record.what === 'alert_verdict') records.push(record)
  }
  return records.map(({ who, outcome, detail, reason }) => [who, outcome, detail, reason])
}
const framesOf = (console: TestConsole, id: string) =>
  console.frames.filter(({ alert, event }) => (alert ?? event)?.id === id)

test('401.2b an alert is unverified until a person has said more, and then says who', async () => {
  const alert = makeAlert()
  await publishAlert(nats.bus, alert)
  expect(await fetchAlert(alert.id)).toMatchObject({ status: 'unverified' })
  expect(await fetchAlert(alert.id)).not.toHaveProperty('verdict')
  const { status, body } = await say(alert.id, { verdict: 'rejected', reason: 'misread' })
  expect([status, body]).toEqual([
    200,
    expect.objectContaining({ verdict: 'rejected', reason: 'misread', by: USER }),
  ])
  expect(await fetchAlert(alert.id)).toMatchObject({ status: 'rejected', verdict: body })
  expect(await auditOf(alert.id)).toEqual([[USER, 'ok', 'rejected misread', undefined]])
})

test('401.2b a verdict is verified, or rejected for a reason; nothing is confirmed', async () => {
  const alert = makeAlert()
  await publishAlert(nats.bus, alert)
  for (const said of [
    { verdict: 'confirmed' },
    { verdict: 'rejected' },
    { verdict: 'rejected', reason: 'other' },
    { verdict: 'verified', reason: 'misread' },
    { verdict: 'verified', seq: -1 },
  ]) {
    const { status, body } = await say(alert.id, said)
    expect([status, body.code]).toEqual([400, 'invalid_request'])
  }
  expect(await fetchAlert(alert.id)).toMatchObject({ status: 'unverified' })
})

test('of two at once one wins, and the other is told who', async () => {
  for (let round = 0; round < 5; round += 1) {
    const alert = makeAlert()
    await publishAlert(nats.bus, alert)
    const answers = await Promise.all([
      say(alert.id, { verdict: 'verified' }),
      say(alert.id, { verdict: 'rejected', reason: 'wrong_vehicle' }, others),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    const won = answers.find(({ status }) => status === 200)
    const lost = answers.find(({ status }) => status === 409)
    expect(lost?.body).toMatchObject({ code: 'verdict_overtaken', verdict: won?.body })
    expect(lost?.body.detail).toContain(String(won?.body.by))
    expect(await fetchAlert(alert.id)).toMatchObject({ verdict: won?.body })
    const refused = (await auditOf(alert.id)).filter(([, outcome]) => outcome === 'refused')
    expect(refused.map(([, , , reason]) => reason)).toEqual(['overtaken'])
  }
})

test('who has seen a verdict may change it; the same one again stands', async () => {
  const alert = makeAlert()
  await publishAlert(nats.bus, alert)
  const first = await say(alert.id, { verdict: 'verified' })
  expect(await say(alert.id, { verdict: 'verified' })).toEqual(first)
  const { seq } = first.body
  const change = { verdict: 'rejected', reason: 'wrong_state', seq }
  expect((await say(alert.id, change, others)).status).toBe(200)
  expect((await say(alert.id, { verdict: 'verified', seq })).status).toBe(409)
  expect(await fetchAlert(alert.id)).toMatchObject({ status: 'rejected', verdict: { by: OTHER } })
})

test('every console hears of it once, also one that comes later, and sees no gap', async () => {
  const alert = makeAlert()
  const live = await openConsole(gateway.url, others)
  const from = await publishAlert(nats.bus, makeAlert())
  live.send({ type: 'resume', after: from })
  await publishAlert(nats.bus, alert)
  await say(alert.id, { verdict: 'verified' })
  const next = makeAlert()
  await publishAlert(nats.bus, next)
  const late = await openConsole(gateway.url, mine)
  late.send({ type: 'resume', after: from })
  for (const console of [live, late]) {
    await until(() => framesOf(console, next.id).length === 1)
    const [raised, said, ...more] = framesOf(console, alert.id)
    expect([raised?.type, said?.type, more]).toEqual(['alert', 'update', []])
    expect(said?.event).toMatchObject({ verdict: 'verified', by: USER })
    expect(said?.prev).toBe(raised?.seq)
    expect(framesOf(console, next.id)[0]?.prev).toBe(raised?.seq)
    console.send({ type: 'received', seq: said?.seq })
    console.send({ type: 'resume', after: said?.seq })
    await until(() => framesOf(console, next.id).length === 2)
    expect(console.closed).toBeUndefined()
  }
})

test('401.5 neither an expired alert nor what was said of it is shown', async () => {
  let now = Date.now()
  await using other = await startTestGateway(nats.bus, { delivery: { now: () => now } })
  const alert = makeAlert((a) => {
    a.read.time = new Date(now - 30 * DAY_MS + 60_000).toISOString()
  })
  const from = await publishAlert(nats.bus, alert)
  await nats.bus.js.publish(`${alertSubject(alert.id)}.events`, JSON.stringify(makeEvent(alert)))
  now += 61_000
  const console = await openConsole(other.url, await other.signIn())
  console.send({ type: 'resume', after: from - 1 })
  const last = makeAlert()
  await publishAlert(nats.bus, last)
  await until(() => framesOf(console, last.id).length > 0)
  expect(framesOf(console, alert.id)).toEqual([])
})

test('401.9b a verdict on no alert, or by nobody, is refused', async () => {
  const { status, body } = await say('0123456789abcdef', { verdict: 'verified' })
  expect([status, body.code]).toEqual([404, 'alert_not_found'])
  expect(await auditOf('0123456789abcdef')).toEqual([[USER, 'refused', 'verified', 'not_found']])
  const alert = makeAlert()
  await publishAlert(nats.bus, alert)
  expect((await say(alert.id, { verdict: 'verified' }, '')).status).toBe(401)
  expect(await fetchAlert(alert.id)).toMatchObject({ status: 'unverified' })
})

test('an event is no alert to whoever raises them', async () => {
  const alert = makeAlert()
  await publishAlert(nats.bus, alert)
  await say(alert.id, { verdict: 'verified' })
  const raiser = new AlertRaiser(nats.bus, 30)
  const go_on = new AbortController().signal
  const sighting = {
    list: 'state-extract',
    entry_id: 'e-1',
    camera: 'pole-9',
    time_ms: Date.now(),
    build: (id: string) => makeAlert((a) => Object.assign(a, { id })),
  }
  expect(await raiser.raise([[sighting]], go_on)).toEqual(['raised'])
  expect(await new AlertRaiser(nats.bus, 30).raise([[sighting]], go_on)).toEqual(['suppressed'])
  raiser.close()
})
