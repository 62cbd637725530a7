// The lists in force in one process, on real engines. Were it wrong, a restart would be blind until
// the store answers, a damaged file would name the wrong car, or an urgent plate would wait for the
// next import.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureStreams } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { Entry } from '../../src/domain/hotlist.ts'
import { ActiveLists } from '../../src/hotlists/active.ts'
import type { Generation, ListedEntry } from '../../src/hotlists/generation.ts'
import { importList } from '../../src/hotlists/import.ts'
import { type Manifests, openManifests } from '../../src/hotlists/manifest.ts'
import { Matcher } from '../../src/matching/matcher.ts'
import { LOG_ODDS_ALL } from '../../src/matching/threshold.ts'
import { connectStore, type Store } from '../../src/store/client.ts'
import { applySchema } from '../../src/store/schema.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startClickHouse, type TestClickHouse } from '../helpers/clickhouse.ts'
import { approved, customGround, customIn, revoked } from '../helpers/custom.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { CLASSES, packReads } from '../helpers/matching.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { freePort } from '../helpers/ports.ts'
import { until } from '../helpers/until.ts'

let nats: TestNats
let clickhouse: TestClickHouse
let store: Store
let down: Store
let manifests: Manifests

beforeAll(async () => {
  ;[nats, clickhouse] = await Promise.all([startNats(), startClickHouse()])
  store = connectStore({ ...clickhouse.engine, database: 'hotplate', cluster: null })
  down = connectStore({ ...store.options, url: `http://127.0.0.1:${await freePort()}` })
  await applySchema(store)
})
beforeEach(async () => {
  const bus = await nats.connect()
  manifests = await openManifests(bus)
  for (const name of (await manifests.all()).keys()) await manifests.purge(name)
  for (const key of (await manifests.changes.all()).keys()) await manifests.changes.purge(key)
  for (const key of (await manifests.custom.all()).keys()) await manifests.custom.purge(key)
})
afterAll(async () => {
  await store?.close()
  await down?.close()
  await clickhouse?.[Symbol.asyncDispose]()
  await nats?.[Symbol.asyncDispose]()
})

const put = (name: string, plates: readonly string[], of: Partial<Entry> = {}) =>
  importList(store, manifests, {
    name,
    category: 'custom',
    profile: 'fold',
    entries: plates.map((plate) => ({ plate, reason: 'Test', ...of })),
  })

/** Sources of the bases that came into force: paths where they were mapped. */
interface Started extends AsyncDisposable {
  lists: ActiveLists
  sources: unknown[]
}

async function start(data_dir: string, from = store): Promise<Started> {
  const sources: unknown[] = []
  const lists = new ActiveLists({
    store: from,
    manifests,
    data_dir,
    classes: [...CLASSES],
    matching: configSchema.parse({}).matching,
    log: createLog('silent'),
    onSwap: ({ base }) => sources.push(base.source),
  })
  await lists.start()
  return { lists, sources, [Symbol.asyncDispose]: () => lists.stop() }
}

/** Entries that these plates hit, `list plate reason`. */
function hit({ lists }: Started, ...plates: string[]): string[] {
  const generation = lists.current as Generation
  const records = packReads(plates.map((plate) => ({ plate, fold_only: false })))
  const { base, overlay, removed } = generation
  const numbers = [
    ...entriesOf(new Matcher(base.source).match(records, plates.length)).filter(
      (entry) => !removed.includes(entry),
    ),
    ...(overlay === null
      ? []
      : entriesOf(new Matcher(overlay).match(records, plates.length)).map(
          (entry) => base.size + entry,
        )),
  ]
  return numbers
    .map((number) => generation.at(number))
    .map(({ list, entry }) => `${list.name} ${entry.plate} ${entry.reason}`)
    .toSorted()
}

const plateOf = ({ entry }: ListedEntry) => entry.plate
const entriesOf = (hits: Uint32Array) => [...hits].filter((_, at) => at % 2 === 1)
const filesOf = (folder: string) => readdirSync(join(folder, 'hotlists')).toSorted()
const kinds = (folder: string) => filesOf(folder).map((file) => file.split('.').at(-1))

test('a restart maps what is on the disk, also with the store down', async () => {
  using folder = temporaryFolder()
  await put('amber', ['TUV3947'])
  await put('stolen', ['KXA7437', 'MNP4739'], { region: 'US-ID', case: 'SV-1' })
  {
    await using first = await start(folder.path)
    expect(first.sources).toEqual([expect.any(SharedArrayBuffer)])
    expect(hit(first, 'KXA7437', 'TUV3947')).toEqual(['amber TUV3947 Test', 'stolen KXA7437 Test'])
    await until(() => kinds(folder.path).includes('index'))
  }
  expect(kinds(folder.path)).toEqual(expect.arrayContaining(['entries', 'index', 'json']))
  await using again = await start(folder.path, down)
  expect(again.sources).toEqual([expect.stringMatching(/\.index$/)])
  expect(hit(again, 'KXA7437', 'TUV3947', 'HJK9374')).toEqual([
    'amber TUV3947 Test',
    'stolen KXA7437 Test',
  ])
  expect(again.lists.current?.at(1)).toMatchObject({
    list: { name: 'stolen', version: 1 },
    entry: { plate: 'KXA7437', region: 'US-ID', case: 'SV-1' },
  })
})

