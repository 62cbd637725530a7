// An entry by our own columns, all of them text: what the plain CSV has, what a saved mapping makes
// of other files, and what a person types.
import { type EntryDetails, PROFILES, PURPOSES, type VehicleListed } from '../../domain/hotlist.ts'
import type { EntryColumn } from '../../domain/list-layout.ts'
import { foldEntryPlate, isPattern } from '../../domain/plate.ts'
import { REGION } from '../../domain/read.ts'
import { readDay, readTime } from './dates.ts'
import { type BadLine, badLine, type NewEntry } from './parsed-line.ts'

export type Row = { readonly [column in EntryColumn]?: string | undefined }

export const REASON_CHARS_MAX = 1_000
const CASE_CHARS_MAX = 64
const TRAIT_CHARS_MAX = 64
/** Limits of an entry in the store (hotlists/entry-schema.ts). */
const DETAIL_CHARS_MAX = {
  instructions: 1_000,
  contact: 200,
  agency: 200,
  source_id: 64,
  vin: 32,
  file_code: 8,
} as const
const CAUTIONS_MAX = 20
const CAUTION_CHARS_MAX = 200
const NOT_TEXT = /\p{Cc}|\p{Cs}|\ufffd/u
export const PLATE_EXPECTED = '1 to 12 of A-Z, 0-9'

/**
 * @param line told with what is wrong
 * @param zone IANA name, for an `expires_at` without an offset
 */
export function parseEntry(given: Row, line: number, zone = 'UTC'): NewEntry | BadLine {
  const row = plainRow(given)
  const wrong = wrongText(row, line)
  if (wrong !== null) return wrong
  const plate = foldEntryPlate(row.plate ?? '')
  if (plate === null) return badLine(line, 'plate', expectedOf(row.plate ?? ''), row.plate)
  const reason = row.reason ?? ''
  if (reason === '' || reason.length > REASON_CHARS_MAX) {
    return badLine(line, 'reason', `1 to ${REASON_CHARS_MAX} characters`, row.reason)
  }
  const entry: NewEntry = { plate, reason }
  const more =
    addRegion(entry, row, line) ?? addTerms(entry, row, line, zone) ?? addDetails(entry, row, line)
  if (more !== null) return more
  const vehicle = parseVehicle(row)
  if (vehicle !== null) entry.vehicle = vehicle
  return entry
}

/** Line breaks within a quoted field are spaces to whoever reads an alert. */
function plainRow(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([column, text]) => [column, text?.replace(/\s+/g, ' ').trim()]),
  )
}

function wrongText(row: Row, line: number): BadLine | null {
  for (const [column, text] of Object.entries(row)) {
    if (text === undefined || !NOT_TEXT.test(text)) continue
    const bad = badLine(line, column, 'text in UTF-8, no control characters', text)
    return text.includes('\ufffd') ? { ...bad, encoding: true } : bad
  }
  return null
}

function expectedOf(plate: string): string {
  return isPattern(plate)
    ? '1 to 12 of A-Z, 0-9, ? and *, at least 2 of them known'
    : PLATE_EXPECTED
}

function addRegion(entry: NewEntry, row: Row, line: number): BadLine | null {
  const state = row.state ?? ''
  if (state === '') return null
  const region = (/^[A-Za-z]{2}$/.test(state) ? `US-${state}` : state).toUpperCase()
  if (!REGION.test(region)) return badLine(line, 'state', 'ISO 3166-2 or two letters', state)
  entry.region = region
  return null
}

/** What decides how and how long it is looked for: a wrong word here is never passed over. */
function addTerms(entry: NewEntry, row: Row, line: number, zone: string): BadLine | null {
  const case_number = row.case ?? ''
  if (case_number.length > CASE_CHARS_MAX) {
    return badLine(line, 'case', `at most ${CASE_CHARS_MAX} characters`, case_number)
  }
  if (case_number !== '') entry.case = case_number
  if (row.profile) {
    const profile = PROFILES.find((name) => name === row.profile?.toLowerCase())
    if (profile === undefined) return badLine(line, 'profile', PROFILES.join(', '), row.profile)
    entry.profile = profile
  }
  if (row.purpose) {
    const purpose = PURPOSES.find((name) => name === row.purpose?.toLowerCase())
    if (purpose === undefined) return badLine(line, 'purpose', PURPOSES.join(', '), row.purpose)
    entry.purpose = purpose
  }
  if (row.expires_at) {
    const expires_at = readTime(row.expires_at, 'iso', 'end', zone)
    if (expires_at === null) {
      return badLine(line, 'expires_at', 'a day or a moment of ISO 8601', row.expires_at)
    }
    entry.expires_at = expires_at
  }
  return null
}

function parseVehicle(row: Row): VehicleListed | null {
  const vehicle: VehicleListed = {}
  for (const name of ['make', 'model', 'color', 'type'] as const) {
    const text = row[name]
    if (text) vehicle[name] = text.slice(0, TRAIT_CHARS_MAX)
  }
  const year = Number(row.year)
  if (Number.isInteger(year) && year >= 1900 && year <= 2100) vehicle.year = year
  return Object.keys(vehicle).length > 0 ? vehicle : null
}

function addDetails(entry: NewEntry, row: Row, line: number): BadLine | null {
  const details: EntryDetails = {}
  for (const [name, chars_max] of Object.entries(DETAIL_CHARS_MAX)) {
    const column = name as keyof typeof DETAIL_CHARS_MAX
    const text = row[column] ?? ''
    if (text.length > chars_max) {
      return badLine(line, column, `at most ${chars_max} characters`, text)
    }
    if (text !== '') details[column] = text
  }
  if (row.entered_on) {
    const day = readDay(row.entered_on, 'iso')
    if (day === null) return badLine(line, 'entered_on', 'a day of ISO 8601', row.entered_on)
    details.entered_on = day
  }
  const cautions = (row.cautions ?? '').split(';').map((text) => text.trim())
  const said = cautions.filter((text) => text !== '')
  if (said.length > CAUTIONS_MAX || said.some(({ length }) => length > CAUTION_CHARS_MAX)) {
    const expected = `at most ${CAUTIONS_MAX}, parted by ;, of ${CAUTION_CHARS_MAX} characters each`
    return badLine(line, 'cautions', expected, row.cautions)
  }
  if (said.length > 0) details.cautions = said
  if (Object.keys(details).length > 0) entry.details = details
  return null
}
