// The promise of the matcher: its hits equal brute force. If it breaks, a wanted plate passes
// unseen (or dispatch is flooded), and the failing list and read are printed.
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Profile } from '../../src/domain/hotlist.ts'
import { PROFILES } from '../../src/domain/hotlist.ts'
import { buildIndex, type IndexedEntry } from '../../src/matching/index-block.ts'
import { saveIndex } from '../../src/matching/index-file.ts'
import { Matcher } from '../../src/matching/matcher.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import {
  asText,
  CLASSES,
  matched,
  matchedAlone,
  packReads,
  referred,
  type SearchedRead,
} from '../helpers/matching.ts'

const NARROW = 'AB8C3O0D'
const WIDE = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** All strings over the alphabet of 1 to `chars_max` characters. */
function allStrings(alphabet: string, chars_max: number): string[] {
  const all: string[] = []
  let longest = ['']
  for (let chars = 1; chars <= chars_max; chars += 1) {
    longest = longest.flatMap((text) => [...alphabet].map((char) => text + char))
    all.push(...longest)
  }
  return all
}

/** Runs, repeats, alternations and all different, of one length. */
function shapesOf(chars: number): string[] {
  const take = (text: string) => text.repeat(12).slice(0, chars)
  return [...new Set(['A', 'AB', 'AAB', 'ABB', 'AB8C3O0D', 'C3O0', '0O', WIDE, 'ZYX'].map(take))]
}

/** The plate with each single edit at each place, by each character of the alphabet. */
function allEdits(plate: string, alphabet: string): string[] {
  const edits = [plate]
  for (let at = 0; at <= plate.length; at += 1) {
    const [before, after] = [plate.slice(0, at), plate.slice(at)]
    if (after !== '') edits.push(before + after.slice(1))
    for (const char of alphabet) {
      edits.push(before + char + after)
      if (after !== '') edits.push(before + char + after.slice(1))
    }
  }
  return [...new Set(edits)].filter(({ length }) => length >= 1 && length <= 12)
}

const entriesOf = (plates: readonly string[], profile: Profile): IndexedEntry[] =>
  plates.map((plate) => ({ plate, profile }))
const readsOf = (plates: readonly string[], fold_only = false): SearchedRead[] =>
  plates.map((plate) => ({ plate, fold_only }))

const plateOf = (alphabet: string) =>
  fc
    .array(fc.constantFrom(...alphabet), { minLength: 1, maxLength: 12 })
    .map((chars) => chars.join(''))
/** Two known characters at least, and wildcards anywhere. */
const patternOf = (alphabet: string) =>
  fc
    .tuple(
      fc.array(fc.constantFrom(...alphabet, '?', '*'), { maxLength: 4 }),
      fc.constantFrom(...alphabet),
      fc.array(fc.constantFrom('?', '*', ''), { minLength: 1, maxLength: 2 }),
      fc.constantFrom(...alphabet),
      fc.array(fc.constantFrom(...alphabet, '?', '*'), { maxLength: 4 }),
    )
    .map((parts) => parts.flat().join(''))
const listOf = (alphabet: string) =>
  fc.array(
    fc.record({
      plate: fc.oneof(
        { weight: 4, arbitrary: plateOf(alphabet) },
        { weight: 1, arbitrary: patternOf(alphabet) },
      ),
      profile: fc.constantFrom(...PROFILES),
    }),
    { maxLength: 60 },
  )
const batchOf = (alphabet: string) =>
  fc.array(fc.record({ plate: plateOf(alphabet), fold_only: fc.boolean() }), { maxLength: 80 })

test.each(PROFILES)('all plates of up to 6 characters over two letters, %s', (profile) => {
  const plates = allStrings('AC', 6)
  for (const edit_chars_min of [1, 2, 5]) {
    const args = [entriesOf(plates, profile), readsOf(plates), { edit_chars_min }] as const
    expect(matched(...args)).toEqual(referred(...args))
    expect(matchedAlone(...args)).toEqual(referred(...args))
  }
})

