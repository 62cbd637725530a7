// Files on their way into force. Were it wrong, half a file or a wrong one would be matched
// against, or a list would come into force that no second person has seen.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ParsedLine } from '../../src/formats/hotlists/parsed-line.ts'
import { badLinesOf } from '../../src/hotlists/bad-lines.ts'
import { compareVersions, differencesOf } from '../../src/hotlists/differences.ts'
import { loadEntries } from '../../src/hotlists/entries.ts'
import { historyOf } from '../../src/hotlists/events.ts'
import { stageImport } from '../../src/hotlists/import.ts'
import { openSettings } from '../../src/hotlists/settings.ts'
import { createList } from '../../src/hotlists/settings-changes.ts'
import { decideVersion, rollBack } from '../../src/hotlists/version-decisions.ts'
import { stateOf, type VersionRecord } from '../../src/hotlists/versions.ts'
import type { Store } from '../../src/store/client.ts'
import { ANN, caller, SAM, SUE } from '../helpers/custom.ts'
import { manifestOf } from '../helpers/entry-rows.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { type ListGround, startListGround } from '../helpers/list-ground.ts'
import type { TestNats } from '../helpers/nats.ts'

const ADA = caller('ada', 'administrator')
/** A layout that ends with the count of its records: California's. */
const CA_LINE = '2TAB123 CA1920260105'

let ground: ListGround
let nats: TestNats
let store: Store
let o: ListGround['o']
let list = ''
let lists = 0

beforeAll(async () => {
  ground = await startListGround()
  ;({ nats, store, o } = ground)
})
afterAll(() => ground?.stop())
beforeEach(() => {
  lists += 1
  list = `list-${lists}`
})

async function* each(lines: readonly ParsedLine[]): AsyncGenerator<ParsedLine> {
  yield* lines
}

const entriesOf = (...plates: string[]): ParsedLine[] =>
  plates.map((plate, at) => ({ line: at + 1, entry: { plate, reason: 'Stolen' } }))

const stage = (lines: readonly ParsedLine[], who = ANN) =>
  stageImport(o, {
    list,
    content: { lines: each(lines), source: { file: 'list.txt', format: 'test' } },
    caller: who,
  })

const inForce = async () => (await o.manifests.get(list))?.value.version ?? null
const stateNow = async (record: VersionRecord) => stateOf(record, await inForce())
const platesOf = async (version: number) =>
  (await loadEntries(store, list, version)).map(({ plate }) => plate)
const approve = (version: number, who = SUE) =>
  decideVersion(o, { list, version, action: 'approve', caller: who })

/** A list of a registered government source. */
async function governmentList(): Promise<void> {
  const settings = { settings: await openSettings(nats.bus), manifests: o.manifests }
  const made = { name: list, category: 'stolen_vehicle', patch: {}, agency: 'FBI' } as const
  await createList({ ...settings, audit: o.audit }, made, ADA)
}

/** Puts these plates into force. */
async function activated(...plates: string[]): Promise<number> {
  const { version } = await stage(entriesOf(...plates))
  await approve(version)
  return version
}

test('a list that is in force from before versions had records takes an import', async () => {
  await o.manifests.create(list, manifestOf(40, { name: list, version: 1 }))
  await o.manifests.reserveVersion(list)
  const staged = await stage(entriesOf('AAA111'))
  expect(staged).toMatchObject({ compared_with: 1, held: [expect.stringContaining('40')] })
})

test('401.4f an imported file alerts only once a second person has approved it', async () => {
  const record = await stage(entriesOf('KXA7437', 'MNP4739'))
  expect(await stateNow(record)).toBe('submitted')
  expect(await inForce()).toBeNull()
  await expect(approve(record.version, ANN)).rejects.toMatchObject({ code: 'APPROVAL_RIGHT' })
  expect(await inForce()).toBeNull()
  const now = await approve(record.version)
  expect(await stateNow(now)).toBe('active')
  expect(await o.manifests.get(list)).toMatchObject({ value: { version: 1, entries: 2 } })
})

