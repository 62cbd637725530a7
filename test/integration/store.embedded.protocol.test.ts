// The standard client on the embedded engine. If its bugs return: rows are cut short without an
// error, one query's settings or parameters show up in another's, or an exception reaches callers
// without ClickHouse's code.
import { Readable } from 'node:stream'
import { ClickHouseError, createClient, type QueryParams } from '@clickhouse/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startClickHouse, type TestClickHouse } from '../helpers/clickhouse.ts'
import { until } from '../helpers/until.ts'

let clickhouse: TestClickHouse

beforeAll(async () => {
  clickhouse = await startClickHouse({ query_s_max: 20 })
  await clickhouse.client.command({ query: 'CREATE DATABASE shop' })
})
afterAll(() => clickhouse[Symbol.asyncDispose]())

async function rows<T = Record<string, unknown>>(
  query: string,
  more: Omit<QueryParams, 'query' | 'format'> = {},
): Promise<T[]> {
  const result = await clickhouse.client.query({ query, format: 'JSONEachRow', ...more })
  return (await result.json()) as T[]
}

async function refused(work: Promise<unknown>): Promise<ClickHouseError> {
  const error: unknown = await work.then(
    () => new Error('It was not refused'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ClickHouseError)
  return error as ClickHouseError
}

async function table(name: string, columns: string): Promise<string> {
  await clickhouse.client.command({
    query: `CREATE TABLE shop.${name} (${columns}) ENGINE = MergeTree ORDER BY a`,
  })
  return `shop.${name}`
}

/** A request that the client wouldn't send. */
function raw(path: string, init: RequestInit & { credentials?: never } = {}): Promise<Response> {
  const { url, user, password } = clickhouse.engine
  return fetch(url + path, {
    ...init,
    headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password, ...init.headers },
  })
}

test('ping answers with and without a query', async () => {
  expect(await clickhouse.client.ping()).toEqual({ success: true })
  expect(await clickhouse.client.ping({ select: true })).toEqual({ success: true })
  expect(await (await raw('/ping')).text()).toBe('Ok.\n')
})

test('rows come in the format asked for, in the text or beside it; documents too', async () => {
  expect(await rows('SELECT 1 AS a -- and that is all')).toEqual([{ a: 1 }])
  const json = await clickhouse.client.query({ query: 'SELECT number AS n FROM numbers(3)' })
  expect(await json.json()).toMatchObject({ rows: 3, data: [{ n: 0 }, { n: 1 }, { n: 2 }] })
  const csv = await raw('/?default_format=CSVWithNames&query=SELECT%201%20AS%20a')
  expect(await csv.text()).toBe('"a"\n1\n')
  expect(csv.headers.get('x-clickhouse-format')).toBe('CSVWithNames')
  expect(await rows("SELECT ' FORMAT TSV ; INTO OUTFILE ' AS s")).toHaveLength(1)
  const large = 'SELECT number AS n FROM numbers(200000) SETTINGS max_block_size = 1000'
  const whole = await clickhouse.client.query({ query: large })
  expect((await whole.json<{ n: number }>()).data).toHaveLength(200_000)
})

test('SHOW, DESCRIBE, EXISTS and EXPLAIN give rows like any SELECT', async () => {
  await table('shown', 'a UInt8')
  expect(await rows('SHOW TABLES FROM shop')).toContainEqual({ name: 'shown' })
  expect((await rows('DESCRIBE TABLE shop.shown'))[0]).toMatchObject({ name: 'a', type: 'UInt8' })
  expect(await rows('EXISTS TABLE shop.shown')).toEqual([{ result: 1 }])
  expect((await rows('EXPLAIN SELECT 1')).length).toBeGreaterThan(0)
})

test('parameters arrive as they were given, whatever stands in them', async () => {
  const query_params = {
    s: "it's \\ a\ttab\nline é {x:String} ;",
    list: ["x'y", 'b\\'],
    none: null,
    time: new Date('2026-01-02T03:04:05.678Z'),
    map: new Map([["k'", 1]]),
    name: 'one',
  }
  const query = `SELECT {s:String} AS s, {list:Array(String)} AS list,
    {none:Nullable(String)} AS none, {time:DateTime64(3)} AS time, {map:Map(String, UInt8)} AS map
    FROM system.{name:Identifier}`
  expect(await rows(query, { query_params })).toEqual([
    {
      s: query_params.s,
      list: query_params.list,
      none: null,
      time: '2026-01-02 03:04:05.678',
      map: { "k'": 1 },
    },
  ])
})

test('large parameters arrive in the address and as a form', async () => {
  const s = 'x\r\n'.repeat(100_000)
  const query = 'SELECT length({s:String}) AS bytes'
  for (const use_multipart_params of [false, true]) {
    const given = await rows(query, { query_params: { s }, use_multipart_params })
    expect(given).toEqual([{ bytes: 300_000 }])
  }
})

