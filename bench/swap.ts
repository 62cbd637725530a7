// Lists come into force while reads are matched: how long a million entries take from the list to
// the workers, what the batches in between feel of it, how soon a single urgent plate is matched
// against, and how soon five million are after a restart. On real parts: nats-server, the engine,
// the process's lists and its pool of workers.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ensureStreams } from '../src/bus/streams.ts'
import { configSchema } from '../src/config/schema.ts'
import type { HotList } from '../src/domain/hotlist.ts'
import { Random } from '../src/domain/random.ts'
import { openManifests } from '../src/hotlists/manifest.ts'
import { drawPlate } from '../src/simulate/plates.ts'
import { connectStore, type Store } from '../src/store/client.ts'
import { applySchema } from '../src/store/schema.ts'
import { startClickHouse } from '../test/helpers/clickhouse.ts'
import { startNats } from '../test/helpers/nats.ts'
import { freePort } from '../test/helpers/ports.ts'
import { until } from '../test/helpers/until.ts'
import type { Bench, BenchOptions } from './bench.ts'
import { bigPlate, putInForce, writeBigList } from './lib/big-list.ts'
import {
  Matching,
  type MatchingGround,
  measureSingle,
  messageOf,
  onAllWorkers,
} from './lib/matching.ts'

const READS_PER_BATCH = 512
const MESSAGES = 64
/** One batch after the other: some ten thousand reads a second. */
const BATCH_EVERY_MS = 50
/** Reads of listed vehicles; the others are what is on the road. */
const LISTED_SHARE = 0.05
const LISTED = 1_000
const SEED = 20_261_126
const WAIT = { ms: 300_000, every_ms: 1 }
const collectGarbage = (() => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
})()

interface Ground extends MatchingGround {
  store: Store
  /** The same with nobody there. */
  store_down: Store
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
  const { activate_ms, revoke_ms } = await measureSingle(ground, matching, 'big')
  const single = { single_entry_ms: activate_ms, single_removal_ms: revoke_ms }
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
