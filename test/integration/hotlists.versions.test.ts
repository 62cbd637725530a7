// Imports of one list that meet. Were it wrong, one's entries would stand under the other's
// manifest, an older list would replace a newer one, or the store would keep every version for
// ever.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Entry } from '../../src/domain/hotlist.ts'
import {
  copyEntries,
  countEntries,
  insertEntries,
  loadEntries,
} from '../../src/hotlists/entries.ts'
import { importList, type ListImport } from '../../src/hotlists/import.ts'
import { FOLD2_ENTRIES_MAX, PATTERNS_MAX } from '../../src/hotlists/limits.ts'
import { type Manifests, openManifests } from '../../src/hotlists/manifest.ts'
import { tidyVersions } from '../../src/hotlists/tidy-versions.ts'
import { versionsOf } from '../../src/hotlists/versions.ts'
import { connectStore, type Store } from '../../src/store/client.ts'
import { applySchema } from '../../src/store/schema.ts'
import { startClickHouse, type TestClickHouse } from '../helpers/clickhouse.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'

let nats: TestNats
let clickhouse: TestClickHouse
let store: Store
let manifests: Manifests

beforeAll(async () => {
  ;[nats, clickhouse] = await Promise.all([startNats(), startClickHouse()])
  store = connectStore({ ...clickhouse.engine, database: 'hotplate', cluster: null })
  await applySchema(store)
  manifests = await openManifests(nats.bus)
})
afterAll(async () => {
  await store?.close()
  await clickhouse?.[Symbol.asyncDispose]()
  await nats?.[Symbol.asyncDispose]()
})

const list = (name: string, ...plates: string[]): ListImport => ({
  name,
  category: 'custom',
  profile: 'fold',
  entries: plates.map((plate) => ({ plate, reason: 'Test' })),
})
const platesOf = async (name: string, version: number) =>
  (await loadEntries(store, name, version)).map(({ plate }) => plate).toSorted()

