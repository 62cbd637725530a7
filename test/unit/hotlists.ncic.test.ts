// The federal extract. A column read one place off names a wrong plate: somebody innocent would be
// stopped, and the thief would pass. All records are composed.
import { expect, test } from 'vitest'
import { parseList, textOf } from '../helpers/list-bytes.ts'

const HEADER = 'VEHEXTRT COMPOSED FOR A TEST'
const GOOD = 'V900000001ID042010020260105ABC1234   ID2026PC2014F0RDF0C4DWHI'

const parse = (...lines: string[]) => parseList('ncic', textOf([HEADER, ...lines]))

test('a record gives plate, state, vehicle, and where it came from', async () => {
  expect(await parse(GOOD)).toEqual([
    { line: 1, skipped: 'header' },
    {
      line: 2,
      entry: {
        plate: 'ABC1234',
        region: 'US-ID',
        reason: 'Stolen vehicle',
        vehicle: { make: 'FORD', model: 'FOC', type: '4D', color: 'WHI', year: 2014 },
        details: {
          source_id: 'V900000001',
          file_code: 'V',
          agency: 'ID0420100',
          entered_on: '2026-01-05',
        },
      },
    },
  ])
})

test('zeros in codes are shown as letters, and stay what they are in the plate', async () => {
  const [, first, second] = await parse(
    'P900000002OH0250000202511300HI0001   0H2025PC    D0DGC302DR0E/BR0',
    'W900000003OH025000020251130S0S11     NB2025TK2015T0YTS0N  BLK/WHI',
  )
  expect(first).toMatchObject({
    entry: {
      plate: '0HI0001',
      region: 'US-OH',
      reason: 'Stolen plate',
      // A zero beside another digit is one: a Chevrolet C30 is no C3O.
      vehicle: { make: 'DODG', model: 'C30', type: '2D', color: 'ROE/BRO' },
    },
  })
  expect(second).toMatchObject({
    entry: {
      plate: 'S0S11',
      region: 'US-NE',
      reason: 'Wanted person',
      vehicle: { year: 2015, make: 'TOYT', model: 'SON', color: 'BLK/WHI' },
    },
  })
})

test.each([
  ['PQ', 'CA-QC'],
  ['NK', 'CA-NB'],
  ['M0', 'US-MO'],
  ['MX', undefined],
  ['US', undefined],
  ['  ', undefined],
])('state %j is %s: one that is not known leaves the entry without', async (code, region) => {
  const [, line] = await parse(GOOD.replace('   ID', `   ${code}`))
  expect(line).toMatchObject({ entry: { plate: 'ABC1234' } })
  expect(line && 'entry' in line && line.entry.region).toBe(region)
})

test('trailing columns may be cut off, and blank ones say nothing', async () => {
  const lines = await parse('M         ID0420100        ABC123')
  expect(lines[1]).toEqual({
    line: 2,
    entry: {
      plate: 'ABC123',
      reason: 'Missing person',
      details: { source_id: 'M', file_code: 'M', agency: 'ID0420100' },
    },
  })
})

test('a file code that the table does not have is kept for who decides about it', async () => {
  const [, line] = await parse(GOOD.replace('V9', 'Z9'))
  expect(line).toMatchObject({ entry: { reason: 'File Z', details: { file_code: 'Z' } } })
})

test('a file without a header line loses no record', async () => {
  const lines = await parseList('ncic', GOOD)
  expect(lines).toMatchObject([{ line: 1, entry: { plate: 'ABC1234' } }])
})

test('bad lines are named with line, column, what was expected and what came', async () => {
  const lines = await parse(
    GOOD,
    '',
    'V9000',
    GOOD.replace('ABC1234', '       '),
    GOOD.replace('ABC1234', 'ABC/234'),
    GOOD.replace('20260105', '20260230'),
    // One column short: everything after it is read one place off.
    GOOD.replace('ID042', 'ID42'),
    GOOD.replace('V', '9'),
    GOOD.replace('V90', 'V-0'),
    GOOD.replace('ID0420100', 'ID04201 0'),
    GOOD.replace('   ID', '   I/'),
    GOOD.replace('F0RD', 'F0\u0000D'),
    'x'.repeat(5_000),
  )
  expect(lines.slice(2)).toEqual([
    { line: 4, column: 'line', expected: 'at least 28 characters', came: '"V9000"' },
    { line: 5, skipped: 'no_plate' },
    { line: 6, column: 'LIC', expected: '1 to 12 of A-Z, 0-9', came: '"ABC/234"' },
    { line: 7, column: 'date', expected: 'a day, yyyymmdd', came: '"20260230"' },
    { line: 8, column: 'date', expected: 'a day, yyyymmdd', came: '"0260105A"' },
    { line: 9, column: 'file code', expected: 'a letter', came: '"9"' },
    { line: 10, column: 'NIC', expected: 'A-Z, 0-9', came: '"V-00000001"' },
    { line: 11, column: 'ORI', expected: 'up to 9 of A-Z, 0-9', came: '"ID04201 0"' },
    { line: 12, column: 'LIS', expected: 'two of A-Z, 0-9', came: '"I/"' },
    {
      line: 13,
      column: 'character 52',
      expected: 'printable ASCII',
      came: 'byte 0x00',
      encoding: true,
    },
    {
      line: 14,
      column: 'line',
      expected: 'at most 4096 characters',
      came: `"${'x'.repeat(40)}"`,
    },
  ])
})

test('only wanted states are kept, and entries of no state', async () => {
  const lines = [GOOD, GOOD.replace('   ID', '   WA'), GOOD.replace('   ID', '     ')]
  const parsed = await parseList('ncic', textOf(lines), { states: ['US-ID'] })
  expect(parsed).toMatchObject([
    { line: 1, entry: { region: 'US-ID' } },
    { line: 2, skipped: 'other_state' },
    { line: 3, entry: { plate: 'ABC1234' } },
  ])
})
