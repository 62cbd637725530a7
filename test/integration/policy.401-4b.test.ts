// 401.4b: who may know of which list, through every door that alerts leave by: the stream, the API,
// pictures, verdicts and the lists' report. A bug here shows a covert operation, or state data, to
// somebody who has no right to it; or it loses an alert for somebody who has.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { addUser, openUsers, setIlets, setRoles } from '../../src/access/users.ts'
import { alertEventsSubject } from '../../src/bus/streams.ts'
import type { Alert, AlsoListed } from '../../src/domain/alert.ts'
import { openSettings, type SettingsDocuments } from '../../src/hotlists/settings.ts'
import { makeAlert, makeEvent, publishAlert } from '../helpers/alert.ts'
import {
  openConsole,
  startTestGateway,
  type TestConsole,
  type TestGateway,
} from '../helpers/gateway.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { putSettings } from '../helpers/settings.ts'
import { until } from '../helpers/until.ts'

const PASSWORD = 'correct horse battery'
const LISTS = ['public', 'of-roles', 'of-people', 'covert', 'state', 'covert-state'] as const

let nats: TestNats
let gateway: TestGateway
let settings: SettingsDocuments
beforeAll(async () => {
  nats = await startNats()
  settings = await openSettings(nats.bus)
  gateway = await startTestGateway(nats.bus)
  const users = await openUsers(nats.bus)
  const add = (name: string, ...roles: ('supervisor' | 'administrator' | 'dispatcher')[]) =>
    addUser(users, { name, demo: false, password: PASSWORD, roles })
  await add('dan', 'dispatcher')
  await add('sue', 'supervisor')
  await add('eve', 'dispatcher')
  await add('ada', 'administrator', 'supervisor')
  await addUser(users, { name: 'ina', demo: false, password: PASSWORD, ilets: true })
})
afterAll(async () => {
  await gateway?.stop()
  await nats?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await putSettings(settings, 'of-roles', { visibility: { kind: 'roles', roles: ['supervisor'] } })
  await putSettings(settings, 'of-people', { visibility: { kind: 'people', people: ['eve'] } })
  await putSettings(settings, 'covert', { visibility: { kind: 'covert', people: ['eve', 'ina'] } })
  await putSettings(settings, 'state', { ilets: true })
  const covert = { kind: 'covert' as const, people: ['eve', 'ina'] }
  await putSettings(settings, 'covert-state', { visibility: covert, ilets: true })
})

const SEES: Record<string, readonly (typeof LISTS)[number][]> = {
  dan: ['public'],
  sue: ['public', 'of-roles'],
  ada: ['public', 'of-roles'],
  eve: ['public', 'of-people', 'covert'],
  ina: ['public', 'covert', 'state', 'covert-state'],
}

const alertOf = (list: string, also?: AlsoListed[]): Alert =>
  makeAlert((alert) => {
    alert.entry.list = list
    alert.read.images = { plate: true, vehicle: false }
    if (also !== undefined) alert.also = also
  })

const named = (list: string): AlsoListed => ({
  list,
  id: `e-${list}`,
  version: 1,
  priority: 2,
  category: 'warrant',
  reason: 'Warrant',
})

async function consoleOf(user: string, after: number): Promise<TestConsole> {
  const console = await openConsole(gateway.url, await gateway.signIn(user, PASSWORD))
  console.send({ type: 'resume', after })
  return console
}
const alertsOf = ({ frames }: TestConsole) => frames.filter(({ type }) => type === 'alert')

