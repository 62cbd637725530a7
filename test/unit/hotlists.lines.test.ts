// Lines out of bytes. A file whose last line has no end, or that comes from another system, must
// not lose or spoil an entry.
import { expect, test } from 'vitest'
import { GENETEC } from '../../src/formats/hotlists/delimited.ts'
import { FORMATS, listFormat } from '../../src/formats/hotlists/formats.ts'
import { type LineParser, parseLines } from '../../src/formats/hotlists/lines.ts'
import { chunksOf, parseList } from '../helpers/list-bytes.ts'

const echo: LineParser = {
  parse: ({ number, text }) => ({ line: number, entry: { plate: text, reason: 'x' } }),
}

async function linesOf(bytes: Uint8Array | string, sizes?: number[]): Promise<unknown[]> {
  const told: unknown[] = []
  for await (const parsed of parseLines(chunksOf(Buffer.from(bytes), sizes), echo)) {
    told.push('entry' in parsed ? [parsed.line, parsed.entry.plate] : parsed)
  }
  return told
}

test.each([
  ['LF', 'a\nb\n'],
  ['CRLF', 'a\r\nb\r\n'],
  ['no end of the last line', 'a\nb'],
  ['a byte order mark', '\ufeffa\nb\n'],
  ["Ctrl-Z as the file's end", 'a\r\nb\r\n\u001a'],
])('%s', async (_what, text) => {
  const expected = [
    [1, 'a'],
    [2, 'b'],
  ]
  expect(await linesOf(text)).toEqual(expected)
  expect(await linesOf(text, [1])).toEqual(expected)
})

test('blank lines count and say nothing', async () => {
  expect(await linesOf('\n  \na\n\r\nb')).toEqual([
    [3, 'a'],
    [5, 'b'],
  ])
})

test.each([
  ['a carriage return', 'a\rb', 2, '0x0d'],
  ['NUL', 'ab\0', 3, '0x00'],
  ['UTF-8 beyond ASCII', 'é', 1, '0xc3'],
  ['Latin-1', Buffer.from([0x61, 0xe9]), 2, '0xe9'],
])('%s within a line spoils that line alone', async (_what, bytes, at, byte) => {
  const file = Buffer.concat([Buffer.from('ok1\n'), Buffer.from(bytes), Buffer.from('\nok2\n')])
  expect(await linesOf(file)).toEqual([
    [1, 'ok1'],
    {
      line: 2,
      column: `character ${at}`,
      expected: 'printable ASCII',
      came: `byte ${byte}`,
      encoding: true,
    },
    [3, 'ok2'],
  ])
})

test('a line of just the longest length is read, with CRLF too; one more is not', async () => {
  const longest = 'x'.repeat(4_096)
  for (const sizes of [undefined, [1], [4_095], [4_096], [4_097], [4_098]]) {
    expect(await linesOf(`\ufeff${longest}x`, sizes)).toEqual([
      expect.objectContaining({ line: 1, expected: 'at most 4096 characters' }),
    ])
    expect(await linesOf(`${longest}\r\n${longest}x\r\n${longest}\rx\nb`, sizes)).toEqual([
      [1, longest],
      expect.objectContaining({ line: 2, expected: 'at most 4096 characters' }),
      expect.objectContaining({ line: 3, expected: 'at most 4096 characters' }),
      [4, 'b'],
    ])
  }
})

test('UTF-16 is refused as a whole', async () => {
  const bytes = Buffer.from('\ufeffplate', 'utf16le')
  await expect(linesOf(bytes)).rejects.toMatchObject({ code: 'LIST_UNREADABLE' })
})

test('a source that breaks off is an error, not the end of the list', async () => {
  async function* broken() {
    yield Buffer.from('\n')
    throw new Error('the line went dead')
  }
  for (const { name } of FORMATS) {
    const reading = async () => {
      for await (const parsed of listFormat(name).parse(broken(), { mapping: GENETEC }))
        expect(parsed).toBeDefined()
    }
    await expect(reading(), name).rejects.toMatchObject({
      code: 'LIST_UNREADABLE',
      message: expect.stringContaining('the line went dead'),
    })
  }
})

test('names of formats are unique; one that is not known is told with those that are', async () => {
  expect(new Set(FORMATS.map(({ name }) => name)).size).toBe(FORMATS.length)
  await expect(parseList('xls', '')).rejects.toMatchObject({
    code: 'LIST_FORMAT_UNKNOWN',
    message: expect.stringMatching(/csv.*ncic.*"xls"/),
  })
})
