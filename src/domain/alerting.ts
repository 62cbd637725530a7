// When and where a list alerts: hours of the agency's local time, and areas on the map.
import { type AlertingHours, type Area, WEEKDAYS, type Weekday } from './list-settings.ts'
import type { Location } from './read.ts'

const DAY_MIN = 24 * 60
const WEEK_MIN = 7 * DAY_MIN
/** Mean radius of the earth. */
const EARTH_M = 6_371_008.8

/** Minute of the week in a time zone, from Sunday 00:00 on, by the clocks on its walls. */
export class LocalClock {
  readonly #format: Intl.DateTimeFormat

  /** @param time_zone of the IANA data base, `America/Boise` */
  constructor(time_zone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: time_zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
  }

  minuteOfWeek(time_ms: number): number {
    const parts = this.#format.formatToParts(time_ms)
    const part = (type: string) => parts.find((one) => one.type === type)?.value ?? ''
    const day = WEEKDAYS.indexOf(part('weekday').toLowerCase() as Weekday)
    return day * DAY_MIN + Number(part('hour')) * 60 + Number(part('minute'))
  }
}

/** Whether a list alerts at this minute of the week; without hours it always does. */
export function isWithinHours(hours: readonly AlertingHours[], minute: number): boolean {
  return hours.length === 0 || hours.some((span) => covers(span, minute))
}

function covers({ days, from, to }: AlertingHours, minute: number): boolean {
  const start = minuteOf(from)
  const end = minuteOf(to)
  const length = end > start ? end - start : end - start + DAY_MIN
  return days.some((day) => {
    const since = (minute - WEEKDAYS.indexOf(day) * DAY_MIN - start + WEEK_MIN) % WEEK_MIN
    return since < length
  })
}

function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
}

/** Whether hours add a minute of the week to what was. */
export function hoursWiden(before: readonly AlertingHours[], after: readonly AlertingHours[]) {
  for (let minute = 0; minute < WEEK_MIN; minute += 1) {
    if (isWithinHours(after, minute) && !isWithinHours(before, minute)) return true
  }
  return false
}

/** Whether a list alerts here. Nobody knows where a read without a location was: it alerts. */
export function isWithinAreas(areas: readonly Area[], at: Location | null): boolean {
  return areas.length === 0 || at === null || areas.some((area) => contains(area, at))
}

function contains(area: Area, at: Location): boolean {
  return area.kind === 'circle'
    ? distanceM(area.center, at) <= area.radius_m
    : isInside(area.corners, at)
}

const radians = (degrees: number) => (degrees * Math.PI) / 180

/** Great circle, by the haversine formula. */
function distanceM(a: Location, b: Location): number {
  const across = Math.sin(radians(b.lat - a.lat) / 2) ** 2
  const along = Math.sin(radians(b.lon - a.lon) / 2) ** 2
  const h = across + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * along
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(h)))
}

/** From -180 up to 180. */
const turned = (degrees: number) => ((((degrees + 180) % 360) + 360) % 360) - 180

/** The corners one after the other by the shorter way, so that 180° is no edge. */
function isInside(corners: readonly Location[], at: Location): boolean {
  const first = (corners[0] as Location).lon
  let lon = first
  const flat = corners.map((corner) => {
    lon += turned(corner.lon - lon)
    return { lat: corner.lat, lon }
  })
  const near = first + turned(at.lon - first)
  return [near - 360, near, near + 360].some((x) => sidesToTheEast(flat, at.lat, x) % 2 === 1)
}

function sidesToTheEast(corners: readonly Location[], lat: number, lon: number): number {
  let sides = 0
  corners.forEach((a, i) => {
    const b = corners[(i + 1) % corners.length] as Location
    if (a.lat > lat === b.lat > lat) return
    const share = (lat - a.lat) / (b.lat - a.lat)
    if (a.lon + share * (b.lon - a.lon) > lon) sides += 1
  })
  return sides
}

/** Whether areas may let through what was kept back: fewer of the same ones never do. */
export function areasWiden(before: readonly Area[], after: readonly Area[]): boolean {
  if (before.length === 0) return false
  const known = new Set(before.map((area) => JSON.stringify(area)))
  return after.length === 0 || after.some((area) => !known.has(JSON.stringify(area)))
}
