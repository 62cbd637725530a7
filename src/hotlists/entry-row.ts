// An entry as a row: the bytes that the store sends (ClickHouse's RowBinary: strings with their
// length as VarUInt before them; year a byte that is 1 for none, else 0 and 16 bits), and that the
// entry file keeps as they came. So a list of millions is loaded without an object per entry.
import { HotplateError } from '../domain/error.ts'
import {
  type Entry,
  PROFILES,
  type Profile,
  PURPOSES,
  type Purpose,
  type VehicleListed,
} from '../domain/hotlist.ts'
import { PLATE_CHARS_MAX } from '../domain/plate.ts'
import { regionCode } from '../matching/region.ts'
import { detailsSchema } from './entry-schema.ts'

/** Columns of a row, in this order; all but the last are strings, '' for what is not given. */
export const ENTRY_COLUMNS = [
  'plate',
  'region',
  'id',
  'reason',
  'case_number',
  'profile',
  'make',
  'model',
  'color',
  'type',
  'purpose',
  'expires_at',
  'details',
  'year',
] as const
const STRINGS = ENTRY_COLUMNS.length - 1
const COLUMN = { region: 1, profile: 5 } as const

/** Where each string of a row begins and ends. */
type Spans = Uint32Array

export function newSpans(): Spans {
  return new Uint32Array(2 * STRINGS)
}

/**
 * Finds the strings of the row that begins at `at`.
 * @param end of what has come so far
 * @returns where the row ends; -1 where it is not whole yet
 */