test('a parameter of an earlier query is not there in the next', async () => {
  await rows('SELECT {secret:String}', { query_params: { secret: 'x' } })
  for (let i = 0; i < 10; i++) {
    const error = await refused(rows('SELECT {secret:String}'))
    expect(error).toMatchObject({ code: '456', type: 'UNKNOWN_QUERY_PARAMETER' })
  }
})

test('queries at the same time keep their own parameters', async () => {
  const all = Array.from({ length: 60 }, (_, i) =>
    rows<{ i: number }>('SELECT {i:UInt8} AS i', { query_params: { i } }),
  )
  const got = (await Promise.all(all)).map(([row]) => row?.i)
  expect(got).toEqual(Array.from({ length: 60 }, (_, i) => i))
})

test('settings and the database of one query do not leak into the next', async () => {
  const query = "SELECT getSetting('max_block_size') AS size, currentDatabase() AS db"
  const before = await rows(query)
  await clickhouse.client.command({ query: 'SET max_block_size = 22' })
  await clickhouse.client.command({ query: 'USE shop' })
  const { url, user, password } = clickhouse.engine
  const other = createClient({ url, username: user, password, database: 'shop' })
  const inner = await other.query({
    query,
    format: 'JSONEachRow',
    clickhouse_settings: { max_block_size: '11' },
  })
  expect(await inner.json()).toEqual([{ size: 11, db: 'shop' }])
  await refused(rows('SELECT nope', { clickhouse_settings: { max_block_size: '33' } }))
  for (let i = 0; i < 10; i++) expect(await rows(query)).toEqual(before)
  await other.close()
})

test('a setting in the text wins over one beside it', async () => {
  const query = "SELECT getSetting('max_block_size') AS size SETTINGS max_block_size = 7"
  const clickhouse_settings = { max_block_size: '11' }
  expect(await rows(query, { clickhouse_settings })).toEqual([{ size: 7 }])
})