test('401.4f nobody approves a file that they have brought themselves', async () => {
  const record = await stage(entriesOf('KXA7437'), SUE)
  await expect(approve(record.version, SUE)).rejects.toMatchObject({ code: 'APPROVAL_SELF' })
  expect(await inForce()).toBeNull()
  const refused = (await historyOf(nats.bus, list)).find((event) => event.refused !== undefined)
  expect(refused).toMatchObject({ who: 'sue', what: 'version_approve', refused: 'approval_self' })
  await approve(record.version, SAM)
  expect(await inForce()).toBe(1)
})

test('401.4f of two supervisors at once one decides, and the other is told', async () => {
  const { version } = await stage(entriesOf('KXA7437'))
  const results = await Promise.allSettled([approve(version, SUE), approve(version, SAM)])
  const refused = results.filter((result) => result.status === 'rejected')
  expect(refused).toHaveLength(1)
  expect(refused[0]?.reason).toMatchObject({
    code: expect.stringMatching(/^APPROVAL_(OVERTAKEN|STATE)$/),
  })
  expect(await inForce()).toBe(version)
})

test('401.4f a returned file never comes into force, and its entries go', async () => {
  const { version } = await stage(entriesOf('KXA7437'))
  const back = { list, version, action: 'return', caller: SUE } as const
  await expect(decideVersion(o, back)).rejects.toMatchObject({ code: 'APPROVAL_NOTE' })
  const record = await decideVersion(o, { ...back, note: 'Of last year' })
  expect(await stateNow(record)).toBe('returned')
  await expect(approve(version)).rejects.toMatchObject({ code: 'VERSION_GONE' })
  expect(await platesOf(version)).toEqual([])
  expect(await inForce()).toBeNull()
})

test('401.4f what a registered government source sends is in force by itself', async () => {
  await governmentList()
  const record = await stage(entriesOf('KXA7437'))
  expect(await stateNow(record)).toBe('active')
  expect(record.approval.history.at(-2)?.note).toBe('Registered source of FBI')
  expect((await o.manifests.get(list))?.value.category).toBe('stolen_vehicle')
  const events = await historyOf(nats.bus, list)
  expect(events.map(({ what }) => what)).toEqual([
    'version_activate',
    'version_stage',
    'version_import',
    'list_register',
  ])
})

test('whoever may not bring files in is refused, on record', async () => {
  const auditor = caller('ada', 'auditor')
  await expect(stage(entriesOf('KXA7437'), auditor)).rejects.toMatchObject({
    code: 'APPROVAL_RIGHT',
  })
  const [event] = await historyOf(nats.bus, list)
  expect(event).toMatchObject({ who: 'ada', what: 'version_import', refused: 'approval_right' })
  expect(await o.manifests.versions.get(`${list}.1`)).toBeNull()
})

const badLine = (line: number, more = {}) =>
  ({ line, column: 'LIC', expected: '1 to 12 of A-Z, 0-9', came: '"??"', ...more }) as const

