// Folding plates. Were it lax, text that is no plate would be matched; strict, a plate as a clerk
// writes it would be refused.
import { expect, test } from 'vitest'
import { foldPlate, zeroFold } from '../../src/domain/plate.ts'

test.each([
  ['2TAB123', '2TAB123'],
  ['2t ab-123', '2TAB123'],
  [' a ', 'A'],
  ['ABCDEFGHIJ12', 'ABCDEFGHIJ12'],
])('%j folds to %s', (text, plate) => {
  expect(foldPlate(text)).toBe(plate)
})

// ß, ı and ſ have an upper case of ASCII letters: none of them is a plate's character.
test.each(['', ' - ', 'ABCDEFGHIJ123', 'AB_1', 'ÄB1', 'ß1', 'ı1', 'ſ1', 'A\0B', 'Ａ1', '٣'])(
  '%j is no plate',
  (text) => {
    expect(foldPlate(text)).toBeNull()
  },
)

test('a text of any length is refused at once', () => {
  expect(foldPlate(' '.repeat(1e6))).toBeNull()
})

test('O counts as 0', () => {
  expect(zeroFold('OO1A')).toBe('001A')
})
