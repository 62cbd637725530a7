// Plates put on a list and taken off it by command, beside a running service. Were it wrong, a
// plate that one person has typed would stop a car, or one called in by radio would wait for the
// next import.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, openUsers } from '../../src/access/users.ts'
import { loadEntries } from '../../src/hotlists/entries.ts'
import type { ListEvent } from '../../src/hotlists/events.ts'
import { runCli } from '../helpers/cli.ts'
import { type RunningService, startService } from '../helpers/service.ts'
import { alertsOf, makeRead, publish, putInForce, settled } from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'

let service: RunningService

beforeAll(async () => {
  service = await startService({ settings: { HOTLISTS__CASE_PATTERN: '([A-Z]{2}26-[0-9]{4})?' } })
  const users = await openUsers(await service.bus())
  await addUser(users, { name: 'ann', demo: false, roles: ['dispatcher'] })
  await addUser(users, { name: 'sue', demo: false, roles: ['supervisor'] })
  await addUser(users, { name: 'sam', demo: false, roles: ['supervisor'] })
  await addUser(users, { name: 'ada', demo: false, roles: ['administrator'] })
  await putInForce(service, 'stolen', [{ plate: 'KXA7437' }, { plate: 'MNP4739' }], 'fold')
})
afterAll(async () => {
  await service?.[Symbol.asyncDispose]()
})

let cameras = 0
/** Entries that the alerts of a read of this plate are for, or name: `list plate reason`. */
async function alerting(plate: string): Promise<string[]> {
  cameras += 1
  const camera = `gate-${cameras}`
  await publish(service, makeRead({ plate, camera }), camera)
  await settled(service)
  const alerts = (await alertsOf(service)).filter(({ read }) => read.camera === camera)
  const named = alerts.flatMap(({ entry, also = [] }) =>
    [entry, ...also].map(({ list, reason }) => `${list} ${entry.plate} ${reason}`),
  )
  return named.toSorted()
}

const command = (...args: string[]) =>
  runCli(['hotlist', ...args, '--data', service.data_dir], service.settings)
const step = (name: string, id: string, by: string, ...more: string[]) =>
  command(name, '--list', 'stolen', '--entry', id, '--by', by, ...more)
const WHY = ['--reason', 'Armed', '--purpose', 'suspect_interdiction', '--expires', '7d']
const add = (plate: string, ...more: string[]) =>
  command('add', '--list', 'stolen', '--plate', plate, ...WHY, ...more)
const idOf = (stdout: string) => /as entry ([0-9a-f]{16}):/.exec(stdout)?.[1] as string

test('401.4f an entry alerts once a second person has approved it, until revoked', async () => {
  const added = await add('tuv 3947', '--region', 'ID', '--by', 'sue', '--submit')
  expect(added).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^TUV3947 is drafted on stolen as entry [0-9a-f]{16}: another/),
  })
  const id = idOf(added.stdout)
  expect(await alerting('TUV3947')).toEqual([])
  expect((await command('inbox')).stdout).toMatch(new RegExp(`entry +stolen +${id} +sue `))
  expect(await step('approve', id, 'sue')).toMatchObject({
    code: 1,
    stderr:
      'hotplate: Expected a second person to approve the entry ' +
      'but received sue, who has written it\n',
  })
  expect(await step('approve', id, 'ada')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/but received ada with administrator/),
  })
  expect(await alerting('TUV3947')).toEqual([])
  expect(await step('approve', id, 'sam')).toMatchObject({
    code: 0,
    stdout: `TUV3947 on stolen, entry ${id}, is active\n`,
  })
  await until(async () => (await alerting('TUV3947')).join() === 'stolen TUV3947 Armed')
  expect((await command('inbox')).stdout).toBe('Nothing waits for a decision\n')
  expect(await step('revoke', id, 'ann', '--note', 'Recovered')).toMatchObject({ code: 0 })
  await until(async () => (await alerting('TUV3947')).length === 0)

  const told = await command('history', '--list', 'stolen', '--entry', id, '--json')
  const events = told.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ListEvent)
  expect(events.map(({ who, what, refused = 'ok' }) => `${who} ${what} ${refused}`)).toEqual([
    'ann entry_revoke ok',
    'sam entry_approve ok',
    'ada entry_approve approval_right',
    'sue entry_approve approval_self',
    'sue entry_submit ok',
  ])
  expect(events[0]).toMatchObject({
    from: expect.stringMatching(/^command line, os:/),
    was: { entry: { plate: 'TUV3947', region: 'US-ID' }, approval: { state: 'active' } },
    is: { approval: { state: 'revoked' } },
  })
})

