// The same C++ on WebAssembly: the committed file is what the sources give, the matching tests hold
// on it, and it judges as the addon does. Were it not so, a machine without a compiler would match
// by other rules.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PROFILES } from '../../src/domain/hotlist.ts'
import { EVIDENCE_BYTES, packEvidence } from '../../src/matching/evidence.ts'
import { buildIndex, type IndexedEntry } from '../../src/matching/index-block.ts'
import { loadModel } from '../../src/matching/model.ts'
import { loadNative, type Native, nativeFallback } from '../../src/matching/native.ts'
import { packModel } from '../../src/matching/packed-model.ts'
import { PLATE_RECORD_BYTES, packPlate } from '../../src/matching/record.ts'
import { wasmNative } from '../../src/matching/wasm-native.ts'
import { CLASSES } from '../helpers/matching.ts'

const root = join(import.meta.dirname, '..', '..')

/** What a program of this Node prints; its complaint where it fails. */
async function run(args: string[], env: Record<string, string> = {}): Promise<string> {
  const options = { cwd: root, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }
  const outcome = promisify(execFile)(process.execPath, args, options)
  const { stdout, stderr } = await outcome.catch((error) => error as Awaited<typeof outcome>)
  return `${stdout}${stderr}`
}

test('the committed file is built of these sources', async () => {
  expect(await run(['scripts/build-wasm.mjs', 'check-sources'])).toBe('')
})

test('built again it is the same, byte for byte', { timeout: 300_000 }, async () => {
  expect(await run(['scripts/build-wasm.mjs', 'check'])).toBe('')
})

test('all other tests run on the addon', () => {
  expect(nativeFallback()).toBeNull()
})

const LISTS = 3
const NARROW = 'AB8O'
const general = packModel(loadModel('general'))

const plate = fc
  .array(fc.constantFrom(...NARROW), { minLength: 3, maxLength: 6 })
  .map((chars) => chars.join(''))
const region = fc.constantFrom('', 'US-ID', 'US-WA')
const listed = fc.record({
  plate: fc.oneof(
    plate,
    plate.map((known) => `AB${known}*`),
  ),
  profile: fc.constantFrom(...PROFILES),
  region,
  list: fc.nat(LISTS - 1),
})
const seen = fc.record({
  plates: fc.array(plate, { minLength: 1, maxLength: 3 }),
  confidence: fc.option(fc.float({ min: 0, max: 1, noNaN: true })),
  region,
})
type Seen = typeof seen extends fc.Arbitrary<infer T> ? T : never

function pack(reads: readonly Seen[]) {
  const count = reads.reduce((total, { plates }) => total + plates.length, 0)
  const records = new Uint8Array(count * PLATE_RECORD_BYTES)
  const evidence = new Uint8Array(count * EVIDENCE_BYTES)
  const origins = new Int32Array(count * 2)
  let record = 0
  reads.forEach(({ plates, confidence, region: state }, read) => {
    plates.forEach((text, i) => {
      packPlate(records, record, text, i > 0)
      packEvidence(evidence, record, text.length, { confidence, region: state, model: 0 })
      origins.set([read, i - 1], record * 2)
      record += 1
    })
  })
  return { records, evidence, origins, count }
}

/** Hits, their entries and their weights. */
function judged(
  native: Pick<Native, 'Judge'>,
  lists: { base: IndexedEntry[]; overlay: IndexedEntry[]; removed: Uint32Array },
  reads: readonly Seen[],
) {
  const options = { classes: CLASSES, edit_chars_min: 4 }
  const [base, overlay] = [lists.base, lists.overlay].map(
    (entries) => new Uint8Array(buildIndex(entries, options)),
  ) as [Uint8Array, Uint8Array]
  const least = Float64Array.of(-30, 0, 30)
  const judge = new native.Judge(base, overlay, lists.removed, [general], least)
  const { records, evidence, origins, count } = pack(reads)
  const { places, weights } = judge.judge(records, evidence, origins, count) ?? {
    places: [],
    weights: [],
  }
  const entries = [...places].filter((_, at) => at % 3 === 1).map((entry) => judge.listed(entry))
  return { places: [...places], entries, weights: [...weights] }
}

test('it judges as the addon does', () => {
  const addon = loadNative()
  let hits = 0
  fc.assert(
    fc.property(
      fc.array(listed, { minLength: 10, maxLength: 30 }),
      fc.array(listed, { maxLength: 5 }),
      fc.array(fc.nat(29), { maxLength: 5 }),
      fc.array(seen, { minLength: 5, maxLength: 20 }),
      (base, overlay, silenced, reads) => {
        const removed = Uint32Array.from(silenced).sort()
        const lists = { base, overlay, removed }
        const expected = judged(addon, lists, reads)
        const found = judged(wasmNative, lists, reads)
        expect([found.places, found.entries]).toEqual([expected.places, expected.entries])
        // Logarithms of two libraries may differ in the last place.
        for (const [i, weight] of expected.weights.entries()) {
          expect(found.weights[i]).toBeCloseTo(weight, 9)
        }
        hits += expected.entries.length
      },
    ),
    { numRuns: 400 },
  )
  expect(hits).toBeGreaterThan(300)
})

const SUITE = [
  'test/unit/matching.arguments.test.ts',
  'test/unit/matching.profiles.test.ts',
  'test/property/matching.equals-reference.test.ts',
  'test/property/matching.score.test.ts',
  'test/property/ingest.scan.test.ts',
]

test('the matching tests hold on it', { timeout: 400_000 }, async () => {
  const env = { HOTPLATE_NATIVE: 'wasm' }
  const says = `import('./src/matching/native.ts').then((m) => console.log(m.nativeFallback()))`
  expect(await run(['-e', says], env)).toContain('Plates are matched on WebAssembly')
  const told = await run(['node_modules/vitest/vitest.mjs', 'run', ...SUITE], env)
  expect(told).toMatch(/\n\d+ passed, 0 failed\n$/)
})
