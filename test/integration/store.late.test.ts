// A store that is down, and empty, when the service starts. Were it wrong, alerts would wait for
// it, or its tables would never be made and the rows would wait on BACKLOG for good.
import { expect, test } from 'vitest'
import { startEmbeddedClickHouse } from '../../src/store/embedded.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { runCli } from '../helpers/cli.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { freePort } from '../helpers/ports.ts'
import { metricOf, startService } from '../helpers/service.ts'
import { makeRead, publish, settled } from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'

test('an empty store that comes late gets its tables, and every row that waited', async () => {
  using folder = temporaryFolder()
  const port = await freePort()
  const log = createLog('silent')
  const limits = { query_s_max: 60, query_bytes_max: 1024 ** 3 }
  const start = () => startEmbeddedClickHouse({ data_dir: folder.path, port, log, ...limits })
  // Run once, so that its credentials are known.
  const { url, user, password, stop } = await start()
  await stop()
  const settings = { CLICKHOUSE__URL: url, CLICKHOUSE__USER: user, CLICKHOUSE__PASSWORD: password }
  await using service = await startService({ settings, onLog: () => {} })
  for (let i = 0; i < 20; i += 1) await publish(service, makeRead({ id: `r${i}` }))
  await settled(service)
  expect(metricOf(await service.metrics(), 'hotplate_reads_backlogged_total')).toBe(20)
  const engine = await start()
  try {
    const count = async () => {
      const query = 'SELECT count() FROM hotplate.reads FINAL'
      const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password }
      const response = await fetch(url, { method: 'POST', body: query, headers })
      return Number(await response.text())
    }
    await until(async () => (await count()) === 20, { ms: 20_000, every_ms: 100, what: 'the rows' })
  } finally {
    await service.stop()
    await engine.stop()
  }
})

test('a NATS server that takes no message of a batch of rows is refused', async () => {
  using folder = temporaryFolder()
  const ports = { NATS__PORT: String(await freePort()), CLICKHOUSE__PORT: String(await freePort()) }
  const small = {
    ...ports,
    HEALTH__PORT: String(await freePort()),
    NATS__PAYLOAD_BYTES_MAX: '1048576',
  }
  const refused = await runCli(['serve', '--data', folder.path], small)
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(
    /^hotplate: Expected nats.payload_bytes_max to be at least \d+ .*\n$/,
  )
})
