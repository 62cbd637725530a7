// Lists on their way into force. Were it wrong, a plate taken off a list would go on stopping its
// driver, half a list could be in force, or a store that is down would leave cameras blind.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { addUser, openUsers } from '../../src/access/users.ts'
import { insertEntries, loadEntries } from '../../src/hotlists/entries.ts'
import { importList } from '../../src/hotlists/import.ts'
import { openManifests } from '../../src/hotlists/manifest.ts'
import { runCli } from '../helpers/cli.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { freePort } from '../helpers/ports.ts'
import { type RunningService, startService } from '../helpers/service.ts'
import { alertsOf, makeRead, publish, settled } from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'
import { zipOf } from '../helpers/zip.ts'

const csv = (...plates: string[]) =>
  ['plate,reason', ...plates.map((plate) => `${plate},Stolen`)].join('\n')

/** What it is to catch at its budget is told with it. */
const IN_FORCE = new RegExp(
  [
    '^stolen version 1 is in force: 2 entries\\nAt 100 false alerts per million reads ',
    '\\([\\d.e-]+ expected\\) it catches [\\d.]+ % of misread plates and misses [\\d.]+ %\\n$',
  ].join(''),
)

/** The command line beside a service: one brings a list in, another approves it. */
async function desk(service: RunningService, file: string) {
  await addUser(await openUsers(await service.bus()), {
    name: 'sue',
    demo: false,
    roles: ['supervisor'],
  })
  const run = (...args: string[]) =>
    runCli(['hotlist', ...args, '--data', service.data_dir], service.settings)
  return {
    run,
    load(...plates: string[]) {
      writeFileSync(file, csv(...plates))
      return run('import', '--list', 'stolen', '--format', 'csv', file)
    },
    approve: (version: number) =>
      run('approve', '--list', 'stolen', '--version', String(version), '--by', 'sue'),
  }
}

test('import beside a running service: the new version replaces the old at once', async () => {
  await using service = await startService()
  using folder = temporaryFolder()
  const file = join(folder.path, 'list.csv')
  const { load, approve } = await desk(service, file)
  let sent = 0
  /** Plates of these that raise an alert, each at a camera of its own so that none is a repeat. */
  const alerting = async (...plates: string[]) => {
    sent += 1
    const camera = `pole-${sent}`
    for (const plate of plates) await publish(service, makeRead({ plate, camera }), camera)
    await settled(service)
    const alerts = (await alertsOf(service)).filter(({ read }) => read.camera === camera)
    return alerts.map(({ read, entry }) => `${read.plate} v${entry.version}`).toSorted()
  }
  expect(await load('KXA7437', 'MNP4739')).toMatchObject({
    code: 0,
    stdout:
      'stolen version 1 waits for another person to approve it: 2 entries, ' +
      '2 added, 0 changed, 0 removed\n',
    stderr: '',
  })
  expect(await approve(1)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(IN_FORCE),
    stderr: '',
  })
  const swapped = { ms: 8_000, every_ms: 200, what: 'the version in force' }
  await until(async () => (await alerting('KXA7437', 'MNP4739')).length === 2, swapped)

  expect(await load('MNP4739', 'TUV3947')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1 added, 0 changed, 1 removed'),
  })
  expect(await alerting('TUV3947')).toEqual([])
  await approve(2)
  await until(async () => (await alerting('TUV3947')).length === 1, swapped)
  expect(await alerting('KXA7437', 'MNP4739', 'TUV3947')).toEqual(['MNP4739 v2', 'TUV3947 v2'])

  // An import that dies between entries and manifest is as if it had never begun, for good; its
  // number goes with it.
  const entry = { id: 'x', plate: 'HJK9374', reason: 'Half' }
  const manifests = await openManifests(await service.bus())
  const died = await manifests.reserveVersion('stolen')
  await insertEntries(service.store(), 'stolen', died, [entry])
  expect(await alerting('HJK9374', 'MNP4739')).toEqual(['MNP4739 v2'])
  expect(await load('RTY7493')).toMatchObject({
    code: 1,
    stderr:
      'hotplate: stolen version 4 is held for a person, and 2 stays in force. It has 1 entries ' +
      'where 2 are in force: 50 % fewer, where 20 % may be\n',
  })
  await approve(4)
  await until(async () => (await alerting('RTY7493')).length === 1, swapped)
  expect(await alerting('HJK9374', 'MNP4739')).toEqual([])
  expect(await loadEntries(service.store(), 'stolen', 4)).toMatchObject([{ plate: 'RTY7493' }])
  expect(await loadEntries(service.store(), 'stolen', died)).toEqual([])

  const bad = await load('KXA7437', 'TOOLONG1234567')
  expect(bad).toMatchObject({ code: 1, stdout: '' })
  expect(bad.stderr.split('\n')).toEqual([
    `${file}:3: plate: expected 1 to 12 of A-Z, 0-9 but found "TOOLONG1234567"`,
    'hotplate: stolen version 5 is held for a person, and 4 stays in force. 1 of 2 lines are ' +
      'wrong, where 1 % may be',
    '',
  ])
  expect(await alerting('KXA7437', 'RTY7493')).toEqual(['RTY7493 v4'])
})

