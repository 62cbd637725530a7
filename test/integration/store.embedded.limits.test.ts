// What the embedded engine lets nobody do. If its bugs return: a stranger reads, one analyst's
// query eats the machine or stops the inserts, or a slow reader fills the memory.
import { readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { ClickHouseError, createClient } from '@clickhouse/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startClickHouse, type TestClickHouse } from '../helpers/clickhouse.ts'
import { until } from '../helpers/until.ts'

const MIB = 1024 * 1024
let clickhouse: TestClickHouse

beforeAll(async () => {
  clickhouse = await startClickHouse({ query_s_max: 5, query_bytes_max: 400 * MIB })
})
afterAll(() => clickhouse[Symbol.asyncDispose]())

async function ask(query: string, settings: Record<string, string | number> = {}): Promise<string> {
  const result = await clickhouse.client.query({
    query,
    format: 'TabSeparated',
    clickhouse_settings: settings,
  })
  return (await result.text()).trim()
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'not refused',
    (error: unknown) => (error instanceof ClickHouseError ? Number(error.code) : error),
  )

const ENDLESS = 'SELECT sum(sipHash64(number)) FROM numbers(1000000000000)'

const rssOf = (pid: number): number => {
  const line = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1]) * 1024
}

test('only the right user and password are let in, and only by headers', async () => {
  const { url, user, password } = clickhouse.engine
  const basic = (name: string, key: string) => ({
    Authorization: `Basic ${Buffer.from(`${name}:${key}`).toString('base64')}`,
  })
  const cases: [number, Record<string, string>, string][] = [
    [200, basic(user, password), ''],
    [200, { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password }, ''],
    [401, {}, ''],
    [401, {}, `&user=${user}&password=${password}`],
    [403, basic(user, 'wrong'), ''],
    [403, basic('other', password), ''],
    [403, basic(user, `${password}x`), ''],
    [403, { 'X-ClickHouse-User': user }, ''],
  ]
  for (const [status, headers, more] of cases) {
    const response = await fetch(`${url}/?query=SELECT%201${more}`, { headers })
    expect(response.status).toBe(status)
    const code = response.headers.get('x-clickhouse-exception-code')
    expect(code).toBe(status === 200 ? null : '516')
  }
  const stranger = createClient({ url, username: user, password: 'no', log: { level: 127 } })
  expect(await codeOf(stranger.query({ query: 'SELECT 1' }))).toBe(516)
  await stranger.close()
})

test('the password is readable by its owner only, and listened on is loopback only', async () => {
  const file = join(clickhouse.data_dir, 'clickhouse', 'credentials.json')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const { password } = JSON.parse(readFileSync(file, 'utf8')) as { password: string }
  expect(password).toBe(clickhouse.engine.password)
  expect(password.length).toBeGreaterThanOrEqual(32)
  const outside = Object.values(networkInterfaces()).flat()
  for (const address of outside) {
    if (address === undefined || address.internal || address.family !== 'IPv4') continue
    await expect(reach(address.address, clickhouse.port)).resolves.toBe('refused')
  }
})

function reach(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 })
    socket.once('connect', () => resolve('open')).once('error', () => resolve('refused'))
    socket.once('timeout', () => resolve('refused')).once('close', () => socket.destroy())
  })
}

test('a query ends at its time limit; callers may lower the limit and not raise it', async () => {
  const start = performance.now()
  expect(await codeOf(ask(ENDLESS, { max_execution_time: 1 }))).toBe(159)
  expect(performance.now() - start).toBeLessThan(4_000)
  expect(await codeOf(ask(ENDLESS))).toBe(159)
  for (const seconds of [0, 6, 1_000]) {
    expect(await codeOf(ask('SELECT 1', { max_execution_time: seconds }))).toBe(452)
    expect(await codeOf(ask(`SELECT 1 SETTINGS max_execution_time = ${seconds}`))).toBe(452)
  }
  expect(await codeOf(ask(ENDLESS, { timeout_overflow_mode: 'break' }))).toBe(452)
})

test('a query spills to disk before its memory limit, and is refused beyond it', async () => {
  const groups = 'SELECT count() FROM (SELECT number FROM numbers(10000000) GROUP BY number)'
  expect(await ask(groups)).toBe('10000000')
  const sorted = `SELECT count() FROM (SELECT number, toString(number) AS s FROM numbers(4000000)
    ORDER BY sipHash64(number), s LIMIT 3999999)`
  expect(await ask(sorted)).toBe('3999999')
  expect(await codeOf(ask('SELECT length(groupArray(number)) FROM numbers(100000000)'))).toBe(241)
  expect(await codeOf(ask(groups, { max_memory_usage: 10 * MIB }))).toBe(241)
  for (const bytes of [0, 401 * MIB]) {
    expect(await codeOf(ask('SELECT 1', { max_memory_usage: bytes }))).toBe(452)
    expect(await codeOf(ask(`SELECT 1 SETTINGS max_memory_usage = ${bytes}`))).toBe(452)
  }
})

test('a large result streams in bounded memory, however slowly it is read', async () => {
  // Its time limit is far away: a slow machine may take as long as it likes.
  await using patient = await startClickHouse({ query_s_max: 120, query_bytes_max: 400 * MIB })
  const { client, engine } = patient
  const query = "SELECT number, repeat('x', 1000) AS s FROM numbers(500000)"
  const before = rssOf(engine.pid)
  const result = await client.query({ query, format: 'JSONEachRow' })
  let rows = 0
  let most = 0
  for await (const part of result.stream()) {
    rows += part.length
    most = Math.max(most, rssOf(engine.pid))
  }
  expect(rows).toBe(500_000)
  // The result is 510 MB.
  expect(most - before).toBeLessThan(250 * MIB)
  const unread = await client.query({ query, format: 'JSONEachRow' })
  const calm = await until(() => stillness(engine.pid), { what: 'an unread result to rest' })
  expect(Number(calm) - before).toBeLessThan(250 * MIB)
  unread.close()
})

