// One record of the federal extract's columns, whichever layout brings them (fixed columns, or the
// states' CSV forms): checks each and makes the entry of them. Layouts differ in where columns
// stand and which they have; see docs/hotlist-formats.md.
import type { EntryDetails, VehicleListed } from '../../domain/hotlist.ts'
import type { DateForm } from '../../domain/list-layout.ts'
import { foldPlate } from '../../domain/plate.ts'
import { decodeCode, reasonOfFile, regionOfCode } from './codes.ts'
import { readDay } from './dates.ts'
import { PLATE_EXPECTED, REASON_CHARS_MAX } from './entry-columns.ts'
import { type BadLine, badLine, type NewEntry, type ParsedLine } from './parsed-line.ts'

/** Columns by the federal system's names, trimmed; '' where empty, or where a layout has none. */
export interface FederalColumns {
  /** One letter; other layouts' codes have up to eight characters (codes.ts). */
  file_code: string
  /** Where the file code does not say it; the file code's own title otherwise. */
  reason?: string
  /** Said besides the reason. */
  remark?: string
  LIC: string
  LIS: string
  /** Number of the record. */
  NIC?: string
  /** Who entered it. */
  ORI?: string
  /** Its name, before the ORI. */
  agency?: string
  date?: string
  /** The forms that the date may have; `yyyymmdd` where none is given. */
  date_forms?: readonly DateForm[]
  VYR?: string
  VMA?: string
  VMO?: string
  VST?: string
  VCO?: string
  VIN?: string
  case?: string
}

const FEDERAL_DATE: readonly DateForm[] = ['yyyymmdd']
const CASE_CHARS_MAX = 64
const AGENCY_CHARS_MAX = 180
const TRAIT_CHARS_MAX = 64

/** The entry, or what is wrong: a line whose columns have shifted would name a wrong plate. */
export function federalEntry(line: number, columns: FederalColumns): ParsedLine {
  const { LIC, LIS, reason = reasonOfFile(columns.file_code), remark } = columns
  const wrong = wrongColumn(line, columns)
  if (wrong !== null) return wrong
  const details = detailsOf(columns)
  if (details === null) return badLine(line, 'date', dateExpected(columns), columns.date)
  if (LIC === '') return { line, skipped: 'no_plate' }
  const plate = foldPlate(LIC)
  if (plate === null) return badLine(line, 'LIC', PLATE_EXPECTED, LIC)
  const said = remark ? `${reason}: ${remark}` : reason
  const entry: NewEntry = { plate, reason: said.slice(0, REASON_CHARS_MAX), details }
  const region = LIS === '' ? undefined : regionOfCode(LIS)
  if (region !== undefined) entry.region = region
  if (columns.case) entry.case = columns.case.slice(0, CASE_CHARS_MAX)
  const vehicle = vehicleOf(columns)
  if (vehicle !== null) entry.vehicle = vehicle
  return { line, entry }
}

function wrongColumn(line: number, columns: FederalColumns): BadLine | null {
  const { file_code, NIC = '', ORI = '', LIS } = columns
  if (!/^([A-Z]|\?|TX-[A-Z])$/.test(file_code)) {
    return badLine(line, 'file code', 'a letter', file_code)
  }
  if (!/^[A-Z0-9]{0,64}$/.test(NIC)) return badLine(line, 'NIC', 'A-Z, 0-9', NIC)
  if (!/^[A-Z0-9]{0,9}$/.test(ORI)) return badLine(line, 'ORI', 'up to 9 of A-Z, 0-9', ORI)
  if (!/^(|[A-Z0-9]{2})$/.test(LIS)) return badLine(line, 'LIS', 'two of A-Z, 0-9', LIS)
  return null
}

/** @returns null where the date is none */
function detailsOf(columns: FederalColumns): EntryDetails | null {
  const { file_code, NIC, ORI, agency, date, VIN } = columns
  const details: EntryDetails = { file_code }
  if (NIC) details.source_id = NIC
  if (agency) {
    const name = agency.slice(0, AGENCY_CHARS_MAX)
    details.agency = ORI ? `${name} (${ORI})` : name
  } else if (ORI) details.agency = ORI
  if (VIN && /^[A-Z0-9]{1,32}$/.test(VIN)) details.vin = VIN
  if (date) {
    const day = dayOf(date, columns.date_forms ?? FEDERAL_DATE)
    if (day === null) return null
    details.entered_on = day
  }
  return details
}

function dateExpected({ date_forms = FEDERAL_DATE }: FederalColumns): string {
  return `a day, ${date_forms.join(' or ')}`
}

/** Millions of lines have a few thousand days. */
const days = new Map<string, string | null>()
const DAYS_MAX = 50_000

function dayOf(text: string, forms: readonly DateForm[]): string | null {
  const key = `${forms[0]} ${text}`
  let day = days.get(key)
  if (day === undefined) {
    day = null
    for (const form of forms) day ??= readDay(text, form)
    if (days.size < DAYS_MAX) days.set(key, day)
  }
  return day
}

const VEHICLE_COLUMNS = [
  ['make', 'VMA'],
  ['model', 'VMO'],
  ['type', 'VST'],
  ['color', 'VCO'],
] as const

function vehicleOf(columns: FederalColumns): VehicleListed | null {
  const vehicle: VehicleListed = {}
  let known = false
  for (const [trait, column] of VEHICLE_COLUMNS) {
    const code = columns[column]
    if (!code) continue
    vehicle[trait] = decodeCode(code.slice(0, TRAIT_CHARS_MAX))
    known = true
  }
  const year = Number(columns.VYR)
  if (Number.isInteger(year) && year >= 1900 && year <= 2100) {
    vehicle.year = year
    known = true
  }
  return known ? vehicle : null
}
