// Rows of delimited text as they stream in, quoted fields over several lines too (csv-parse), for
// files that people and office programs write. What machines write one record a line is read by
// lines.ts, where a stray quote costs one line.
import { pipeline } from 'node:stream/promises'
import { parse } from 'csv-parse'
import { HotplateError } from '../../domain/error.ts'

/** A longer record is one whose quote was never closed. */
const RECORD_BYTES_MAX = 16_384

export interface CsvRow {
  /** Of the file, from 1: the line that the row ends on. */
  line: number
  fields: string[]
}

/**
 * Of two columns of one name, nobody knows which is meant.
 * @throws HotplateError LIST_UNREADABLE
 */
export function assertDistinct(header: readonly string[], wanted: readonly string[]): void {
  for (const name of wanted) {
    if (header.indexOf(name) === header.lastIndexOf(name)) continue
    throw new HotplateError('LIST_UNREADABLE', `Expected one column ${name} but found two`)
  }
}

interface CsvForm {
  delimiter: string
  /** Null: no character quotes. */
  quote: string | null
}

/**
 * Fields are trimmed; rows that are blank are left out.
 * @throws HotplateError LIST_UNREADABLE where quoting is broken, or a record is far too long
 */
export async function* csvRows(
  source: AsyncIterable<Uint8Array>,
  { delimiter, quote }: CsvForm,
): AsyncGenerator<CsvRow> {
  const parser = parse({
    bom: true,
    delimiter,
    quote,
    trim: true,
    skip_empty_lines: true,
    max_record_size: RECORD_BYTES_MAX,
    relax_column_count: true,
    info: true,
  })
  const fed = pipeline(source, parser)
  // Its error comes by way of the parser; a reader that stops early makes one of its own.
  fed.catch(() => {})
  try {
    for await (const item of parser) {
      const { record, info } = item as { record: string[]; info: { lines: number } }
      if (record.some((field) => field !== '')) yield { line: info.lines, fields: record }
    }
  } catch (cause) {
    if (cause instanceof HotplateError) throw cause
    const message = `The list can't be read: ${(cause as Error).message}`
    throw new HotplateError('LIST_UNREADABLE', message, { cause })
  } finally {
    parser.destroy()
  }
}
