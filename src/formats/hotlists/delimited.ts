// Delimited files of any kind, by a mapping that is kept with the list: which of the file's columns
// are which of ours, what holds for all rows, how days and states are written. And the mappings of
// a few products whose columns are published.
import { z } from 'zod'
import { HotplateError } from '../../domain/error.ts'
import {
  DATE_FORMS,
  type DelimitedMapping,
  ENTRY_COLUMNS,
  type EntryColumn,
  type FileColumn,
} from '../../domain/list-layout.ts'
import { REGION } from '../../domain/read.ts'
import { regionOfCode, regionOfName } from './codes.ts'
import { assertDistinct, csvRows } from './csv-rows.ts'
import { readDay, readTime } from './dates.ts'
import { parseEntry } from './entry-columns.ts'
import { type BadLine, badLine, isBad, type ParsedLine } from './parsed-line.ts'

const character = z.string().regex(/^[^\r\n]$/, 'expected one character')
const fileColumn = z.union([z.string().trim().min(1).max(64), z.int().min(1).max(256)])
const constant = z.string().trim().min(1).max(1_000)

const perColumn = <T extends z.ZodType>(of: T) =>
  Object.fromEntries(ENTRY_COLUMNS.map((name) => [name, of.exactOptional()])) as {
    [column in EntryColumn]: z.ZodExactOptional<T>
  }

export const mappingSchema = z
  .strictObject({
    delimiter: character,
    quote: character.nullable(),
    header: z.boolean(),
    columns: z.strictObject({ ...perColumn(fileColumn), starts_at: fileColumn.exactOptional() }),
    constants: z.strictObject(perColumn(constant)).exactOptional(),
    dates: z.enum(DATE_FORMS).exactOptional(),
    states: z
      .union([
        z.enum(['iso', 'federal', 'names']),
        z.record(z.string().trim().min(1).max(64), z.string().regex(REGION)),
      ])
      .exactOptional(),
    remove: z
      .strictObject({ column: fileColumn, words: z.array(constant).min(1).max(10) })
      .exactOptional(),
  })
  .refine(
    ({ delimiter, quote }) => delimiter !== quote,
    'expected a quote other than the delimiter',
  )
  .refine(({ columns }) => columns.plate !== undefined, 'expected a column for the plate')
  .refine(
    ({ columns, constants }) => (columns.reason ?? constants?.reason) !== undefined,
    'expected a column or a constant for the reason',
  )
  .refine(
    ({ header, columns, remove }) =>
      header ||
      [...Object.values(columns), remove?.column].every((column) => typeof column !== 'string'),
    'expected numbers of columns in a file without a header',
  ) satisfies z.ZodType<DelimitedMapping>

/** `QC;DEF228;2012-01-31;2012-05-31;ID`: state, plate, from, to, number of the permit or record. */
export const GENETEC: DelimitedMapping = {
  delimiter: ';',
  quote: null,
  header: false,
  columns: { state: 1, plate: 2, starts_at: 3, expires_at: 4, source_id: 5 },
  constants: { reason: 'Listed in Genetec' },
  states: 'federal',
}

/** `ABC123;` or `ABC123;CA` */
export const CLOUDRUNNER: DelimitedMapping = {
  delimiter: ';',
  quote: null,
  header: false,
  columns: { plate: 1, state: 2 },
  constants: { reason: 'Listed in Cloudrunner' },
  states: 'federal',
}

export const VIGILANT: DelimitedMapping = {
  delimiter: ',',
  quote: '"',
  header: true,
  columns: { plate: 'hot plate', state: 'state', reason: 'alert' },
  states: 'federal',
}

export const FLOCK: DelimitedMapping = {
  delimiter: ',',
  quote: '"',
  header: true,
  columns: {
    case: 'caseNumber',
    plate: 'plate',
    reason: 'reason',
    state: 'state',
    expires_at: 'expiry',
    instructions: 'note',
  },
  states: 'names',
}

interface DelimitedOptions {
  zone: string
  now_ms: number
}

/** @throws HotplateError LIST_UNREADABLE where the header lacks a column or quoting is broken */
export async function* parseDelimited(
  source: AsyncIterable<Uint8Array>,
  mapping: DelimitedMapping,
  options: DelimitedOptions,
): AsyncGenerator<ParsedLine> {
  let reader = mapping.header ? null : new RowReader(mapping, [], options)
  for await (const { line, fields } of csvRows(source, mapping)) {
    if (reader === null) reader = new RowReader(mapping, fields, options)
    else yield reader.read(fields, line)
  }
}

