// Conflicts among entries, on the real engine and a real nats-server, against what can be counted
// by hand. Were it wrong, a phantom warrant would stay unseen, or a clerk would chase plates that
// are right.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureStreams } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { Entry } from '../../src/domain/hotlist.ts'
import {
  type ConflictKind,
  type ConflictsOptions,
  conflictsOf,
} from '../../src/hotlists/conflicts.ts'
import { importList } from '../../src/hotlists/import.ts'
import { type Manifests, openManifests } from '../../src/hotlists/manifest.ts'
import { loadPlateFormats } from '../../src/hotlists/plate-formats.ts'
import { connectStore, type Store } from '../../src/store/client.ts'
import { applySchema } from '../../src/store/schema.ts'
import { startClickHouse, type TestClickHouse } from '../helpers/clickhouse.ts'
import { customIn } from '../helpers/custom.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'

let nats: TestNats
let clickhouse: TestClickHouse
let store: Store
let manifests: Manifests
let o: ConflictsOptions
beforeAll(async () => {
  nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({}))
  clickhouse = await startClickHouse()
  const { url, user, password } = clickhouse.engine
  store = connectStore({ url, user, password, database: 'hotplate', cluster: null })
  await applySchema(store)
  manifests = await openManifests(nats.bus)
  const priorities: Record<string, number> = { stolen: 2, wanted: 1 }
  o = {
    store,
    manifests,
    formats: loadPlateFormats(),
    isSeen: () => true,
    priorityOf: ({ name }) => priorities[name] ?? 3,
  }
  const put = (name: string, entries: (Partial<Entry> & { plate: string })[]) =>
    importList(store, manifests, {
      name,
      category: 'custom',
      profile: 'fold',
      entries: entries.map((entry) => ({ reason: 'Stolen', ...entry })),
    })
  // A version that is no longer in force says nothing.
  await put('stolen', [{ plate: 'ABC1234', region: 'US-WA' }, { plate: 'GONE123' }])
  await put('stolen', [
    { plate: 'ABC1234', region: 'US-WA' },
    { plate: 'QRS0000', region: 'US-WA' },
    { plate: 'QRS000O', region: 'US-WA', reason: 'Stolen, seen again' },
    { plate: 'TWO1234', region: 'US-WA' },
    { plate: 'SILENT1', region: 'US-WA' },
    { plate: 'ABCDEF1', region: 'US-WA' },
    { plate: 'A12345678', region: 'US-WA' },
    { plate: 'A1234567?', region: 'US-WA' },
    { plate: 'A1234567*', region: 'US-WA' },
    { plate: 'WHATEVER', region: 'CA-ON' },
    { plate: 'AB0O1O0', region: 'US-VA' },
  ])
  await put('wanted', [
    { plate: 'ABC1234', region: 'US-WA' },
    { plate: 'TW01234' },
    { plate: 'SILENT1', region: 'US-WA' },
    { plate: 'QRS5555', region: 'US-ID' },
  ])
  await put('other', [{ plate: 'QRS5555', region: 'US-WA' }, { plate: 'GONE123' }])
  await manifests.changes.remove('wanted', { plate: 'SILENT1', id: null })
  const custom = customIn('other', { plate: '0THER12', id: 'mine', region: 'US-WA' })
  await manifests.custom.create('other.mine', custom)
  const draft = customIn('other', { plate: 'DRAFT12', id: 'draft' }, 'submitted')
  await manifests.custom.create('other.draft', draft)
  await manifests.custom.create('wanted.twin', customIn('wanted', { plate: 'OTHER12', id: 'twin' }))
}, 60_000)
afterAll(async () => {
  await store?.close()
  await clickhouse?.[Symbol.asyncDispose]()
  await nats?.[Symbol.asyncDispose]()
})

async function found(kind: ConflictKind, more: { list?: string } = {}): Promise<string[]> {
  const { conflicts, next } = await conflictsOf(o, { kind, rows_max: 100, ...more })
  expect(next).toBeNull()
  return conflicts.map(
    ({ plate, entries }) => `${plate}: ${entries.map((e) => `${e.list} ${e.plate}`).join(', ')}`,
  )
}

test('one plate on several lists is shown with the most urgent first', async () => {
  expect(await found('several_lists')).toEqual([
    '0THER12: wanted OTHER12, other 0THER12',
    'ABC1234: wanted ABC1234, stolen ABC1234',
    // One of them has no state, so it may be the same vehicle.
    'TW01234: wanted TW01234, stolen TWO1234',
  ])
  expect(await found('several_lists', { list: 'other' })).toEqual([
    '0THER12: wanted OTHER12, other 0THER12',
  ])
})

test('one plate written with O and with 0 is shown', async () => {
  expect(await found('o_zero')).toEqual([
    '0THER12: wanted OTHER12, other 0THER12',
    'QRS0000: stolen QRS0000, stolen QRS000O',
    'TW01234: wanted TW01234, stolen TWO1234',
  ])
})

test('entries without a state, in force and of the version in force, are shown', async () => {
  expect((await found('no_state')).toSorted()).toEqual([
    '0THER12: wanted OTHER12',
    'G0NE123: other GONE123',
    'TW01234: wanted TW01234',
  ])
  expect(await found('no_state', { list: 'other' })).toEqual(['G0NE123: other GONE123'])
})

test('what no state issues is told apart from what its state seldom does', async () => {
  expect((await found('format_impossible')).toSorted()).toEqual([
    'A12345678: stolen A12345678',
    'A1234567?: stolen A1234567?',
  ])
  expect((await found('format_unusual')).toSorted()).toEqual([
    '0THER12: other 0THER12',
    'ABCDEF1: stolen ABCDEF1',
    'QRS5555: wanted QRS5555',
    'SILENT1: stolen SILENT1',
  ])
})

test('pages go through all of them, each once', async () => {
  for (const kind of ['several_lists', 'o_zero', 'no_state', 'format_unusual'] as const) {
    const all = (await conflictsOf(o, { kind, rows_max: 100 })).conflicts
    const seen: unknown[] = []
    let after: string | undefined
    for (let page = 0; page < 10; page += 1) {
      const { conflicts, next } = await conflictsOf(o, { kind, rows_max: 1, after })
      seen.push(...conflicts)
      if (next === null) break
      after = next
    }
    expect(seen).toEqual(all)
  }
})

test('a list that a person may not know of is in no conflict', async () => {
  const seen = { ...o, isSeen: (list: string) => list !== 'wanted' }
  const { conflicts } = await conflictsOf(seen, { kind: 'several_lists', rows_max: 100 })
  expect(conflicts).toEqual([])
  const blind = { ...o, isSeen: () => false }
  expect((await conflictsOf(blind, { kind: 'no_state', rows_max: 9 })).conflicts).toEqual([])
})
