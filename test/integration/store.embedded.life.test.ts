// The embedded engine's life. If its bugs return: an acknowledged insert is gone after a crash, a
// part of one is there, or an engine outlives the service that started it.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { readClickHouseCredentials, startEmbeddedClickHouse } from '../../src/store/embedded.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startClickHouse, type TestClickHouse } from '../helpers/clickhouse.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { freePort } from '../helpers/ports.ts'
import { until } from '../helpers/until.ts'

const lives = (pid: number) => existsSync(`/proc/${pid}`)
const BLOCK_ROWS = 2_000

async function ask(clickhouse: TestClickHouse, query: string): Promise<string> {
  const result = await clickhouse.client.query({ query, format: 'TabSeparated' })
  return (await result.text()).trim()
}

/** Inserts blocks until told to stop; the numbers of those that were acknowledged. */
async function insertBlocks(
  clickhouse: TestClickHouse,
  first: number,
  signal: AbortSignal,
): Promise<number[]> {
  const acknowledged: number[] = []
  for (let block = first; !signal.aborted; block += 2) {
    const text = Array.from({ length: BLOCK_ROWS }, (_, row) => `${block}\t${row}\n`).join('')
    const values = Readable.from([text], { objectMode: false })
    try {
      await clickhouse.client.insert({ table: 'blocks', values, format: 'TabSeparated' })
      acknowledged.push(block)
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  return acknowledged
}

test('kill -9 under load: every acknowledged block is there whole, none in part', async () => {
  await using clickhouse = await startClickHouse()
  const { client, engine } = clickhouse
  await client.command({
    query: 'CREATE TABLE blocks (block UInt32, n UInt32) ENGINE = MergeTree ORDER BY (block, n)',
  })
  const stop = new AbortController()
  const writers = [0, 1].map((first) => insertBlocks(clickhouse, first, stop.signal))
  for (let round = 1; round <= 4; round++) {
    await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 400))
    process.kill(engine.pid, 'SIGKILL')
    await until(() => engine.restarts === round, { what: 'the engine to be restarted' })
    await until(async () => (await client.ping({ select: true })).success, { what: 'an answer' })
  }
  stop.abort()
  const acknowledged = (await Promise.all(writers)).flat()
  expect(acknowledged.length).toBeGreaterThan(20)
  const text = await ask(
    clickhouse,
    'SELECT block, count(), uniqExact(n) FROM blocks GROUP BY block',
  )
  const stored = new Map(text.split('\n').map((line) => [Number(line.split('\t')[0]), line]))
  expect(acknowledged.filter((block) => !stored.has(block))).toEqual([])
  for (const [block, line] of stored) expect(line).toBe(`${block}\t${BLOCK_ROWS}\t${BLOCK_ROWS}`)
})

test('parts are merged in the background', async () => {
  await using clickhouse = await startClickHouse()
  const { client } = clickhouse
  await client.command({ query: 'CREATE TABLE parts (a UInt32) ENGINE = MergeTree ORDER BY a' })
  for (let a = 0; a < 30; a++) {
    await client.insert({ table: 'parts', values: [{ a }], format: 'JSONEachRow' })
  }
  const active = "SELECT count() FROM system.parts WHERE table = 'parts' AND active"
  await until(async () => Number(await ask(clickhouse, active)) < 10, { what: 'a merge' })
  expect(await ask(clickhouse, 'SELECT count() FROM parts')).toBe('30')
})

test('the statements that the store is built on work', async () => {
  await using clickhouse = await startClickHouse()
  const { client } = clickhouse
  const run = (query: string) => client.command({ query })
  await run(`CREATE TABLE seen (camera LowCardinality(String), id String, time DateTime64(3, 'UTC'),
    version UInt32, n UInt8, PROJECTION by_time (SELECT * ORDER BY camera, time))
    ENGINE = ReplacingMergeTree(version) PARTITION BY toDate(time) ORDER BY (camera, id)
    SETTINGS deduplicate_merge_projection_mode = 'rebuild',
      lightweight_mutation_projection_mode = 'rebuild'`)
  const row = (id: string, time: string, version: number) => ({
    camera: 'c',
    id,
    time,
    version,
    n: 0,
  })
  for (const version of [1, 2]) {
    await client.insert({
      table: 'seen',
      values: [row('a', '2026-11-22 00:00:00', version), row('b', '2026-11-23 00:00:00', version)],
      format: 'JSONEachRow',
    })
  }
  expect(await ask(clickhouse, 'SELECT count(), max(version) FROM seen FINAL')).toBe('2\t2')
  await run("ALTER TABLE seen UPDATE n = 5 WHERE id = 'a' SETTINGS mutations_sync = 2")
  expect(await ask(clickhouse, "SELECT n FROM seen FINAL WHERE id = 'a'")).toBe('5')
  await run("ALTER TABLE seen DROP PARTITION '2026-11-22'")
  expect(await ask(clickhouse, 'SELECT count() FROM seen FINAL')).toBe('1')
  await run("DELETE FROM seen WHERE id = 'b'")
  expect(await ask(clickhouse, 'SELECT count() FROM seen FINAL')).toBe('0')
  await run('OPTIMIZE TABLE seen FINAL')
  await run(`CREATE MATERIALIZED VIEW per_camera ENGINE = SummingMergeTree ORDER BY camera
    AS SELECT camera, count() AS reads FROM seen GROUP BY camera`)
  const values = [row('d', '2026-11-23 00:00:00', 1)]
  await client.insert({ table: 'seen', values, format: 'JSONEachRow' })
  expect(await ask(clickhouse, 'SELECT sum(reads) FROM per_camera')).toBe('1')
})

