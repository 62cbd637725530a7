// kill -9 at every point of an import. Were it wrong, half a list would be matched against, the
// version before would be gone, or what a dead import has left would stay for ever.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAudit } from '../../src/access/audit.ts'
import { ensureStreams } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import { countEntries, loadEntries } from '../../src/hotlists/entries.ts'
import { importList } from '../../src/hotlists/import.ts'
import { type Manifests, openManifests } from '../../src/hotlists/manifest.ts'
import { openSettings } from '../../src/hotlists/settings.ts'
import { createList } from '../../src/hotlists/settings-changes.ts'
import { tidyVersions } from '../../src/hotlists/tidy-versions.ts'
import { stateOf, type VersionState } from '../../src/hotlists/versions.ts'
import { VersionsJob } from '../../src/hotlists/versions-job.ts'
import { connectStore, type Store } from '../../src/store/client.ts'
import { applySchema } from '../../src/store/schema.ts'
import type { ImportWriter, StopPoint } from '../fixtures/import-writer.ts'
import { startClickHouse, type TestClickHouse } from '../helpers/clickhouse.ts'
import { caller } from '../helpers/custom.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'

const WRITER = fileURLToPath(new URL('../fixtures/import-writer.ts', import.meta.url))
/** More than one block of an insert. */
const LINES = 120_000
const OLD = ['A1', 'A2', 'A3']

let nats: TestNats
let clickhouse: TestClickHouse
let store: Store
let manifests: Manifests

beforeAll(async () => {
  ;[nats, clickhouse] = await Promise.all([startNats(), startClickHouse()])
  store = connectStore({ ...clickhouse.engine, database: 'hotplate', cluster: null })
  await applySchema(store)
  await ensureStreams(nats.bus, configSchema.parse({}))
  manifests = await openManifests(nats.bus)
})
afterAll(async () => {
  await store?.close()
  await clickhouse?.[Symbol.asyncDispose]()
  await nats?.[Symbol.asyncDispose]()
})

async function killedImport(list: string, stop: StopPoint): Promise<void> {
  const { service, url } = nats.server
  const settings: ImportWriter = {
    nats: { servers: url, ...service },
    store: store.options,
    list,
    lines: LINES,
    stop,
  }
  const args = ['--disable-warning=ExperimentalWarning', WRITER, JSON.stringify(settings)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  expect(said.toString()).toBe('stopped\n')
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** A list of a registered government source, with a version in force. */
async function listInForce(name: string): Promise<void> {
  const o = { settings: await openSettings(nats.bus), manifests, audit: createAudit(nats.bus) }
  const made = { name, category: 'stolen_vehicle', patch: {}, agency: 'FBI' } as const
  await createList(o, made, caller('ada', 'administrator'))
  const entries = OLD.map((plate) => ({ plate, reason: 'Old' }))
  await importList(store, manifests, { name, category: 'stolen_vehicle', profile: 'fold', entries })
}

const inForce = async (list: string) => (await manifests.get(list))?.value
const stateNow = async (list: string, version: number) => {
  const record = await manifests.versions.get(`${list}.${version}`)
  return record && stateOf(record.value, (await inForce(list))?.version ?? null)
}
const plates = async (list: string, version: number) =>
  (await loadEntries(store, list, version)).map(({ plate }) => plate)

test.each<[StopPoint, VersionState]>([
  ['version_import', 'importing'],
  ['lines', 'importing'],
  ['version_stage', 'importing'],
])('killed at %s: the version before stays whole, and the dead one goes', async (stop, state) => {
  const list = `dead-${stop.replace('_', '-')}`
  await listInForce(list)
  await killedImport(list, stop)
  expect(await inForce(list)).toMatchObject({ version: 1, entries: 3 })
  expect(await plates(list, 1)).toEqual(OLD)
  expect(await stateNow(list, 2)).toBe(state)
  // It may live as far as anybody knows: nothing of it is touched.
  const before = await countEntries(store, list, 2)
  await tidyVersions({ store, manifests, versions_kept: 10 }, list)
  expect(await countEntries(store, list, 2)).toEqual(before)
  expect(await stateNow(list, 2)).toBe(state)
  await tidyVersions({ store, manifests, versions_kept: 10, silent_ms_max: 0 }, list)
  expect(await countEntries(store, list, 2)).toEqual({ entries: 0, inactive: 0 })
  expect(await stateNow(list, 2)).toBe('failed')
  expect(await plates(list, 1)).toEqual(OLD)
})

test.each<StopPoint>(['version_activate', 'marked'])(
  'killed at %s: one version is in force whole, and the keeper sees to the rest',
  async (stop) => {
    const list = `late-${stop.replace('_', '-')}`
    await listInForce(list)
    await killedImport(list, stop)
    const now = await inForce(list)
    expect(now).toMatchObject(
      stop === 'marked' ? { version: 2, entries: LINES } : { version: 1, entries: 3 },
    )
    expect(await plates(list, 1)).toEqual(OLD)
    expect(await countEntries(store, list, 2)).toEqual({ entries: LINES, inactive: 0 })
    expect(await stateNow(list, 2)).toBe(stop === 'marked' ? 'active' : 'staged')
    const log = {
      warn: (...told: unknown[]) => {
        throw new Error('Nothing is to be told', { cause: told })
      },
    }
    const config = configSchema.parse({})
    // Whoever else sees to it at the same time makes no difference.
    const job = () => new VersionsJob({ bus: nats.bus, store, config, log }).run()
    await Promise.all([job(), job(), job()])
    await tidyVersions({ store, manifests, versions_kept: 10 }, list)
    expect(await inForce(list)).toMatchObject({ version: 2, entries: LINES })
    expect((await manifests.versions.get(`${list}.2`))?.value.activated_at).toBeDefined()
  },
)

test('the next import clears what a dead one has left', async () => {
  await listInForce('next')
  await killedImport('next', 'lines')
  const job = { bus: nats.bus, store, config: configSchema.parse({}), log: { warn: () => {} } }
  await new VersionsJob({ ...job, silent_ms_max: 0 }).run()
  expect(await stateNow('next', 2)).toBe('failed')
  const entries = [{ plate: 'B1', reason: 'New' }]
  const given = { name: 'next', category: 'stolen_vehicle', profile: 'fold', entries } as const
  expect(await importList(store, manifests, given)).toMatchObject({ version: 3, entries: 1 })
  expect(await countEntries(store, 'next', 2)).toEqual({ entries: 0, inactive: 0 })
  expect(await plates('next', 1)).toEqual(OLD)
})
