// Days and moments as list files write them. A day without a clock begins and ends in the zone of
// whoever wrote the list: an entry that is good to the 5th holds until that day is over there.
import { HotplateError } from '../../domain/error.ts'
import type { DateForm } from '../../domain/list-layout.ts'

/** Parts of a day and, where the text has one, of its clock. */
interface Moment {
  year: number
  month: number
  day: number
  clock?: { hour: number; minute: number; second: number; offset: string }
}

const CLOCK = '(?<h>\\d\\d):(?<i>\\d\\d)(?::(?<s>\\d\\d)(?:\\.\\d{1,9})?)?'
const OFFSET = '[+-]\\d\\d:\\d\\d'

const FORMS: Record<DateForm, RegExp> = {
  iso: new RegExp(
    `^(?<y>\\d{4})-(?<m>\\d\\d)-(?<d>\\d\\d)(?:[T ]${CLOCK}(?<o>Z|${OFFSET})?)?$`,
    'i',
  ),
  yyyymmdd: /^(?<y>\d{4})(?<m>\d\d)(?<d>\d\d)$/,
  mmddyyyy: /^(?<m>\d\d)(?<d>\d\d)(?<y>\d{4})$/,
  'mm/dd/yyyy': /^(?<m>\d\d?)\/(?<d>\d\d?)\/(?<y>\d{4})$/,
  'dd/mm/yyyy': /^(?<d>\d\d?)\/(?<m>\d\d?)\/(?<y>\d{4})$/,
}

function readMoment(text: string, form: DateForm): Moment | null {
  const { y, m, d, h, i, s = '0', o = '' } = FORMS[form].exec(text)?.groups ?? {}
  if (y === undefined) return null
  const [year, month, day] = [Number(y), Number(m), Number(d)]
  const date = new Date(Date.UTC(year, month - 1, day))
  if (year < 1900 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null
  if (h === undefined) return { year, month, day }
  const clock = { hour: Number(h), minute: Number(i), second: Number(s), offset: o.toUpperCase() }
  return clock.hour > 23 || clock.minute > 59 || clock.second > 59
    ? null
    : { year, month, day, clock }
}

/** @returns `YYYY-MM-DD`, or null where the text is no day of that form */
export function readDay(text: string, form: DateForm): string | null {
  const moment = readMoment(text, form)
  if (moment === null) return null
  return new Date(Date.UTC(moment.year, moment.month - 1, moment.day)).toISOString().slice(0, 10)
}

/**
 * @param edge which end of a day is meant where the text is only a day
 * @param zone IANA name, for days and clocks without an offset
 * @returns ISO 8601 UTC, or null where the text is no date of that form
 * @throws HotplateError ZONE_UNKNOWN
 */
export function readTime(
  text: string,
  form: DateForm,
  edge: 'start' | 'end',
  zone: string,
): string | null {
  const moment = readMoment(text, form)
  if (moment === null) return null
  const { year, month, day, clock } = moment
  if (clock === undefined) {
    const date = Date.UTC(year, month - 1, day + (edge === 'end' ? 1 : 0))
    return new Date(utcOf(date, zone)).toISOString()
  }
  const { hour, minute, second, offset } = clock
  const written = Date.UTC(year, month - 1, day, hour, minute, second)
  if (offset === '') return new Date(utcOf(written, zone)).toISOString()
  return new Date(written - offsetMs(offset)).toISOString()
}

function offsetMs(offset: string): number {
  if (offset === 'Z') return 0
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4))
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000
}

/** Clocks of zones are slow to ask, and a list of a million rows has a few hundred days. */
const asked = new Map<string, number>()
const ASKED_MAX = 10_000

/** The moment at which the zone's clocks show what `local_ms` shows in UTC. */
function utcOf(local_ms: number, zone: string): number {
  const key = `${zone} ${local_ms}`
  const known = asked.get(key)
  if (known !== undefined) return known
  const first = local_ms - zoneOffsetMs(local_ms, zone)
  const utc_ms = local_ms - zoneOffsetMs(first, zone)
  if (asked.size < ASKED_MAX) asked.set(key, utc_ms)
  return utc_ms
}

/** Whether a text is the name of a time zone, `America/Boise`. */
export function isZone(zone: string): boolean {
  try {
    clockOf(zone)
    return true
  } catch {
    return false
  }
}

const clocks = new Map<string, Intl.DateTimeFormat>()

function zoneOffsetMs(at_ms: number, zone: string): number {
  const shown = Object.fromEntries(
    clockOf(zone)
      .formatToParts(at_ms)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const { year = 0, month = 1, day, hour, minute, second } = shown
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at_ms / 1_000) * 1_000
}

function clockOf(zone: string): Intl.DateTimeFormat {
  let clock = clocks.get(zone)
  if (clock === undefined) {
    try {
      clock = new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      })
    } catch (cause) {
      const message = `Expected the name of a time zone but received "${zone.slice(0, 40)}"`
      throw new HotplateError('ZONE_UNKNOWN', message, { cause })
    }
    clocks.set(zone, clock)
  }
  return clock
}
