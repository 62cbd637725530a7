// When and where a list alerts. A bug here shows as a night shift without its alerts, an hour too
// many after the clocks went back, or a car that drives through a watched area unseen.
import { describe, expect, it } from 'vitest'
import {
  areasWiden,
  hoursWiden,
  isWithinAreas,
  isWithinHours,
  LocalClock,
} from '../../src/domain/alerting.ts'
import type { AlertingHours, Area } from '../../src/domain/list-settings.ts'

const BOISE = new LocalClock('America/Boise')
const at = (hours: AlertingHours[], time: string) =>
  isWithinHours(hours, BOISE.minuteOfWeek(Date.parse(time)))

describe('alerting hours', () => {
  it('without any a list always alerts', () => {
    expect(at([], '2026-11-26T22:30:00Z')).toBe(true)
  })

  it('go by the local time of the agency, ends excluded', () => {
    const hours: AlertingHours[] = [{ days: ['thu'], from: '08:00', to: '16:00' }]
    expect(at(hours, '2026-11-26T14:59:59Z')).toBe(false)
    expect(at(hours, '2026-11-26T15:00:00Z')).toBe(true)
    expect(at(hours, '2026-11-26T22:59:59Z')).toBe(true)
    expect(at(hours, '2026-11-26T23:00:00Z')).toBe(false)
    expect(at(hours, '2026-11-27T15:00:00Z')).toBe(false)
  })

  it('go over midnight into the next day, over the end of the week too', () => {
    const hours: AlertingHours[] = [{ days: ['sat'], from: '22:00', to: '06:00' }]
    expect(at(hours, '2026-11-29T04:59:00Z')).toBe(false)
    expect(at(hours, '2026-11-29T05:00:00Z')).toBe(true)
    expect(at(hours, '2026-11-29T12:59:00Z')).toBe(true)
    expect(at(hours, '2026-11-29T13:00:00Z')).toBe(false)
    expect(at(hours, '2026-11-28T12:00:00Z')).toBe(false)
  })

  it('reach to 24:00 and no minute further', () => {
    const hours: AlertingHours[] = [{ days: ['thu'], from: '00:00', to: '24:00' }]
    expect(at(hours, '2026-11-26T07:00:00Z')).toBe(true)
    expect(at(hours, '2026-11-27T06:59:59Z')).toBe(true)
    expect(at(hours, '2026-11-27T07:00:00Z')).toBe(false)
    expect(at(hours, '2026-11-26T06:59:59Z')).toBe(false)
  })

  it('keep to the clock on the wall when it is put forward and back', () => {
    const hours: AlertingHours[] = [{ days: ['sun'], from: '01:00', to: '03:00' }]
    // 8 March 2026: 01:59 is followed by 03:00.
    expect(at(hours, '2026-03-08T08:00:00Z')).toBe(true)
    expect(at(hours, '2026-03-08T08:59:00Z')).toBe(true)
    expect(at(hours, '2026-03-08T09:00:00Z')).toBe(false)
    // 1 November 2026: 01:00 to 02:00 comes twice.
    expect(at(hours, '2026-11-01T07:00:00Z')).toBe(true)
    expect(at(hours, '2026-11-01T08:30:00Z')).toBe(true)
    expect(at(hours, '2026-11-01T09:59:00Z')).toBe(true)
    expect(at(hours, '2026-11-01T10:00:00Z')).toBe(false)
  })

  it('widen where a minute is added, however it is written', () => {
    const night: AlertingHours[] = [{ days: ['mon'], from: '22:00', to: '02:00' }]
    const same: AlertingHours[] = [
      { days: ['mon'], from: '22:00', to: '24:00' },
      { days: ['tue'], from: '00:00', to: '02:00' },
    ]
    expect(hoursWiden(night, same)).toBe(false)
    expect(hoursWiden(night, [{ days: ['mon'], from: '21:59', to: '02:00' }])).toBe(true)
    expect(hoursWiden(night, [{ days: ['mon'], from: '23:00', to: '01:00' }])).toBe(false)
    expect(hoursWiden(night, [])).toBe(true)
    expect(hoursWiden([], night)).toBe(false)
  })
})

describe('alerting areas', () => {
  const circle: Area = {
    kind: 'circle',
    name: 'court',
    center: { lat: 42.5629, lon: -114.4609 },
    radius_m: 1_000,
  }
  const square: Area = {
    kind: 'polygon',
    name: 'across the date line',
    corners: [
      { lat: -1, lon: 179 },
      { lat: -1, lon: -179 },
      { lat: 1, lon: -179 },
      { lat: 1, lon: 179 },
    ],
  }

  it('a read without a location alerts anyway', () => {
    expect(isWithinAreas([circle], null)).toBe(true)
    expect(isWithinAreas([], { lat: 0, lon: 0 })).toBe(true)
  })

  it('hold a circle to its metres', () => {
    // A degree of latitude is 111,195 m.
    expect(isWithinAreas([circle], { lat: 42.5629 + 0.00899, lon: -114.4609 })).toBe(true)
    expect(isWithinAreas([circle], { lat: 42.5629 + 0.009, lon: -114.4609 })).toBe(false)
    expect(isWithinAreas([circle], { lat: 42.5629, lon: -114.4609 - 0.0122 })).toBe(true)
    expect(isWithinAreas([circle], { lat: 42.5629, lon: -114.4609 - 0.0123 })).toBe(false)
  })

  it('hold a polygon across 180 degrees, and one with a notch', () => {
    expect(isWithinAreas([square], { lat: 0, lon: 179.5 })).toBe(true)
    expect(isWithinAreas([square], { lat: 0, lon: -179.5 })).toBe(true)
    expect(isWithinAreas([square], { lat: 0, lon: 178.9 })).toBe(false)
    expect(isWithinAreas([square], { lat: 0, lon: 0 })).toBe(false)
    expect(isWithinAreas([square, circle], circle.center)).toBe(true)
    const notched: Area = {
      kind: 'polygon',
      name: 'notched',
      corners: [
        { lat: 0, lon: 0 },
        { lat: 0, lon: 4 },
        { lat: 4, lon: 4 },
        { lat: 1, lon: 2 },
        { lat: 4, lon: 0 },
      ],
    }
    expect(isWithinAreas([notched], { lat: 3, lon: 2 })).toBe(false)
    expect(isWithinAreas([notched], { lat: 3, lon: 3.8 })).toBe(true)
    expect(isWithinAreas([notched], { lat: 0.5, lon: 2 })).toBe(true)
  })

  it('widen by any that was not there, and by none at all', () => {
    expect(areasWiden([circle, square], [square])).toBe(false)
    expect(areasWiden([], [square])).toBe(false)
    expect(areasWiden([circle], [])).toBe(true)
    expect(areasWiden([circle], [circle, square])).toBe(true)
    expect(areasWiden([circle], [{ ...circle, radius_m: 2_000 }])).toBe(true)
  })
})
