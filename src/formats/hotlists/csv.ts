// The plain CSV list: a header line with `plate` and `reason` and, if given, any other column of
// ENTRY_COLUMNS, in any order. A plate may leave characters open: `?` one, `*` any run. State is
// ISO 3166-2 (`US-ID`) or a two-letter code of the United States (`ID`). Cautions are parted by
// `;`. And the plainest of all, plate, state and reason without a header.
import { HotplateError } from '../../domain/error.ts'
import { ENTRY_COLUMNS } from '../../domain/list-layout.ts'
import { assertDistinct, csvRows } from './csv-rows.ts'
import { parseEntry, type Row } from './entry-columns.ts'
import { isBad, type ParsedLine } from './parsed-line.ts'

interface CsvOptions {
  /** IANA name, for days and clocks without an offset. */
  zone?: string
}

const COMMA = { delimiter: ',', quote: '"' }

/** @throws HotplateError LIST_UNREADABLE where the header or the quoting is wrong */
export async function* parseCsv(
  source: AsyncIterable<Uint8Array>,
  { zone }: CsvOptions,
): AsyncGenerator<ParsedLine> {
  let names: string[] | undefined
  for await (const { line, fields } of csvRows(source, COMMA)) {
    if (names === undefined) names = checkHeader(fields)
    else yield parseRow(rowOf(names, fields), line, zone)
  }
}

const PLAIN = ['plate', 'state', 'reason']

/**
 * Three columns without a header. A reason may have commas; a first line of just these three words
 * is left out.
 */
export async function* parsePlain(source: AsyncIterable<Uint8Array>): AsyncGenerator<ParsedLine> {
  for await (const { line, fields } of csvRows(source, COMMA)) {
    const [plate, state, ...reason] = fields
    if (line === 1 && fields.join().toLowerCase() === PLAIN.join()) {
      yield { line, skipped: 'header' }
    } else {
      yield parseRow({ plate, state, reason: reason.join(', ') }, line)
    }
  }
}

function parseRow(row: Row, line: number, zone?: string): ParsedLine {
  const entry = parseEntry(row, line, zone)
  return isBad(entry) ? entry : { line, entry }
}

function rowOf(names: readonly string[], fields: readonly string[]): Row {
  return Object.fromEntries(names.map((name, column) => [name, fields[column]]))
}

function checkHeader(header: string[]): string[] {
  const names = header.map((name) => name.toLowerCase())
  for (const name of ['plate', 'reason']) {
    if (!names.includes(name)) {
      throw new HotplateError(
        'LIST_UNREADABLE',
        `Expected a header line with ${ENTRY_COLUMNS.join(', ')} ` +
          `but found ${header.slice(0, 12).join(', ').slice(0, 200)}`,
      )
    }
  }
  assertDistinct(names, ENTRY_COLUMNS)
  return names
}
