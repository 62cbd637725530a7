// What an entry would have done on thirty days of reads: how long a supervisor waits for the
// back-test.
import { connectStore } from '../src/store/client.ts'
import { applySchema } from '../src/store/schema.ts'
import { startClickHouse } from '../test/helpers/clickhouse.ts'
import type { Bench, BenchOptions } from './bench.ts'
import { measureBacktest } from './lib/backtest.ts'

const READS = 30_000_000
const READS_TINY = 60_000
/** As much as the program gives the engine by default. */
const QUERY_BYTES_MAX = 2 * 1024 ** 3
const QUERY_S_MAX = 60

async function run({ tiny, scale = 1 }: BenchOptions): Promise<Record<string, unknown>> {
  const limits = { query_s_max: QUERY_S_MAX, query_bytes_max: QUERY_BYTES_MAX }
  const clickhouse = await startClickHouse(limits)
  const { url, user, password } = clickhouse.engine
  const store = connectStore({ url, user, password, database: 'hotplate', cluster: null })
  try {
    await applySchema(store)
    return { ...(await measureBacktest(store, tiny ? READS_TINY : READS * scale)) }
  } finally {
    await store.close()
    await clickhouse[Symbol.asyncDispose]()
  }
}

export default {
  name: 'backtest',
  question: 'how long does the back-test of an entry take on thirty days of reads?',
  fields: 'reads, backtest_s',
  run,
} satisfies Bench
