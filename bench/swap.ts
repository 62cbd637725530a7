// Lists come into force while reads are matched: how long a million entries take from the list to
// the workers, what the batches in between feel of it, how soon a single urgent plate is matched
// against, and how soon five million are after a restart. On real parts: nats-server, the engine,
// the process's lists and its pool of workers.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Bus } from '../src/bus/connection.ts'
import { ensureStreams } from '../src/bus/streams.ts'
import { type Config, configSchema } from '../src/config/schema.ts'
import type { HotList } from '../src/domain/hotlist.ts'
import { Random } from '../src/domain/random.ts'
import { ActiveLists } from '../src/hotlists/active.ts'
import { addCustom, stepCustom } from '../src/hotlists/custom-changes.ts'
import type { Generation } from '../src/hotlists/generation.ts'
import { type Manifests, openManifests } from '../src/hotlists/manifest.ts'
import { BatchBuilder } from '../src/ingest/batch.ts'
import { startPool } from '../src/ingest/ingest.ts'
import { shareOf, type WorkDone } from '../src/ingest/work.ts'
import { loadLookAlikes } from '../src/matching/look-alikes.ts'
import { drawPlate } from '../src/simulate/plates.ts'
import { connectStore, type Store } from '../src/store/client.ts'
import { applySchema } from '../src/store/schema.ts'
import { createLog } from '../src/telemetry/log.ts'
import { startClickHouse } from '../test/helpers/clickhouse.ts'
import { ANN, customGround, drafted, revoked, SUE } from '../test/helpers/custom.ts'
import { startNats } from '../test/helpers/nats.ts'
import { freePort } from '../test/helpers/ports.ts'
import { until } from '../test/helpers/until.ts'
import type { Bench, BenchOptions } from './bench.ts'
import { bigPlate, putInForce, writeBigList } from './lib/big-list.ts'

const READS_PER_BATCH = 512
const MESSAGES = 64
/** One batch after the other: some ten thousand reads a second. */
const BATCH_EVERY_MS = 50
/** Reads of listed vehicles; the others are what is on the road. */
const LISTED_SHARE = 0.05
const LISTED = 1_000
const SEED = 20_261_126
const SINGLE_ROUNDS = 20
const WAIT = { ms: 300_000, every_ms: 1 }
const collectGarbage = (() => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
})()

interface Ground {
  bus: Bus
  config: Config
  store: Store
  /** The same with nobody there. */
  store_down: Store
  manifests: Manifests
  data_dir: string
}

/** Lists and workers of one process, as the role `ingest` has them. */
class Matching {
  readonly lists: ActiveLists
  readonly #config: Config
  readonly #pool: ReturnType<typeof startPool>
  #seq = 0

  constructor({ config, manifests, data_dir }: Ground, store: Store) {
    const classes = [...loadLookAlikes()]
    this.#config = config
    this.#pool = startPool(config, classes)
    this.lists = new ActiveLists({
      store,
      manifests,
      data_dir,
      classes,
      matching: config.matching,
      log: createLog('error'),
      onSwap: () => {},
    })
  }

  get workers(): number {
    return this.#config.ingest.workers
  }

  get generation(): Generation {
    return this.lists.current as Generation
  }

  /** One batch through a worker, matched against what is in force as it is sent. */
  match(payload: Uint8Array): Promise<WorkDone> {
    const { ingest, retention } = this.#config
    const meta = new ArrayBuffer(BatchBuilder.metaBytes(1))
    const builder = new BatchBuilder(new ArrayBuffer(payload.length), meta)
    this.#seq += 1
    builder.add(payload, 'reads.v1.pole-1', this.#seq, Date.now())
    const work = {
      batch: builder.finish(),
      index: this.lists.current && shareOf(this.lists.current),
      day_keys: new Map<string, string>(),
      message_bytes_max: ingest.message_bytes_max,
      reads_per_message_max: ingest.reads_per_message_max,
      image_bytes_max: ingest.image_bytes_max,
      retention_days: retention.days,
    }
    return this.#pool.run(work)
  }

  async stop(): Promise<void> {
    await this.lists.stop()
    await this.#pool.destroy()
  }
}

/** A message of reads of these plates. */
function messageOf(plates: readonly string[]): Uint8Array {
  const time = new Date().toISOString()
  const lines = plates.map((plate, at) =>
    JSON.stringify({ id: `read-${at}`, time, camera: 'pole-1', plate, confidence: 0.9 }),
  )
  return Buffer.from(lines.join('\n'))
}

/** Batches at an even pace, and how long each waited for its answer. */
class Pacer {
  readonly waits: { at_ms: number; wait_ms: number }[] = []
  readonly #timer: NodeJS.Timeout
  readonly #running = new Set<Promise<void>>()

