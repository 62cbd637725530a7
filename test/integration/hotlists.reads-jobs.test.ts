// What is kept while the store is away: counts of cleared vehicles, and the search for past reads.
// A bug here loses counts that somebody has to answer for, or leaves an entry without history.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureStreams } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import { ClearedTally, clearedCounts } from '../../src/hotlists/cleared-tally.ts'
import { importList } from '../../src/hotlists/import.ts'
import { type Manifests, openManifests } from '../../src/hotlists/manifest.ts'
import { openPastReads } from '../../src/hotlists/past-reads.ts'
import { PastReadsJob } from '../../src/hotlists/past-reads-job.ts'
import { connectStore, type Store } from '../../src/store/client.ts'
import { applySchema } from '../../src/store/schema.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startClickHouse, type TestClickHouse } from '../helpers/clickhouse.ts'
import { customIn } from '../helpers/custom.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'

const LOG = createLog('silent')
const NOW = Date.parse('2026-11-26T23:59:58.000Z')

let nats: TestNats
let clickhouse: TestClickHouse
let store: Store
let manifests: Manifests
let away: Store
beforeAll(async () => {
  nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({}))
  clickhouse = await startClickHouse()
  const { url, user, password } = clickhouse.engine
  store = connectStore({ url, user, password, database: 'hotplate', cluster: null })
  away = connectStore({ ...store.options, url: 'http://127.0.0.1:9' })
  await applySchema(store)
  manifests = await openManifests(nats.bus)
  const entries = [{ plate: 'ZZZ9999', reason: 'Test' }]
  await importList(store, manifests, { name: 'bolo', category: 'custom', profile: 'fold', entries })
}, 60_000)
afterAll(async () => {
  await away?.close()
  await store?.close()
  await clickhouse?.[Symbol.asyncDispose]()
  await nats?.[Symbol.asyncDispose]()
})

/** A store that is away for as long as it is told. */
function flaky(): { store: Store; back: () => void } {
  let down = true
  const { database, cluster, options } = store
  return {
    store: {
      get client() {
        return down ? away.client : store.client
      },
      database,
      cluster,
      options,
      check: () => (down ? away : store).check(),
      close: async () => {},
    },
    back: () => {
      down = false
    },
  }
}

test('counts of several processes and days add up, and wait for a store that is away', async () => {
  const { store: lost, back } = flaky()
  const [one, other] = [new ClearedTally(store, LOG), new ClearedTally(lost, LOG)]
  const clearance = { list: 'bolo', id: '00000000000000aa' }
  for (let time = 0; time < 3; time += 1) one.add(clearance, NOW)
  for (let time = 0; time < 4; time += 1) other.add(clearance, NOW + time * 1_000)
  await one.flush()
  await other.flush()
  const count = async () => (await clearedCounts(store, 'bolo')).get(clearance.id)
  expect(await count()).toEqual({ silenced: 3, last_at: '2026-11-26T23:59:58.000Z' })
  back()
  one.add(clearance, NOW)
  await one.flush()
  await one.flush()
  await other.stop()
  await one.stop()
  expect(await count()).toEqual({ silenced: 8, last_at: '2026-11-27T00:00:01.000Z' })
  expect((await clearedCounts(store, 'else')).size).toBe(0)
  expect((await clearedCounts(store)).size).toBe(1)
})

test('past reads that could not be looked for are looked for again, later each time', async () => {
  const { store: lost, back } = flaky()
  const records = await openPastReads(nats.bus)
  await manifests.custom.create('bolo.mine', customIn('bolo', { plate: 'TUV3947', id: 'mine' }))
  await manifests.custom.create('bolo.not', customIn('bolo', { plate: 'KXA7437' }, 'submitted'))
  const abort = new AbortController()
  const config = configSchema.parse({})
  const job = new PastReadsJob({ bus: nats.bus, store: lost, config, log: LOG }, abort.signal)
  const now_ms = Date.now()
  await job.run(now_ms)
  expect((await records.all()).size).toBe(0)
  back()
  await job.run(now_ms + 1_000)
  expect((await records.all()).size).toBe(0)
  await job.run(now_ms + 16_000)
  const found = await records.all()
  expect([...found.keys()]).toEqual(['bolo.mine'])
  expect(found.get('bolo.mine')?.value).toMatchObject({ reads: 0, alerts: 0, kept: 0 })
  await job.run(now_ms + 17_000)
  expect((await records.get('bolo.mine'))?.revision).toBe(found.get('bolo.mine')?.revision)
  abort.abort()
})