test.each<[string, ParsedLine[], RegExp]>([
  [
    'a wrong count',
    [...entriesOf('A1', 'A2', 'A3'), { footer: { records: 4 } }],
    /4 records but 3/,
  ],
  ['no count at its end', [...entriesOf('A1', 'A2'), { footer: { records: null } }], /cut off/],
  ['bad lines', [...entriesOf('A1', 'A2'), badLine(3)], /^1 of 3 lines are wrong, where 1 % may/],
  ['bytes of no text', [...entriesOf('A1'), badLine(2, { encoding: true })], /^1 line is not text/],
  ['half of its entries', entriesOf('A1'), /^It has 1 entries where 2 are in force: 50 % fewer/],
  ['none of its entries', [], /^It has no entries$/],
  [
    'removals',
    [
      ...entriesOf('A1', 'A2'),
      { ...(entriesOf('A3')[0] as ParsedLine), remove: true } as ParsedLine,
    ],
    /no whole list$/,
  ],
])('a file with %s is held; the version in force stays', async (_, lines, reason) => {
  await governmentList()
  await stage(entriesOf('A1', 'A2'))
  expect(await inForce()).toBe(1)
  const record = await stage(lines)
  expect(await stateNow(record)).toBe('held')
  expect(record.held).toContainEqual(expect.stringMatching(reason))
  expect(await inForce()).toBe(1)
  expect(await platesOf(1)).toEqual(['A1', 'A2'])
  // A person may know better.
  await approve(record.version)
  expect(await inForce()).toBe(2)
})

test('bad lines are counted all and kept with their place and what was expected', async () => {
  const many = Array.from({ length: 10_050 }, (_, at) => badLine(at + 1))
  const record = await stage([...many, ...entriesOf('KXA7437')])
  expect(record.counts).toMatchObject({ lines: 10_051, bad: 10_050, entries: 1 })
  const kept = await badLinesOf(store, list, 1, { after: 9_998, lines_max: 100 })
  expect(kept).toEqual([badLine(9_999), badLine(10_000)])
})

test('the first of several lines that make one entry stands', async () => {
  const vehicle = (make: string): ParsedLine => ({
    line: 1,
    entry: { plate: 'KXA7437', reason: 'Stolen', vehicle: { make } },
  })
  const record = await stage([vehicle('ford'), vehicle('honda'), ...entriesOf('MNP4739')])
  expect(record.counts).toMatchObject({ lines: 3, entries: 2, duplicates: 1 })
  expect(await loadEntries(store, list, 1)).toMatchObject([{ vehicle: { make: 'ford' } }, {}])
})

test('401.1 entries of a file code that fits no purpose come in, and are inactive', async () => {
  const coded = (plate: string, file_code: string): ParsedLine => ({
    line: 1,
    entry: { plate, reason: 'Test', details: { file_code } },
  })
  const record = await stage([coded('A1', 'V'), coded('A2', 'X'), coded('A3', 'X')])
  expect(record.counts).toMatchObject({ entries: 1, inactive: 2 })
  expect(record.inactive).toEqual({ X: 2 })
  await approve(1)
  expect((await o.manifests.get(list))?.value.entries).toBe(1)
  expect(await loadEntries(store, list, 1)).toMatchObject([
    { plate: 'A1', purpose: 'stolen_or_wanted_vehicle' },
  ])
})

test('the difference to the version in force is kept: added, changed, removed', async () => {
  const line = (plate: string, reason: string, make?: string): ParsedLine => ({
    line: 1,
    entry: { plate, reason, ...(make === undefined ? {} : { vehicle: { make } }) },
  })
  const before = [
    line('A1', 'Same'),
    line('A2', 'Gone'),
    line('A3', 'Why'),
    line('A4', 'Car', 'kia'),
  ]
  await approve((await stage(before)).version)
  const after = [
    line('A1', 'Same'),
    line('A3', 'Other'),
    line('A4', 'Car', 'ford'),
    line('A5', 'New'),
  ]
  const record = await stage(after)
  expect(record.counts).toMatchObject({ added: 1, changed: 2, removed: 1 })
  const { differences, next } = await differencesOf(store, list, 2, { plates_max: 10 })
  expect(next).toBeNull()
  expect(differences).toMatchObject([
    { kind: 'removed', plate: 'A2', was: { reason: 'Gone' }, is: null },
    { kind: 'changed', plate: 'A3', was: { reason: 'Why' }, is: { reason: 'Other' } },
    {
      kind: 'changed',
      plate: 'A4',
      was: { vehicle: { make: 'kia' } },
      is: { vehicle: { make: 'ford' } },
    },
    { kind: 'added', plate: 'A5', was: null, is: { reason: 'New' } },
  ])
  const first = await differencesOf(store, list, 2, { kind: 'changed', plates_max: 1 })
  expect(first).toMatchObject({ differences: [{ plate: 'A3' }], next: { plate: 'A3' } })
  const rest = await differencesOf(store, list, 2, {
    kind: 'changed',
    plates_max: 1,
    after: { plate: 'A3', region: '' },
  })
  expect(rest.differences).toMatchObject([{ plate: 'A4' }])
})

