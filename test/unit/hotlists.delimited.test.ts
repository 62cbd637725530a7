// Delimited files by a saved mapping, and the ready ones. A mapping that takes the wrong column for
// the plate would put a whole file of strangers on a list: what can't be is refused when it is
// saved, or when a header lacks a column.
import { describe, expect, test } from 'vitest'
import type { DelimitedMapping } from '../../src/domain/list-layout.ts'
import { mappingSchema } from '../../src/formats/hotlists/delimited.ts'
import { parseList, textOf } from '../helpers/list-bytes.ts'

const now_ms = Date.parse('2026-03-01T12:00:00Z')

const OWN: DelimitedMapping = {
  delimiter: '|',
  quote: "'",
  header: true,
  columns: { plate: 'Tag', state: 'Issued By', reason: 'WHY', expires_at: 'until', year: 5 },
  constants: { reason: 'On the town list', profile: 'exact', contact: 'Desk 5' },
  dates: 'mm/dd/yyyy',
  states: { Gem: 'US-ID', Evergreen: 'US-WA' },
  remove: { column: 'do', words: ['gone'] },
}

const own = (lines: string[], mapping = OWN) =>
  parseList('delimited', textOf(lines), { mapping, now_ms, zone: 'America/Boise' })

test('columns by name and by number, constants, a table of states, days of the zone', async () => {
  const lines = await own([
    'do|TAG|issued by|why|built|until',
    "x|abc 123|Gem|'Stolen | maybe'|2014|03/01/2026",
    'x|ABC124|||next|',
    'GONE|ABC125|Evergreen|Found||',
  ])
  expect(lines).toEqual([
    {
      line: 2,
      entry: {
        plate: 'ABC123',
        region: 'US-ID',
        reason: 'Stolen | maybe',
        profile: 'exact',
        expires_at: '2026-03-02T07:00:00.000Z',
        vehicle: { year: 2014 },
        details: { contact: 'Desk 5' },
      },
    },
    {
      line: 3,
      entry: {
        plate: 'ABC124',
        reason: 'On the town list',
        profile: 'exact',
        details: { contact: 'Desk 5' },
      },
    },
    {
      line: 4,
      entry: {
        plate: 'ABC125',
        region: 'US-WA',
        reason: 'Found',
        profile: 'exact',
        details: { contact: 'Desk 5' },
      },
      remove: true,
    },
  ])
})

test("bad lines have the file's own names of columns", async () => {
  const lines = await own([
    'do|TAG|issued by|why|built|until',
    'x|A|B|C|D',
    'x|ABC/12|Gem|Stolen||',
    'x|ABC124|Gem|Stolen||2026-03-01',
    'x',
  ])
  expect(lines).toEqual([
    {
      line: 2,
      column: 'Issued By',
      expected: 'a state that the mapping knows',
      came: '"B"',
    },
    { line: 3, column: 'Tag', expected: '1 to 12 of A-Z, 0-9', came: '"ABC/12"' },
    { line: 4, column: 'until', expected: 'a day, mm/dd/yyyy', came: '"2026-03-01"' },
    { line: 5, column: 'Tag', expected: '1 to 12 of A-Z, 0-9', came: 'nothing' },
  ])
})

test('a header that lacks a column is an error of the whole file', async () => {
  await expect(own(['do|TAG|why|built|until', 'x|ABC123|y||'])).rejects.toMatchObject({
    code: 'LIST_UNREADABLE',
    message: expect.stringMatching(/the column Issued By but found do, tag, why/),
  })
})

test('of two columns of one name nobody knows which is meant', async () => {
  const header = 'do|TAG|issued by|why|built|until|tag'
  await expect(own([header])).rejects.toMatchObject({ code: 'LIST_UNREADABLE' })
})

test('delimited needs its mapping', async () => {
  await expect(parseList('delimited', 'a')).rejects.toMatchObject({ code: 'LIST_MAPPING_MISSING' })
})

describe('a mapping is refused', () => {
  const { quote: _, ...no_quote } = OWN
  test.each([
    ['without a plate', { ...OWN, columns: { reason: 'why' } }],
    ['without a reason', { ...OWN, columns: { plate: 'tag' }, constants: {} }],
    ['whose quote is its delimiter', { ...OWN, quote: '|' }],
    ['with names of columns and no header', { ...OWN, header: false }],
    ['with two characters between columns', { ...OWN, delimiter: '||' }],
    ['with a line break between columns', { ...OWN, delimiter: '\n' }],
    ['with a column 0', { ...OWN, columns: { plate: 0, reason: 'why' } }],
    ['with a column of ours that there is not', { ...OWN, columns: { plate: 1, height: 2 } }],
    ['with a state that is none', { ...OWN, states: { Gem: 'Idaho' } }],
    ['that does not say what quotes', no_quote],
  ])('%s', (_what, mapping) => {
    expect(mappingSchema.safeParse(mapping).success).toBe(false)
  })

  test('and this one is not', () => {
    expect(mappingSchema.parse(OWN)).toEqual(OWN)
  })
})

test('genetec: state, plate, from, to, number; days before and after are told apart', async () => {
  const lines = [
    'QC;DEF228;2026-01-31;2026-05-31;P-1',
    'ID;DEF229;2026-03-02;2026-05-31;P-2',
    'ID;DEF230;2026-01-31;2026-02-28;P-3',
    ';DEF231;;;',
    'ID;DEF232;soon;;',
  ]
  expect(await parseList('genetec', textOf(lines), { now_ms })).toEqual([
    {
      line: 1,
      entry: {
        plate: 'DEF228',
        region: 'CA-QC',
        reason: 'Listed in Genetec',
        expires_at: '2026-06-01T00:00:00.000Z',
        details: { source_id: 'P-1' },
      },
    },
    { line: 2, skipped: 'not_started' },
    { line: 3, skipped: 'expired' },
    { line: 4, entry: { plate: 'DEF231', reason: 'Listed in Genetec' } },
    { line: 5, column: 'column 3', expected: 'a day, iso', came: '"soon"' },
  ])
})

test.each([
  ['cloudrunner', ['ABC123;'], { plate: 'ABC123', reason: 'Listed in Cloudrunner' }],
  [
    'cloudrunner',
    ['ABC123;CA'],
    { plate: 'ABC123', reason: 'Listed in Cloudrunner', region: 'US-CA' },
  ],
  [
    'vigilant',
    ['Hot Plate,State,Alert', 'ABC123,ID,"Stolen, do not stop"'],
    { plate: 'ABC123', region: 'US-ID', reason: 'Stolen, do not stop' },
  ],
  [
    'flock',
    [
      'caseNumber,plate,reason,state,expiry,note',
      '26-1,ABC123,Stolen,new york,2026-05-01T00:00:00Z,Call',
    ],
    {
      plate: 'ABC123',
      region: 'US-NY',
      reason: 'Stolen',
      case: '26-1',
      expires_at: '2026-05-01T00:00:00.000Z',
      details: { instructions: 'Call' },
    },
  ],
])('%s: %j', async (format, lines, entry) => {
  const parsed = await parseList(format, textOf(lines), { now_ms })
  expect(parsed).toEqual([{ line: lines.length, entry }])
})