export function scanRow(bytes: Uint8Array, at: number, end: number, spans: Spans): number {
  let place = at
  for (let column = 0; column < STRINGS; column += 1) {
    let length = 0
    for (let shift = 0; ; shift += 7) {
      if (place >= end || shift > 28) return -1
      const byte = bytes[place] as number
      place += 1
      length += (byte & 127) * 2 ** shift
      if (byte < 128) break
    }
    spans[2 * column] = place
    place += length
    spans[2 * column + 1] = place
  }
  if (place >= end) return -1
  place += bytes[place] === 0 ? 3 : 1
  return place > end ? -1 : place
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** @throws HotplateError ENTRY_DAMAGED where the bytes are not exactly one row */
export function decodeRow(bytes: Uint8Array): Entry {
  const spans = newSpans()
  const end = scanRow(bytes, 0, bytes.length, spans)
  if (end !== bytes.length) throw damaged()
  const columns = Object.fromEntries(
    ENTRY_COLUMNS.slice(0, STRINGS).map((name, column) => [name, textAt(bytes, spans, column)]),
  ) as TextColumns
  return entryOf(columns, yearAt(bytes, spans.at(-1) as number))
}

/** The columns of an entry that are text. */
export type TextColumns = Record<Exclude<(typeof ENTRY_COLUMNS)[number], 'year'>, string>

export function columnsOf(entry: Entry): TextColumns {
  const { plate, region = '', id, reason, case: case_number = '', profile = '' } = entry
  const { purpose = '', expires_at = '' } = entry
  const { make = '', model = '', color = '', type = '' } = entry.vehicle ?? {}
  const details = entry.details === undefined ? '' : JSON.stringify(entry.details)
  const vehicle = { make, model, color, type }
  const last = { purpose, expires_at, details }
  return { plate, region, id, reason, case_number, profile, ...vehicle, ...last }
}

/** @throws HotplateError ENTRY_DAMAGED */
export function entryOf(columns: TextColumns, year: number | null): Entry {
  const { plate, region, id, reason, case_number, profile, purpose, expires_at, details } = columns
  const vehicle = vehicleOf(columns, year)
  try {
    return {
      id,
      plate,
      reason,
      ...(region === '' ? {} : { region }),
      ...(case_number === '' ? {} : { case: case_number }),
      ...(vehicle === null ? {} : { vehicle }),
      ...(profile === '' ? {} : { profile: profileOf(profile) }),
      ...(purpose === '' ? {} : { purpose: purposeOf(purpose) }),
      ...(expires_at === '' ? {} : { expires_at }),
      ...(details === '' ? {} : { details: detailsSchema.parse(JSON.parse(details)) }),
    }
  } catch (cause) {
    throw damaged(cause)
  }
}

function textAt(bytes: Uint8Array, spans: Spans, column: number): string {
  try {
    return decoder.decode(bytes.subarray(spans[2 * column], spans[2 * column + 1]))
  } catch (cause) {
    throw damaged(cause)
  }
}

function yearAt(bytes: Uint8Array, at: number): number | null {
  return bytes[at] === 0 ? (bytes[at + 1] as number) | ((bytes[at + 2] as number) << 8) : null
}

const VEHICLE_COLUMNS = ['make', 'model', 'color', 'type'] as const

function vehicleOf(columns: TextColumns, year: number | null): VehicleListed | null {
  const vehicle: VehicleListed = {}
  for (const name of VEHICLE_COLUMNS) {
    if (columns[name] !== '') vehicle[name] = columns[name]
  }
  if (year !== null) vehicle.year = year
  return Object.keys(vehicle).length > 0 ? vehicle : null
}

function profileOf(text: string): Profile {
  const profile = PROFILES.find((name) => name === text)
  if (profile === undefined) throw damaged()
  return profile
}

function purposeOf(text: string): Purpose {
  const purpose = PURPOSES.find((name) => name === text)
  if (purpose === undefined) throw damaged()
  return purpose
}

function damaged(cause?: unknown): HotplateError {
  const message = 'Expected the row of one hot-list entry but found other bytes'
  return new HotplateError('ENTRY_DAMAGED', message, { cause })
}

const PROFILE_AT = 13
const REGION_AT = 16
/** Of ISO 3166-2. */
const REGION_CHARS_MAX = 6

/** From rows to packed records, in the form that `buildIndexOf` takes (matching/record.ts). */
export class RecordPacker {
  readonly #profile: number
  /** By the length and the bytes of their texts, read as one number. */
  readonly #regions = new Map<number, number>()

  /** @param profile of the list: of all entries that have none of their own */
  constructor(profile: Profile) {
    this.#profile = PROFILES.indexOf(profile)
  }

  /**
   * @param spans of the row, from {@link scanRow}
   * @param target zeroed, ENTRY_RECORD_BYTES long from `at` on
   * @throws HotplateError ENTRY_DAMAGED where the row has no plate of 1 to 12 characters
   */
  pack(bytes: Uint8Array, spans: Spans, target: Uint8Array, at: number): void {
    const plate_at = spans[0] as number
    const length = (spans[1] as number) - plate_at
    if (length < 1 || length > PLATE_CHARS_MAX) throw damaged()
    target[at] = length
    for (let i = 0; i < length; i += 1) target[at + 1 + i] = bytes[plate_at + i] as number
    target[at + PROFILE_AT] = this.#profileOf(bytes, spans)
    const region = this.#regionOf(bytes, spans)
    for (let i = 0; i < 4; i += 1) target[at + REGION_AT + i] = (region >>> (8 * i)) & 255
  }

  #profileOf(bytes: Uint8Array, spans: Spans): number {
    const from = spans[2 * COLUMN.profile] as number
    const to = spans[2 * COLUMN.profile + 1] as number
    if (from === to) return this.#profile
    return PROFILES.indexOf(profileOf(decoder.decode(bytes.subarray(from, to))))
  }

  #regionOf(bytes: Uint8Array, spans: Spans): number {
    const from = spans[2 * COLUMN.region] as number
    const to = spans[2 * COLUMN.region + 1] as number
    if (from === to) return 0
    if (to - from > REGION_CHARS_MAX) throw damaged()
    // No object for each row: a million of them keep the collector, and with it all threads, busy.
    let key = to - from
    for (let at = from; at < to; at += 1) key = key * 256 + (bytes[at] as number)
    const known = this.#regions.get(key)
    if (known !== undefined) return known
    const code = regionCode(String.fromCharCode(...bytes.subarray(from, to)))
    this.#regions.set(key, code)
    return code
  }
}
