// What the matcher refuses, and in what words. If a check is lost, wrong bytes reach the native
// code: at best a match is missed, at worst the process ends with a crash.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Profile } from '../../src/domain/hotlist.ts'
import { FOLD2_ENTRIES_MAX, PATTERNS_MAX } from '../../src/hotlists/limits.ts'
import { buildIndex, buildIndexOf } from '../../src/matching/index-block.ts'
import { checkIndex } from '../../src/matching/index-file.ts'
import { Matcher, packPlate } from '../../src/matching/matcher.ts'
import { loadAddon, loadNative } from '../../src/matching/native.ts'
import { ENTRY_RECORD_BYTES, packEntry } from '../../src/matching/record.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { CLASSES, packReads } from '../helpers/matching.ts'

const OPTIONS = { classes: CLASSES, edit_chars_min: 5 }
const PLATES = ['ABC1234', 'O0', 'Z', '8B8B8B8B8B8B']

function build(plates: readonly string[] = PLATES): SharedArrayBuffer {
  return buildIndex(
    plates.map((plate) => ({ plate, profile: 'fold+1' as const })),
    OPTIONS,
  )
}

function copyOf(block: SharedArrayBuffer, bytes = block.byteLength): SharedArrayBuffer {
  const copy = new SharedArrayBuffer(bytes)
  new Uint8Array(copy).set(new Uint8Array(block).subarray(0, bytes))
  return copy
}

const HEADER_BYTES = 128

test('a block with any one bit changed is refused by its check, by its header at once', () => {
  const block = build()
  expect(() => checkIndex(block)).not.toThrow()
  for (let byte = 0; byte < block.byteLength; byte += 1) {
    const copy = copyOf(block)
    const bytes = new Uint8Array(copy)
    bytes[byte] = (bytes[byte] as number) ^ (1 << (byte % 8))
    expect(() => checkIndex(copy)).toThrow(TypeError)
    const only_checksum = byte >= 24 && byte < 32
    if (byte < HEADER_BYTES && !only_checksum) expect(() => new Matcher(copy)).toThrow(TypeError)
  }
})

test('a block cut at any length is refused', () => {
  const block = build()
  for (let bytes = 0; bytes < block.byteLength; bytes += 1) {
    expect(() => new Matcher(copyOf(block, bytes))).toThrow(TypeError)
  }
})

test('a block of another kind, version or size is refused with what was expected', () => {
  const other_kind = copyOf(build())
  new Uint8Array(other_kind)[0] = 0
  expect(() => new Matcher(other_kind)).toThrow(
    `Expected an index block for source but received ${other_kind.byteLength} bytes of type object`,
  )
  const other_version = copyOf(build())
  new DataView(other_version).setUint32(8, 7, true)
  expect(() => new Matcher(other_version)).toThrow(
    'Expected an index block of version 3 for source but received 7 of type number',
  )
  const other_size = copyOf(build(), build().byteLength - 64)
  expect(() => new Matcher(other_size)).toThrow(/Expected an index block of \d+ bytes for source/)
  const not_shared = new ArrayBuffer(1_024) as unknown as SharedArrayBuffer
  expect(() => new Matcher(not_shared)).toThrow(
    'Expected a SharedArrayBuffer or a path for source but received [object ArrayBuffer] ' +
      'of type object',
  )
  expect(() => new (loadNative().Matcher)(new Uint8Array(1_024))).toThrow(
    'Expected a view of a SharedArrayBuffer for source',
  )
})

test('writing into a block in use never crashes', () => {
  const plates = Array.from({ length: 500 }, (_, n) => `AB${n}C`)
  const block = build(plates)
  const bytes = new Uint8Array(block)
  const matcher = new Matcher(block)
  const records = packReads(plates.map((plate) => ({ plate, fold_only: false })))
  let state = 1
  for (let round = 0; round < 300; round += 1) {
    for (let n = 0; n < 50; n += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      bytes[state % bytes.length] = state >>> 24
    }
    try {
      const hits = matcher.match(records, plates.length)
      expect(hits.filter((hit, at) => at % 2 === 1 && hit >= plates.length)).toHaveLength(0)
    } catch (error) {
      expect((error as Error).message).toMatch(/^Expected an unchanged index block for source/)
    }
  }
})

test('records that are no plates are refused by position, and the matcher stays usable', () => {
  const matcher = new Matcher(build())
  const good = packReads([
    { plate: 'ABC1234', fold_only: false },
    { plate: 'ABC1234', fold_only: false },
  ])
  const wrong: [string, number, number][] = [
    ['no length', 16, 0],
    ['a length beyond 12', 16, 13],
    ['a lower-case letter', 17, 0x61],
    ['a zero byte', 18, 0],
    ['a letter after the end', 16 + 9, 0x41],
    ['an unknown flag', 16 + 13, 2],
    ['something behind the flag', 16 + 15, 1],
  ]
  for (const [, at, byte] of wrong) {
    const records = good.slice()
    records[at] = byte
    expect(() => matcher.match(records, 2)).toThrow(
      'Expected a packed plate of 1 to 12 of A-Z and 0-9 for records ' +
        'but received other bytes in record 1 of type object',
    )
  }
  expect([...matcher.match(good, 2)]).toEqual([0, 0, 1, 0])
})

