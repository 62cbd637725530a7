// A real ClickHouse engine for a test: in a temporary folder, on a free port, gone with the test.
import { type ClickHouseClient, createClient } from '@clickhouse/client'
import { type EmbeddedClickHouse, startEmbeddedClickHouse } from '../../src/store/embedded.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { temporaryFolder } from './folder.ts'
import { freePort } from './ports.ts'

export interface TestClickHouse extends AsyncDisposable {
  engine: EmbeddedClickHouse
  client: ClickHouseClient
  data_dir: string
  port: number
}

export interface TestClickHouseOptions {
  data_dir?: string
  query_s_max?: number
  query_bytes_max?: number
}

/** `await using clickhouse = await startClickHouse()` */
export async function startClickHouse({
  data_dir,
  query_s_max = 30,
  query_bytes_max = 1024 ** 3,
}: TestClickHouseOptions = {}): Promise<TestClickHouse> {
  const folder = data_dir === undefined ? temporaryFolder() : null
  const used = data_dir ?? folder?.path ?? ''
  const port = await freePort()
  const log = createLog('silent')
  const engine = await startEmbeddedClickHouse({
    data_dir: used,
    port,
    query_s_max,
    query_bytes_max,
    log,
  })
  const { url, user: username, password } = engine
  const client = createClient({ url, username, password, log: { level: 127 } })
  return {
    engine,
    client,
    data_dir: used,
    port,
    async [Symbol.asyncDispose]() {
      await client.close()
      await engine.stop()
      folder?.[Symbol.dispose]()
    },
  }
}
