// The role `ingest`: takes its share of the partitions by leases, and runs a pipeline for each that
// it holds.
import { randomUUID } from 'node:crypto'
import { Piscina } from 'piscina'
import { AlertRaiser } from '../alerts/raise.ts'
import type { Bus } from '../bus/connection.ts'
import { readsFilter, STREAM, trimBefore } from '../bus/streams.ts'
import { type Config, timeZoneOf } from '../config/schema.ts'
import { LocalClock } from '../domain/alerting.ts'
import { DayKeys, openDayKeys } from '../evidence/day-keys.ts'
import { ImageStore } from '../evidence/images.ts'
import { ActiveLists } from '../hotlists/active.ts'
import { openClearances, watchClearances } from '../hotlists/cleared.ts'
import { ClearedTally } from '../hotlists/cleared-tally.ts'
import type { Generation } from '../hotlists/generation.ts'
import { openManifests } from '../hotlists/manifest.ts'
import { SettingsView } from '../hotlists/settings-view.ts'
import { openThresholds, publishThresholds } from '../hotlists/thresholds.ts'
import { loadLookAlikes } from '../matching/look-alikes.ts'
import { loadVehicleTable } from '../matching/vehicle-table.ts'
import type { Store } from '../store/client.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { AlertingOptions } from './alerting.ts'
import { BacklogDrainer } from './backlog.ts'
import { Pipeline } from './pipeline.ts'
import { settleBatch } from './settle.ts'
import { sharePartitions } from './share.ts'
import type { Work, WorkDone } from './work.ts'
import type { WorkerSettings } from './worker.ts'
import { RowWriter } from './writer.ts'

export interface IngestOptions {
  config: Config
  bus: Bus
  /**
   * Opens one more connection, for the reads: their flood must not stand before the answers to
   * alerts and leases.
   */
  connect: (name: string) => Promise<Bus>
  store: Store
  log: Logger
  metrics: Metrics
}

export interface Ingest {
  /** Partitions whose lease this process holds. */
  readonly partitions_held: number
  stop(): Promise<void>
}

const LAG_EVERY_MS = 5_000
const CLOSE_MS_MAX = 5_000

export async function startIngest(o: IngestOptions): Promise<Ingest> {
  const { config, bus, log } = o
  const classes = [...loadLookAlikes()]
  const settings = await SettingsView.open(bus)
  const cleared = await watchClearances(await openClearances(bus))
  const cleared_tally = new ClearedTally(o.store, log)
  const lists = await startLists(o, classes)
  const day_keys = await startDayKeys(o)
  const pool = startPool(config, classes)
  const reads_bus = await o.connect('hotplate-reads')
  const { writer, drainer } = startRows(o)
  const images = new ImageStore(config.data_dir)
  const vehicles = loadVehicleTable()
  const clock = new LocalClock(timeZoneOf(config))
  const pipelines = new Set<Pipeline>()
  const alerting = { lists, settings, cleared, cleared_tally, clock, vehicles, metrics: o.metrics }
  const shared: Shared = { lists, day_keys, pool, reads_bus, writer, images, alerting, pipelines }
  const runs = new Set<Promise<void>>()
  const partitions = await sharePartitions({
    bus,
    partitions: config.ingest.partitions,
    lease_ms: config.ingest.lease_ms,
    holder: randomUUID(),
    log,
    onGained(partition, signal, leaving) {
      const ending = runPartition(o, shared, partition, signal, leaving).catch((error: unknown) => {
        log.error({ err: error, partition }, 'The partition could not be taken.')
      })
      runs.add(ending)
      return ending.finally(() => runs.delete(ending))
    },
  })
  const housekeeping = setInterval(() => void keepHouse(o, pipelines), LAG_EVERY_MS)
  return {
    get partitions_held() {
      return pipelines.size
    },
    async stop() {
      clearInterval(housekeeping)
      await partitions.stop()
      // A lease ends before its work may have; each run is bounded by CLOSE_MS_MAX.
      await Promise.all(runs)
      await drainer.stop()
      day_keys.stop()
      await lists.stop()
      settings.stop()
      cleared.stop()
      await pool.destroy()
      await reads_bus.close()
      // Last: a store that hangs may hold it up.
      await cleared_tally.stop()
    },
  }
}

/** What the pipelines of all partitions share. */
interface Shared {
  lists: ActiveLists
  day_keys: DayKeys
  pool: Piscina<Work, WorkDone>
  reads_bus: Bus
  writer: RowWriter
  images: ImageStore
  alerting: AlertingOptions
  pipelines: Set<Pipeline>
}

