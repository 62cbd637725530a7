// Days and moments of list files. An end read a day too early loses a wanted vehicle; one read a
// day too late stops somebody whose matter is over.
import { expect, test } from 'vitest'
import { readDay, readTime } from '../../src/formats/hotlists/dates.ts'

test.each([
  ['2026-01-05', 'iso', '2026-01-05'],
  ['20260105', 'yyyymmdd', '2026-01-05'],
  ['1/5/2026', 'mm/dd/yyyy', '2026-01-05'],
  ['05/01/2026', 'dd/mm/yyyy', '2026-01-05'],
  ['2024-02-29', 'iso', '2024-02-29'],
  ['2026-02-29', 'iso', null],
  ['20261301', 'yyyymmdd', null],
  ['13/01/2026', 'mm/dd/yyyy', null],
  ['00000000', 'yyyymmdd', null],
  ['2026-01-05x', 'iso', null],
  ['', 'iso', null],
] as const)('%j as %s is the day %s', (text, form, day) => {
  expect(readDay(text, form)).toBe(day)
})

test.each([
  ['2026-01-05', 'end', 'UTC', '2026-01-06T00:00:00.000Z'],
  ['2026-01-05', 'start', 'America/Boise', '2026-01-05T07:00:00.000Z'],
  ['2026-07-05', 'end', 'America/Boise', '2026-07-06T06:00:00.000Z'],
  // The night in which the clocks go forward, and the one in which they go back.
  ['2026-03-08', 'end', 'America/Boise', '2026-03-09T06:00:00.000Z'],
  ['2026-11-01', 'start', 'America/Boise', '2026-11-01T06:00:00.000Z'],
  ['2026-11-01', 'end', 'America/Boise', '2026-11-02T07:00:00.000Z'],
  ['2026-01-05T10:00', 'end', 'America/Boise', '2026-01-05T17:00:00.000Z'],
  ['2026-01-05 10:00:30.5', 'end', 'UTC', '2026-01-05T10:00:30.000Z'],
  ['2026-01-05T10:00:00z', 'end', 'America/Boise', '2026-01-05T10:00:00.000Z'],
  ['2026-01-05T10:00:00+05:30', 'start', 'UTC', '2026-01-05T04:30:00.000Z'],
  ['2026-12-31', 'end', 'UTC', '2027-01-01T00:00:00.000Z'],
  ['2026-01-05T25:00', 'end', 'UTC', null],
  ['2026-01-05T10:60', 'end', 'UTC', null],
  ['tomorrow', 'end', 'UTC', null],
] as const)('%j at its %s in %s is %s', (text, edge, zone, moment) => {
  expect(readTime(text, 'iso', edge, zone)).toBe(moment)
})

test('a zone that does not exist is told', () => {
  expect(() => readTime('2026-01-05', 'iso', 'end', 'Idaho/Boise')).toThrow(
    expect.objectContaining({ code: 'ZONE_UNKNOWN' }),
  )
})
