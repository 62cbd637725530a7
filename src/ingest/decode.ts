// From a camera's JSON to a read: the schema as an allow list. What it does not name is dropped
// unread; what policy 401.7 forbids is counted besides. Only what makes a read useless rejects it
// (no plate, no time, another camera's name): an optional field that is wrong costs that field,
// never the read, because a missed match is worse than a missing lane.
//
// This is the fast twin; test/property/decode.reference.ts is the slow one.
import { foldPlate } from '../domain/plate.ts'
import {
  CAMERA_ID,
  CANDIDATES_MAX,
  type Candidate,
  FORBIDDEN_FIELDS,
  forbiddenForm,
  type Location,
  READ_ID,
  REGION,
  type VehicleSeen,
} from '../domain/read.ts'
import { DAY_MS } from '../domain/time.ts'

const REJECT_REASONS = [
  'not_json',
  'bad_utf8',
  'too_large',
  'too_deep',
  'too_many_reads',
  'not_an_object',
  'empty',
  'time_invalid',
  'camera_invalid',
  'camera_mismatch',
  'plate_invalid',
] as const
export type RejectReason = (typeof REJECT_REASONS)[number]

/** Optional fields, as they are counted and named when one is dropped. */
const OPTIONAL_FIELDS = [
  'id',
  'region',
  'confidence',
  'charConfidence',
  'candidates',
  'location',
  'heading',
  'lane',
  'vehicle',
  'images.plate',
  'images.vehicle',
  'images',
] as const
export type OptionalField = (typeof OPTIONAL_FIELDS)[number]

/**
 * A read as decoded: the camera's own time still beside the time of receipt, images still in
 * base64.
 */
export interface DecodedRead {
  /** '' where the camera gave none. */
  id: string
  camera: string
  time_ms: number
  device_time_ms: number | null
  plate: string
  region: string
  confidence: number | null
  char_confidence: number[] | null
  candidates: Candidate[] | null
  location: Location | null
  heading: number | null
  lane: number | null
  vehicle: VehicleSeen | null
  image_plate: string | null
  image_vehicle: string | null
}

export interface Reject {
  reason: RejectReason
  field: string | null
  expected: string
  came: string
}

export interface DecodeContext {
  /** Camera of the subject. */
  camera: string
  received_ms: number
  retention_days: number
  image_bytes_max: number
  onDropped: (field: OptionalField) => void
  onForbidden: (count: number) => void
}

/**
 * A camera's clock may run ahead by this much before it is distrusted (interfaces: [now -
 * retention, now + 5 min]).
 */
export const CLOCK_AHEAD_MS_MAX = 300_000
const DEPTH_MAX = 32
const NODES_MAX = 10_000
const TEXT_CHARS_MAX = 64
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/

const KNOWN = new Set([
  'id',
  'time',
  'camera',
  'plate',
  'region',
  'confidence',
  'charConfidence',
  'candidates',
  'location',
  'heading',
  'lane',
  'vehicle',
  'images',
])
const VEHICLE = new Set(['make', 'model', 'color', 'type', 'year'])
const CANDIDATE = new Set(['plate', 'confidence'])
const LOCATION = new Set(['lat', 'lon'])
/** Fields whose decoders look for forbidden names themselves. */
const NESTED = new Set(['location', 'vehicle', 'images'])
const IMAGES = new Set(['plate', 'vehicle'])

type Fields = { [name: string]: unknown }

/** What came, in words that hold none of its content. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (typeof value === 'string') return `a string of ${value.length} characters`
  if (Array.isArray(value)) return `an array of ${value.length}`
  return `a value of type ${typeof value}`
}

function reject(reason: RejectReason, field: string, expected: string, value: unknown): Reject {
  return { reason, field, expected, came: describe(value) }
}

/**
 * Epoch milliseconds of an RFC 3339 date-time with offset; NaN where the text is none.
 * A leap second (`:60`) counts as the second after `:59`.
 */
