// The engine now and then ends a query that is over its time limit as if its rows so far were all
// of them. Here it always does: its sessions are stood in for by ones that write some rows, wait
// for the limit to pass, and say that all went well. If the bug returns, a search shows half of
// what there is and looks whole, or reads are acknowledged that were never stored.
import { appendFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ClickHouseError, createClient } from '@clickhouse/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePipes } from '../../src/store/embedded/pipes.ts'
import { EngineServer } from '../../src/store/embedded/server.ts'
import type { Sessions } from '../../src/store/embedded/sessions.ts'
import { Statements } from '../../src/store/embedded/statements.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { freePort } from '../helpers/ports.ts'

const LIMIT_S = 0.3
/** More than an answer holds back before it flows. */
const ROWS = `${JSON.stringify({ s: 'x'.repeat(1_000) })}\n`.repeat(200)
const DONE = { rowsRead: 200, rowsWritten: 200, bytesRead: 1, bytesWritten: 1, elapsed: 0.3 }

const folder = temporaryFolder()
const credentials = { user: 'hotplate', password: 'secret' }
let cuts = true
let server: EngineServer
let url: string
let client: ReturnType<typeof createClient>

/** As the engine answers: late where it cuts, without an error. */
async function done(): Promise<typeof DONE> {
  await new Promise((resolve) => setTimeout(resolve, cuts ? LIMIT_S * 1_000 + 20 : 0))
  return DONE
}

const lane = { session: { insert: done, queryAsync: done }, database: '', parameters: new Set() }
const sessions = {
  fresh: () => lane,
  reused: () => lane,
  keep: () => {},
  close: () => {},
  clear: async () => {},
  track: (work: Promise<unknown>) => work,
  run: async (_lane: unknown, _prepared: unknown, sql: string) => {
    const pipe = /INTO OUTFILE '([^']+)'/.exec(sql)?.[1]
    if (pipe !== undefined) await appendFile(pipe, ROWS)
    return { ...(await done()), bytes: () => new Uint8Array(0) }
  },
}

beforeAll(async () => {
  const incoming = join(folder.path, 'incoming')
  await mkdir(incoming)
  const pipes = await makePipes(join(folder.path, 'pipes'), 2)
  const statements = new Statements(sessions as unknown as Sessions, pipes, incoming, LIMIT_S)
  server = new EngineServer({ statements, credentials, version: '1', log: createLog('silent') })
  const port = await freePort()
  await server.listen(port)
  const { user: username, password } = credentials
  url = `http://127.0.0.1:${port}`
  client = createClient({ url, username, password, log: { level: 127 } })
})
afterAll(async () => {
  await client.close()
  await server.stop(1_000)
  folder[Symbol.dispose]()
})

async function count(): Promise<number> {
  const result = await client.query({ query: 'SELECT s FROM t', format: 'JSONEachRow' })
  return (await result.json()).length
}

/** 159, or the connection broken off: an error in any case. */
const isTold = (error: Error & { code?: unknown }) =>
  (error instanceof ClickHouseError && error.code === '159') || error.code === 'ECONNRESET'

test('rows that stop at the time limit are told to be cut, amid the flow too', async () => {
  cuts = false
  expect(await count()).toBe(200)
  cuts = true
  await expect(count()).rejects.toSatisfy(isTold)
})

test('an insert that took as long as its limit has failed', async () => {
  const insert = () => client.insert({ table: 't', values: [{ s: 'x' }], format: 'JSONEachRow' })
  const select = () => client.command({ query: 'INSERT INTO t SELECT s FROM u' })
  const native = () =>
    fetch(`${url}/?query=${encodeURIComponent('INSERT INTO t (s) FORMAT Native')}`, {
      method: 'POST',
      body: 'block',
      headers: { 'X-ClickHouse-User': 'hotplate', 'X-ClickHouse-Key': 'secret' },
    }).then((response) => response.headers.get('x-clickhouse-exception-code'))
  cuts = false
  await insert()
  await select()
  expect(await native()).toBeNull()
  cuts = true
  await expect(insert()).rejects.toMatchObject({ code: '159' })
  await expect(select()).rejects.toMatchObject({ code: '159' })
  expect(await native()).toBe('159')
})