  constructor(matching: Matching) {
    const random = new Random(SEED)
    const draw = () =>
      random.chance(LISTED_SHARE) ? bigPlate(random.below(LISTED)) : drawPlate(random).plate
    // Made ahead: what is measured is not to wait for the making of the next.
    const messages = Array.from({ length: MESSAGES }, () =>
      messageOf(Array.from({ length: READS_PER_BATCH }, draw)),
    )
    let sent = 0
    this.#timer = setInterval(() => {
      const message = messages[sent % MESSAGES] as Uint8Array
      sent += 1
      const at_ms = performance.now()
      const done = matching.match(message).then(() => {
        this.waits.push({ at_ms, wait_ms: performance.now() - at_ms })
        this.#running.delete(done)
      })
      this.#running.add(done)
    }, BATCH_EVERY_MS)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#running)
  }

  /** Longest wait of the batches sent between two times, beyond the median of all. */
  pause_ms(from_ms: number, to_ms: number): number {
    const sorted = this.waits.map(({ wait_ms }) => wait_ms).toSorted((a, b) => a - b)
    const median = sorted[Math.floor(sorted.length / 2)] as number
    const between = this.waits.filter(({ at_ms }) => at_ms >= from_ms && at_ms <= to_ms)
    return Math.max(0, ...between.map(({ wait_ms }) => wait_ms - median))
  }
}

async function run(options: BenchOptions): Promise<Record<string, unknown>> {
  const data_dir = mkdtempSync(join(tmpdir(), 'hotplate-swap-'))
  const [nats, clickhouse] = await Promise.all([startNats(), startClickHouse()])
  const store = connectStore({ ...clickhouse.engine, database: 'hotplate', cluster: null })
  const url = `http://127.0.0.1:${await freePort()}`
  const store_down = connectStore({ ...store.options, url })
  try {
    await applySchema(store)
    const manifests = await openManifests(nats.bus)
    const config = configSchema.parse({})
    await ensureStreams(nats.bus, config)
    return await runOn({ bus: nats.bus, config, store, store_down, manifests, data_dir }, options)
  } finally {
    await Promise.all([store.close(), store_down.close()])
    await clickhouse[Symbol.asyncDispose]()
    await nats[Symbol.asyncDispose]()
    rmSync(data_dir, { recursive: true, force: true })
  }
}

async function runOn(ground: Ground, { tiny, scale = 1 }: BenchOptions) {
  const entries = Math.round((tiny ? 2_000 : 1_000_000) * scale)
  const quiet_ms = tiny ? 500 : 5_000
  tell(`writing ${6 * entries} entries to the store`)
  const big = await writeBigList(ground.store, 'big', entries)
  const huge = await writeBigList(ground.store, 'huge', 5 * entries)
  await putInForce(ground.manifests, await writeBigList(ground.store, 'small', 10))
  const matching = new Matching(ground, ground.store)
  await matching.lists.start()
  const first = await measureSwap(ground, matching, big, quiet_ms)
  // A list for one like it: before and after, a batch is the same work.
  const again = await writeBigList(ground.store, 'big', entries, 2)
  const second = await measureSwap(ground, matching, again, quiet_ms)
  const load_s = Math.max(first.load_s, second.load_s)
  tell('single changes')
  const single = await measureSingle(ground, matching)
  tell(`loading ${5 * entries} entries`)
  await ground.manifests.purge(big.name)
  await putInForce(ground.manifests, huge)
  await until(() => matching.generation.base.size === 10 + huge.entries, WAIT)
  await kept(ground)
  await matching.stop()
  const mapped = await measureRestart(ground, huge)
  return { entries, ...second, load_s, ...single, ...mapped }
}