test.each([
  ['SELECT nope', '47', 'UNKNOWN_IDENTIFIER', 404],
  ['SELECT * FROM nope', '60', 'UNKNOWN_TABLE', 404],
  ['SELECT 1 FROM nope.nope', '81', 'UNKNOWN_DATABASE', 404],
  ['SELECT 1 +', '62', 'SYNTAX_ERROR', 400],
  ['SELECT 1; SELECT 2', '62', 'SYNTAX_ERROR', 400],
  ["SELECT throwIf(1, 'oh')", '395', 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO', 500],
  ["SELECT 1 INTO OUTFILE '/x'", '48', 'NOT_IMPLEMENTED', 501],
  ['DROP TABLE shop.nope', '60', 'UNKNOWN_TABLE', 404],
  ['SELECT 1 FORMAT Nope', '73', 'UNKNOWN_FORMAT', 404],
])('%s is refused with code %s', async (query, code, type, status) => {
  expect(await refused(clickhouse.client.command({ query }))).toMatchObject({ code, type })
  const response = await raw('/', { method: 'POST', body: query })
  expect(response.status).toBe(status)
  expect(response.headers.get('x-clickhouse-exception-code')).toBe(code)
  expect(await response.text()).toMatch(/^Code: \d+\. DB::Exception: .*\(version 26\.[\d.]+\)\n$/s)
})

test('an exception after the first rows reaches a stream, and breaks off a text', async () => {
  const query = "SELECT throwIf(number = 3000000, 'oh') AS x FROM numbers(10000000)"
  expect(await refused(rows(query))).toMatchObject({ code: '395' })
  const text = await clickhouse.client.query({ query, format: 'CSV' })
  await expect(text.text()).rejects.toThrow()
  const clickhouse_settings = { wait_end_of_query: 1 } as const
  const held = clickhouse.client.query({ query, format: 'CSV', clickhouse_settings })
  expect(await refused(held)).toMatchObject({ code: '395' })
})

test('JSONEachRow, TabSeparated and CSV are inserted, and counted in the summary', async () => {
  const name = await table('goods', "a UInt32, b String, t DateTime64(3, 'UTC')")
  const { client } = clickhouse
  const json = await client.insert({
    table: name,
    values: [
      { a: 1, b: 'x' },
      { a: 2, b: "é'\n\\" },
    ],
    format: 'JSONEachRow',
  })
  expect(json.summary?.written_rows).toBe('2')
  const tsv = Readable.from(['3\tq\t2026-11-23 01:02:03.456\n', '4\tN\\n\t2026-11-23 00:00:00\n'], {
    objectMode: false,
  })
  await client.insert({ table: name, values: tsv, format: 'TabSeparated' })
  const csv = Readable.from(['5,"a, b"\n6,"c\nd"\n'], { objectMode: false })
  await client.insert({ table: name, values: csv, format: 'CSV', columns: ['a', 'b'] })
  expect(await rows(`SELECT a, b FROM ${name} ORDER BY a`)).toEqual([
    { a: 1, b: 'x' },
    { a: 2, b: "é'\n\\" },
    { a: 3, b: 'q' },
    { a: 4, b: 'N\n' },
    { a: 5, b: 'a, b' },
    { a: 6, b: 'c\nd' },
  ])
  const [third] = await rows(`SELECT t FROM ${name} WHERE a = 3`)
  expect(third).toEqual({ t: '2026-11-23 01:02:03.456' })
})

test('inserts that the fast path does not take arrive as well', async () => {
  const name = await table('others', 'a UInt32, `odd name` String')
  const { client } = clickhouse
  await client.insert({ table: name, values: [{ a: 1, 'odd name': 'x' }], format: 'JSONEachRow' })
  await client.insert({
    table: name,
    values: [{ a: 2, 'odd name': 'y' }],
    columns: ['a', '`odd name`'] as [string, ...string[]],
    format: 'JSONEachRow',
  })
  await client.command({ query: `INSERT INTO ${name} VALUES (3, 'z')` })
  await client.command({ query: `INSERT INTO ${name} SELECT 4, 's'` })
  await client.command({ query: `INSERT INTO ${name} FORMAT CSV 5,"c"` })
  await client.command({
    query: `INSERT INTO ${name} (a) SELECT {a:UInt32}`,
    query_params: { a: 6 },
  })
  expect(await rows(`SELECT count() AS n, sum(a) AS s FROM ${name}`)).toEqual([{ n: 6, s: 21 }])
})

test('a bad row refuses its whole insert', async () => {
  const name = await table('strict', 'a UInt32')
  const values = Readable.from(['1\n2\nthree\n4\n'], { objectMode: false })
  const insert = clickhouse.client.insert({ table: name, values, format: 'TabSeparated' })
  expect(await refused(insert)).toMatchObject({ code: '27' })
  const missing = clickhouse.client.insert({
    table: 'shop.nope',
    values: [{ a: 1 }],
    format: 'JSONEachRow',
  })
  expect(await refused(missing)).toMatchObject({ code: '60' })
  expect(await rows(`SELECT count() AS n FROM ${name}`)).toEqual([{ n: 0 }])
})

test('packed bodies and packed answers', async () => {
  const name = await table('packed', 'a UInt32')
  const { url, user, password } = clickhouse.engine
  const client = createClient({
    url,
    username: user,
    password,
    compression: { request: true, response: true },
  })
  const values = Array.from({ length: 5_000 }, (_, a) => ({ a }))
  await client.insert({ table: name, values, format: 'JSONEachRow' })
  const result = await client.query({ query: `SELECT a FROM ${name}`, format: 'JSONEachRow' })
  expect(result.response_headers['content-encoding']).toBe('gzip')
  expect(await result.json()).toHaveLength(5_000)
  await client.close()
})

test('exec gives a stream, and the caller chooses the id of its query', async () => {
  const { client } = clickhouse
  const given = await client.exec({ query: 'SELECT 7 FORMAT CSV', query_id: 'my-own' })
  let text = ''
  for await (const part of given.stream) text += String(part)
  expect(text).toBe('7\n')
  expect(given.query_id).toBe('my-own')
  expect(given.response_headers['x-clickhouse-query-id']).toBe('my-own')
  expect(given.summary?.read_rows).toBe('1')
})

test('KILL QUERY ends another query by the id that its caller chose', async () => {
  const long = 'SELECT sleepEachRow(0.1) FROM numbers(150) SETTINGS max_block_size = 1'
  const running = refused(rows(long, { query_id: 'long-one' }))
  await until(
    async () =>
      (await rows("SELECT 1 FROM system.processes WHERE Settings['log_comment'] = 'long-one'"))
        .length > 0,
    { what: 'the long query' },
  )
  const twice = await refused(rows('SELECT 1', { query_id: 'long-one' }))
  expect(twice).toMatchObject({ code: '216' })
  await clickhouse.client.command({ query: "KILL QUERY WHERE query_id = 'long-one' SYNC" })
  expect(await running).toMatchObject({ code: '394', type: 'QUERY_WAS_CANCELLED' })
})

test('what the embedded engine does not do is refused in words', async () => {
  const session = await refused(rows('SELECT 1', { session_id: 's' }))
  expect(session).toMatchObject({ code: '48' })
  expect(session.message).toContain('session_id')
  expect(await refused(rows('SELECT 1', { role: 'r' }))).toMatchObject({ code: '48' })
  const get = await raw('/?query=CREATE%20DATABASE%20x')
  expect(get.headers.get('x-clickhouse-exception-code')).toBe('164')
  const binary = await raw('/?query=INSERT%20INTO%20shop.shown%20FORMAT%20Parquet', {
    method: 'POST',
    body: new Uint8Array([1, 255, 254]),
  })
  expect(binary.headers.get('x-clickhouse-exception-code')).toBe('48')
  expect((await raw('/nowhere')).status).toBe(404)
})
