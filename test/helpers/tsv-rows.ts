// A read as a row of TabSeparated, in the order of READ_COLUMNS: the slow twin of
// src/store/read-columns.ts.

import type { ReadRow } from '../../src/store/read-columns.ts'
import { formatDateTime } from '../../src/store/time.ts'

/** Highest UInt64: what `precedence` counts down from, so that the earliest read of an id wins. */
const PRECEDENCE_TOP = 18_446_744_073_709_551_615n
/** Reads of one message are told apart by their line, in the lowest bits. */
const LINE_BITS = 14n
const CONTROL = /[\t\n\r\\\0\b\f]/
const CONTROLS = /[\t\n\r\\\0\b\f]/g
const ESCAPED: { [character: string]: string } = {
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\\': '\\\\',
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
}

/**
 * Sequence and line as one falling number: earlier is higher. As text, for UInt64 is beyond a
 * number's precision.
 */
export function precedence(seq: number, line: number): string {
  return String(PRECEDENCE_TOP - ((BigInt(seq) << LINE_BITS) | BigInt(line)))
}

function text(value: string | undefined): string {
  if (value === undefined) return ''
  return CONTROL.test(value)
    ? value.replace(CONTROLS, (character) => ESCAPED[character] as string)
    : value
}

let formatted_ms = Number.NaN
let formatted = ''

/**
 * formatDateTime with a memory of one: reads of one batch share their time of receipt, and often
 * their time.
 */
export function formatTime(time_ms: number): string {
  if (time_ms !== formatted_ms) {
    formatted = formatDateTime(time_ms)
    formatted_ms = time_ms
  }
  return formatted
}

/** ClickHouse DateTime64 holds 1900 to 2299; a device clock beyond is kept at the bound. */
const DEVICE_TIME_MS_MIN = Date.UTC(1900, 0, 1)
const DEVICE_TIME_MS_MAX = Date.UTC(2299, 11, 31)

function number(value: number | null | undefined): string {
  return value === null || value === undefined ? '\\N' : String(value)
}

function candidates(read: ReadRow): string {
  if (read.candidates === null || read.candidates.length === 0) return '[]'
  let list = '['
  for (const { plate, confidence } of read.candidates) {
    list += `${list.length > 1 ? ',' : ''}('${plate}',${confidence})`
  }
  return `${list}]`
}

/** One row with its line feed. `received_time` is formatTime(received_ms), made once a message. */
export function readRow(
  read: ReadRow,
  received_time: string,
  images: { plate: boolean; vehicle: boolean },
  order: string,
): string {
  const device =
    read.device_time_ms === null
      ? '\\N'
      : formatTime(Math.min(Math.max(read.device_time_ms, DEVICE_TIME_MS_MIN), DEVICE_TIME_MS_MAX))
  const time = read.device_time_ms === null ? formatTime(read.time_ms) : received_time
  const place =
    read.location === null
      ? '\\N\t\\N'
      : `${read.location.lat.toFixed(6)}\t${read.location.lon.toFixed(6)}`
  const vehicle = read.vehicle
  const seen =
    vehicle === null
      ? '\t\t\t\t\\N'
      : `${text(vehicle.make)}\t${text(vehicle.model)}\t${text(vehicle.color)}\t` +
        `${text(vehicle.type)}\t${number(vehicle.year)}`
  const chars = read.char_confidence === null ? '[]' : `[${read.char_confidence.join(',')}]`
  return (
    `${read.camera}\t${text(read.id)}\t${time}\t${received_time}\t${device}\t` +
    `${read.device_time_ms === null ? 0 : 1}\t${read.plate}\t${read.region}\t` +
    `${number(read.confidence)}\t${chars}\t${candidates(read)}\t${place}\t` +
    `${number(read.heading)}\t${number(read.lane)}\t${seen}\t` +
    `${images.plate ? 1 : 0}\t${images.vehicle ? 1 : 0}\t${order}\n`
  )
}
