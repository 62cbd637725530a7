// The states' own layouts. Each keeps a plate at another place: one column off, and the list looks
// for plates that nobody has reported. All records are composed.
import { describe, expect, test } from 'vitest'
import type { NewEntry } from '../../src/formats/hotlists/parsed-line.ts'
import { parseList, textOf } from '../helpers/list-bytes.ts'

interface Sample {
  format: string
  line: string
  entry: NewEntry
}

const good: Sample[] = [
  {
    format: 'mi',
    line: 'M900000001MI999999920260105ABC1234   MI2026PC2003CHEVSUBLLBLK    MISSING PERSON NCIC',
    entry: {
      plate: 'ABC1234',
      region: 'US-MI',
      reason: 'MISSING PERSON NCIC',
      vehicle: { make: 'CHEV', model: 'SUB', type: 'LL', color: 'BLK', year: 2003 },
      details: {
        source_id: 'M900000001',
        file_code: 'M',
        agency: 'MI9999999',
        entered_on: '2026-01-05',
      },
    },
  },
  {
    format: 'wa-ncic',
    line: '21V9000001WAXYZ000020260105BN0W111   WA2022PC',
    entry: {
      plate: 'BN0W111',
      region: 'US-WA',
      reason: 'Stolen vehicle',
      details: {
        source_id: '21V9000001',
        file_code: 'V',
        agency: 'WAXYZ0000',
        entered_on: '2026-01-05',
      },
    },
  },
  {
    format: 'wa-stolen',
    line:
      'EVS,WA9999999,ABC1234,WA,2026,PC,TESTVIN0000000001,2003,HOND,ELE,4D,SIL,01/05/2026,26-001,' +
      'CALL DESK, BOTH PLATES ON, YES',
    entry: {
      plate: 'ABC1234',
      region: 'US-WA',
      reason: 'Stolen vehicle: CALL DESK, BOTH PLATES ON, YES',
      case: '26-001',
      vehicle: { make: 'HOND', model: 'ELE', type: '4D', color: 'SIL', year: 2003 },
      details: {
        file_code: 'V',
        agency: 'WA9999999',
        entered_on: '2026-01-05',
        vin: 'TESTVIN0000000001',
      },
    },
  },
  {
    format: 'mn-ncic',
    line: 'C900000001,0H9999999,20260105,ABC1234,0H,2022,TK,2013,CHEV,AVA,PK,CRM',
    entry: {
      plate: 'ABC1234',
      region: 'US-OH',
      reason: 'Supervised release',
      vehicle: { make: 'CHEV', model: 'AVA', type: 'PK', color: 'CRM', year: 2013 },
      details: {
        source_id: 'C900000001',
        file_code: 'C',
        agency: '0H9999999',
        entered_on: '2026-01-05',
      },
    },
  },
  {
    format: 'tx-ncic',
    line: 'P900000001,TX9999999,20260105,ABC1234,TX,2021,2009,D0DG,CHA,4D,GRY',
    entry: {
      plate: 'ABC1234',
      region: 'US-TX',
      reason: 'Stolen plate',
      vehicle: { make: 'DODG', model: 'CHA', type: '4D', color: 'GRY', year: 2009 },
      details: {
        source_id: 'P900000001',
        file_code: 'P',
        agency: 'TX9999999',
        entered_on: '2026-01-05',
      },
    },
  },
  {
    format: 'tx-tcic',
    line: 'TW9000000001,ABC1234,TX,2009,F0RD,TK,PK,WHI',
    entry: {
      plate: 'ABC1234',
      region: 'US-TX',
      reason: 'Wanted person',
      vehicle: { make: 'FORD', model: 'TK', type: 'PK', color: 'WHI', year: 2009 },
      details: { source_id: 'TW9000000001', file_code: 'W' },
    },
  },
  {
    format: 'ny',
    line: 'ABC1234   NYPC VMERCYEL/BLK',
    entry: {
      plate: 'ABC1234',
      region: 'US-NY',
      reason: 'Stolen vehicle',
      vehicle: { make: 'MERC', color: 'YEL/BLK' },
      details: { file_code: 'V' },
    },
  },
  {
    format: 'co-ccic',
    line: 'ABC1234   COFelony Warrant        2002 FORD FOC BLK',
    entry: {
      plate: 'ABC1234',
      region: 'US-CO',
      reason: 'Felony Warrant',
      vehicle: { make: 'FORD', model: 'FOC', color: 'BLK', year: 2002 },
      details: { file_code: 'W' },
    },
  },
  {
    format: 'co-ccic',
    line: 'ABC1234   COAttempt To Locate     RED PICKUP WITH A RACK',
    entry: {
      plate: 'ABC1234',
      region: 'US-CO',
      reason: 'Attempt To Locate: RED PICKUP WITH A RACK',
      details: { file_code: '?' },
    },
  },
  {
    format: 'il-leads',
    line: 'ABC123  ILPCSTOLEN VYR/05 VMA/D0DG VMO/MAG VST/4D VCO/RED     DOT/010315 LDS/V26A0001',
    entry: {
      plate: 'ABC123',
      region: 'US-IL',
      reason: 'Stolen vehicle',
      vehicle: { make: 'DODG', model: 'MAG', type: '4D', color: 'RED', year: 2005 },
      details: { source_id: 'V26A0001', file_code: 'V' },
    },
  },
  {
    format: 'il-leads',
    line: `ABC123  ILPCWANTED ${'DOE, JO M/W 01/01/1980'.padEnd(62)}W26A0002`,
    entry: {
      plate: 'ABC123',
      region: 'US-IL',
      reason: 'Wanted person',
      details: { source_id: 'W26A0002', file_code: 'W' },
    },
  },
  {
    format: 'oh-leads',
    line: '1 ABC1234 MI 01/01/2026 04/11/2026 UHAU TL 2015 0NG/WHI M90000001 V900000002',
    entry: {
      plate: 'ABC1234',
      region: 'US-MI',
      reason: 'Stolen vehicle',
      vehicle: { make: 'UHAU', model: 'TL', color: 'ONG/WHI', year: 2015 },
      details: { source_id: 'V900000002', file_code: 'V' },
    },
  },
  {
    format: 'oh-leads',
    line: '1 ABC1234 0H 01/01/2026 04/11/2026 F0RD F0C   0H WARRANT SUPP',
    entry: {
      plate: 'ABC1234',
      region: 'US-OH',
      reason: 'Warrant, Ohio',
      vehicle: { make: 'FORD', model: 'FOC' },
      details: { file_code: 'W' },
    },
  },
  {
    format: 'fl',
    line: 'Stolen Tag;FL9999999;SOME PD;26-1;;;P900000001;20260105;;;ABC123;2026;FL;PC;20260106;',
    entry: {
      plate: 'ABC123',
      region: 'US-FL',
      reason: 'Stolen Tag',
      case: '26-1',
      details: {
        source_id: 'P900000001',
        file_code: 'P',
        agency: 'SOME PD (FL9999999)',
        entered_on: '2026-01-05',
      },
    },
  },
  {
    format: 'al',
    line: 'ABC1234,,TESTVIN0000000001,CHEV,,RED,1985,Stolen Vehicle or Vehicle Part,WA',
    entry: {
      plate: 'ABC1234',
      region: 'US-WA',
      reason: 'Stolen Vehicle or Vehicle Part',
      vehicle: { make: 'CHEV', color: 'RED', year: 1985 },
      details: { file_code: 'V', vin: 'TESTVIN0000000001' },
    },
  },
  {
    format: 'ga',
    line: 'ABC1234 GA#9SUSPENDED,FORD,2006,FUSION,RED  ',
    entry: {
      plate: 'ABC1234',
      region: 'US-GA',
      reason: 'SUSPENDED',
      vehicle: { make: 'FORD', model: 'FUSION', color: 'RED', year: 2006 },
      // Registration matters are no purpose of 401.1: somebody has to decide.
      details: { file_code: '?' },
    },
  },
]