function parseTime(text: string): number {
  if (!RFC3339.test(text)) return Number.NaN
  const day = Number(text.slice(8, 10))
  const upper = text.toUpperCase()
  const leap = upper.slice(17, 19) === '60'
  const time_ms = Date.parse(leap ? `${upper.slice(0, 17)}59${upper.slice(19)}` : upper)
  // Date.parse rolls the 30th of February over into March.
  if (day > 28 && day > daysOfMonth(Number(text.slice(0, 4)), Number(text.slice(5, 7)))) {
    return Number.NaN
  }
  return leap ? time_ms + 1_000 : time_ms
}

function daysOfMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/** Decodes one parsed JSON value. Never throws, whatever came. */
export function decodeRead(value: unknown, context: DecodeContext): DecodedRead | Reject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return {
      reason: 'not_an_object',
      field: null,
      expected: 'a JSON object',
      came: describe(value),
    }
  }
  const fields = value as Fields
  for (const name in fields) {
    if (!KNOWN.has(name) && inspectUnknown(name, fields[name], context) === 'too_deep') {
      const expected = `at most ${DEPTH_MAX} levels`
      return { reason: 'too_deep', field: null, expected, came: 'more' }
    }
  }
  const read = withRequired(fields, context)
  if ('reason' in read) inspectKnown(fields, context)
  return read
}

function withRequired(fields: Fields, context: DecodeContext): DecodedRead | Reject {
  const { camera, time, plate } = fields
  if (typeof camera !== 'string' || !CAMERA_ID.test(camera)) {
    return reject('camera_invalid', 'camera', '1 to 64 of a-z, 0-9 and -', camera)
  }
  if (camera !== context.camera) {
    return reject('camera_mismatch', 'camera', "the subject's camera", camera)
  }
  const folded = typeof plate === 'string' ? foldPlate(plate) : null
  if (folded === null) return reject('plate_invalid', 'plate', '1 to 12 of A-Z, 0-9', plate)
  const time_ms = typeof time === 'string' ? parseTime(time) : Number.NaN
  if (Number.isNaN(time_ms)) return reject('time_invalid', 'time', 'RFC 3339 with offset', time)
  return withOptional(fields, camera, folded, time_ms, context)
}

function withOptional(
  fields: Fields,
  camera: string,
  plate: string,
  time_ms: number,
  context: DecodeContext,
): DecodedRead {
  const { received_ms, retention_days, onDropped } = context
  const suspect =
    time_ms > received_ms + CLOCK_AHEAD_MS_MAX || time_ms < received_ms - retention_days * DAY_MS
  const take = <T>(field: OptionalField, decode: (value: unknown) => T | null): T | null => {
    const value = fields[field]
    if (value === undefined || value === null) return null
    const decoded = decode(value)
    if (decoded === null) {
      onDropped(field)
      if (Array.isArray(value) || !NESTED.has(field)) inspectUnknown(field, value, context)
    }
    return decoded
  }
  const images = take('images', (value) => nested(value, IMAGES, context))
  const image = (kind: 'plate' | 'vehicle') => {
    const data = images?.[kind]
    if (data === undefined || data === null) return null
    const ok = typeof data === 'string' && data.length <= (context.image_bytes_max * 4) / 3 + 4
    if (!ok) {
      onDropped(`images.${kind}`)
      inspectUnknown(kind, data, context)
    }
    return ok ? data : null
  }
  return {
    id:
      take('id', (value) => (typeof value === 'string' && READ_ID.test(value) ? value : null)) ??
      '',
    camera,
    time_ms: suspect ? received_ms : time_ms,
    device_time_ms: suspect ? time_ms : null,
    plate,
    region:
      take('region', (value) => (typeof value === 'string' && REGION.test(value) ? value : null)) ??
      '',
    confidence: take('confidence', asShare),
    char_confidence: take('charConfidence', asShares),
    candidates: take('candidates', (value) => asCandidates(value, context)),
    location: take('location', (value) => asLocation(value, context)),
    heading: take('heading', (value) => asWhole(value, 0, 360)),
    lane: take('lane', (value) => asWhole(value, 0, 255)),
    vehicle: take('vehicle', (value) => asVehicle(value, context)),
    image_plate: image('plate'),
    image_vehicle: image('vehicle'),
  }
}

