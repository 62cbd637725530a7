// Plates put on a list and taken off it by command, beside a running service. Were it wrong, a
// plate that one person has typed would stop a car, or one called in by radio would wait for the
// next import.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addUser, openUsers } from '../../src/access/users.ts'
import { loadEntries } from '../../src/hotlists/entries.ts'
import type { ListEvent } from '../../src/hotlists/events.ts'
import { runCli } from '../helpers/cli.ts'
import { approved, type CustomGround, customGround } from '../helpers/custom.ts'
import { type RunningService, startService } from '../helpers/service.ts'
import { alertsOf, makeRead, publish, putInForce, settled } from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'

let service: RunningService
let o: CustomGround

beforeAll(async () => {
  service = await startService()
  const users = await openUsers(await service.bus())
  await addUser(users, { name: 'ann', demo: false, roles: ['dispatcher'] })
  await addUser(users, { name: 'sue', demo: false, roles: ['supervisor'] })
  await addUser(users, { name: 'sam', demo: false, roles: ['supervisor'] })
  o = await customGround(await service.bus())
  await putInForce(service, 'stolen', [{ plate: 'KXA7437' }, { plate: 'MNP4739' }], 'fold')
})
afterAll(async () => {
  o?.stop()
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

test('401.4f an entry alerts once a second person has approved it', async () => {
  const added = await add('tuv 3947', '--region', 'ID', '--by', 'sue', '--submit')
  expect(added).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^TUV3947 is drafted on stolen as entry [0-9a-f]{16}: another/),
  })
  const id = idOf(added.stdout)
  expect(await step('approve', id, 'sue')).toMatchObject({
    code: 1,
    stderr:
      'hotplate: Expected a second person to approve the entry ' +
      'but received sue, who has written it\n',
  })
  expect(await alerting('TUV3947')).toEqual([])
  expect(await step('approve', id, 'sam')).toMatchObject({
    code: 0,
    stdout: `TUV3947 on stolen, entry ${id}, is active\n`,
  })
  await until(async () => (await alerting('TUV3947')).join() === 'stolen TUV3947 Armed')
  const told = await command('history', '--list', 'stolen', '--entry', id, '--json')
  const events = told.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ListEvent)
  expect(events.map(({ who, what, refused = 'ok' }) => `${who} ${what} ${refused}`)).toEqual([
    'sam entry_approve ok',
    'sue entry_approve approval_self',
    'sue entry_submit ok',
  ])
  expect(events[0]).toMatchObject({
    from: expect.stringMatching(/^command line, os:/),
    was: { entry: { plate: 'TUV3947', region: 'US-ID' }, approval: { state: 'submitted' } },
    is: { approval: { state: 'active' } },
  })
})

test('401.4f whoever sits at the machine drafts, and decides on nothing', async () => {
  const id = idOf((await add('HJK9374', '--submit')).stdout)
  expect(await command('approve', '--list', 'stolen', '--entry', id)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/but received os:\S+ with analyst\n$/),
  })
  const remove = ['remove', '--list', 'stolen', '--note', 'Recovered']
  expect(await command(...remove, '--plate', 'KXA7437')).toMatchObject({ code: 1 })
  expect(await step('urgent', id, 'sue', '--note', 'Missing child')).toMatchObject({ code: 0 })
  await until(async () => (await alerting('HJK9374')).join() === 'stolen HJK9374 Armed')
  expect((await command('inbox')).stdout).toMatch(new RegExp(`urgent +entry +stolen +${id} +sue `))
})

test('401.4f an entry is amended by its options, and shown with its state', async () => {
  const details = { contact: 'Unit 7', agency: 'Jerome' }
  const given = { plate: 'RTY7493', region: 'US-ID', vehicle: { color: 'white' }, details }
  const id = await approved(o, 'stolen', given)
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
  const { entry } = (await o.manifests.custom.get(`stolen.${id}`))?.value ?? expect.fail()
  expect(entry).toMatchObject({
    region: 'US-ID',
    details: { ...details, instructions: 'Do not stop' },
  })
  expect(entry).not.toHaveProperty('vehicle')
})

test('what a list has is silenced at once, with who and why', async () => {
  const remove = ['remove', '--list', 'stolen', '--note', 'Recovered', '--by', 'ann']
  await approved(o, 'stolen', { plate: 'KXA7437' })
  await until(async () => (await alerting('KXA7437')).length > 0)
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

test.each([
  ['K*', '7d', 1, /^hotplate: Expected .* for --plate but received "K\*"\n$/],
  ['KXA7437', 'soon', 1, /a day or a moment of ISO 8601 for --expires but received "soon"\n$/],
  ['KXA7437', '400d', 1, /^hotplate: Expected an end within 30 days, by .* but received/],
  ['KXA7437', '', 2, /^hotplate: .*--expires/],
])('%s until "%s" is refused in one line', async (plate, expires, code, message) => {
  const given = ['--list', 'stolen', '--plate', plate, '--reason', 'Test', '--purpose', 'warrant']
  const ran = await command('add', ...given, ...(expires === '' ? [] : ['--expires', expires]))
  expect(ran).toEqual({ code, stdout: '', stderr: expect.stringMatching(message) })
})

test.each([
  [['approve', '--list', 'stolen', '--entry', 'none', '--by', 'sue'], 'has no entry none'],
  [
    ['remove', '--list', 'none', '--plate', 'A123', '--note', 'x', '--by', 'ann'],
    'there is no none',
  ],
  [['inbox', '--by', 'nobody'], 'There is no user "nobody"'],
])('%j is refused in one line', async (args, message) => {
  const ran = await command(...args)
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(message) })
})
