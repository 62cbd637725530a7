// The search of past reads against its slow twin: every read that stands in the store, through a
// judge over that one entry. Were it wrong, a supervisor would approve an entry that
// alerts on what the back-test has not shown.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Config, configSchema } from '../../src/config/schema.ts'
import { PROFILES } from '../../src/domain/hotlist.ts'
import { foldEntryPlate } from '../../src/domain/plate.ts'
import { DAY_MS } from '../../src/domain/time.ts'
import {
  foldPairs,
  type PastSighting,
  type SearchedEntry,
  SightingsFinder,
} from '../../src/hotlists/sightings.ts'
import { buildIndex } from '../../src/matching/index-block.ts'
import { Judge, type Sighted } from '../../src/matching/judge.ts'
import { loadLookAlikes } from '../../src/matching/look-alikes.ts'
import { loadModel } from '../../src/matching/model.ts'
import { connectStore, type Store } from '../../src/store/client.ts'
import { ReadColumns, type ReadRow } from '../../src/store/read-columns.ts'
import { foldedCandidates } from '../../src/store/read-search.ts'
import { insertReads } from '../../src/store/reads.ts'
import { applySchema } from '../../src/store/schema.ts'
import { startClickHouse, type TestClickHouse } from '../helpers/clickhouse.ts'

const NOW = Date.parse('2026-11-26T12:00:00.000Z')
const READS = 3_000
const NO_IMAGES = { plate: false, vehicle: false }

let clickhouse: TestClickHouse
let store: Store
let all: Stored[]

const share = fc.integer({ min: 0, max: 1_000 }).map((n) => n / 1_000)
const plate = fc.stringMatching(/^[AO02Z8B]{1,2}[A1I][05S][0OQ][6G7]?[8B]?$/)
const region = fc.constantFrom('', 'US-ID', 'US-UT')
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })

const read: fc.Arbitrary<ReadRow> = fc.record({
  camera: fc.constantFrom('gate-1', 'pole-line-2', 'falls-1'),
  // Few of them, so that many are sent twice, and by several cameras.
  id: fc.integer({ min: 0, max: READS }).map((n) => `a'${n}\\`),
  time_ms: fc.integer({ min: NOW - 31 * DAY_MS, max: NOW + 60_000 }).map((t) => t - (t % 7_000)),
  device_time_ms: fc.constant(null),
  plate,
  region,
  confidence: orNull(share),
  char_confidence: orNull(fc.array(share, { minLength: 5, maxLength: 7 })),
  candidates: orNull(fc.array(fc.record({ plate, confidence: share }), { maxLength: 12 })),
  location: fc.constant(null),
  heading: fc.constant(null),
  lane: fc.constant(null),
  vehicle: fc.constant(null),
})

beforeAll(async () => {
  clickhouse = await startClickHouse()
  const { url, user, password } = clickhouse.engine
  store = connectStore({ url, user, password, database: 'hotplate', cluster: null })
  await applySchema(store)
  const columns = new ReadColumns()
  const rows = fc.sample(read, { numRuns: READS, seed: 11 })
  for (const [n, row] of rows.entries()) {
    // Received late, and not in the order of the stream.
    columns.add(row, row.time_ms + (n % 3) * 40_000, NO_IMAGES, READS - n, 0)
    if (n % 500 === 499) await insertReads(store, [columns.finish() as Uint8Array])
  }
  all = await standing()
})

afterAll(async () => {
  await store.close()
  await clickhouse[Symbol.asyncDispose]()
})

interface Stored extends Sighted {
  id: string
  time_ms: number
  received_ms: number
  precedence: bigint
}

async function standing(): Promise<Stored[]> {
  const result = await store.client.query({
    query: `SELECT camera, id, plate, region, confidence, char_confidence,
        candidates.plate AS plates, candidates.confidence AS confidences,
        toString(toUnixTimestamp64Milli(time)) AS time_ms,
        toString(toUnixTimestamp64Milli(received_at)) AS received_ms, toString(precedence) AS place
      FROM hotplate.reads FINAL`,
    format: 'JSONEachRow',
  })
  const rows = await result.json<
    Stored & { plates: string[]; confidences: number[]; place: string }
  >()
  return rows
    .map(({ plates, confidences, place, ...row }) => ({
      ...row,
      time_ms: Number(row.time_ms),
      received_ms: Number(row.received_ms),
      precedence: BigInt(place),
      candidates: plates.map((text, at) => ({
        plate: text,
        confidence: confidences[at] as number,
      })),
    }))
    .toSorted((a, b) => a.received_ms - b.received_ms || (a.precedence > b.precedence ? -1 : 1))
}