function asShare(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 && value <= 1 ? value : null
}

function asWhole(value: unknown, min: number, max: number): number | null {
  if (typeof value !== 'number' || !(value >= min && value <= max)) return null
  return Math.round(value)
}

function asShares(value: unknown): number[] | null {
  if (!Array.isArray(value) || value.length > 64) return null
  return value.every((share) => asShare(share) !== null) ? (value as number[]) : null
}

/** Candidates that are no plate are left out, one by one; a list that is none at all is dropped. */
function asCandidates(value: unknown, context: DecodeContext): Candidate[] | null {
  if (!Array.isArray(value)) return null
  const items = value.slice(0, CANDIDATES_MAX) as unknown[]
  if (!items.every((item) => typeof item === 'object' && item !== null)) return null
  const candidates: Candidate[] = []
  for (const item of items as Fields[]) {
    nested(item, CANDIDATE, context)
    const { plate, confidence } = item
    const folded = typeof plate === 'string' ? foldPlate(plate) : null
    if (folded !== null) candidates.push({ plate: folded, confidence: asShare(confidence) ?? 0 })
    else inspectUnknown('plate', plate, context)
  }
  if (value.length > items.length) {
    inspectUnknown('candidates', value.slice(items.length), context)
  }
  return candidates
}

function asLocation(value: unknown, context: DecodeContext): Location | null {
  const place = nested(value, LOCATION, context)
  const { lat, lon } = place ?? {}
  if (typeof lat !== 'number' || typeof lon !== 'number') {
    if (place !== null) inspectUnknown('location', [lat, lon], context)
    return null
  }
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : null
}

function asVehicle(value: unknown, context: DecodeContext): VehicleSeen | null {
  const seen = nested(value, VEHICLE, context)
  if (seen === null) return null
  const vehicle: VehicleSeen = {}
  for (const name of ['make', 'model', 'color', 'type'] as const) {
    const text = seen[name]
    if (typeof text === 'string' && text.length > 0 && text.length <= TEXT_CHARS_MAX) {
      vehicle[name] = text
    } else if (text !== undefined && text !== null) {
      context.onDropped('vehicle')
      inspectUnknown(name, text, context)
    }
  }
  const year = asWhole(seen.year, 1900, 2100)
  if (year !== null) vehicle.year = year
  else if (seen.year !== undefined && seen.year !== null) {
    context.onDropped('vehicle')
    inspectUnknown('year', seen.year, context)
  }
  return vehicle
}

/** A nested object whose unknown fields are looked at for forbidden names only. */
function nested(value: unknown, known: Set<string>, context: DecodeContext): Fields | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  for (const name in value) {
    if (!known.has(name)) inspectUnknown(name, (value as Fields)[name], context)
  }
  return value as Fields
}

/** Of a rejected read nothing is decoded; what it should not have held is counted all the same. */
function inspectKnown(fields: Fields, context: DecodeContext): void {
  for (const name of KNOWN) inspectUnknown(name, fields[name], context)
}

/**
 * Counts the names that policy 401.7 forbids in a field that is dropped, level by level and with a
 * bound.
 */
function inspectUnknown(name: string, value: unknown, context: DecodeContext): 'ok' | 'too_deep' {
  if (FORBIDDEN_FIELDS.has(forbiddenForm(name))) {
    context.onForbidden(1)
    return 'ok'
  }
  let level: unknown[] = [value]
  let nodes = 0
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth >= DEPTH_MAX) return 'too_deep'
    const next: unknown[] = []
    for (const node of level) {
      if (typeof node !== 'object' || node === null) continue
      for (const key in node) {
        nodes += 1
        if (nodes > NODES_MAX) return 'ok'
        if (FORBIDDEN_FIELDS.has(forbiddenForm(key))) context.onForbidden(1)
        else next.push((node as Fields)[key])
      }
    }
    level = next
  }
  return 'ok'
}