test('a version that can not be had leaves the one before in force, until it comes', async () => {
  using folder = temporaryFolder()
  const { version } = await put('stolen', ['KXA7437'])
  {
    await using first = await start(folder.path)
    expect(hit(first, 'KXA7437')).toEqual(['stolen KXA7437 Test'])
  }
  await put('stolen', ['MNP4739'])
  const away = { ...store, check: () => down.check() }
  await using again = await start(folder.path, away)
  expect(again.lists.current?.at(0).list.version).toBe(version)
  expect(hit(again, 'KXA7437', 'MNP4739')).toEqual(['stolen KXA7437 Test'])
  away.check = () => store.check()
  await until(() => hit(again, 'KXA7437', 'MNP4739').join() === 'stolen MNP4739 Test')
})

test('a damaged file is loaded anew; till then its hits are named by what is left', async () => {
  using folder = temporaryFolder()
  const { version } = await put('stolen', ['KXA7437', 'MNP4739'], { region: 'US-ID' })
  {
    await using first = await start(folder.path)
    await until(() => kinds(folder.path).includes('index'))
    expect(first.lists.current?.size).toBe(2)
  }
  const file = join(folder.path, 'hotlists', `stolen.${version}.entries`)
  const whole = readFileSync(file)
  const broken = Buffer.from(whole)
  // A length that reaches beyond its row: the first byte after the header.
  broken[4_096] = 255
  writeFileSync(file, broken)
  {
    // The store is away: the index still matches, and the file tells what it can.
    await using started = await start(folder.path, down)
    expect(started.sources).toEqual([expect.stringMatching(/\.index$/)])
    expect(started.lists.current?.at(0).entry).toMatchObject({
      plate: 'KXA7437',
      region: 'US-ID',
      reason: expect.stringMatching(/could not be read/),
    })
    expect(hit(started, 'MNP4739')).toEqual(['stolen MNP4739 Test'])
  }
  {
    await using started = await start(folder.path)
    await until(() => hit(started, 'KXA7437').join() === 'stolen KXA7437 Test')
    await until(() => Buffer.compare(readFileSync(file), whole) === 0)
  }
  // Cut: known by its size, before anything is read.
  writeFileSync(file, whole.subarray(0, -1))
  await using started = await start(folder.path)
  expect(hit(started, 'KXA7437')).toEqual(['stolen KXA7437 Test'])
  expect(statSync(file).size).toBe(whole.length)
})

test('an index that is damaged, or of damaged records, is not used', async () => {
  using folder = temporaryFolder()
  const { version } = await put('stolen', ['KXA7437', 'MNP4739'])
  {
    await using first = await start(folder.path)
    await until(() => kinds(folder.path).includes('index'))
    expect(first.sources).toHaveLength(1)
  }
  const path = (end: string) =>
    join(folder.path, 'hotlists', filesOf(folder.path).find((name) => name.endsWith(end)) as string)
  const flip = (file: string, at: number) => {
    const bytes = readFileSync(file)
    bytes[at] = (bytes[at] as number) ^ 1
    writeFileSync(file, bytes)
  }
  flip(path('.index'), 300)
  // The last record's last character.
  const records_end = statSync(path(`${version}.entries`)).size - 3 * 8
  flip(path(`${version}.entries`), records_end - 24 + 7)
  await using started = await start(folder.path)
  expect(started.sources).toEqual([expect.any(SharedArrayBuffer)])
  expect(hit(started, 'KXA7437', 'MNP4739', 'MNP4738')).toEqual([
    'stolen KXA7437 Test',
    'stolen MNP4739 Test',
  ])
})

test('what a kill left of an index is not used, and goes', async () => {
  using folder = temporaryFolder()
  await put('stolen', ['KXA7437'])
  {
    await using first = await start(folder.path)
    await until(() => kinds(folder.path).includes('index'))
    expect(hit(first, 'KXA7437')).toEqual(['stolen KXA7437 Test'])
  }
  const whole = filesOf(folder.path)
  // Killed between the two files, and while one was written aside.
  for (const lost of ['.index', '.json']) {
    const name = whole.find((file) => file.endsWith(lost)) as string
    const path = join(folder.path, 'hotlists', name)
    writeFileSync(`${path}.new`, 'half')
    rmSync(path)
    await using started = await start(folder.path, down)
    expect(started.sources).toEqual([expect.any(SharedArrayBuffer)])
    expect(hit(started, 'KXA7437')).toEqual(['stolen KXA7437 Test'])
    await until(() => filesOf(folder.path).join() === whole.join())
  }
})