function running(id: string): Promise<string> {
  return ask(`SELECT count() FROM system.processes WHERE Settings['log_comment'] = '${id}'`)
}

async function stillness(pid: number): Promise<number | false> {
  const first = rssOf(pid)
  await new Promise((resolve) => setTimeout(resolve, 400))
  return Math.abs(rssOf(pid) - first) < 2 * MIB ? rssOf(pid) : false
}

test('a query whose caller went away is cancelled', async () => {
  const { client } = clickhouse
  const stream = await client.query({
    query: 'SELECT number FROM system.numbers',
    format: 'TabSeparated',
    query_id: 'left-stream',
  })
  stream.close()
  await until(async () => (await running('left-stream')) === '0', { ms: 3_000 })
  const abort = new AbortController()
  const asked = client.query({ query: ENDLESS, query_id: 'left-sum', abort_signal: abort.signal })
  await until(async () => (await running('left-sum')) === '1', { ms: 3_000 })
  abort.abort()
  await expect(asked).rejects.toThrow()
  await until(async () => (await running('left-sum')) === '0', { ms: 3_000 })
})

test('callers who leave at once, again and again, leave every place free', async () => {
  const { client } = clickhouse
  for (let round = 0; round < 40; round++) {
    const abort = new AbortController()
    const query = round % 2 === 0 ? 'SELECT number FROM system.numbers' : 'SELECT sleep(0.1)'
    const asked = client.query({ query, abort_signal: abort.signal }).then(
      (result) => result.close(),
      () => {},
    )
    await new Promise((resolve) => setTimeout(resolve, round % 8))
    abort.abort()
    await asked
  }
  const all = await Promise.all(Array.from({ length: 16 }, (_, i) => ask(`SELECT ${i}`)))
  expect(all).toEqual(Array.from({ length: 16 }, (_, i) => String(i)))
})

test('inserts, /ping and kills go on while every place for queries is taken', async () => {
  await using engine = await startClickHouse({ query_s_max: 120 })
  const { client } = engine
  await client.command({ query: 'CREATE TABLE held (a UInt32) ENGINE = MergeTree ORDER BY a' })
  // One spends its whole time in the engine's analysis: it must not hold anything else up.
  const queries = [`SELECT (${ENDLESS})`, ...Array.from({ length: 7 }, () => ENDLESS)]
  let ended = 0
  const greedy = queries.map((query, at) =>
    codeOf(
      client.query({ query, query_id: `greedy-${at}` }).then((result) => result.text()),
    ).finally(() => {
      ended += 1
    }),
  )
  for (const at of queries.keys()) {
    // Known by its id, and nothing else is at work: it has its place.
    const again = () => codeOf(client.query({ query: 'SELECT 1', query_id: `greedy-${at}` }))
    await until(async () => (await again()) === 216, { what: `greedy query ${at}` })
  }
  for (let a = 0; a < 5; a++) {
    await client.insert({ table: 'held', values: [{ a }], format: 'JSONEachRow' })
  }
  expect((await fetch(`${engine.engine.url}/ping`)).status).toBe(200)
  // Their limit is far away: whatever was done so far was done beside all of them.
  expect(ended).toBe(0)
  for (const at of [1, 2, 3, 4, 5, 6, 7]) {
    await client.command({ query: `KILL QUERY WHERE query_id = 'greedy-${at}' ASYNC` })
  }
  // A killed sum may give the row of what it has so far and be told dead only then: on a busy
  // machine that row is under way by now, and the connection is broken off.
  for (const told of await Promise.all(greedy.slice(1))) {
    expect(told).toSatisfy(
      (code) => code === 394 || (code as NodeJS.ErrnoException).code === 'ECONNRESET',
    )
  }
  const count = await client.query({
    query: 'SELECT count() AS n FROM held',
    format: 'JSONEachRow',
  })
  expect(await count.json()).toEqual([{ n: 5 }])
})

test('more queries than can wait are refused with code 202', async () => {
  const { url, user, password } = clickhouse.engine
  const many = createClient({
    url,
    username: user,
    password,
    max_open_connections: 100,
    log: { level: 127 },
  })
  const one = () => codeOf(many.command({ query: 'SELECT sleep(0.2)' }))
  const all = await Promise.all(Array.from({ length: 100 }, one))
  const refused = all.filter((code) => code === 202).length
  expect(all.filter((code) => code === 'not refused')).toHaveLength(100 - refused)
  // 8 run and 64 wait; some may have ended before the last came.
  expect(refused).toBeGreaterThan(0)
  expect(refused).toBeLessThanOrEqual(28)
  await many.close()
})

test('a body beyond the limit is refused, packed or not', async () => {
  const { url, user, password } = clickhouse.engine
  const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password }
  const query = encodeURIComponent('INSERT INTO held FORMAT TabSeparated')
  const send = (body: Buffer, more: Record<string, string>) =>
    fetch(`${url}/?query=${query}`, {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { ...headers, ...more },
    })
  const packed = gzipSync(Buffer.alloc(70 * MIB, '1\n'))
  const bomb = await send(packed, { 'Content-Encoding': 'gzip' })
  expect(bomb.status).toBe(413)
  expect(bomb.headers.get('x-clickhouse-exception-code')).toBe('307')
  const broken = await send(Buffer.from('no gzip'), { 'Content-Encoding': 'gzip' })
  expect(broken.headers.get('x-clickhouse-exception-code')).toBe('354')
  expect((await send(Buffer.from('1\n'), { 'Content-Encoding': 'odd' })).status).toBe(415)
})
