// From a file in a folder to a list in force, by the keeper of a real service's ground. Were a
// custom list's file to come into force by itself, whoever may write to a folder could have anybody
// stopped.
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAudit } from '../../src/access/audit.ts'
import { ensureStreams } from '../../src/bus/streams.ts'
import { type Config, configSchema } from '../../src/config/schema.ts'
import { type Keeper, startKeeper } from '../../src/evidence/keeper.ts'
import { loadEntries } from '../../src/hotlists/entries.ts'
import { type Manifests, openManifests } from '../../src/hotlists/manifest.ts'
import { openSettings, type SettingsDocuments } from '../../src/hotlists/settings.ts'
import { createList, decideSettings } from '../../src/hotlists/settings-changes.ts'
import { connectStore, type Store } from '../../src/store/client.ts'
import { applySchema } from '../../src/store/schema.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { startClickHouse, type TestClickHouse } from '../helpers/clickhouse.ts'
import { caller } from '../helpers/custom.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { until } from '../helpers/until.ts'
import { zipOf } from '../helpers/zip.ts'

const ADA = caller('ada', 'administrator')
const SUE = caller('sue', 'supervisor')
const LINE = 'V900000001ID042010020260105ABC1234   ID2026PC2014F0RDF0C4DWHI'

let nats: TestNats
let clickhouse: TestClickHouse
let store: Store
let manifests: Manifests
let settings: SettingsDocuments
let keeper: Keeper
let config: Config

beforeAll(async () => {
  ;[nats, clickhouse] = await Promise.all([startNats(), startClickHouse()])
  store = connectStore({ ...clickhouse.engine, database: 'hotplate', cluster: null })
  await applySchema(store)
  config = configSchema.parse({
    data_dir: nats.data_dir,
    hotlists: {
      check_every_s: 1,
      feeds: { settled_s: 0.1, accounts: { state: { archive_password: 'of the archive' } } },
    },
  })
  const { bus } = nats
  await ensureStreams(bus, config)
  manifests = await openManifests(bus)
  settings = await openSettings(bus)
  const [log, metrics] = [createLog('silent'), createMetrics()]
  keeper = await startKeeper({ config, bus, store, log, metrics })
})
afterAll(async () => {
  await keeper?.stop()
  await store?.close()
  await clickhouse?.[Symbol.asyncDispose]()
  await nats?.[Symbol.asyncDispose]()
})

const o = () => ({ settings, manifests, audit: createAudit(nats.bus) })
const folderOf = (list: string) => join(config.data_dir, 'lists', list)
const patch = {
  feed: { kind: 'folder' as const, account: 'state' },
  format: { name: 'ncic', states: ['US-ID'] },
}

/** As it should be done: under a name that says that it is not whole, then renamed. */
async function drop(list: string, name: string, bytes: string | Uint8Array): Promise<void> {
  const path = join(folderOf(list), name)
  await mkdir(folderOf(list), { recursive: true })
  await writeFile(`${path}.part`, bytes)
  await rename(`${path}.part`, path)
}

function reportIn(list: string, kind: 'done' | 'failed'): Promise<unknown> {
  const folder = join(folderOf(list), kind)
  return until(
    () => {
      const name = readdirSync(folder).find((one) => one.endsWith('.report.json'))
      return name && (JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown)
    },
    { ms: 30_000, what: `a report in ${kind}` },
  )
}

test('401.4f what comes from a registered government source is in force by itself', async () => {
  await createList(o(), { name: 'federal', category: 'stolen_vehicle', patch, agency: 'FBI' }, ADA)
  const text = `HEADER\n${LINE}\n${LINE.replace('ID2026PC', 'WA2026PC')}\n`
  const archive = await zipOf({ 'VEHEXTRT.txt': text }, { password: 'of the archive' })
  await drop('federal', 'extract.zip', archive)
  expect(await reportIn('federal', 'done')).toMatchObject({
    list: 'federal',
    file: 'extract.zip',
    version: 1,
    state: 'active',
    held: [],
    counts: { lines: 2, entries: 1, skipped: 2 },
  })
  expect((await manifests.get('federal'))?.value).toMatchObject({ version: 1, entries: 1 })
  expect(await loadEntries(store, 'federal', 1)).toMatchObject([
    { plate: 'ABC1234', purpose: 'stolen_or_wanted_vehicle', details: { file_code: 'V' } },
  ])
})

test('401.4f what comes for a custom list waits for a person', async () => {
  await createList(o(), { name: 'own', category: 'custom', patch }, ADA)
  await decideSettings(o(), 'own', 'submit', ADA)
  await decideSettings(o(), 'own', 'approve', SUE)
  await drop('own', 'list.txt', LINE)
  expect(await reportIn('own', 'done')).toMatchObject({ version: 1, state: 'submitted' })
  expect(await manifests.get('own')).toBeNull()
})

test('a file that is no such list goes to failed, and the version in force stays', async () => {
  await drop('federal', 'broken.zip', Buffer.from('PK\u0003\u0004 and no more'))
  expect(await reportIn('federal', 'failed')).toMatchObject({
    file: 'broken.zip',
    code: 'LIST_UNREADABLE',
  })
  expect((await manifests.get('federal'))?.value.version).toBe(1)
})
