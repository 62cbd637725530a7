// Single plates put on a list and taken off it by command, beside a running service. Were it wrong,
// a plate called in by radio would wait for the next import, or a change would be lost with one.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadEntries } from '../../src/hotlists/entries.ts'
import { importList } from '../../src/hotlists/import.ts'
import { openManifests } from '../../src/hotlists/manifest.ts'
import {
  addEntry,
  removeEntry,
  removePlate,
  type SingleOptions,
} from '../../src/hotlists/single.ts'
import { runCli } from '../helpers/cli.ts'
import { type RunningService, startService } from '../helpers/service.ts'
import { alertsOf, makeRead, publish, putInForce, settled } from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'

let service: RunningService

beforeAll(async () => {
  service = await startService()
})
afterAll(async () => {
  await service?.[Symbol.asyncDispose]()
})

let cameras = 0
/** Entries that a read of this plate raises alerts for, `list plate reason`. */
async function alerting(plate: string): Promise<string[]> {
  cameras += 1
  const camera = `gate-${cameras}`
  await publish(service, makeRead({ plate, camera }), camera)
  await settled(service)
  const alerts = (await alertsOf(service)).filter(({ read }) => read.camera === camera)
  return alerts.map(({ entry }) => `${entry.list} ${entry.plate} ${entry.reason}`).toSorted()
}

const command = (...args: string[]) =>
  runCli(['hotlist', ...args, '--data', service.data_dir], service.settings)

const lists = async (changes_max?: number): Promise<SingleOptions> => ({
  store: service.store(),
  manifests: await openManifests(await service.bus()),
  log: {
    warn: (...told: unknown[]) => {
      throw new Error('Nothing is to be told', { cause: told })
    },
  },
  ...(changes_max === undefined ? {} : { changes_max }),
})

test('a plate is looked for as soon as it was added, and no longer once removed', async () => {
  await putInForce(service, 'stolen', [{ plate: 'KXA7437' }], 'fold')
  const given = ['--list', 'stolen', '--plate', 'tuv 3947']
  const added = await command('add', ...given, '--reason', 'Armed', '--region', 'ID')
  expect(added).toMatchObject({ code: 0, stderr: '' })
  const id = /^TUV3947 is on stolen as entry ([0-9a-f]{16})\n$/.exec(added.stdout)?.[1] as string
  await until(async () => (await alerting('TUV3947')).join() === 'stolen TUV3947 Armed')
  expect(await command('remove', '--list', 'stolen', '--id', id)).toMatchObject({
    code: 0,
    stdout: `TUV3947 is off stolen as entry ${id}\n`,
  })
  await until(async () => (await alerting('TUV3947')).length === 0)
  expect(await command('remove', '--list', 'stolen', '--plate', 'KXA-7437')).toMatchObject({
    code: 0,
    stdout: 'KXA7437 is off stolen\n',
  })
  await until(async () => (await alerting('KXA7437')).length === 0)
})

test('what can not be an entry, or of no list, is refused in one line', async () => {
  const reason = ['--reason', 'Test']
  expect(await command('add', '--list', 'none', '--plate', 'KXA7437', ...reason)).toMatchObject({
    code: 1,
    stderr: 'hotplate: Expected a list in force but there is no none: import it first\n',
  })
  expect(await command('add', '--list', 'stolen', '--plate', 'K*', ...reason)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^hotplate: Expected .* for --plate but received "K\*"\n$/),
  })
  expect(await command('remove', '--list', 'stolen', '--id', 'none')).toMatchObject({
    code: 1,
    stderr: 'hotplate: List stolen has no entry none\n',
  })
  expect(await command('remove', '--list', 'stolen')).toMatchObject({ code: 2 })
})

test('many single changes become a version of the list, and stand on', async () => {
  const many = await lists(3)
  const { store, manifests } = many
  const entries = ['MNP4739', 'RTY7493'].map((plate) => ({ plate, reason: 'Test' }))
  const list = { name: 'many', category: 'custom' as const, profile: 'fold' as const, entries }
  const { imported_at } = await importList(store, manifests, list)
  const version = async () => (await manifests.get('many'))?.value.version
  await addEntry(many, 'many', { plate: 'TUV3947', reason: 'Armed', profile: 'exact' })
  await removePlate(many, 'many', 'MNP4739')
  const [listed] = await loadEntries(store, 'many', 1)
  await addEntry(many, 'many', { plate: 'HJK9374', reason: 'Armed' })
  expect(await version()).toBe(1)
  await removeEntry(many, 'many', (await loadEntries(store, 'many', 1))[1]?.id as string)
  expect(listed?.plate).toBe('MNP4739')
  expect((await manifests.get('many'))?.value).toMatchObject({
    version: 2,
    entries: 2,
    imported_at,
    profile: 'fold',
  })
  expect(await loadEntries(store, 'many', 2)).toMatchObject([
    { plate: 'HJK9374' },
    { plate: 'TUV3947', profile: 'exact' },
  ])
  await until(async () => (await alerting('TUV3947')).join() === 'many TUV3947 Armed')
  // An import from before all this: what was changed by hand stands.
  expect(await importList(store, manifests, list)).toMatchObject({ version: 3, entries: 2 })
  expect(await loadEntries(store, 'many', 3)).toMatchObject([
    { plate: 'HJK9374' },
    { plate: 'TUV3947' },
  ])
})

test('changes are not folded in while an import is under way', async () => {
  const many = await lists(0)
  const { store, manifests } = many
  const entries = [{ plate: 'MNP4739', reason: 'Test' }]
  await importList(store, manifests, { name: 'busy', category: 'custom', profile: 'fold', entries })
  await manifests.reserveVersion('busy')
  await addEntry(many, 'busy', { plate: 'TUV3947', reason: 'Armed' })
  expect((await manifests.get('busy'))?.value.version).toBe(1)
  await until(async () => (await alerting('TUV3947')).includes('busy TUV3947 Armed'))
})