/** The store, with one of its client's calls in place of its own. */
function storeWith(change: Partial<Store['client']>): Store {
  const client = new Proxy(store.client, {
    get(target, name) {
      const own = Reflect.get(change, name) ?? Reflect.get(target, name)
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
  return { ...store, client }
}

test('the store gives back all of an entry, and nothing of one that is not active', async () => {
  const entries: Entry[] = [
    { id: '1', plate: 'KXA7437', reason: 'Gestohlen, größer' },
    {
      id: '2',
      plate: 'MNP?739',
      region: 'US-ID',
      reason: 'Warrant',
      case: '26-1',
      profile: 'exact',
      purpose: 'warrant',
      expires_at: '2027-01-01T00:00:00.000Z',
      vehicle: { make: 'ford', model: 'f-150', color: 'white', type: 'truck', year: 2014 },
      details: {
        source_id: 'W900000001',
        file_code: 'W',
        agency: 'ID0420100',
        entered_on: '2026-01-05',
        vin: '1FTFW1ET0EFA00000',
        contact: 'Dispatch, desk 4',
        instructions: 'Do not stop, observe',
        cautions: ['armed', 'may flee'],
      },
    },
  ]
  const inactive = { id: '3', plate: 'TUV3947', reason: 'No purpose', inactive: true as const }
  await insertEntries(store, 'whole', 1, [...entries, inactive])
  expect(await loadEntries(store, 'whole', 1)).toEqual(entries)
  expect(await countEntries(store, 'whole', 1)).toEqual({ entries: 2, inactive: 1 })
  await copyEntries(store, 'whole', 1, 2, [])
  expect(await loadEntries(store, 'whole', 2)).toEqual(entries)
})

test('imports at once have a version each, and what is in force has its own entries', async () => {
  for (let round = 0; round < 5; round += 1) {
    const before = (await manifests.get('busy'))?.value.version ?? 0
    const wanted = Array.from({ length: 4 }, (_, who) => [`P${round}A${who}`, `P${round}B${who}`])
    const results = await Promise.allSettled(
      wanted.map((plates) => importList(store, manifests, list('busy', ...plates))),
    )
    const versions = new Map<number, string[]>()
    for (const [who, result] of results.entries()) {
      if (result.status === 'fulfilled') versions.set(result.value.version, wanted[who] ?? [])
      else expect(result.reason).toMatchObject({ code: 'LIST_OVERTAKEN' })
    }
    const version = (await manifests.get('busy'))?.value.version ?? 0
    expect([version, Math.max(...versions.keys())]).toEqual([before + 4, before + 4])
    expect(await platesOf('busy', version)).toEqual(versions.get(version))
  }
})

test('an import that is overtaken changes nothing, and says so', async () => {
  let go = () => {}
  const held = new Promise<void>((resolve) => {
    go = resolve
  })
  let reached = () => {}
  const inserting = new Promise<void>((resolve) => {
    reached = resolve
  })
  const exec: Store['client']['exec'] = async (...given) => {
    reached()
    await held
    return store.client.exec(...given)
  }
  const slow = importList(storeWith({ exec }), manifests, list('slow', 'OLD1'))
  const refused = expect(slow).rejects.toMatchObject({
    code: 'LIST_OVERTAKEN',
    message: 'Version 1 of slow was not put into force: version 2, imported meanwhile, is',
  })
  await inserting
  expect(await importList(store, manifests, list('slow', 'NEW1'))).toMatchObject({ version: 2 })
  go()
  await refused
  expect((await manifests.get('slow'))?.value).toMatchObject({ version: 2, entries: 1 })
  expect(await platesOf('slow', 2)).toEqual(['NEW1'])
})

test('as many versions as there is a way back to stay in the store, older ones go', async () => {
  const kept = async () =>
    (await Promise.all([1, 2, 3, 4].map((version) => platesOf('old', version)))).flat()
  for (const plate of ['P1', 'P2', 'P3', 'P4']) {
    await importList(store, manifests, list('old', plate))
  }
  await importList(store, manifests, list('other', 'P1'))
  const warnings: string[] = []
  const warn = (_: unknown, message?: string) => warnings.push(message ?? '')
  const log = { warn } as unknown as NonNullable<Parameters<typeof importList>[3]>
  const command: Store['client']['command'] = () => Promise.reject(new Error('No room'))
  await tidyVersions({ store: storeWith({ command }), manifests, log, versions_kept: 2 }, 'old')
  expect(warnings).toEqual(['Versions of a list that nobody needs could not be removed.'])
  expect(await kept()).toEqual(['P1', 'P2', 'P3', 'P4'])
  await tidyVersions({ store, manifests, log, versions_kept: 2 }, 'old')
  expect(await kept()).toEqual(['P3', 'P4'])
  const records = await versionsOf(manifests.versions, 'old')
  expect(records.map(({ version, entries_gone = false }) => [version, entries_gone])).toEqual([
    [4, false],
    [3, false],
    [2, true],
    [1, true],
  ])
  expect(await platesOf('other', 1)).toEqual(['P1'])
})

test('what one index can not serve is refused, other lists in force counted in', async () => {
  const many = (name: string, count: number, plate: (n: number) => string): ListImport => ({
    ...list(name),
    entries: Array.from({ length: count }, (_, n) => ({ plate: plate(n), reason: 'Test' })),
    false_alerts_per_million_max: 5,
  })
  const pattern = (n: number) => `${String(n).padStart(5, '0')}*`
  const import_of = (given: ListImport) => importList(store, manifests, given)
  expect(await import_of(many('first', 6_000, pattern))).toMatchObject({
    entries: 6_000,
    false_alerts_per_million_max: 5,
  })
  await expect(import_of(many('second', PATTERNS_MAX - 5_999, pattern))).rejects.toMatchObject({
    code: 'LIST_TOO_MANY_PATTERNS',
    message: expect.stringMatching(
      /^Expected at most 10000 .* has 4001 beside 6000 of other lists/,
    ),
  })
  await import_of(many('second', PATTERNS_MAX - 6_000, pattern))
  // Its own version before doesn't count, nor do plates of other lists.
  await import_of(many('first', 6_000, pattern))

  const plates = many('third', FOLD2_ENTRIES_MAX + 1, (n) => `P${n}`)
  await expect(import_of({ ...plates, profile: 'fold+2' })).rejects.toMatchObject({
    code: 'LIST_FOLD2_TOO_LARGE',
    message: expect.stringMatching(/has 300001: give it the profile fold\+1, or split it by state/),
  })
  const wide = [{ plate: 'KXA7437', reason: 'Test', profile: 'fold+2' as const }]
  await import_of({ ...plates, entries: wide })
  await expect(
    import_of({ ...many('fourth', FOLD2_ENTRIES_MAX, (n) => `P${n}`), profile: 'fold+2' }),
  ).rejects.toMatchObject({ message: expect.stringContaining('has 300000 beside 1 of other') })
})
