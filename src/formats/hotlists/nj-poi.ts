// New Jersey's points of interest (SNAP): `{"POIs":[{ID, Status, StartDate, …}]}`. An incremental
// file: records are added, edited or deleted. Lines are numbers of records, from 1.
import { regionOfCode } from './codes.ts'
import { readDay, readTime } from './dates.ts'
import { parseEntry, type Row } from './entry-columns.ts'
import { type JsonItem, type JsonRecord, jsonRecords } from './json-records.ts'
import { badLine, isBad, type ParsedLine } from './parsed-line.ts'

interface PoiOptions {
  zone: string
  now_ms: number
  /** Take records too that not every user may see. */
  restricted: boolean
}

const DAY_FORMS = ['iso', 'mm/dd/yyyy', 'yyyymmdd'] as const
const CONTACT_CHARS_MAX = 200

/** Our columns, and which of theirs they come from: what a bad line names. */
const THEIRS: Readonly<Record<string, string>> = {
  plate: 'PlateNumber',
  reason: 'Reason',
  case: 'CaseNo',
  make: 'VehicleMake',
  model: 'VehicleModel',
  color: 'VehicleColor',
  year: 'VehicleYear',
  instructions: 'Comment',
  contact: 'ContactName',
  agency: 'DeptName',
}

/** @throws HotplateError LIST_UNREADABLE where the document is no such list, or is cut off */
export async function* parsePois(
  source: AsyncIterable<Uint8Array>,
  options: PoiOptions,
): AsyncGenerator<ParsedLine> {
  let number = 0
  for await (const item of jsonRecords(source, 'POIs')) {
    number += 1
    yield parsePoi(item, number, options)
  }
}

function parsePoi(item: JsonItem, line: number, options: PoiOptions): ParsedLine {
  if ('broken' in item) return badLine(line, 'record', 'an object in JSON', item.broken)
  const text = textOf(item.record)
  const status = text('Status').toUpperCase()
  if (!['ADD', 'EDIT', 'DELETE'].includes(status)) {
    return badLine(line, 'Status', 'ADD, EDIT or DELETE', text('Status'))
  }
  for (const flag of ['UserVisibility', 'NJSNAPHitNotification']) {
    if (!/^[YN]?$/i.test(text(flag))) return badLine(line, flag, 'Y or N', text(flag))
  }
  const times = timesOf(text, options.zone)
  if ('wrong' in times) {
    return badLine(line, times.wrong, 'a day or a moment of ISO 8601', text(times.wrong))
  }
  const entry = parseEntry({ ...rowOf(text), ...times.row }, line)
  if (isBad(entry)) return { ...entry, column: THEIRS[entry.column] ?? entry.column }
  if (status === 'DELETE') return { line, entry, remove: true }
  if (text('NJSNAPHitNotification').toUpperCase() === 'N') return { line, skipped: 'no_alerts' }
  if (text('UserVisibility').toUpperCase() === 'N' && !options.restricted) {
    return { line, skipped: 'restricted' }
  }
  if (times.start_ms > options.now_ms) return { line, skipped: 'not_started' }
  if (entry.expires_at !== undefined && Date.parse(entry.expires_at) <= options.now_ms) {
    return { line, skipped: 'expired' }
  }
  return { line, entry }
}

type TextOf = (name: string) => string

function textOf(record: JsonRecord): TextOf {
  return (name) => {
    const value = Object.hasOwn(record, name) ? record[name] : undefined
    return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''
  }
}

function rowOf(text: TextOf): Row {
  const [reason, type, nic] = [text('Reason'), text('ReasonType'), text('NICNum').toUpperCase()]
  const contact = ['ContactName', 'ContactNo', 'ContactEmail'].map(text).filter(Boolean).join(', ')
  const [name, ori] = [text('DeptName'), text('DeptORI')]
  const federal = /^[A-Z]\d{9}$/.test(nic) && type.toUpperCase() !== 'NON-NCIC'
  return {
    plate: text('PlateNumber'),
    reason: reason || type,
    state: regionOfCode(text('PlateSt').toUpperCase()) ?? '',
    case: text('CaseNo'),
    make: text('VehicleMake'),
    model: text('VehicleModel'),
    color: text('VehicleColor'),
    year: text('VehicleYear'),
    instructions: text('Comment'),
    contact: contact.slice(0, CONTACT_CHARS_MAX),
    agency: name && ori ? `${name} (${ori})` : name || ori,
    source_id: text('ID'),
    ...(federal ? { file_code: nic.charAt(0) } : {}),
  }
}

type Times = { start_ms: number; row: Row } | { wrong: string }

function timesOf(text: TextOf, zone: string): Times {
  const moment = (name: string, edge: 'start' | 'end') =>
    firstOf((form) => readTime(text(name), form, edge, zone))
  const [start, end] = [moment('StartDate', 'start'), moment('ExpirationDate', 'end')]
  const entered = firstOf((form) => readDay(text('EntryDate'), form))
  if (text('StartDate') !== '' && start === null) return { wrong: 'StartDate' }
  if (text('ExpirationDate') !== '' && end === null) return { wrong: 'ExpirationDate' }
  if (text('EntryDate') !== '' && entered === null) return { wrong: 'EntryDate' }
  return {
    start_ms: start === null ? 0 : Date.parse(start),
    row: {
      ...(end === null ? {} : { expires_at: end }),
      ...(entered === null ? {} : { entered_on: entered }),
    },
  }
}

function firstOf(read: (form: (typeof DAY_FORMS)[number]) => string | null): string | null {
  for (const form of DAY_FORMS) {
    const found = read(form)
    if (found !== null) return found
  }
  return null
}