test('all plates of up to 3 characters over eight symbols that fold', () => {
  const plates = allStrings(NARROW, 3)
  const args = [entriesOf(plates, 'fold+1'), readsOf(plates), { edit_chars_min: 2 }] as const
  expect(matched(...args)).toEqual(referred(...args))
})

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
  'plates of %i characters: each edit at each place, runs and repeats too',
  (chars) => {
    for (const plate of shapesOf(chars)) {
      const edited = allEdits(plate, 'AB8O0Z')
      for (const edit_chars_min of [1, 5]) {
        const mixed = [...entriesOf([plate], 'fold+1'), ...entriesOf(edited, 'fold+1')]
        const args = [mixed, readsOf(edited), { edit_chars_min }] as const
        expect(matched(...args)).toEqual(referred(...args))
        expect(matchedAlone(...args)).toEqual(referred(...args))
      }
    }
  },
)

test.each([
  ['few symbols', NARROW, 1_500],
  ['all symbols', WIDE, 500],
])('random lists of %s: mixed profiles, duplicates, candidate readings', (_, alphabet, numRuns) => {
  const classes = fc.constantFrom(CLASSES, [], ['AB', 'C3'], [WIDE], ['OX', '1I'])
  fc.assert(
    fc.property(
      listOf(alphabet),
      batchOf(alphabet),
      classes,
      fc.integer({ min: 0, max: 13 }),
      (entries, reads, look_alikes, edit_chars_min) => {
        const options = { classes: look_alikes, edit_chars_min }
        // Reads of the list itself, and of the list cut by one, make sure that there are hits.
        const own = entries
          .map(({ plate }) => plate.replaceAll(/[?*]/g, alphabet[0] as string))
          .flatMap((plate) => [plate, plate.slice(1) || plate])
        const batch = [...reads, ...readsOf(own), ...readsOf(own, true)]
        expect(matched(entries, batch, options)).toEqual(referred(entries, batch, options))
      },
    ),
    { numRuns },
  )
})

test('a larger list, with batches longer than the reads in flight', () => {
  const plates = fc.sample(plateOf(WIDE), { numRuns: 3_000, seed: 2 })
  const near = fc.sample(plateOf(NARROW), { numRuns: 3_000, seed: 3 })
  const entries = [...plates, ...near, ...near.slice(0, 500)].map((plate, i) => ({
    plate,
    profile: PROFILES[i % PROFILES.length] as Profile,
  }))
  const reads = [...near.slice(0, 100), ...plates.slice(0, 100)].flatMap((plate) =>
    readsOf([plate, plate.slice(1) || plate]),
  )
  expect(matched(entries, reads)).toEqual(referred(entries, reads))
})

test('many copies of one plate all come back, in order', () => {
  const entries = entriesOf(
    Array.from({ length: 20_000 }, () => 'ABC1234'),
    'fold+1',
  )
  const reads = readsOf(['A8C1234', 'ABC124', 'XXXXXXX'])
  const hits = matched(entries, reads)
  expect(hits).toHaveLength(40_000)
  expect(hits).toEqual(referred(entries, reads))
})

test('an empty list matches nothing, a list of one matches its plate', () => {
  const reads = readsOf(['ABC1234', 'A', 'ABC123'])
  expect(matched([], reads)).toEqual([])
  expect(matched(entriesOf(['ABC1234'], 'fold+1'), reads)).toEqual(['0:0', '2:0'])
  expect(matched(entriesOf(['ABC1234'], 'fold+1'), [])).toEqual([])
})

test('worker threads on a block and on its mapped file find what this thread does', async () => {
  const plates = fc.sample(plateOf(NARROW), { numRuns: 2_000, seed: 4 })
  const reads = readsOf(plates.slice(0, 500))
  using folder = temporaryFolder()
  const block = buildIndex(entriesOf(plates, 'fold+1'), { classes: CLASSES, edit_chars_min: 5 })
  const file = join(folder.path, 'saved.index')
  await saveIndex(block, file)
  const records = packReads(reads)
  const here = asText(new Matcher(block).match(records, reads.length))
  const program = new URL('../fixtures/matching-worker.ts', import.meta.url)
  const workers = [block, file].map(
    (source) => new Worker(program, { workerData: { source, records, count: reads.length } }),
  )
  const answers = await Promise.all(
    workers.map(
      (worker) =>
        new Promise<Uint32Array>((resolve, reject) => {
          worker.once('message', resolve).once('error', reject)
        }),
    ),
  )
  await Promise.all(workers.map((worker) => worker.terminate()))
  for (const answer of answers) expect(asText(answer)).toEqual(here)
  expect(asText(new Matcher(block).match(records, reads.length))).toEqual(here)
})
