// 401.1: file codes that fit no purpose of the policy, in the real store. Were it wrong, people who
// are on a register would be stopped for it, or nobody could say who has decided that they are.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ParsedLine } from '../../src/formats/hotlists/parsed-line.ts'
import { loadEntries } from '../../src/hotlists/entries.ts'
import { historyOf } from '../../src/hotlists/events.ts'
import { applyFileCode } from '../../src/hotlists/file-code-version.ts'
import { stageImport } from '../../src/hotlists/import.ts'
import { createList } from '../../src/hotlists/settings-changes.ts'
import { versionKey } from '../../src/hotlists/versions.ts'
import type { Store } from '../../src/store/client.ts'
import { caller } from '../helpers/custom.ts'
import { type ListGround, startListGround } from '../helpers/list-ground.ts'
import type { TestNats } from '../helpers/nats.ts'

const ADA = caller('ada', 'administrator')
const SUE = caller('sue', 'supervisor')

let ground: ListGround
let nats: TestNats
let store: Store
let o: ListGround['o']

beforeAll(async () => {
  ground = await startListGround()
  ;({ nats, store, o } = ground)
})
afterAll(() => ground?.stop())

async function* lines(): AsyncGenerator<ParsedLine> {
  const records = [
    ['V', 'KXA7437'],
    ['H', 'MNP4739'],
    ['H', 'TUV3947'],
    ['N', 'HJK9374'],
  ] as const
  for (const [line, [file_code, plate]] of records.entries()) {
    yield { line, entry: { plate, reason: `Code ${file_code}`, details: { file_code } } }
  }
}
const load = () =>
  stageImport(o, { list: 'ncic', content: { lines: lines(), source: SOURCE }, caller: ADA })
const SOURCE = { file: 'VEHEXTRT.txt', format: 'ncic' }

/** Plates that are looked for, with what for. */
async function inForce(): Promise<string[]> {
  const { version = 0 } = (await o.manifests.get('ncic'))?.value ?? {}
  const entries = await loadEntries(store, 'ncic', version)
  return entries.map(({ plate, purpose }) => `${plate} ${purpose}`).toSorted()
}
const VEHICLE = 'KXA7437 stolen_or_wanted_vehicle'

test('401.1 codes that fit no purpose import inactive until an administrator decides', async () => {
  const list = { name: 'ncic', category: 'stolen_vehicle', patch: {}, agency: 'FBI' } as const
  await createList(o, list, ADA)
  const first = await load()
  expect(first).toMatchObject({ inactive: { H: 2, N: 1 }, counts: { entries: 1, inactive: 3 } })
  expect(await inForce()).toEqual([VEHICLE])

  const orders = { code: 'H', purpose: 'suspect_interdiction' as const }
  await expect(applyFileCode(o, 'ncic', orders, SUE)).rejects.toMatchObject({
    code: 'APPROVAL_RIGHT',
  })
  expect(await inForce()).toEqual([VEHICLE])
  const { version } = await applyFileCode(o, 'ncic', orders, ADA)
  expect(version).toBe(2)
  const both = ['MNP4739 suspect_interdiction', 'TUV3947 suspect_interdiction']
  expect(await inForce()).toEqual([VEHICLE, ...both])
  const manifest = (await o.manifests.get('ncic'))?.value
  // Decided on, and no younger for it.
  expect(manifest).toMatchObject({ version: 2, entries: 3, imported_at: first.imported_at })
  const record = await o.manifests.versions.get(versionKey('ncic', 2))
  expect(record?.value).toMatchObject({
    source: SOURCE,
    inactive: { N: 1 },
    counts: { inactive: 1 },
  })
  const events = await historyOf(nats.bus, 'ncic')
  expect(events.map(({ who, what }) => `${who} ${what}`)).toContain('ada list_file_code')

  // The next import goes by it, and so does one that takes it back.
  expect(await load()).toMatchObject({ version: 3, inactive: { N: 1 } })
  expect(await inForce()).toEqual([VEHICLE, ...both])
  await applyFileCode(o, 'ncic', { code: 'H', purpose: null }, ADA)
  expect(await inForce()).toEqual([VEHICLE])
  expect(await applyFileCode(o, 'ncic', { code: 'K', purpose: 'warrant' }, ADA)).toMatchObject({
    version: null,
  })
})