test('401.4f whoever sits at the machine drafts, and decides on nothing', async () => {
  const id = idOf((await add('HJK9374', '--case', 'SV26-1234')).stdout)
  for (const name of ['submit', 'approve', 'urgent', 'revoke']) {
    const ran = await command(name, '--list', 'stolen', '--entry', id, '--note', 'Because')
    expect(ran.code, name).toBe(name === 'submit' ? 0 : 1)
  }
  const remove = ['remove', '--list', 'stolen', '--note', 'Recovered']
  expect(await command(...remove, '--plate', 'KXA7437')).toMatchObject({ code: 1 })
  expect(await step('return', id, 'sue', '--note', 'Which state?')).toMatchObject({ code: 0 })
  expect(await step('urgent', id, 'sue', '--note', 'Missing child')).toMatchObject({ code: 0 })
  await until(async () => (await alerting('HJK9374')).join() === 'stolen HJK9374 Armed')
  expect((await command('inbox')).stdout).toMatch(/urgent +entry +stolen/)
  expect(await step('confirm', id, 'sue')).toMatchObject({ code: 1 })
  expect(await step('refuse', id, 'sam', '--note', 'Found')).toMatchObject({ code: 0 })
  await until(async () => (await alerting('HJK9374')).length === 0)
})

test('401.4f an entry is amended by its options, and shown with its state', async () => {
  const more = ['--region', 'ID', '--color', 'white', '--contact', 'Unit 7', '--by', 'ann']
  const id = idOf((await add('RTY7493', ...more, '--submit')).stdout)
  await step('approve', id, 'sue')
  const amend = (...options: string[]) => step('amend', id, 'ann', ...options)
  expect(await amend('--instructions', 'Do not stop', '--without', 'color')).toMatchObject({
    code: 0,
    stdout: `RTY7493 on stolen, entry ${id}, is active\n`,
  })
  expect(await amend('--plate', 'RTY74*')).toMatchObject({
    code: 0,
    stdout: `RTY74* on stolen, entry ${id}, is draft\n`,
  })
  const shown = await command('entries', '--list', 'stolen', '--state', 'draft')
  expect(shown.stdout).toMatch(new RegExp(`^${id} +RTY74\\* +draft +ann +20.* +Armed$`, 'm'))
  const told = await command('history', '--list', 'stolen', '--entry', id, '--json')
  const [last] = told.stdout.split('\n')
  const { is } = JSON.parse(last as string) as { is: { entry: object } }
  expect(is.entry).toMatchObject({
    region: 'US-ID',
    details: { contact: 'Unit 7', instructions: 'Do not stop' },
  })
  expect(is.entry).not.toHaveProperty('vehicle')
})

test('what a list has is silenced at once, with who and why', async () => {
  const remove = ['remove', '--list', 'stolen', '--note', 'Recovered', '--by', 'ann']
  const id = idOf((await add('KXA7437', '--by', 'ann', '--submit')).stdout)
  await step('approve', id, 'sue')
  await until(async () => (await alerting('KXA7437')).length === 2)
  expect(await command(...remove, '--plate', 'KXA-7437')).toMatchObject({
    code: 0,
    stdout: 'KXA7437 is off stolen, 1 of its own entries\n',
  })
  await until(async () => (await alerting('KXA7437')).length === 0)
  const listed = await loadEntries(service.store(), 'stolen', 1)
  const other = listed.find(({ plate }) => plate === 'MNP4739')?.id as string
  expect(await command(...remove, '--id', other)).toMatchObject({
    code: 0,
    stdout: `MNP4739 is off stolen as entry ${other}\n`,
  })
  await until(async () => (await alerting('MNP4739')).length === 0)
  const told = await command('history', '--list', 'stolen')
  expect(told.stdout).toMatch(new RegExp(`ann .* entry_silence +entry:${other}`))
  expect(told.stdout).toMatch(/ann .* entry_silence +plate:KXA7437/)
})

test('what can not be an entry, or of no list, is refused in one line', async () => {
  const given = ['--plate', 'KXA7437', '--reason', 'Test', '--purpose', 'warrant']
  const of_none = await command('add', '--list', 'none', ...given, '--expires', '1d')
  expect(of_none).toMatchObject({
    code: 1,
    stderr: 'hotplate: Expected a list in force but there is no none\n',
  })
  expect(await add('K*')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^hotplate: Expected .* for --plate but received "K\*"\n$/),
  })
  expect(await add('KXA7437', '--case', '17')).toMatchObject({
    code: 1,
    stderr: 'hotplate: Expected a case number like ([A-Z]{2}26-[0-9]{4})? but received "17"\n',
  })
  for (const [expires, expected] of [
    ['400d', /an end within 30 days/],
    ['2020-01-01', /an end that is still to come/],
    ['soon', /a day or a moment of ISO 8601 for --expires but received "soon"/],
  ] as const) {
    const ran = await command('add', '--list', 'stolen', ...given, '--expires', expires)
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(expected) })
  }
  expect((await command('add', '--list', 'stolen', ...given)).code).toBe(2)
  const remove = ['remove', '--list', 'stolen', '--note', 'Test', '--by', 'ann']
  expect(await command(...remove, '--id', 'none')).toMatchObject({
    code: 1,
    stderr: 'hotplate: List stolen has no entry none\n',
  })
  expect(await command(...remove)).toMatchObject({ code: 2 })
  expect(await step('approve', 'none', 'sue')).toMatchObject({
    code: 1,
    stderr: 'hotplate: List stolen has no entry none\n',
  })
})
