// Lists by command beside a running service, and what their settings make of reads. Were it wrong,
// a list that nobody has approved would stop cars, or a change of settings would wait for an index.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, openUsers } from '../../src/access/users.ts'
import { runCli } from '../helpers/cli.ts'
import { type RunningService, startService } from '../helpers/service.ts'
import { alertsOf, makeRead, publish, putInForce, settled } from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'

let service: RunningService

beforeAll(async () => {
  service = await startService({ settings: { AGENCY__TIME_ZONE: 'America/Boise' } })
  const users = await openUsers(await service.bus())
  await addUser(users, { name: 'sue', demo: false, roles: ['supervisor'] })
  await addUser(users, { name: 'sam', demo: false, roles: ['supervisor'] })
  await addUser(users, { name: 'ada', demo: false, roles: ['administrator'] })
})
afterAll(async () => {
  await service?.[Symbol.asyncDispose]()
})

let cameras = 0
/** Lists that a read of this plate alerts for, with those that the alert names. */
async function alerting(plate: string): Promise<string[]> {
  cameras += 1
  const camera = `gate-${cameras}`
  await publish(service, makeRead({ plate, camera }), camera)
  await settled(service)
  const alerts = (await alertsOf(service)).filter(({ read }) => read.camera === camera)
  return alerts.map(({ entry, also = [] }) => [entry, ...also].map(({ list }) => list).join(' '))
}

const command = (...args: string[]) =>
  runCli(['hotlist', ...args, '--data', service.data_dir], service.settings)

test('401.4f a list alerts once another person has approved it', async () => {
  expect(await command('create', '--list', 'bolo', '--submit', '--by', 'sue')).toEqual({
    code: 0,
    stderr: '',
    stdout: 'bolo is not in force; of what is proposed: another person has to approve it\n',
  })
  await putInForce(service, 'bolo', [{ plate: 'KXA7437' }], 'fold')
  expect(await alerting('KXA7437')).toEqual([])
  expect((await command('inbox')).stdout).toMatch(/list +bolo +bolo +sue .* New list: bolo/)
  expect(await command('approve', '--list', 'bolo', '--by', 'sue')).toMatchObject({ code: 1 })
  expect(await command('approve', '--list', 'bolo', '--by', 'sam')).toMatchObject({
    code: 0,
    stdout: 'bolo is active\n',
  })
  await until(async () => (await alerting('KXA7437')).join() === 'bolo')
})

test('settings act at once and without a new index, what widens after approval', async () => {
  const government = ['--government', 'State police', '--by', 'ada']
  await command('create', '--list', 'hours', '--category', 'warrant', ...government)
  await putInForce(service, 'hours', [{ plate: 'RTY7493' }], 'fold')
  await until(async () => (await alerting('RTY7493')).join() === 'hours')
  // Hours that are not now.
  const today = new Intl.DateTimeFormat('en', { timeZone: 'America/Boise', weekday: 'short' })
  const other = today.format(Date.now() + 3 * 86_400_000).toLowerCase()
  const file = join(service.data_dir, '..', 'hours.yaml')
  writeFileSync(file, `hours: [{ days: [${other}], from: '08:00', to: '10:00' }]\n`)
  expect(await command('set', '--list', 'hours', '--from', file, '--by', 'sue')).toMatchObject({
    code: 0,
    stdout: 'hours is active\n',
  })
  await until(async () => (await alerting('RTY7493')).length === 0)
  expect(await service.metrics()).toMatch(
    /hotplate_alerts_kept_back_total\{list="hours",cause="hours"\} [1-9]/,
  )
  writeFileSync(file, 'hours: []\n')
  const wider = await command('set', '--list', 'hours', '--from', file, '--submit', '--by', 'sue')
  expect(wider.stdout).toMatch(/^hours is active; of what is proposed: another person/)
  expect(await alerting('RTY7493')).toEqual([])
  await command('approve', '--list', 'hours', '--by', 'sam')
  await until(async () => (await alerting('RTY7493')).join() === 'hours')
})

test('a vehicle on several lists has one alert, of the most urgent', async () => {
  const government = ['--government', 'State police', '--by', 'ada']
  await command('create', '--list', 'stolen', '--category', 'stolen_vehicle', ...government)
  const amber = ['--category', 'amber_alert', '--priority', '1', ...government]
  expect(await command('create', '--list', 'amber', ...amber)).toMatchObject({
    stdout: 'amber is active\n',
  })
  await putInForce(service, 'stolen', [{ plate: 'TUV3947' }], 'fold')
  await putInForce(service, 'amber', [{ plate: 'TUV3947' }], 'fold')
  await until(async () => (await alerting('TUV3947')).join() === 'amber stolen')
  // Now the first alert is not for everybody: whoever gets the other one must not miss it.
  const covert = ['set', '--list', 'amber', '--visible', 'covert:sue', '--by', 'ada']
  expect(await command(...covert)).toMatchObject({ code: 0, stderr: '' })
  await until(
    async () => (await alerting('TUV3947')).toSorted().join() === 'amber stolen,stolen amber',
  )
  const revoke = ['revoke', '--list', 'amber', '--note', 'Found', '--by', 'sam']
  expect(await command(...revoke)).toMatchObject({ code: 0, stdout: 'amber is revoked\n' })
  await until(async () => (await alerting('TUV3947')).join() === 'stolen')
})

test('401.4b people are authorised for state data by command, and it is on record', async () => {
  const user = (...args: string[]) =>
    runCli(['user', ...args, '--data', service.data_dir], service.settings)
  expect(await user('add', 'ina', '--ilets')).toMatchObject({ code: 0, stderr: '' })
  const users = await openUsers(await service.bus())
  expect((await users.get('ina'))?.value.ilets).toBe(true)
  expect((await users.get('sue'))?.value.ilets).toBe(false)
  expect(await user('ilets', 'ina', '--off')).toMatchObject({
    code: 0,
    stdout: 'ina: not authorised for state law-enforcement data\n',
  })
  expect((await users.get('ina'))?.value.ilets).toBe(false)
  expect(await user('ilets', 'nobody-here')).toMatchObject({ code: 1 })
  const { jsm } = await service.bus()
  const last = await jsm.streams.getMessage('AUDIT', { last_by_subj: 'audit.v1.user_ilets' })
  expect(last?.json()).toMatchObject({ object: 'ina', detail: 'not authorised', outcome: 'ok' })
})

test('lists are shown with their state, their source and their age', async () => {
  const registered = ['--government', 'State police', '--by', 'ada']
  await command('create', '--list', 'plates', '--category', 'stolen_plate', ...registered)
  await putInForce(service, 'plates', [{ plate: 'GHT3947' }], 'fold')
  await command('create', '--list', 'draft', '--title', 'Drafted', '--by', 'sue')
  const { stdout } = await command('lists')
  expect(stdout).toMatch(/plates +plates +3 +stolen_plate +State police +active +1 +1 +0 h/)
  expect(stdout).toMatch(/draft +Drafted +3 +custom +custom +no, proposal draft/)
  const shown = JSON.parse((await command('show', '--list', 'plates')).stdout) as object
  expect(shown).toMatchObject({
    name: 'plates',
    approved: { settings: { source: { kind: 'government', registered_by: 'ada' } } },
    in_force: { entries: 1 },
  })
  expect(await command('show', '--list', 'nothing')).toMatchObject({ code: 1 })
  const wrong = await command('set', '--list', 'draft', '--visible', 'some')
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('visibility') })
})
