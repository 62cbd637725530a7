// New Jersey's points of interest. A document that breaks off must never look like a short list.
import { expect, test } from 'vitest'
import { parseList } from '../helpers/list-bytes.ts'

const now_ms = Date.parse('2026-03-01T12:00:00Z')

const POI = {
  ID: 17,
  Status: 'ADD',
  StartDate: '2026-01-05T00:00:00Z',
  ExpirationDate: '2026-06-30',
  UserVisibility: 'Y',
  NJSNAPHitNotification: 'Y',
  ReasonType: 'NON-NCIC',
  Reason: 'Robbery, {armed}',
  PlateNumber: 'abc-1234',
  PlateSt: 'NJ',
  NICNum: '',
  VehicleMake: 'Ford',
  VehicleModel: 'Focus',
  VehicleYear: 2014,
  VehicleColor: 'White',
  VehicleSize: 'Mid',
  ContactName: 'Desk',
  ContactNo: '555-0100',
  ContactEmail: 'desk@pd.example',
  CaseNo: '26-1',
  Comment: 'Do not stop, "observe"',
  DeptORI: 'NJ9999999',
  DeptName: 'Some PD',
  EntryDate: '01/05/2026',
}

const document = (...pois: object[]) => JSON.stringify({ Version: 2, POIs: pois })
const parse = (...pois: object[]) => parseList('nj-poi', document(...pois), { now_ms })

const ENTRY = {
  plate: 'ABC1234',
  region: 'US-NJ',
  reason: 'Robbery, {armed}',
  case: '26-1',
  expires_at: '2026-07-01T00:00:00.000Z',
  vehicle: { make: 'Ford', model: 'Focus', color: 'White', year: 2014 },
  details: {
    source_id: '17',
    agency: 'Some PD (NJ9999999)',
    entered_on: '2026-01-05',
    contact: 'Desk, 555-0100, desk@pd.example',
    instructions: 'Do not stop, "observe"',
  },
}

test('a record gives an entry; an edited one too, a deleted one takes it off', async () => {
  const changed = { ...POI, Status: 'EDIT', NICNum: 'V900000001', ReasonType: 'NCIC' }
  expect(await parse(POI, changed, { ...POI, Status: 'DELETE' })).toEqual([
    { line: 1, entry: ENTRY },
    { line: 2, entry: { ...ENTRY, details: { ...ENTRY.details, file_code: 'V' } } },
    { line: 3, entry: ENTRY, remove: true },
  ])
})

test('what the file says is not in force now is left out, and counted', async () => {
  expect(
    await parse(
      { ...POI, StartDate: '2026-03-02' },
      { ...POI, ExpirationDate: '02/28/2026' },
      { ...POI, NJSNAPHitNotification: 'N' },
      { ...POI, UserVisibility: 'N' },
      { ...POI, UserVisibility: 'N', Status: 'DELETE' },
    ),
  ).toMatchObject([
    { line: 1, skipped: 'not_started' },
    { line: 2, skipped: 'expired' },
    { line: 3, skipped: 'no_alerts' },
    { line: 4, skipped: 'restricted' },
    { line: 5, remove: true },
  ])
})

test('a covert list takes what not every user may see', async () => {
  const text = document({ ...POI, UserVisibility: 'N' })
  expect(await parseList('nj-poi', text, { now_ms, restricted: true })).toMatchObject([
    { line: 1, entry: { plate: 'ABC1234' } },
  ])
})

test('bad records are named with their number and the name of the field', async () => {
  const lines = await parse(
    { ...POI, Status: 'KEEP' },
    { ...POI, PlateNumber: 'ABC/1' },
    { ...POI, PlateNumber: ['ABC1234'] },
    { ...POI, Reason: '', ReasonType: '' },
    { ...POI, StartDate: 'soon' },
    { ...POI, ExpirationDate: '2026-02-30' },
    { ...POI, UserVisibility: 'maybe' },
    { ...POI, Comment: 'x'.repeat(1_001) },
    { ...POI, Comment: 'x'.repeat(70_000) },
    POI,
  )
  expect(lines.slice(0, -1).map((line) => 'column' in line && [line.line, line.column])).toEqual([
    [1, 'Status'],
    [2, 'PlateNumber'],
    [3, 'PlateNumber'],
    [4, 'Reason'],
    [5, 'StartDate'],
    [6, 'ExpirationDate'],
    [7, 'UserVisibility'],
    [8, 'Comment'],
    [9, 'record'],
  ])
  expect(lines.at(-1)).toEqual({ line: 10, entry: ENTRY })
})

test('a record that is no JSON is one bad line', async () => {
  const text = `{"POIs":[{"a":tru},${JSON.stringify(POI)}]}`
  expect(await parseList('nj-poi', text, { now_ms })).toEqual([
    { line: 1, column: 'record', expected: 'an object in JSON', came: '"{"a":tru}"' },
    { line: 2, entry: ENTRY },
  ])
})

test('an empty list is one', async () => {
  expect(await parseList('nj-poi', '\ufeff {"Version":{"POIs":[1]},"POIs":[]} \n')).toEqual([])
})

const whole = document(POI)
test.each([
  ['nothing', ''],
  ['a list', '[]'],
  ['no such list', '{"points":[]}'],
  ['a list of numbers', '{"POIs":[1]}'],
  ['a list of strings', '{"POIs":["x"]}'],
  ['a list of lists', '{"POIs":[[]]}'],
  ['two lists', '{"POIs":[],"POIs":[]}'],
  ['records without commas', '{"POIs":[{}{}]}'],
  ['commas without records', '{"POIs":[{},,{}]}'],
  ['something after the end', `${whole}{}`],
  ['too many levels', `{"POIs":[{"a":${'['.repeat(40)}`],
  ['an end without a beginning', '}'],
  ['the wrong end', '{"POIs":[}]'],
])('%s is no such document', async (_what, text) => {
  await expect(parseList('nj-poi', text)).rejects.toMatchObject({ code: 'LIST_UNREADABLE' })
})

test('a document that breaks off anywhere is an error', async () => {
  for (let length = 0; length < whole.length; length += 1) {
    const cut = parseList('nj-poi', whole.slice(0, length))
    await expect(cut, String(length)).rejects.toMatchObject({ code: 'LIST_UNREADABLE' })
  }
})