test('it ends with stop(), keeps its data and password, and serves again elsewhere', async () => {
  using folder = temporaryFolder()
  const first = await startClickHouse({ data_dir: folder.path })
  const { pid, password } = first.engine
  await first.client.command({ query: 'CREATE TABLE kept (a UInt8) ENGINE = MergeTree ORDER BY a' })
  await first.client.insert({ table: 'kept', values: [{ a: 1 }], format: 'JSONEachRow' })
  await first[Symbol.asyncDispose]()
  expect(lives(pid)).toBe(false)
  await using second = await startClickHouse({ data_dir: folder.path })
  expect(await ask(second, 'SELECT a FROM kept')).toBe('1')
  expect(second.engine.password).toBe(password)
  const { url, user } = second.engine
  expect(readClickHouseCredentials(folder.path)).toEqual({ url, user, password })
})

test('SIGTERM with queries at work: the insert is finished, the query is ended', async () => {
  await using clickhouse = await startClickHouse()
  const { client, engine } = clickhouse
  await client.command({ query: 'CREATE TABLE late (a UInt32) ENGINE = MergeTree ORDER BY a' })
  const endless = client
    .query({ query: 'SELECT sum(sipHash64(number)) FROM numbers(1000000000000)' })
    .then(
      () => 'answered',
      () => 'ended',
    )
  const text = Array.from({ length: 300_000 }, (_, a) => `${a}\n`).join('')
  const values = Readable.from([text], { objectMode: false })
  const insert = client.insert({ table: 'late', values, format: 'TabSeparated' }).then(
    () => 300_000,
    () => 0,
  )
  await new Promise((resolve) => setTimeout(resolve, 150))
  const { pid } = engine
  process.kill(pid, 'SIGTERM')
  await until(() => !lives(pid), { ms: 10_000, what: 'the end of the engine' })
  expect(await endless).toBe('ended')
  const acknowledged = await insert
  await until(async () => (await client.ping({ select: true })).success, { what: 'the restart' })
  const stored = Number(await ask(clickhouse, 'SELECT count() FROM late'))
  expect([0, 300_000]).toContain(stored)
  expect(stored).toBeGreaterThanOrEqual(acknowledged)
})

test('a taken port and a used folder are told apart, in words', async () => {
  await using clickhouse = await startClickHouse()
  using folder = temporaryFolder()
  const options = { query_s_max: 5, query_bytes_max: 1024 ** 3, log: createLog('silent') }
  const same_port = startEmbeddedClickHouse({
    ...options,
    data_dir: folder.path,
    port: clickhouse.port,
  })
  await expect(same_port).rejects.toMatchObject({ code: 'PORT_TAKEN' })
  const same_folder = startEmbeddedClickHouse({
    ...options,
    data_dir: clickhouse.data_dir,
    port: await freePort(),
  })
  await expect(same_folder).rejects.toMatchObject({ code: 'CHILD_RUNNING' })
  const { url } = readClickHouseCredentials(clickhouse.data_dir)
  expect(url).toBe(clickhouse.engine.url)
  expect(() => readClickHouseCredentials(folder.path)).toThrow(/start the service once/)
})

const PROGRAM = fileURLToPath(new URL('../../src/store/embedded/main.ts', import.meta.url))

async function runProgram(data_dir: string): Promise<unknown> {
  const limits = ['--query-s-max=5', '--query-bytes-max=1000000000', '--level=silent']
  const folder = `--folder=${join(data_dir, 'clickhouse')}`
  const args = ['--no-warnings', PROGRAM, folder, `--port=${await freePort()}`, ...limits]
  return promisify(execFile)(process.execPath, args).catch((error: unknown) => error)
}

test('an engine that cannot have its folder ends with a code and a sentence', async () => {
  await using clickhouse = await startClickHouse()
  expect(await runProgram(clickhouse.data_dir)).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/in use by another ClickHouse engine/),
  })
  expect(await ask(clickhouse, 'SELECT 1')).toBe('1')
  using folder = temporaryFolder()
  const clickhouse_folder = join(folder.path, 'clickhouse')
  mkdirSync(clickhouse_folder)
  writeFileSync(join(clickhouse_folder, 'credentials.json'), '{"user":"a","password":"b"}')
  writeFileSync(join(clickhouse_folder, 'engine'), 'not a folder')
  expect(await runProgram(folder.path)).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/can't open/),
  })
})

test('idle, it takes hardly any of a core and less than 400 MB', async () => {
  await using clickhouse = await startClickHouse()
  const { pid } = clickhouse.engine
  const spent = () => {
    const fields = readFileSync(join('/proc', String(pid), 'stat'), 'utf8').split(') ')[1]
    const [user, system] = (fields ?? '').split(' ').slice(11, 13)
    return (Number(user) + Number(system)) * 10
  }
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  const before = spent()
  await new Promise((resolve) => setTimeout(resolve, 8_000))
  expect((spent() - before) / 8_000).toBeLessThan(0.015)
  const rss_kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  expect(Number(rss_kib)).toBeLessThan(400 * 1024)
})