class RowReader {
  readonly #mapping: DelimitedMapping
  readonly #options: DelimitedOptions
  /** Place of each of our columns in a row, from 0. */
  readonly #places: (readonly [column: EntryColumn, place: number])[]
  readonly #starts_at: number | null
  readonly #remove: { place: number; words: ReadonlySet<string> } | null

  constructor(mapping: DelimitedMapping, header: readonly string[], options: DelimitedOptions) {
    const { starts_at, ...columns } = mapping.columns
    const names = header.map((name) => name.toLowerCase())
    this.#mapping = mapping
    this.#options = options
    this.#places = Object.entries(columns).map(
      ([ours, theirs]) => [ours as EntryColumn, placeOf(theirs, names)] as const,
    )
    this.#starts_at = starts_at === undefined ? null : placeOf(starts_at, names)
    this.#remove = mapping.remove
      ? {
          place: placeOf(mapping.remove.column, names),
          words: new Set(mapping.remove.words.map((word) => word.toLowerCase())),
        }
      : null
  }

  read(fields: readonly string[], line: number): ParsedLine {
    const row: { [column in EntryColumn]?: string } = { ...this.#mapping.constants }
    for (const [column, place] of this.#places) {
      const text = fields[place]
      if (text) row[column] = text
    }
    const wrong = this.#translate(row, line)
    if (wrong !== null) return this.#told(wrong)
    const starts_at = this.#startOf(fields, line)
    if (typeof starts_at === 'object') return starts_at
    const entry = parseEntry(row, line, this.#options.zone)
    if (isBad(entry)) return this.#told(entry)
    if (this.#remove?.words.has(fields[this.#remove.place]?.toLowerCase() ?? '')) {
      return { line, entry, remove: true }
    }
    const { now_ms } = this.#options
    if (starts_at > now_ms) return { line, skipped: 'not_started' }
    if (entry.expires_at !== undefined && Date.parse(entry.expires_at) <= now_ms) {
      return { line, skipped: 'expired' }
    }
    return { line, entry }
  }

  /** States and days into our forms. */
  #translate(row: { [column in EntryColumn]?: string }, line: number): BadLine | null {
    const { dates = 'iso', states = 'iso' } = this.#mapping
    if (row.state !== undefined && states !== 'iso') {
      const region = regionOf(row.state, states)
      if (region === undefined && states !== 'federal') {
        return badLine(line, 'state', 'a state that the mapping knows', row.state)
      }
      row.state = region ?? ''
    }
    if (row.entered_on !== undefined) {
      const day = readDay(row.entered_on, dates)
      if (day === null) return badLine(line, 'entered_on', `a day, ${dates}`, row.entered_on)
      row.entered_on = day
    }
    if (row.expires_at !== undefined) {
      const end = readTime(row.expires_at, dates, 'end', this.#options.zone)
      if (end === null) return badLine(line, 'expires_at', `a day, ${dates}`, row.expires_at)
      row.expires_at = end
    }
    return null
  }

  /** Epoch ms; 0 where the row has no beginning. */
  #startOf(fields: readonly string[], line: number): number | BadLine {
    const text = this.#starts_at === null ? '' : (fields[this.#starts_at] ?? '')
    if (text === '') return 0
    const { dates = 'iso' } = this.#mapping
    const start = readTime(text, dates, 'start', this.#options.zone)
    return start === null
      ? this.#told(badLine(line, 'starts_at', `a day, ${dates}`, text))
      : Date.parse(start)
  }

  /** With the file's own name of the column. */
  #told(bad: BadLine): BadLine {
    const theirs = this.#mapping.columns[bad.column as EntryColumn | 'starts_at']
    if (theirs === undefined) return bad
    return { ...bad, column: typeof theirs === 'number' ? `column ${theirs}` : theirs }
  }
}

function regionOf(
  text: string,
  states: Exclude<NonNullable<DelimitedMapping['states']>, 'iso'>,
): string | undefined {
  if (states === 'federal') return regionOfCode(text.toUpperCase())
  if (states === 'names') return regionOfName(text)
  return Object.hasOwn(states, text) ? states[text] : undefined
}

function placeOf(column: FileColumn, header: readonly string[]): number {
  if (typeof column === 'number') return column - 1
  const name = column.toLowerCase()
  assertDistinct(header, [name])
  const place = header.indexOf(name)
  if (place >= 0) return place
  throw new HotplateError(
    'LIST_UNREADABLE',
    `Expected a header with the column ${column} but found ${header.join(', ').slice(0, 200)}`,
  )
}