test.each(good)('$format: $line', async ({ format, line, entry }) => {
  expect(await parseList(format, textOf([line], '\r\n'))).toEqual([{ line: 1, entry }])
})

test.each([
  ['mi', 'M900000001MI9'],
  ['wa-stolen', 'EVS,WA9999999,ABC1234'],
  ['wa-stolen', 'XXS,WA9999999,ABC1234,WA,2026,PC,,2003,HOND,ELE,4D,SIL,01/05/2026,26-001,'],
  ['wa-stolen', 'EVS,WA9999999,ABC1234,WA,2026,PC,,2003,HOND,ELE,4D,SIL,31/05/2026,26-001,'],
  ['mn-ncic', 'C900000001,0H9999999,20260105,ABC1234,0H,2022,TK,2013,CHEV,AVA,PK'],
  ['mn-ncic', 'C900000001,0H9999999,20260105,"ABC1234,0H,2022,TK,2013,CHEV,AVA,PK,CRM'],
  ['tx-ncic', '9900000001,TX9999999,20260105,ABC1234,TX,2021,2009,D0DG,CHA,4D,GRY'],
  ['tx-tcic', 'T,ABC1234,TX,2009,F0RD,TK,PK,WHI'],
  ['ca-svs', 'ABC/123 CA1901052026'],
  ['ca-svs', 'ABC1234 CA1932052026'],
  ['ny', 'ABC1234   NYPC 9MERCYEL'],
  ['ny', 'ABC1234'],
  ['co-ccic', 'ABC1234   CO'],
  ['il-leads', 'ABC123  ILPCFOUND  VYR/05'],
  ['oh-leads', '1 ABC1234 MI 01/01/2026 04/11/2026 UHAU TL 2015 0NG/WHI M90000001'],
  ['oh-leads', '1 ABC1234 MI 01/01/2026 UHAU TL 2015 0NG/WHI M90000001 V900000002'],
  ['oh-leads', 'ABC1234 MI 01/01/2026 04/11/2026 UHAU TL 2015 0NG/WHI M90000001 V90000002'],
  ['fl', 'Stolen Tag;FL9999999;SOME PD'],
  ['al', 'ABC1234,,VIN,CHEV,,RED,1985,,WA'],
  ['ga', 'ABC1234GA#9SUSPENDED,FORD,2006'],
])('%s: %j is a bad line', async (format, line) => {
  const sample = good.find((one) => one.format === format)?.line
  const first = sample ?? 'DATE01/05/2026 03:00'
  const [, second] = await parseList(format, textOf([first, line]))
  expect(second).toMatchObject({
    line: 2,
    column: expect.stringMatching(/./),
    expected: expect.stringMatching(/./),
    came: expect.stringMatching(/^"/),
  })
})

test.each([
  ['E', 'L', 'Violent person'],
  ['O', 'H', 'Protection order'],
  ['T', 'TX-T', 'Threat against a peace officer'],
  ['Y', 'TX-Y', 'Child safety check'],
])('tx-tcic: the state has letters of its own: %s', async (letter, file_code, reason) => {
  const [line] = await parseList('tx-tcic', `T${letter}9,ABC1234,TX,,,,,`)
  expect(line).toEqual({
    line: 1,
    entry: {
      plate: 'ABC1234',
      region: 'US-TX',
      reason,
      details: { source_id: `T${letter}9`, file_code },
    },
  })
})

test("mi: a record of the state's own goes by its words, its number is not NCIC's", async () => {
  const line = 'V900000001MI999999920260105ABC1234   MI2026PC2003CHEVSUBLLBLK    TE MI'
  expect(await parseList('mi', line)).toMatchObject([
    { entry: { reason: 'TE MI', details: { file_code: '?' } } },
  ])
})

test('oh-leads: calibration records test cameras and never alert; they are counted', async () => {
  const lines = [
    '1 TEST0001 0H 01/01/2026 04/11/2026 TEST    0H LPR CALIBRATION RECORD',
    '1 ABC1234 0H 01/01/2026 04/11/2026 F0RD F0C 2014 WHI 0H STOLEN VEHICLE',
  ]
  expect(await parseList('oh-leads', textOf(lines))).toMatchObject([
    { line: 1, skipped: 'calibration' },
    { line: 2, entry: { plate: 'ABC1234' } },
  ])
})

describe('California', () => {
  const lines = ['DATE01/05/2026 03:00', 'ABC1234 CA1901052026', '0LD0001 CA1920260105']

  test.each([
    ['ca-svs', 'V', 'Stolen vehicle'],
    ['ca-sfr', 'F', 'Felony vehicle'],
    ['ca-slr', 'P', 'Stolen plate'],
  ])('%s', async (format, file_code, reason) => {
    const details = { file_code, agency: 'California, county 19', entered_on: '2026-01-05' }
    expect(await parseList(format, textOf([...lines, 'TOTAL RECORD 0000002']))).toEqual([
      { line: 1, skipped: 'header' },
      { line: 2, entry: { plate: 'ABC1234', region: 'US-CA', reason, details } },
      { line: 3, entry: { plate: '0LD0001', region: 'US-CA', reason, details } },
      { footer: { records: 2 } },
    ])
  })

  test('a file without its count was cut off, and says so', async () => {
    const parsed = await parseList('ca-svs', textOf(lines))
    expect(parsed.at(-1)).toEqual({ footer: { records: null } })
    const broken = await parseList('ca-svs', textOf([...lines, 'TOTAL RECORD 00']).slice(0, -3))
    expect(broken.at(-1)).toEqual({ footer: { records: null } })
  })

  test('nothing may come after the count', async () => {
    const parsed = await parseList('ca-svs', textOf(['TOTAL RECORD 0000000', ...lines.slice(1)]))
    expect(parsed).toMatchObject([
      { footer: { records: 0 } },
      { line: 2, column: 'line' },
      { line: 3, column: 'line' },
    ])
  })
})

test('a vehicle without a plate is no wrong line', async () => {
  const line = 'EVS,WA9999999,,WA,,,TESTVIN0000000001,2003,HOND,ELE,4D,SIL,01/05/2026,26-001,'
  expect(await parseList('wa-stolen', line)).toEqual([{ line: 1, skipped: 'no_plate' }])
})

test('quotes within a line', async () => {
  const line = ' "ABC1234" ,,VIN,"CHEV, OLD", ,RED,1985,"STOLEN ""TAG""",WA'
  expect(await parseList('al', line)).toMatchObject([
    { entry: { reason: 'STOLEN "TAG"', vehicle: { make: 'CHEV, OLD' } } },
  ])
})