/** Until the index in force is on the disk. */
async function kept({ data_dir }: Ground): Promise<void> {
  const folder = join(data_dir, 'hotlists')
  await until(() => {
    const names = readdirSync(folder)
    return names.some((name) => name.endsWith('.index')) && !names.some((n) => n.endsWith('.new'))
  }, WAIT)
}

async function measureSwap(ground: Ground, matching: Matching, list: HotList, quiet_ms: number) {
  tell('matching, before and while the list is loaded')
  const pacer = new Pacer(matching)
  const begun_ms = performance.now()
  await until(() => performance.now() - begun_ms > quiet_ms, WAIT)
  const { generation: before } = matching.generation
  const heap = heapBytes()
  const from_ms = performance.now()
  await putInForce(ground.manifests, list)
  await until(() => matching.generation.generation > before, WAIT)
  await onAllWorkers(matching, bigPlate(list.entries - 1))
  const load_ms = performance.now() - from_ms
  await until(() => performance.now() - from_ms > load_ms + quiet_ms, WAIT)
  const to_ms = performance.now()
  await pacer.stop()
  return {
    load_s: load_ms / 1_000,
    pause_ms_max: pacer.pause_ms(from_ms, to_ms),
    // What the machine alone does to a batch now and then: the same without a swap.
    quiet_pause_ms_max: pacer.pause_ms(begun_ms, from_ms),
    heap_bytes_entry: Math.max(0, heapBytes() - heap) / list.entries,
  }
}

function heapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** A batch for each worker, until each of those sent together has hit the plate, or none has. */
async function onAllWorkers(matching: Matching, plate: string, hit = true): Promise<void> {
  const message = messageOf([plate])
  for (;;) {
    const sent = Array.from({ length: matching.workers }, () => matching.match(message))
    const done = await Promise.all(sent)
    if (done.every(({ hits }) => hits.length > 0 === hit)) return
  }
}

/** Approved and revoked as people do it: from the second person's word to all workers. */
async function measureSingle({ bus, manifests }: Ground, matching: Matching) {
  const custom = await customGround(bus, manifests)
  const active: number[] = []
  const silent: number[] = []
  for (let round = 0; round < SINGLE_ROUNDS; round += 1) {
    const plate = `9URG${String.fromCharCode(65 + round)}99`
    const entry = drafted({ plate, profile: 'exact' })
    const { id } = (await addCustom(custom, ANN, 'big', entry, true)).value.entry
    const from_ms = performance.now()
    await stepCustom(custom, SUE, { list: 'big', id, action: 'approve' })
    await onAllWorkers(matching, plate)
    active.push(performance.now() - from_ms)
    const again_ms = performance.now()
    await revoked(custom, 'big', id)
    await onAllWorkers(matching, plate, false)
    silent.push(performance.now() - again_ms)
  }
  custom.stop()
  return { single_entry_ms: Math.max(...active), single_removal_ms: Math.max(...silent) }
}

/** As a start of the process does it, with the store down: to the first batch that is matched. */
async function measureRestart(ground: Ground, list: HotList) {
  tell('restart')
  const matching = new Matching(ground, ground.store_down)
  // What is measured is the lists: the threads are there.
  const message = messageOf(['KXA7437'])
  await Promise.all(Array.from({ length: matching.workers }, () => matching.match(message)))
  const from_ms = performance.now()
  await matching.lists.start()
  await onAllWorkers(matching, bigPlate(list.entries - 1))
  const map_ms = performance.now() - from_ms
  if (typeof matching.generation.base.source !== 'string') throw new Error('Nothing was mapped')
  const rss_mb = process.memoryUsage().rss / 1024 ** 2
  await matching.stop()
  return { map_5m_s: map_ms / 1_000, rss_mb }
}

function tell(what: string): void {
  process.stderr.write(`swap: ${what}\n`)
}

export default {
  name: 'swap',
  question: 'How soon is a list in force, and what do the batches in between feel of it?',
  fields:
    'entries, load_s, pause_ms_max, quiet_pause_ms_max, heap_bytes_entry, single_entry_ms, ' +
    'single_removal_ms, map_5m_s, rss_mb',
  run,
} satisfies Bench
