// The plain CSV list: a header line with `plate` and `reason`, and, if given, `state`, `case`,
// `make`, `model`, `color`, `type`, `year`, `profile`. A plate may leave characters open: `?` one,
// `*` any run. State is ISO 3166-2 (`US-ID`) or a two-letter code of the United States (`ID`).
import type { Readable } from 'node:stream'
import { parse } from 'csv-parse'
import { HotplateError } from '../../domain/error.ts'
import { type Entry, PROFILES, type VehicleListed } from '../../domain/hotlist.ts'
import { foldEntryPlate, isPattern } from '../../domain/plate.ts'
import { REGION } from '../../domain/read.ts'

export interface BadLine {
  line: number
  column: string
  expected: string
  came: string
}

export interface ParsedList {
  /** Without ids: the import gives those. */
  entries: Omit<Entry, 'id'>[]
  bad: BadLine[]
}

const REASON_CHARS_MAX = 1_000
const CASE_CHARS_MAX = 64
const LINE_BYTES_MAX = 16_384
const REQUIRED = ['plate', 'reason'] as const
const OPTIONAL = ['state', 'case', 'make', 'model', 'color', 'type', 'year', 'profile'] as const

/**
 * Parses a list as it streams in. A wrong line is reported and left out; a wrong header or broken
 * quoting is an error.
 * @throws HotplateError LIST_UNREADABLE
 */
export async function parseCsvList(source: Readable): Promise<ParsedList> {
  const list: ParsedList = { entries: [], bad: [] }
  const parser = source.pipe(
    parse({
      bom: true,
      columns: (header: string[]) => checkHeader(header),
      trim: true,
      skip_empty_lines: true,
      max_record_size: LINE_BYTES_MAX,
      relax_column_count: true,
      info: true,
    }),
  )
  source.on('error', (error) => parser.destroy(error))
  try {
    for await (const item of parser) {
      const { record, info } = item as { record: Row; info: { lines: number } }
      const entry = parseEntry(record, info.lines)
      if ('expected' in entry) list.bad.push(entry)
      else list.entries.push(entry)
    }
  } catch (cause) {
    if (cause instanceof HotplateError) throw cause
    throw new HotplateError(
      'LIST_UNREADABLE',
      `The list can't be read: ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
  return list
}

type Row = { [column: string]: string | undefined }

function checkHeader(header: string[]): string[] {
  const names = header.map((name) => name.toLowerCase())
  for (const name of REQUIRED) {
    if (!names.includes(name)) {
      throw new HotplateError(
        'LIST_UNREADABLE',
        `Expected a header line with ${[...REQUIRED, ...OPTIONAL].join(', ')} ` +
          `but found ${header.slice(0, 12).join(', ')}`,
      )
    }
  }
  return names
}

/** One entry by its columns, as text. */
export function parseEntry(row: Row, line: number): Omit<Entry, 'id'> | BadLine {
  const plate = foldEntryPlate(row.plate ?? '')
  if (plate === null) return bad(line, 'plate', expectedOf(row.plate ?? ''), row.plate)
  const reason = row.reason ?? ''
  if (reason === '' || reason.length > REASON_CHARS_MAX) {
    return bad(line, 'reason', `1 to ${REASON_CHARS_MAX} characters`, row.reason)
  }
  const state = row.state ?? ''
  const region = /^[A-Za-z]{2}$/.test(state) ? `US-${state.toUpperCase()}` : state
  if (region !== '' && !REGION.test(region)) {
    return bad(line, 'state', 'ISO 3166-2 or two letters', state)
  }
  const case_number = row.case ?? ''
  if (case_number.length > CASE_CHARS_MAX) {
    return bad(line, 'case', `at most ${CASE_CHARS_MAX} characters`, case_number)
  }
  const profile_text = row.profile?.toLowerCase() ?? ''
  const profile = PROFILES.find((name) => name === profile_text)
  // An entry that were quietly matched by its list's profile would miss what it promises.
  if (profile_text !== '' && profile === undefined) {
    return bad(line, 'profile', PROFILES.join(', '), row.profile)
  }
  const vehicle = parseVehicle(row)
  return {
    plate,
    reason,
    ...(region === '' ? {} : { region }),
    ...(case_number === '' ? {} : { case: case_number }),
    ...(vehicle === null ? {} : { vehicle }),
    ...(profile === undefined ? {} : { profile }),
  }
}

function expectedOf(plate: string): string {
  return isPattern(plate)
    ? '1 to 12 of A-Z, 0-9, ? and *, at least 2 of them known'
    : '1 to 12 of A-Z, 0-9'
}

function parseVehicle(row: Row): VehicleListed | null {
  const vehicle: VehicleListed = {}
  for (const name of ['make', 'model', 'color', 'type'] as const) {
    const text = row[name]
    if (text) vehicle[name] = text.slice(0, 64)
  }
  const year = Number(row.year)
  if (Number.isInteger(year) && year >= 1900 && year <= 2100) vehicle.year = year
  return Object.keys(vehicle).length > 0 ? vehicle : null
}

function bad(line: number, column: string, expected: string, came: string | undefined): BadLine {
  return { line, column, expected, came: came === undefined ? 'nothing' : `"${came.slice(0, 40)}"` }
}
