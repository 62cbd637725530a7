// Five million lines of the federal extract from a file to the workers, as an operator has it: the
// command in a process of its own, real engines, and a process that matches beside it. Then how
// soon an approved entry alerts on all workers, and a revoked one is silent; and the back-test.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAudit } from '../src/access/audit.ts'
import { ensureStreams } from '../src/bus/streams.ts'
import { configSchema } from '../src/config/schema.ts'
import { openManifests } from '../src/hotlists/manifest.ts'
import { openSettings } from '../src/hotlists/settings.ts'
import { createList } from '../src/hotlists/settings-changes.ts'
import { connectStore, type Store } from '../src/store/client.ts'
import { applySchema } from '../src/store/schema.ts'
import { startClickHouse, type TestClickHouse } from '../test/helpers/clickhouse.ts'
import { caller } from '../test/helpers/custom.ts'
import { descendantsOf } from '../test/helpers/family.ts'
import { startNats, type TestNats } from '../test/helpers/nats.ts'
import { until } from '../test/helpers/until.ts'
import type { Bench, BenchOptions } from './bench.ts'
import { measureBacktest } from './lib/backtest.ts'
import { bigPlate, putInForce, writeBigList } from './lib/big-list.ts'
import { writeFederalFile } from './lib/federal-file.ts'
import { Matching, type MatchingGround, measureSingle, onAllWorkers } from './lib/matching.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const LIST = 'ncic'
const WORKERS = 2
const WAIT = { ms: 900_000, every_ms: 5 }
const SAMPLE_MS = 200

interface Ground extends MatchingGround {
  nats: TestNats
  clickhouse: TestClickHouse
  store: Store
}

async function run(options: BenchOptions): Promise<Record<string, unknown>> {
  const { tiny, scale = 1 } = options
  const lines = Math.round((tiny ? 5_000 : 5_000_000) * scale)
  const reads = Math.round((tiny ? 60_000 : 30_000_000) * scale)
  const data_dir = mkdtempSync(join(tmpdir(), 'hotplate-import-'))
  const config = configSchema.parse({ ingest: { workers: WORKERS } })
  const { query_s_max, query_bytes_max } = config.clickhouse
  const [nats, clickhouse] = await Promise.all([
    startNats(),
    startClickHouse({ query_s_max, query_bytes_max }),
  ])
  const store = connectStore({ ...clickhouse.engine, database: 'hotplate', cluster: null })
  try {
    await applySchema(store)
    await ensureStreams(nats.bus, config)
    const manifests = await openManifests(nats.bus)
    const ground = { bus: nats.bus, nats, clickhouse, store, config, manifests, data_dir }
    const imported = await measureImport(ground, lines)
    tell(`back-test over ${reads} reads`)
    const { backtest_s } = await measureBacktest(store, reads)
    return { lines, ...imported, backtest_s }
  } finally {
    await store.close()
    await clickhouse[Symbol.asyncDispose]()
    await nats[Symbol.asyncDispose]()
    rmSync(data_dir, { recursive: true, force: true })
  }
}

async function measureImport(ground: Ground, lines: number) {
  const { bus, manifests, store, data_dir } = ground
  const file = join(data_dir, 'VEHEXTRT.txt')
  tell(`writing ${lines} lines`)
  writeFederalFile(file, lines)
  // Stands for the list of a source that an administrator has registered: nobody has to approve.
  const list = { name: LIST, category: 'stolen_vehicle', patch: { profile: 'fold+1' } } as const
  const settings = { settings: await openSettings(bus), manifests, audit: createAudit(bus) }
  await createList(settings, { ...list, agency: 'FBI' }, caller('ada', 'administrator'))
  await putInForce(manifests, await writeBigList(store, 'small', 10))
  const matching = new Matching(ground, store)
  try {
    await matching.lists.start()
    const engine = peakOf(engineFamily)
    const matching_peak = peakOf(() => [process.pid])
    const from_ms = performance.now()
    tell('importing')
    const importer_mb = await importFile(ground, file)
    tell(`staged and activated after ${((performance.now() - from_ms) / 1_000).toFixed(1)} s`)
    await until(() => matching.generation.base.size === 10 + lines, WAIT)
    await onAllWorkers(matching, bigPlate(lines - 1))
    const seconds = (performance.now() - from_ms) / 1_000
    const rss = { importer_mb, matching_mb: matching_peak(), engine_mb: engine() }
    tell('single entries')
    const { activate_ms, revoke_ms } = await measureSingle(ground, matching, LIST)
    return {
      seconds,
      rss_mb_max: Math.max(rss.importer_mb, rss.matching_mb),
      ...rss,
      activate_ms_max: activate_ms,
      revoke_ms_max: revoke_ms,
    }
  } finally {
    await matching.stop()
  }
}

/** The command as a person gives it. @returns its peak of resident memory, MB */
async function importFile({ nats, clickhouse, data_dir }: Ground, file: string): Promise<number> {
  const { url, service } = nats.server
  const engine = clickhouse.engine
  const env = {
    ...process.env,
    HOTPLATE_NATS__URL: url,
    HOTPLATE_NATS__USER: service.user,
    HOTPLATE_NATS__PASSWORD: service.password,
    HOTPLATE_CLICKHOUSE__URL: engine.url,
    HOTPLATE_CLICKHOUSE__USER: engine.user,
    HOTPLATE_CLICKHOUSE__PASSWORD: engine.password,
  }
  const importing = ['hotlist', 'import', '--list', LIST, '--format', 'ncic', file]
  const args = ['--disable-warning=ExperimentalWarning', MAIN, ...importing]
  const data = ['--data', join(data_dir, 'importer')]
  const stdio: ['ignore', 2, 'inherit'] = ['ignore', 2, 'inherit']
  const child = spawn(process.execPath, [...args, ...data], { env, stdio })
  const peak = peakOf(() => (child.pid === undefined ? [] : [child.pid]))
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`The import ended with ${code}`)
  return peak()
}

/** The engine's process is below this one, as the tests' engines are. */
function engineFamily(): number[] {
  const engine = (pid: number) => textOf(`/proc/${pid}/cmdline`).includes('embedded/main.ts')
  return descendantsOf(process.pid).filter(engine)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Ended between the two looks.
    return ''
  }
}

/**
 * Looks at the kernel's own high-water marks.
 * @returns stops, and gives the most that was resident, MB
 */
function peakOf(family: () => number[]): () => number {
  let most = 0
  const look = () => {
    const kb = family().reduce((sum, pid) => sum + peakKb(pid), 0)
    most = Math.max(most, kb / 1_000)
  }
  const timer = setInterval(look, SAMPLE_MS)
  look()
  return () => {
    clearInterval(timer)
    return most
  }
}

function peakKb(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0)
}

function tell(what: string): void {
  process.stderr.write(`import: ${what}\n`)
}

export default {
  name: 'import',
  question: 'How soon do five million lines of a file alert, and an approved entry?',
  fields:
    'lines, seconds, rss_mb_max, backtest_s, activate_ms_max, revoke_ms_max, importer_mb, ' +
    'matching_mb, engine_mb',
  run,
} satisfies Bench