describe('401.4b the stream', () => {
  test('shows each person the alerts of their lists and what happens to them, no gap', async () => {
    const start = await publishAlert(nats.bus, alertOf('public'))
    const consoles = new Map<string, TestConsole>()
    for (const user of Object.keys(SEES)) consoles.set(user, await consoleOf(user, start))
    const alerts = [...LISTS, ...LISTS, 'public'].map((list) => alertOf(list))
    for (const alert of alerts) {
      await publishAlert(nats.bus, alert)
      await nats.bus.js.publish(alertEventsSubject(alert.id), JSON.stringify(makeEvent(alert)))
    }
    const last = alerts.at(-1)?.id
    for (const [user, console] of consoles) {
      await until(() => console.frames.at(-1)?.event?.id === last, { what: `the end for ${user}` })
      const seen = alerts.filter(({ entry }) => SEES[user]?.includes(entry.list as 'public'))
      expect(alertsOf(console).map(({ alert }) => alert?.id)).toEqual(seen.map(({ id }) => id))
      const events = console.frames.filter(({ type }) => type === 'update')
      expect(events.map(({ event }) => event?.id)).toEqual(seen.map(({ id }) => id))
      // `prev` is the last one that this person could see.
      alertsOf(console).reduce((before, { seq, prev }) => {
        expect(prev).toBe(before)
        return seq
      }, start)
    }
  })

  test('names no list in an alert to whoever may not know of it', async () => {
    const start = await publishAlert(nats.bus, alertOf('public'))
    const dan = await consoleOf('dan', start)
    const eve = await consoleOf('eve', start)
    const ina = await consoleOf('ina', start)
    const alert = alertOf('public', [named('covert'), named('state'), named('unknown')])
    await publishAlert(nats.bus, alert)
    const none = alertOf('public', [named('covert-state')])
    await publishAlert(nats.bus, none)
    const shown = async (console: TestConsole) => {
      await until(() => alertsOf(console).length === 2)
      const [first, second] = alertsOf(console).map((frame) => frame.alert as Alert)
      return [first?.also?.map(({ list }) => list), second?.also?.map(({ list }) => list)]
    }
    expect(await shown(dan)).toEqual([['unknown'], undefined])
    expect(await shown(eve)).toEqual([['covert', 'unknown'], undefined])
    expect(await shown(ina)).toEqual([['covert', 'state', 'unknown'], ['covert-state']])
    expect(JSON.stringify(dan.frames)).not.toMatch(/covert|e-state/)
    const cookie = await gateway.signIn('dan', PASSWORD)
    const fetched = await gateway.fetch(`/v1/alerts/${alert.id}`, { headers: { cookie } })
    expect(((await fetched.json()) as Alert).also).toEqual([named('unknown')])
  })

  test('goes by what is in force now: settings, roles and authorisation', async () => {
    const start = await publishAlert(nats.bus, alertOf('public'))
    const dan = await consoleOf('dan', start)
    const seen = async (list: string) => {
      const alert = alertOf(list)
      await publishAlert(nats.bus, alert)
      const end = alertOf('public')
      await publishAlert(nats.bus, end)
      await until(() => alertsOf(dan).at(-1)?.alert?.id === end.id)
      return alertsOf(dan).some(({ alert: one }) => one?.id === alert.id)
    }
    const users = await openUsers(nats.bus)
    const becomes = (wanted: boolean, list: string) =>
      until(async () => (await seen(list)) === wanted, { ms: 5_000 })
    expect(await seen('of-roles')).toBe(false)
    await setRoles(users, 'dan', ['dispatcher', 'supervisor'])
    await becomes(true, 'of-roles')
    await putSettings(settings, 'of-roles', { visibility: { kind: 'people', people: ['eve'] } })
    await becomes(false, 'of-roles')
    await setIlets(users, 'dan', true)
    await becomes(true, 'state')
    await setIlets(users, 'dan', false)
    await becomes(false, 'state')
    await setRoles(users, 'dan', ['dispatcher'])
  })
})

describe('401.4b the API', () => {
  test('an alert, its pictures and verdicts are absent for whoever may not see it', async () => {
    for (const [user, lists] of Object.entries(SEES)) {
      const cookie = await gateway.signIn(user, PASSWORD)
      for (const list of LISTS) {
        const alert = alertOf(list)
        await publishAlert(nats.bus, alert)
        const get = async (path: string) => {
          const answer = await gateway.fetch(`/v1/alerts/${alert.id}${path}`, {
            headers: { cookie },
          })
          const { code = '' } = (await answer.json()) as { code?: string }
          return `${answer.status} ${code}`.trim()
        }
        const verdict = await gateway.fetch(`/v1/alerts/${alert.id}/verdict`, {
          method: 'POST',
          headers: { cookie, 'content-type': 'application/json' },
          body: JSON.stringify({ verdict: 'verified' }),
        })
        const may = lists.includes(list)
        expect([user, list, await get(''), await get('/images/plate'), verdict.status]).toEqual(
          may
            ? [user, list, '200', '404 image_not_found', 200]
            : [user, list, '404 alert_not_found', '404 alert_not_found', 404],
        )
      }
    }
  })

  test('the report tells of no list that somebody may not know of', async () => {
    const seen: string[][] = []
    await using other = await startTestGateway(nats.bus, {
      lists: {
        report(may_see = () => true) {
          seen.push(LISTS.filter(may_see))
          return Promise.resolve({ days: 90, lists: [] })
        },
      },
    })
    for (const [user, lists] of Object.entries(SEES)) {
      const cookie = await other.signIn(user, PASSWORD)
      const answer = await other.fetch('/v1/matching/lists', { headers: { cookie } })
      expect(answer.status).toBe(200)
      expect(seen.at(-1)).toEqual(lists)
    }
  })
})
