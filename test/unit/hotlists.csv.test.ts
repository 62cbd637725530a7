// Lists in CSV. Were a bad line silently left out, a wanted plate would raise no alert and nobody
// would know.
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { collectList, listFormat } from '../../src/formats/hotlists/formats.ts'

const parse = (...lines: string[]) =>
  collectList(listFormat('csv').parse(Readable.from([Buffer.from(`${lines.join('\n')}\n`)])))

test('all columns, in any order and case, with a byte order mark and quotes', async () => {
  const { entries, bad } = await parse(
    '\ufeffReason,PLATE,state,case,make,model,color,type,year',
    '"Stolen, with a ""gun""",2t-ab 123,ID,24-1,Ford,F-150,white,truck,2014',
    'Wanted,ABC1,CA-BC,,,,,,',
    '',
    'Plain,XYZ9,,,,,,,',
  )
  expect(bad).toEqual([])
  expect(entries).toEqual([
    {
      plate: '2TAB123',
      reason: 'Stolen, with a "gun"',
      region: 'US-ID',
      case: '24-1',
      vehicle: { make: 'Ford', model: 'F-150', color: 'white', type: 'truck', year: 2014 },
    },
    { plate: 'ABC1', reason: 'Wanted', region: 'CA-BC' },
    { plate: 'XYZ9', reason: 'Plain' },
  ])
})

test('bad lines are named with line, column, what was expected and what came', async () => {
  const { entries, bad } = await parse(
    'plate,reason,state,year',
    'GOOD1,Stolen,ID,',
    'TOOLONG1234567,Stolen,ID,',
    'ABC1,,ID,',
    'ABC2,Stolen,Idaho,',
    'ABC3',
    'ABC4,Stolen,ID,next',
    'GOOD2,Stolen,ID,2014',
  )
  // A year that is none costs the year only.
  expect(entries.map(({ plate }) => plate)).toEqual(['GOOD1', 'ABC4', 'GOOD2'])
  expect(bad).toEqual([
    { line: 3, column: 'plate', expected: '1 to 12 of A-Z, 0-9', came: '"TOOLONG1234567"' },
    { line: 4, column: 'reason', expected: '1 to 1000 characters', came: '""' },
    { line: 5, column: 'state', expected: 'ISO 3166-2 or two letters', came: '"Idaho"' },
    { line: 6, column: 'reason', expected: '1 to 1000 characters', came: 'nothing' },
  ])
})

test('a plate may leave characters open, and an entry have a profile of its own', async () => {
  const { entries, bad } = await parse(
    'plate,reason,make,color,profile',
    '2ta*,Stolen,Ford,white,',
    '2T? 1**23,Stolen,,,fold+2',
    'ABC1,Wanted,,,Exact',
    'A*,Stolen,,,',
    '1234567890???,Stolen,,,',
    'ABC2,Stolen,,,fold+3',
  )
  expect(entries).toEqual([
    { plate: '2TA*', reason: 'Stolen', vehicle: { make: 'Ford', color: 'white' } },
    { plate: '2T?1*23', reason: 'Stolen', profile: 'fold+2' },
    { plate: 'ABC1', reason: 'Wanted', profile: 'exact' },
  ])
  const open = '1 to 12 of A-Z, 0-9, ? and *, at least 2 of them known'
  expect(bad).toEqual([
    { line: 5, column: 'plate', expected: open, came: '"A*"' },
    { line: 6, column: 'plate', expected: open, came: '"1234567890???"' },
    { line: 7, column: 'profile', expected: 'exact, fold, fold+1, fold+2', came: '"fold+3"' },
  ])
})

