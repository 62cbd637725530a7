// Times, ages and vehicles as people read them; local time, 24 hours, always with seconds.
import { type TraitCompared, VEHICLE_TRAITS, type VehicleCompared } from '../domain/alert.ts'
import { text } from './text.ts'

const TIME = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const DATE_TIME = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

/** Only the time where it is of today, else with its date. */
export function formatTime(time_ms: number, now_ms: number): string {
  const today = new Date(time_ms).toDateString() === new Date(now_ms).toDateString()
  return (today ? TIME : DATE_TIME).format(time_ms)
}

export function formatDateTime(time_ms: number): string {
  return DATE_TIME.format(time_ms)
}

export function formatAge(age_ms: number): string {
  const s = Math.max(0, Math.floor(age_ms / 1000))
  if (s < 60) return text.age.s(s)
  const min = Math.floor(s / 60)
  if (min < 60) return text.age.min(min)
  const h = Math.floor(min / 60)
  if (h < 48) return text.age.h(h, min % 60)
  return text.age.d(Math.floor(h / 24))
}

const DAY_MS = 86_400_000

/** As a field for moments has it: local time, without a zone. */
export function forField(time_ms: number): string {
  const local = new Date(time_ms - new Date(time_ms).getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}

export function inDays(days: number): string {
  return forField(Date.now() + days * DAY_MS)
}

export interface VehicleAgreement {
  state: 'same' | 'differs' | 'unknown'
  words: string
  /** What at least one side tells. */
  traits: (TraitCompared & { name: string })[]
}

/**
 * The traits in one line: one that differs outweighs those that agree. Alerts from before vehicles
 * were compared have none.
 */
export function vehicleAgreement(compared: VehicleCompared | undefined): VehicleAgreement {
  const given = compared === undefined ? [] : VEHICLE_TRAITS
  const traits = given
    .map((trait) => ({
      name: text.vehicle.fields[trait],
      ...(compared as VehicleCompared)[trait],
    }))
    .filter(({ seen, listed }) => seen !== '' || listed !== '')
  const of = (verdict: TraitCompared['verdict']) =>
    traits.filter((trait) => trait.verdict === verdict).map(({ name }) => name)
  const differ = of('differ')
  if (differ.length > 0) return { state: 'differs', words: text.vehicle.differs(differ), traits }
  const known = of('agree').length > 0
  const words = known ? text.vehicle.verdicts.agree : text.vehicle.verdicts.unknown
  return { state: known ? 'same' : 'unknown', words, traits }
}
