// Days and the thirty days. An error of a second here shows expired reads, or purges others early.
import { expect, test } from 'vitest'
import { DAY_MS, dayIsExpired, retentionCutoff, utcDay } from '../../src/domain/time.ts'

const NOW_MS = Date.parse('2026-11-23T16:00:00Z')

test('a day is that of UTC, whatever the machine says', () => {
  expect(utcDay(Date.parse('2026-11-23T23:59:59.999-07:00'))).toBe('2026-11-24')
})

test('401.5a thirty days are 30 × 24 h, also over a change to or from summer time', () => {
  expect(NOW_MS - retentionCutoff(NOW_MS, 30)).toBe(30 * DAY_MS)
})

test('401.5a a day is expired with its last moment, and not a millisecond before', () => {
  const end_ms = Date.parse('2026-10-24T00:00:00Z')
  expect(dayIsExpired('2026-10-23', end_ms + 30 * DAY_MS, 30)).toBe(true)
  expect(dayIsExpired('2026-10-23', end_ms + 30 * DAY_MS - 1, 30)).toBe(false)
})