test.each([
  [
    'a header without plate',
    ['number,reason', 'A1,x'],
    /Expected a header line with plate, reason/,
  ],
  ['a header that moves a cursor', ['number\x1b[2J,reason', 'A1,x'], /found number\ufffd\[2J/],
  ['two columns of one name', ['plate,reason,PLATE', 'A1,x,B2'], /one column plate but found two/],
  ['broken quoting', ['plate,reason', 'A1,"x'], /can't be read/],
  ['a line without an end', ['plate,reason', `A1,${'x'.repeat(20_000)}`], /can't be read/],
])('%s is an error', async (_what, lines, message) => {
  await expect(parse(...lines)).rejects.toMatchObject({
    code: 'LIST_UNREADABLE',
    message: expect.stringMatching(message),
  })
})

test('an empty file holds no entries, which the import refuses', async () => {
  expect(await parse('')).toEqual({ entries: [], bad: [] })
})

test('purpose, end, instructions, cautions and contact travel with the entry', async () => {
  const { entries, bad } = await parse(
    'plate,reason,purpose,expires_at,instructions,cautions,contact',
    'ABC1,Stolen,stolen_plate,2026-01-05T17:00:00-07:00,"Do not stop,\n go on",armed; odd ;,Desk 5',
    'ABC2,Stolen,,2026-01-05,,,',
    'ABC3,Stolen,curiosity,,,,',
    'ABC4,Stolen,,tomorrow,,,',
    'ABC5,Stolen,,2026-02-30,,,',
    `ABC6,Stolen,,,${'x'.repeat(1_001)},,`,
  )
  expect(entries).toEqual([
    {
      plate: 'ABC1',
      reason: 'Stolen',
      purpose: 'stolen_plate',
      expires_at: '2026-01-06T00:00:00.000Z',
      details: {
        contact: 'Desk 5',
        instructions: 'Do not stop, go on',
        cautions: ['armed', 'odd'],
      },
    },
    { plate: 'ABC2', reason: 'Stolen', expires_at: '2026-01-06T00:00:00.000Z' },
  ])
  expect(bad.map(({ line, column, came }) => [line, column, came])).toEqual([
    [5, 'purpose', '"curiosity"'],
    [6, 'expires_at', '"tomorrow"'],
    [7, 'expires_at', '"2026-02-30"'],
    [8, 'instructions', `"${'x'.repeat(40)}"`],
  ])
})

test('a day ends where the list was written', async () => {
  const source = Readable.from([Buffer.from('plate,reason,expires_at\nABC1,Stolen,2026-07-05\n')])
  const list = await collectList(listFormat('csv').parse(source, { zone: 'America/Boise' }))
  expect(list.entries[0]?.expires_at).toBe('2026-07-06T06:00:00.000Z')
})

test('text that is not UTF-8, or that moves a terminal, is a bad line', async () => {
  const file = Buffer.from(
    'plate,reason\nABC1,Caf\xe9\nABC2,\x1b[2Jx\nABC3,Caf\xc3\xa9\n',
    'latin1',
  )
  const { entries, bad } = await collectList(listFormat('csv').parse(Readable.from([file])))
  expect(entries).toEqual([{ plate: 'ABC3', reason: 'Café' }])
  expect(bad).toMatchObject([
    { line: 2, column: 'reason', encoding: true },
    { line: 3, column: 'reason', came: '"\ufffd[2Jx"' },
  ])
})

test('plate, state and reason without a header', async () => {
  const lines = ['ABC1,ID,Stolen, with a gun', 'ABC2,,Wanted', 'ABC3,ID', 'Plate,State,Why']
  const source = Readable.from([Buffer.from(`plate,state,reason\n${lines.join('\n')}\n`)])
  const { entries, bad } = await collectList(listFormat('plain').parse(source))
  expect(entries).toEqual([
    { plate: 'ABC1', region: 'US-ID', reason: 'Stolen, with a gun' },
    { plate: 'ABC2', reason: 'Wanted' },
  ])
  // No guess at what is a header: PLATE could be one.
  expect(bad.map(({ line, column }) => [line, column])).toEqual([
    [4, 'reason'],
    [5, 'state'],
  ])
})