test('401.4f versions, what they change and the way back, by command', async () => {
  await using service = await startService()
  using folder = temporaryFolder()
  const { run } = await desk(service, join(folder.path, 'list.csv'))
  const manifests = await openManifests(await service.bus())
  for (const plates of [
    ['KXA7437', 'MNP4739'],
    ['MNP4739', 'TUV3947'],
  ]) {
    const entries = plates.map((plate) => ({ plate, reason: 'Stolen' }))
    const list = { name: 'stolen', category: 'stolen_vehicle', profile: 'fold', entries } as const
    await importList(service.store(), manifests, list)
  }
  const of = ['--list', 'stolen']
  expect(await run('diff', ...of, '--version', '2')).toMatchObject({
    code: 0,
    stdout: 'Beside version 1: 1 added, 0 changed, 1 removed\n- KXA7437 Stolen\n+ TUV3947 Stolen\n',
  })
  expect((await run('rollback', ...of, '--version', '1')).stderr).toMatch(
    /^hotplate: Expected supervisor or chief to roll a list back/,
  )
  expect(await run('rollback', ...of, '--version', '1', '--by', 'sue')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /^stolen version 3 is in force with the entries of version 1: 2 entries\nAt 100 false /,
    ),
  })
  const { stdout } = await run('versions', ...of)
  const rows = stdout.trimEnd().split('\n')
  expect(rows.map((row) => row.split(/ {2,}/).slice(0, 4).join('|'))).toEqual([
    'version|state|entries|changes',
    '3|active|2|1 added, 0 changed, 1 removed',
    '2|superseded|2|1 added, 0 changed, 1 removed',
    '1|superseded|2|2 added, 0 changed, 0 removed',
  ])
  expect(rows[1]).toContain('Rolled back to version 1.')
})

test('import works alone, of an archive too; its list is found with the store down', async () => {
  using folder = temporaryFolder()
  const data_dir = join(folder.path, 'data')
  const [file, secret] = [join(folder.path, 'list.zip'), join(folder.path, 'secret')]
  writeFileSync(file, await zipOf({ 'list.csv': csv('KXA7437') }, { password: 'of the archive' }))
  writeFileSync(secret, 'of the archive\n')
  const [nats, clickhouse] = [await freePort(), await freePort()]
  const settings = { NATS__PORT: String(nats), CLICKHOUSE__PORT: String(clickhouse) }
  const budget = ['--false-alerts-per-million', '2.5']
  const packed = [file, '--password-file', secret]
  const args = ['hotlist', 'import', '--list', 'stolen', ...packed, '--data', data_dir, ...budget]
  expect(await runCli(args, settings)).toMatchObject({ code: 0, stderr: '' })
  const common = ['--data', data_dir]
  const added = await runCli(['user', 'add', 'sue', '--role', 'supervisor', ...common], settings)
  expect(added).toMatchObject({ code: 0, stderr: '' })
  const approve = ['hotlist', 'approve', '--list', 'stolen', '--version', '1', '--by', 'sue']
  expect(await runCli([...approve, ...common], settings)).toMatchObject({
    code: 0,
    stdout: 'stolen version 1 is in force: 1 entries\n',
    stderr: '',
  })
  {
    await using service = await startService({ data_dir })
    await publish(service, makeRead({ plate: 'KXA7437' }))
    await settled(service)
    expect(await alertsOf(service)).toHaveLength(1)
    const manifests = await openManifests(await service.bus())
    expect((await manifests.get('stolen'))?.value).toMatchObject({
      version: 1,
      false_alerts_per_million_max: 2.5,
    })
  }
  const closed = `http://127.0.0.1:${await freePort()}`
  let log = ''
  await using service = await startService({
    data_dir,
    settings: { CLICKHOUSE__URL: closed },
    onLog: (text) => {
      log += text
    },
  })
  await publish(service, makeRead({ plate: 'KXA7437', camera: 'pole-2' }), 'pole-2')
  await settled(service)
  expect((await alertsOf(service)).map(({ read }) => read.camera)).toEqual(['pole-1', 'pole-2'])
  expect(log).not.toContain('KXA7437')
})
