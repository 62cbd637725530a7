// When an entry has had its time. Were it wrong, a stop would be made on an entry that is no longer
// in force, or one would be missed that is.
import { expect, test } from 'vitest'
import { hasExpired } from '../../src/domain/hotlist.ts'

test('401.4f an entry has had its time from the moment on that it names', () => {
  const expires_at = '2026-11-26T12:00:00.000Z'
  const moment_ms = Date.parse(expires_at)
  expect(hasExpired({ expires_at }, moment_ms - 1)).toBe(false)
  expect(hasExpired({ expires_at }, moment_ms)).toBe(true)
  expect(hasExpired({ expires_at }, moment_ms + 86_400_000)).toBe(true)
  expect(hasExpired({}, moment_ms)).toBe(false)
})
