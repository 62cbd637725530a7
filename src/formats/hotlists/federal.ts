// One record of the federal extract's columns, whichever layout brings them (fixed columns, or the
// states' CSV forms): checks each and makes the entry of them. Layouts differ in where columns
// stand and which they have; see docs/hotlist-formats.md.
import type { VehicleListed } from '../../domain/hotlist.ts'
import { foldPlate } from '../../domain/plate.ts'
import { decodeCode, reasonOfFile, regionOfCode } from './codes.ts'
import { PLATE_EXPECTED, REASON_CHARS_MAX } from './entry-columns.ts'
import { type BadLine, badLine, type NewEntry, type ParsedLine } from './parsed-line.ts'

/** Columns by the federal system's names, trimmed; '' where empty, or where a layout has none. */
export interface FederalColumns {
  /** One letter. */
  file_code: string
  /** Number of the record. */
  NIC: string
  /** Who entered it. */
  ORI?: string
  /** `yyyymmdd` */
  date?: string
  LIC: string
  LIS: string
  VYR?: string
  VMA?: string
  VMO?: string
  VST?: string
  VCO?: string
  VIN?: string
  case?: string
  /** Said besides the reason that the file code gives. */
  remark?: string
}

/** The entry, or what is wrong: a line whose columns have shifted would name a wrong plate. */
export function federalEntry(line: number, columns: FederalColumns): ParsedLine {
  const { file_code, NIC, ORI = '', date = '', LIC, LIS } = columns
  const wrong = wrongColumn(line, columns)
  if (wrong !== null) return wrong
  const plate = foldPlate(LIC)
  if (plate === null) return badLine(line, 'LIC', PLATE_EXPECTED, LIC)
  const region = LIS === '' ? undefined : regionOfCode(LIS)
  const vehicle = vehicleOf(columns)
  const entry: NewEntry = {
    plate,
    reason: reasonOf(columns),
    details: {
      ...(NIC === '' ? {} : { source_id: NIC }),
      file_code,
      ...(ORI === '' ? {} : { agency: ORI }),
      ...(date === ''
        ? {}
        : { entered_on: `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}` }),
      ...(columns.VIN ? { vin: columns.VIN } : {}),
    },
  }
  if (region !== undefined) entry.region = region
  if (columns.case) entry.case = columns.case
  if (vehicle !== null) entry.vehicle = vehicle
  return { line, entry }
}

function wrongColumn(line: number, columns: FederalColumns): BadLine | null {
  const { file_code, NIC, ORI = '', date = '', LIS } = columns
  if (!/^[A-Z]$/.test(file_code)) return badLine(line, 'file code', 'a letter', file_code)
  if (!/^[A-Z0-9]*$/.test(NIC)) return badLine(line, 'NIC', 'A-Z, 0-9', NIC)
  if (!/^[A-Z0-9]*$/.test(ORI)) return badLine(line, 'ORI', 'A-Z, 0-9', ORI)
  if (date !== '' && !isDay(date)) return badLine(line, 'date', 'a day, yyyymmdd', date)
  if (!/^(|[A-Z0-9]{2})$/.test(LIS)) return badLine(line, 'LIS', 'two of A-Z, 0-9', LIS)
  return null
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function isDay(text: string): boolean {
  if (!/^(19|20)\d{6}$/.test(text)) return false
  const day = Number(text.slice(6))
  return day >= 1 && day <= (DAYS[Number(text.slice(4, 6)) - 1] ?? 0)
}

function reasonOf({ file_code, remark }: FederalColumns): string {
  const reason = reasonOfFile(file_code)
  return remark ? `${reason}: ${remark}`.slice(0, REASON_CHARS_MAX) : reason
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
    vehicle[trait] = decodeCode(code)
    known = true
  }
  const year = Number(columns.VYR)
  if (Number.isInteger(year) && year >= 1900 && year <= 2100) {
    vehicle.year = year
    known = true
  }
  return known ? vehicle : null
}
