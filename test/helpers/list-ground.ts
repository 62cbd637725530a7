// What tests of imports stand on: a bus with its streams, a store with its schema, and all that an
// import needs of them.
import { createAudit } from '../../src/access/audit.ts'
import { ensureStreams } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { ImportOptions } from '../../src/hotlists/import.ts'
import { openManifests } from '../../src/hotlists/manifest.ts'
import { openSettings, type SettingsDocuments } from '../../src/hotlists/settings.ts'
import { connectStore, type Store } from '../../src/store/client.ts'
import { applySchema } from '../../src/store/schema.ts'
import { startClickHouse } from './clickhouse.ts'
import { startNats, type TestNats } from './nats.ts'

export interface ListGround {
  nats: TestNats
  store: Store
  o: ImportOptions & { settings: SettingsDocuments }
  stop(): Promise<void>
}

export async function startListGround(): Promise<ListGround> {
  const [nats, clickhouse] = await Promise.all([startNats(), startClickHouse()])
  const store = connectStore({ ...clickhouse.engine, database: 'hotplate', cluster: null })
  await applySchema(store)
  await ensureStreams(nats.bus, configSchema.parse({}))
  const o = {
    store,
    manifests: await openManifests(nats.bus),
    settings: await openSettings(nats.bus),
    audit: createAudit(nats.bus),
    versions_kept: 10,
    bad_lines_share_max: 0.01,
  }
  return {
    nats,
    store,
    o,
    async stop() {
      await store.close()
      await clickhouse[Symbol.asyncDispose]()
      await nats[Symbol.asyncDispose]()
    },
  }
}
