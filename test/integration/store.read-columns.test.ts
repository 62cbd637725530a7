// Reads written as columns of the Native format, against the same reads written as text. A
// difference would show as a value in the wrong column, a shifted array or a time that is off: the
// block has no delimiters, so one wrong byte moves the rest.
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectStore, type Store } from '../../src/store/client.ts'
import { READ_COLUMNS, ReadColumns, type ReadRow } from '../../src/store/read-columns.ts'
import { insertReads } from '../../src/store/reads.ts'
import { applySchema } from '../../src/store/schema.ts'
import { startClickHouse, type TestClickHouse } from '../helpers/clickhouse.ts'
import { formatTime, precedence, readRow } from '../helpers/tsv-rows.ts'

const RECEIVED_MS = Date.parse('2026-11-23T16:00:00.123Z')

let clickhouse: TestClickHouse
let store: Store

beforeAll(async () => {
  clickhouse = await startClickHouse()
  const { url, user, password } = clickhouse.engine
  store = connectStore({ url, user, password, database: 'hotplate', cluster: null })
  await applySchema(store)
  await store.client.command({ query: 'CREATE TABLE hotplate.as_text AS hotplate.reads' })
})

afterAll(async () => {
  await store.close()
  await clickhouse[Symbol.asyncDispose]()
})

const share = fc.integer({ min: 0, max: 1_000 }).map((n) => n / 1_000)
const plate = fc.stringMatching(/^[A-Z0-9]{1,12}$/)
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const degrees = (most: number) =>
  fc.integer({ min: -most * 1_000_000, max: most * 1_000_000 }).map((n) => n / 1_000_000)
const text = fc.oneof(
  fc.string({ maxLength: 64, unit: 'binary' }),
  fc.constantFrom('ford', 'Škoda', 'a\tb\\\n'),
)

const row: fc.Arbitrary<ReadRow> = fc.record({
  camera: fc.constantFrom('pole-line-2', 'falls-1'),
  id: fc.stringMatching(/^[!-~]{1,128}$/),
  time_ms: fc.integer({ min: RECEIVED_MS - 86_400_000, max: RECEIVED_MS }),
  device_time_ms: orNull(fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2299, 11, 31) })),
  plate,
  region: fc.constantFrom('', 'US-ID'),
  confidence: orNull(share),
  char_confidence: orNull(fc.array(share, { maxLength: 12 })),
  candidates: orNull(fc.array(fc.record({ plate, confidence: share }), { maxLength: 5 })),
  location: orNull(fc.record({ lat: degrees(90), lon: degrees(180) })),
  heading: orNull(fc.integer({ min: 0, max: 360 })),
  lane: orNull(fc.integer({ min: 0, max: 255 })),
  vehicle: orNull(
    fc.record(
      {
        make: text,
        model: text,
        color: text,
        type: text,
        year: fc.integer({ min: 1900, max: 2100 }),
      },
      { requiredKeys: [] },
    ),
  ),
})

describe('reads as columns', () => {
  it('say what the same reads say as text, also in several blocks', async () => {
    const rows = fc
      .sample(row, { numRuns: 3_000, seed: 7 })
      .map((read, n) => ({ ...read, id: `${read.id.slice(0, 100)}-${n}` }))
    const columns = new ReadColumns()
    const blocks: Uint8Array[] = []
    let tsv = ''
    rows.forEach((read, n) => {
      const trusted = {
        ...read,
        time_ms: read.device_time_ms === null ? read.time_ms : RECEIVED_MS,
      }
      const images = { plate: n % 2 === 0, vehicle: n % 3 === 0 }
      const [seq, line] = [2 ** 33 + n, n % 16_384]
      columns.add(trusted, RECEIVED_MS, images, seq, line)
      tsv += readRow(trusted, formatTime(RECEIVED_MS), images, precedence(seq, line))
      if (n % 1_100 === 0) blocks.push(columns.finish() as Uint8Array)
    })
    blocks.push(columns.finish() as Uint8Array)
    await insertReads(store, blocks)
    await store.client.insert({
      table: 'hotplate.as_text',
      values: Readable.from([tsv], { objectMode: false }),
      format: 'TabSeparated',
      columns: [...READ_COLUMNS] as [string, ...string[]],
    })
    const result = await store.client.query({
      query: `SELECT (SELECT count() FROM hotplate.reads) AS rows, (SELECT count() FROM
        (SELECT * FROM hotplate.reads EXCEPT SELECT * FROM hotplate.as_text)) AS more,
        (SELECT count() FROM
        (SELECT * FROM hotplate.as_text EXCEPT SELECT * FROM hotplate.reads)) AS less`,
      format: 'JSONEachRow',
    })
    const [counts] = await result.json<{ rows: number; more: number; less: number }>()
    expect(counts).toEqual({ rows: rows.length, more: 0, less: 0 })
  })

  it('are refused whole when a block is cut off', async () => {
    const columns = new ReadColumns()
    const [read] = fc.sample(row, { numRuns: 1, seed: 3 }) as [ReadRow]
    columns.add({ ...read, id: 'cut' }, RECEIVED_MS, { plate: false, vehicle: false }, 1, 0)
    const block = columns.finish() as Uint8Array
    await expect(insertReads(store, [block.subarray(0, block.length - 5)])).rejects.toThrow()
    const result = await store.client.query({
      query: "SELECT count() AS n FROM hotplate.reads WHERE id = 'cut'",
      format: 'JSONEachRow',
    })
    expect(await result.json()).toEqual([{ n: 0 }])
  })
})
