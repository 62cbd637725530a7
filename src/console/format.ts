// Times, ages and vehicles as people read them; local time, 24 hours, always with seconds.
import {
  type AlertEntry,
  type AlertRead,
  VEHICLE_TRAITS,
  type VehicleCompared,
} from '../domain/alert.ts'
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

type Vehicle = AlertRead['vehicle'] | AlertEntry['vehicle']

export function describeVehicle(vehicle: Vehicle): string {
  if (vehicle === undefined) return ''
  const { color, year, make, model, type } = vehicle
  return [color, year, make, model, type].filter((part) => part !== undefined).join(' ')
}

export interface VehicleAgreement {
  state: 'same' | 'differs' | 'unknown'
  /** Names of what differs. */
  differs: string[]
}

/** The traits in one word: one that differs outweighs those that agree. */
export function vehicleAgreement(compared: VehicleCompared): VehicleAgreement {
  const differs = VEHICLE_TRAITS.filter((trait) => compared[trait].verdict === 'differ')
  if (differs.length > 0) {
    return { state: 'differs', differs: differs.map((trait) => text.vehicle.fields[trait]) }
  }
  const agrees = VEHICLE_TRAITS.some((trait) => compared[trait].verdict === 'agree')
  return { state: agrees ? 'same' : 'unknown', differs: [] }
}