test('a part adds to the version in force, and takes off what it names', async () => {
  const of = (plate: string, source_id?: string, remove?: true): ParsedLine => ({
    line: 1,
    entry: {
      plate,
      reason: 'Stolen',
      ...(source_id === undefined ? {} : { details: { source_id } }),
    },
    ...(remove === undefined ? {} : { remove }),
  })
  await activated('A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'A8')
  const part = (...lines: ParsedLine[]) =>
    stageImport(o, {
      list,
      part: true,
      content: { lines: each(lines), source: { file: 'part.json', format: 'test' } },
      caller: ANN,
    })
  await o.manifests.changes.remove(list, { plate: 'A8', id: null })
  const first = await part(of('A2', undefined, true), of('B1', 's-1'), of('B2', 's-2'), of('A3'))
  expect(first).toMatchObject({ held: [], part_of: 1 })
  expect(first.counts).toMatchObject({ lines: 4, entries: 8, added: 2, changed: 0, removed: 2 })
  await approve(first.version)
  expect(await platesOf(2)).toEqual(['A1', 'A3', 'A4', 'A5', 'A6', 'A7', 'B1', 'B2'])
  // By its number, whatever the plate; added and taken off again; taken off and added again.
  const lines = [of('C1', 's-1'), of('B9', 's-2', true), of('D1'), of('D1', undefined, true)]
  const second = await part(...lines, of('A4', undefined, true), of('A4'))
  await approve(second.version)
  expect(await platesOf(3)).toEqual(['A1', 'A3', 'A4', 'A5', 'A6', 'A7', 'C1'])
  const late = await part(of('E1'))
  await approve((await part(of('E2'))).version).catch(() => undefined)
  expect(await inForce()).toBe(late.version + 1)
  await expect(approve(late.version)).rejects.toMatchObject({
    code: expect.stringMatching(/^(LIST_OVERTAKEN|VERSION_GONE)$/),
  })
})

test('a difference is the same in one range of ids and in many', async () => {
  const plates = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => `P${from + at}`)
  await activated(...plates(0, 300))
  const { version } = await stage(entriesOf(...plates(20, 310)))
  const sides = { from: 1, to: version, rows_to: 290 }
  const counts = { added: 10, changed: 0, removed: 20 }
  const found = () => differencesOf(store, list, version, { plates_max: 100 })
  expect(await compareVersions(store, list, { ...sides, rows_from: 300 })).toEqual(counts)
  const { differences } = await found()
  expect(differences).toHaveLength(30)
  const ranged = { ...sides, rows_from: 16_500_000 }
  expect(await compareVersions(store, list, ranged)).toEqual(counts)
  expect((await found()).differences).toEqual(differences)
})

test('401.4f nobody approves a difference that is no longer the one they saw', async () => {
  await activated('A1', 'A2')
  const second = await stage(entriesOf('A1', 'A2', 'A3'))
  const third = await stage(entriesOf('A1', 'A2', 'A4'))
  await approve(second.version)
  await expect(approve(third.version)).rejects.toMatchObject({ code: 'VERSION_COMPARED_ANEW' })
  expect(await inForce()).toBe(second.version)
  const now = await approve(third.version)
  expect(now.counts).toMatchObject({ added: 1, removed: 1 })
  expect(await inForce()).toBe(third.version)
})