async function startLists(o: IngestOptions, classes: string[]): Promise<ActiveLists> {
  const thresholds = await openThresholds(o.bus)
  let told = ''
  const tell = async (generation: Generation) => {
    const { base } = generation
    const says = JSON.stringify([base.lists, generation.thresholds])
    if (told === says) return
    told = says
    try {
      await publishThresholds(thresholds, generation)
    } catch (error) {
      o.log.warn({ err: error }, 'The thresholds in force could not be shown.')
    }
  }
  const lists = new ActiveLists({
    store: o.store,
    manifests: await openManifests(o.bus),
    data_dir: o.config.data_dir,
    classes,
    matching: o.config.matching,
    log: o.log,
    onSwap: (generation) => {
      o.metrics.entries.set(generation.size)
      void tell(generation)
    },
  })
  await lists.start()
  return lists
}

async function startDayKeys({ bus, config, log }: IngestOptions): Promise<DayKeys> {
  const { retention, streams } = config
  const day_keys = new DayKeys(await openDayKeys(bus), retention.days, streams.reads.age_hours_max)
  await day_keys.start((error) => log.error({ err: error }, 'Day keys could not be renewed.'))
  return day_keys
}

function startRows({ bus, store, log, metrics, config }: IngestOptions) {
  const parts = { bus, store, log, metrics }
  const { insert_wait_ms_max, backlog_message_bytes_max: message_bytes_max } = config.ingest
  const writer = new RowWriter({ ...parts, insert_wait_ms_max, message_bytes_max })
  const drainer = new BacklogDrainer({ ...parts, onStored: () => writer.storeWorks() })
  drainer.start()
  return { writer, drainer }
}

/** Resolves once the partition is no longer this process's, and its pipeline is closed. */
async function runPartition(
  o: IngestOptions,
  shared: Shared,
  partition: number,
  signal: AbortSignal,
  leaving: () => boolean,
): Promise<void> {
  const { pipelines } = shared
  // What this process knew of alerts may be stale once another has held the partition.
  const raiser = new AlertRaiser(o.bus, o.config.alerts.passage_s)
  const pipeline = makePipeline(o, shared, partition, raiser)
  pipelines.add(pipeline)
  o.metrics.partitionsHeld.set(pipelines.size)
  const ended = new Promise((resolve) => signal.addEventListener('abort', resolve))
  await Promise.race([pipeline.open(), ended])
  await ended
  // Told to stop, it finishes what it holds; robbed of the lease, it lets go at once.
  await pipeline.close(leaving() ? CLOSE_MS_MAX : 0)
  raiser.close()
  pipelines.delete(pipeline)
  o.metrics.partitionsHeld.set(pipelines.size)
}

function makePipeline(
  o: IngestOptions,
  shared: Shared,
  partition: number,
  raiser: AlertRaiser,
): Pipeline {
  const { config, bus, log, metrics } = o
  const { lists, day_keys, pool, reads_bus, writer, images, alerting } = shared
  return new Pipeline({
    bus: reads_bus,
    config,
    pool,
    writer,
    log,
    metrics,
    stream: STREAM.reads,
    consumer_prefix: `ingest-${partition}`,
    // A filter that lets everything through costs nats-server 2.9 eight times as much as none.
    ...(config.ingest.partitions > 1
      ? { filter_subject: readsFilter(config.ingest.partitions, partition) }
      : {}),
    generation: () => lists.current,
    dayKeys: () => day_keys.current,
    settle: (done, generation, abort) =>
      settleBatch({ bus, raiser, images, ...alerting }, done, generation, abort),
  })
}

export function startPool(config: Config, classes: string[]): Piscina<Work, WorkDone> {
  const { model, models } = config.matching
  return new Piscina<Work, WorkDone>({
    filename: new URL('./worker.ts', import.meta.url).href,
    minThreads: config.ingest.workers,
    maxThreads: config.ingest.workers,
    workerData: { classes, engines: { model, models } } satisfies WorkerSettings,
    concurrentTasksPerWorker: 1,
  })
}

/** Acknowledged reads are freed once they fill this much of READS. */
const TRIM_BYTES = 256 * 1024 * 1024

/** Shows how far behind the stream this process is, and frees what is done with. */
async function keepHouse({ bus, config, log, metrics }: IngestOptions, pipelines: Set<Pipeline>) {
  try {
    let lag = 0
    for (const pipeline of pipelines) lag += await pipeline.lag()
    metrics.ingestLag.set(lag)
    if (pipelines.size === 0) return
    const { state } = await bus.jsm.streams.info(STREAM.reads)
    const floors: number[] = []
    for await (const consumer of bus.jsm.consumers.list(STREAM.reads)) {
      if (!consumer.name.startsWith('ingest-')) continue
      // A partition without traffic would otherwise hold up all the others.
      const idle = consumer.num_pending === 0 && consumer.num_ack_pending === 0
      floors.push(idle ? state.last_seq : consumer.ack_floor.stream_seq)
    }
    // A partition without a consumer has acknowledged nothing.
    if (floors.length < config.ingest.partitions || state.bytes < TRIM_BYTES) return
    const done = Math.min(...floors)
    if (done > state.first_seq) await trimBefore(bus, STREAM.reads, done)
  } catch (error) {
    log.debug({ err: error }, 'The lag of ingest could not be read.')
  }
}