test('a count beyond the records, or no count, is refused', () => {
  const matcher = new Matcher(build())
  const records = packReads([{ plate: 'A', fold_only: false }])
  expect(() => matcher.match(records, 2)).toThrow(
    'Expected an integer from 0 to 1 for count but received 2 of type number',
  )
  for (const count of [-1, 0.5, Number.NaN, '1', undefined, null, 1n, Symbol('x'), {}]) {
    expect(() => matcher.match(records, count as number)).toThrow(/for count but received/)
  }
  for (const other of [null, 'A', new Uint16Array(8), new ArrayBuffer(16), [], {}]) {
    expect(() => matcher.match(other as Uint8Array, 1)).toThrow(
      /^Expected a Uint8Array for records/,
    )
  }
  const transferred = packReads([{ plate: 'A', fold_only: false }])
  structuredClone(transferred, { transfer: [transferred.buffer as ArrayBuffer] })
  expect(() => matcher.match(transferred, 1)).toThrow('Expected an integer from 0 to 0 for count')
})

test('plates that do not fit a record are refused when they are packed', () => {
  const target = new Uint8Array(32)
  expect(() => packPlate(target, 0, '', false)).toThrow(
    'Expected 1 to 12 characters for plate but received  of type string',
  )
  expect(() => packPlate(target, 0, 'ABCDEFGHIJKLM', false)).toThrow('Expected 1 to 12 characters')
  // U+0141 is A plus 256: cut to a byte it would be another plate.
  expect(() => packPlate(target, 0, '\u0141BC', false)).toThrow('Expected characters A-Z and 0-9')
  for (const record of [2, -1, 0.5, Number.NaN]) {
    expect(() => packPlate(target, record, 'A', false)).toThrow('Expected an integer below 2')
  }
})

test('a shorter plate packed over a longer one leaves nothing of it', () => {
  const target = new Uint8Array(16)
  packPlate(target, 0, 'ABCDEFGHIJKL', true)
  packPlate(target, 0, 'XY', false)
  expect([...target]).toEqual([2, 88, 89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
})

test('lists with a wrong entry or option are refused', () => {
  const entry = { plate: 'ABC', profile: 'fold' as const }
  const wrong_profile = { plate: 'ABC', profile: 'fuzzy' as Profile }
  expect(() => buildIndex([entry, wrong_profile], OPTIONS)).toThrow(
    'Expected exact, fold, fold+1, fold+2 for profile but received fuzzy of type string',
  )
  expect(() => buildIndex([entry, { plate: 'A-1', profile: 'fold' }], OPTIONS)).toThrow(
    'for entries but received other bytes in record 1',
  )
  expect(() => buildIndex([entry], { ...OPTIONS, edit_chars_min: -1 })).toThrow(
    'for edit_chars_min',
  )
  expect(() => buildIndex([entry], { ...OPTIONS, classes: ['AB', 'BC'] })).toThrow(
    'Expected B in one class for classes',
  )
  expect(() => buildIndex([entry], { ...OPTIONS, classes: ['O1', '0D'] })).toThrow('in one class')
  expect(() => buildIndex([entry], { ...OPTIONS, classes: ['ab'] })).toThrow('A-Z and 0-9')
})

test('patterns need two known characters; more than is served well is refused by its name', () => {
  const build_of = (plate: string, profile: Profile, count: number) =>
    buildIndex(Array(count).fill({ plate, profile }), OPTIONS)
  for (const plate of ['*', '?', 'A*', '*A?', '????', 'A?*'])
    expect(() => build_of(plate, 'fold', 1)).toThrow('for entries but received other bytes')
  expect(build_of('A*1', 'fold', PATTERNS_MAX).byteLength).toBeGreaterThan(0)
  expect(() => build_of('A*1', 'fold', PATTERNS_MAX + 1)).toThrow(
    expect.objectContaining({ code: 'INDEX_TOO_MANY_PATTERNS' }),
  )
  expect(() => build_of('ABC1234', 'fold+2', FOLD2_ENTRIES_MAX + 1)).toThrow(
    expect.objectContaining({ code: 'INDEX_FOLD2_TOO_LARGE' }),
  )
})

test('one read alone: found as in a batch, refused in words', () => {
  const matcher = new Matcher(build())
  expect([...matcher.find('ABC1Z34')]).toEqual([0])
  expect([...matcher.find('XYZ9999')]).toEqual([])
  for (const plate of ['', 'ABCDEFGHIJKLM', 'abc', 'A-1', 'A?', '\u0141BC', 5, null]) {
    expect(() => matcher.find(plate as string)).toThrow(/^Expected .* for plate but received/)
  }
})

test('an entry packed over another leaves nothing of it', () => {
  const target = new Uint8Array(2 * ENTRY_RECORD_BYTES)
  packEntry(target, 1, { plate: 'ABCDEFGHI?*', profile: 'fold+2', region: 'US-ID', list: 700 })
  packEntry(target, 1, { plate: 'XY', profile: 'fold' })
  expect([...target.subarray(ENTRY_RECORD_BYTES)]).toEqual([
    2,
    88,
    89,
    ...Array(10).fill(0),
    1,
    ...Array(10).fill(0),
  ])
  expect(() => packEntry(target, 2, { plate: 'XY', profile: 'fold' })).toThrow('below 2 for record')
  expect(() => packEntry(target, 0, { plate: 'XY', profile: 'fold', list: 65_536 })).toThrow(
    'Expected an integer from 0 to 65535 for list but received 65536 of type number',
  )
  target[20] = 1
  expect(() => buildIndexOf(target, 1, OPTIONS)).toThrow('received other bytes in record 0')
})

test('an addon that is not built, or is none, is reported with what to run', () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'hotplate.node')
  const advice = expect.stringContaining('run `node scripts/build-native.mjs`')
  const missing = { code: 'NATIVE_ADDON_MISSING', message: advice }
  expect(() => loadAddon(file)).toThrow(expect.objectContaining(missing))
  writeFileSync(file, 'no library')
  expect(() => loadAddon(file)).toThrow(expect.objectContaining(missing))
})