test('an overtaken version can not come into force', async () => {
  const first = await stage(entriesOf('A1'))
  await activated('A2')
  await expect(approve(first.version)).rejects.toMatchObject({
    code: expect.stringMatching(/^(LIST_OVERTAKEN|VERSION_GONE)$/),
  })
  expect(await inForce()).toBe(2)
})

test('a list goes back to an earlier version, less what was silenced since', async () => {
  await activated('A1', 'A2', 'A3', 'A4', 'A5')
  await activated('A1', 'A2', 'A3', 'A4', 'B5')
  await o.manifests.changes.remove(list, { plate: 'A2', id: null })
  const back = { list, to: 1 }
  await expect(rollBack(o, { ...back, caller: ANN })).rejects.toMatchObject({
    code: 'APPROVAL_RIGHT',
  })
  const record = await rollBack(o, { ...back, caller: SUE })
  expect(record).toMatchObject({ version: 3, rolled_back_to: 1, compared_with: 2 })
  expect(record.counts).toMatchObject({ entries: 4, silenced: 1, added: 1, removed: 2 })
  expect(await platesOf(3)).toEqual(['A1', 'A3', 'A4', 'A5'])
  expect(await inForce()).toBe(3)
  // How old the entries are is not how long ago the list went back.
  const first = await o.manifests.versions.get(`${list}.1`)
  expect((await o.manifests.get(list))?.value.imported_at).toBe(first?.value.imported_at)
  // The removal stands over the next import too.
  await activated('A1', 'A2', 'A3', 'A4', 'A5')
  expect(await platesOf(4)).toEqual(['A1', 'A3', 'A4', 'A5'])
  const never = await stage(entriesOf('A1', 'A2', 'A3', 'A4', 'A6'))
  await expect(rollBack(o, { list, to: never.version, caller: SUE })).rejects.toMatchObject({
    code: 'VERSION_NEVER_ACTIVE',
  })
})

test('a removal is forgotten once the list no longer has what it silences', async () => {
  await activated('A1', 'A2', 'A3')
  await o.manifests.changes.remove(list, { plate: 'A1', id: null })
  const removals = async () =>
    [...(await o.manifests.changes.all()).values()].filter(({ value }) => value.list === list)
  const { version } = await stage(entriesOf('A1', 'A2', 'A3'))
  expect(await removals()).toHaveLength(1)
  await approve(version)
  expect(await platesOf(version)).toEqual(['A2', 'A3'])
  expect(await removals()).toHaveLength(1)
  await activated('A2', 'A3')
  expect(await removals()).toHaveLength(0)
  await activated('A1', 'A2', 'A3')
  expect(await platesOf(4)).toEqual(['A1', 'A2', 'A3'])
})

test('a file is read in a thread; one that can not be read leaves its record alone', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'svs.tbl')
  const file = (text: string | Uint8Array, format = 'ca-svs') => {
    writeFileSync(path, text)
    const content = { file: { path, name: 'svs.tbl', format } }
    return stageImport(o, { list, content, caller: ANN })
  }
  const whole = ['DATE01/05/2026 06:00', CA_LINE, 'TOTAL RECORD 0000001', ''].join('\n')
  const record = await file(whole)
  expect(record).toMatchObject({ held: [], counts: { lines: 1, entries: 1 } })
  expect(record.source).toEqual({ file: 'svs.tbl', format: 'ca-svs' })
  const utf_16 = Buffer.from(`\ufeff${whole}`, 'utf16le')
  await expect(file(utf_16)).rejects.toMatchObject({ code: 'LIST_UNREADABLE' })
  const failed = await o.manifests.versions.get(`${list}.2`)
  expect(failed?.value).toMatchObject({
    stage: 'failed',
    failure: expect.stringContaining('UTF-16'),
    entries_gone: true,
  })
  await expect(file(whole, 'none')).rejects.toMatchObject({ code: 'LIST_FORMAT_UNKNOWN' })
})
