// What each profile promises, by example. If it breaks, a list that was set to `exact` floods, or
// one set to `fold+1` misses the plate with one character misread.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Profile } from '../../src/domain/hotlist.ts'
import { foldTable, loadLookAlikes } from '../../src/matching/look-alikes.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { matched } from '../helpers/matching.ts'

function hits(profile: Profile, entry: string, read: string, fold_only = false): boolean {
  return matched([{ plate: entry, profile }], [{ plate: read, fold_only }]).length === 1
}

test('exact: the same characters, O and 0 tied', () => {
  expect(hits('exact', 'OB01234', '0BO1234')).toBe(true)
  expect(hits('exact', 'OB01234', 'DB01234')).toBe(false)
  expect(hits('exact', 'OB01234', 'O801234')).toBe(false)
  expect(hits('exact', 'OB01234', 'OB0123')).toBe(false)
})

test('fold: look-alikes are one character, an edit is too far', () => {
  expect(hits('fold', '0O1I2Z5S8B6G', 'DQLLZ2S5B8G6')).toBe(true)
  expect(hits('fold', 'ABC1234', 'ABC123')).toBe(false)
  expect(hits('fold', 'ABC1234', 'ABC1237')).toBe(false)
})

test('fold+1: besides, one substitution, insertion or deletion', () => {
  expect(hits('fold+1', 'ABC1234', 'A8CX234')).toBe(true)
  expect(hits('fold+1', 'ABC1234', '1A8C1234')).toBe(true)
  expect(hits('fold+1', 'ABC1234', 'A8C134')).toBe(true)
  expect(hits('fold+1', 'ABC1234', 'A8CX23X')).toBe(false)
  expect(hits('fold+1', 'ABC1234', 'BAC1234')).toBe(false)
})

test('fold+1: where read or entry is shorter than edit_chars_min, no edit', () => {
  expect(hits('fold+1', 'ABC12', 'XBC12')).toBe(true)
  expect(hits('fold+1', 'ABC1', 'XBC1')).toBe(false)
  expect(hits('fold+1', 'ABC1', 'ABC12')).toBe(false)
  expect(hits('fold+1', 'ABC12', 'ABC1')).toBe(false)
  expect(hits('fold+1', 'ABC1', 'A8CI')).toBe(true)
})

test('a candidate reading is searched at fold, and never hits an exact entry', () => {
  expect(hits('exact', 'ABC1234', 'ABC1234', true)).toBe(false)
  expect(hits('fold', 'ABC1234', 'A8C1234', true)).toBe(true)
  expect(hits('fold+1', 'ABC1234', 'A8C1234', true)).toBe(true)
  expect(hits('fold+1', 'ABC1234', 'XBC1234', true)).toBe(false)
})

test('the shipped look-alike classes are those of the design', () => {
  expect(loadLookAlikes()).toEqual(['0ODQ', '1IL', '2Z', '5S', '8B', '6G'])
})

test('O and 0 are one even where no class names them', () => {
  const table = foldTable([])
  expect(table[24]).toBe(0)
  expect([...table].filter((symbol, at) => symbol !== at)).toEqual([0])
})

test('a file of look-alikes with an error is refused, naming the file', () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'look-alikes.yaml')
  for (const text of ['classes: [AB, BC]', 'classes: [ab]', 'classes: 3', 'other: []', ': :', '']) {
    writeFileSync(file, text)
    expect(() => loadLookAlikes(file)).toThrow(
      expect.objectContaining({
        code: 'LOOK_ALIKES_INVALID',
        message: expect.stringContaining(file),
      }),
    )
  }
  writeFileSync(file, 'classes: [01, 35]')
  expect(loadLookAlikes(file)).toEqual(['01', '35'])
})