/** Each read that stands. */
function slowly(entry: SearchedEntry, config: Config): PastSighting[] {
  const classes = loadLookAlikes()
  const { edit_chars_min } = config.matching
  const judge = new Judge({
    base: buildIndex([entry], { classes, edit_chars_min }),
    overlay: null,
    removed: new Uint32Array(),
    log_odds_min: Float64Array.of(entry.log_odds_min),
    classes,
    models: [loadModel('general'), loadModel('openalpr')],
    modelOf: (camera) => (camera === 'gate-1' ? 1 : 0),
  })
  const begun: { camera: string; time_ms: number }[] = []
  return judge.match(all).flatMap((hit): PastSighting[] => {
    const one = all[hit.read] as Stored
    if (one.time_ms <= NOW - 30 * DAY_MS) return []
    const { camera, id: read_id, time_ms, plate: text, region: state } = one
    const alerts = !begun.some(
      (start) => start.camera === camera && Math.abs(start.time_ms - time_ms) < 30_000,
    )
    if (alerts) begun.push({ camera, time_ms })
    const { aligned: _, score: __, model: ___, ...match } = hit.match
    return [{ camera, read_id, time_ms, plate: text, region: state, match, alerts }]
  })
}

const pattern = fc
  .array(fc.constantFrom('A', '0', 'O', '8', 'B', '1', '5', '?', '*'), {
    minLength: 3,
    maxLength: 7,
  })
  .map((parts) => foldEntryPlate(parts.join('')))
  .filter((folded) => folded !== null)
const entries: fc.Arbitrary<SearchedEntry> = fc
  .record({
    plate: fc.oneof({ weight: 3, arbitrary: plate }, pattern),
    region,
    profile: fc.constantFrom(...PROFILES),
    log_odds_min: fc.constantFrom(-1_000, -3, 0, 4, 1_000),
  })
  .map(({ region: state, ...one }) => (state === '' ? one : { ...one, region: state }))

test.each([5, 2])('what the search finds is what every read judged finds (%i)', async (chars) => {
  const matching = { edit_chars_min: chars, models: { 'gate-*': 'openalpr' } }
  const config = configSchema.parse({ matching })
  const finder = new SightingsFinder({ store, config, now: () => NOW })
  let found = 0
  await fc.assert(
    fc.asyncProperty(entries, async (entry) => {
      const { sightings, after_ms } = await finder.find(entry)
      const expected = slowly(entry, config)
      expect(sightings).toEqual(expected)
      expect(after_ms).toBe(NOW - 30 * DAY_MS)
      found += expected.length
    }),
    { numRuns: 40, seed: chars },
  )
  expect(found).toBeGreaterThan(300)
})

test('the filter on candidates in the schema is of the classes as shipped', async () => {
  const written = await store.client.query({
    query: `SELECT expr FROM system.data_skipping_indices WHERE name = 'candidates_folded'`,
    format: 'JSONEachRow',
  })
  const expr = foldedCandidates(foldPairs(loadLookAlikes()))
  expect(await written.json()).toEqual([{ expr }])
})

test('401.5a a read past the retention time is in no search, though the store has it', async () => {
  const config = configSchema.parse({ retention: { days: 2 } })
  const finder = new SightingsFinder({ store, config, now: () => NOW })
  const everything = { plate: '*0*0*', profile: 'fold', log_odds_min: 0 } as const
  const { sightings } = await finder.find(everything)
  expect(sightings.length).toBeGreaterThan(10)
  expect(sightings.every(({ time_ms }) => time_ms > NOW - 2 * DAY_MS)).toBe(true)
})

test('an entry that is too wide is refused and never answered in part', async () => {
  const config = configSchema.parse({})
  const everything = { plate: '*0*0*', profile: 'fold', log_odds_min: 0 } as const
  const narrow = { store, config, now: () => NOW }
  await expect(
    new SightingsFinder({ ...narrow, hits_max: 20 }).find(everything),
  ).rejects.toMatchObject({ code: 'ENTRY_TOO_WIDE' })
  await expect(
    new SightingsFinder({ ...narrow, in_reach_max: 20 }).find(everything),
  ).rejects.toMatchObject({ code: 'ENTRY_TOO_WIDE' })
})

test('a store that is too slow, or away, is told and never answered in part', async () => {
  const config = configSchema.parse({})
  const entry = { plate: 'A1500', profile: 'fold+2', log_odds_min: 0 } as const
  const hurried = new SightingsFinder({ store, config, now: () => NOW, seconds_max: 0.001 })
  await expect(hurried.find(entry)).rejects.toMatchObject({ code: 'SEARCH_TOO_SLOW' })
  const away = connectStore({ ...store.options, url: 'http://127.0.0.1:9' })
  const nobody = new SightingsFinder({ store: away, config, now: () => NOW })
  await expect(nobody.find(entry)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await away.close()
})