test('what people say is in force at once, and outlives a restart and imports', async () => {
  using folder = temporaryFolder()
  await put('stolen', ['KXA7437', 'MNP4739'])
  const { changes } = manifests
  const custom = await customGround(nats.bus, manifests)
  await ensureStreams(nats.bus, configSchema.parse({}))
  let id: string
  {
    await using lists = await start(folder.path)
    id = await approved(custom, 'stolen', { plate: 'TUV3947' })
    await until(() => hit(lists, 'TUV3947').join() === 'stolen TUV3947 Armed')
    const before = lists.lists.current as Generation
    const all = Array.from({ length: before.size }, (_, at) => before.at(at))
    const silenced = () => all.filter((one) => lists.lists.isSilenced(one)).map(plateOf)
    expect(all.map(plateOf)).toEqual(['KXA7437', 'MNP4739', 'TUV3947'])
    expect(silenced()).toEqual([])
    await revoked(custom, 'stolen', id)
    // Of a batch that still has the generation before.
    await until(() => silenced().join() === 'TUV3947')
    id = await approved(custom, 'stolen', { plate: 'TUV3947' })
    await until(() => hit(lists, 'TUV3947').join() === 'stolen TUV3947 Armed')
    await changes.remove('stolen', { plate: 'KXA7437', id: null })
    await until(() => hit(lists, 'KXA7437').length === 0)
    expect(silenced()).toEqual(['KXA7437', 'TUV3947'])
    expect(lists.lists.current?.size).toBe(2)
  }
  await using lists = await start(folder.path, { ...store })
  expect(hit(lists, 'KXA7437', 'MNP4739', 'TUV3947')).toEqual([
    'stolen MNP4739 Test',
    'stolen TUV3947 Armed',
  ])
  // An extract from before the removal: it still stands, now in the list itself.
  const kept = await put('stolen', ['KXA7437', 'MNP4739', 'RTY7493'])
  expect(kept.entries).toBe(2)
  await until(() => lists.lists.current?.at(0).list.version === kept.version)
  expect(lists.lists.current).toMatchObject({ removed: new Uint32Array(0) })
  expect(hit(lists, 'KXA7437', 'RTY7493', 'TUV3947')).toEqual([
    'stolen RTY7493 Test',
    'stolen TUV3947 Armed',
  ])
  expect((await changes.all()).size).toBe(1)
  // One that no longer has the removed plate ends the removal: when it comes back, it alerts.
  await put('stolen', ['MNP4739'])
  expect((await changes.all()).size).toBe(0)
  const back = await put('stolen', ['KXA7437'])
  await until(() => lists.lists.current?.at(0).list.version === back.version)
  expect(hit(lists, 'KXA7437', 'TUV3947')).toEqual(['stolen KXA7437 Test', 'stolen TUV3947 Armed'])
  await revoked(custom, 'stolen', id)
  await until(() => hit(lists, 'TUV3947').length === 0)
  // A list of which nothing is left is in force with nothing in it.
  await changes.remove('stolen', { plate: 'KXA7437', id: null })
  expect(await put('stolen', ['KXA7437'])).toMatchObject({ entries: 0 })
  await until(() => lists.lists.current?.base.size === 0)
  expect(hit(lists, 'KXA7437')).toEqual([])
  custom.stop()
})

test('a list of custom entries alone is held to its budget as any other', async () => {
  using folder = temporaryFolder()
  const list = { name: 'bolo', category: 'custom', profile: 'fold+1' } as const
  const now = { version: 1, entries: 0, imported_at: new Date().toISOString() }
  await manifests.create('bolo', { ...list, ...now, false_alerts_per_million_max: 5 })
  const plates = Array.from({ length: 400 }, (_, n) => `2TA${1_000 + 7 * n}`)
  for (const plate of plates) {
    await manifests.custom.create(`bolo.${plate}`, customIn('bolo', { plate }))
  }
  // It has nothing in the store, and does not wait for it.
  await using lists = await start(folder.path, down)
  expect(hit(lists, '2TA1007')).toContain('bolo 2TA1007 Armed')
  const threshold = await until(() => {
    const [one] = lists.lists.current?.thresholds ?? []
    return one !== undefined && one.log_odds_min > LOG_ODDS_ALL ? one : null
  })
  expect(threshold.expected_false_per_million).toBeLessThanOrEqual(5)
  expect(threshold.misses_share).toBeGreaterThan(0)
  expect(lists.lists.current?.log_odds_min[0]).toBe(threshold.log_odds_min)
  // With none of them left it is as before, and the same again with the same ones.
  const all = await manifests.custom.all()
  for (const key of all.keys()) await manifests.custom.purge(key)
  await until(() => lists.lists.current?.log_odds_min[0] === LOG_ODDS_ALL)
  for (const [key, { value }] of all) await manifests.custom.create(key, value)
  await until(() => lists.lists.current?.log_odds_min[0] === threshold.log_odds_min)
})
