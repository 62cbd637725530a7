// READS is filled first, then drained by the whole pipeline: matched against 100,000 entries,
// alerts out, rows stored. The same client, consuming and acknowledging only, is measured on the
// same messages in the same run: the ratio says what Hotplate costs over the bus that it stands on.

import type { Bus } from '../src/bus/connection.ts'
import { STREAM } from '../src/bus/streams.ts'
import { configSchema } from '../src/config/schema.ts'
import { Puller } from '../src/ingest/puller.ts'
import type { Store } from '../src/store/client.ts'
import { createLog } from '../src/telemetry/log.ts'
import { type RunningService, residentMib, withService } from '../test/helpers/service.ts'
import { until } from '../test/helpers/until.ts'
import type { Bench, BenchOptions } from './bench.ts'
import {
  expectedAlerts,
  fillStream,
  importEntries,
  makeEntries,
  makeTraffic,
  type Passages,
  type TrafficOptions,
  thresholdInForce,
} from './lib/traffic.ts'

const PROFILE = 'fold'
const ACK_EVERY = 2_000
const DRAIN_MS_MAX = 600_000

interface Sizes {
  entries: number
  single: TrafficOptions
  batched: TrafficOptions
}

function sizesOf({ tiny, scale = 1 }: BenchOptions): Sizes {
  const reads = (count: number) => Math.round((tiny ? count / 200 : count) * scale)
  return {
    entries: tiny ? 1_000 : 100_000,
    single: { reads: reads(400_000), batch: 1, seed: 1, start_ms: Date.now() - 3_600_000 },
    batched: { reads: reads(1_000_000), batch: 100, seed: 2, start_ms: Date.now() - 1_800_000 },
  }
}

interface Round {
  reads: number
  null_reads_s: number
  drain_reads_s: number
  rss_mb: number
}

function run(options: BenchOptions): Promise<Record<string, unknown>> {
  const sizes = sizesOf(options)
  const entries = makeEntries(sizes.entries)
  return withService({ roles: 'gateway,keeper' }, (engines) => runOn(engines, sizes, entries))
}

async function runOn(
  engines: RunningService,
  sizes: Sizes,
  entries: ReturnType<typeof makeEntries>,
): Promise<Record<string, unknown>> {
  const bus = await engines.bus()
  const store = engines.store()
  await importEntries(bus, store, entries, PROFILE)
  const rounds: Round[] = []
  const passages: Passages = new Map()
  let alerts_expected = 0
  for (const traffic of [sizes.single, sizes.batched]) {
    tell(`filling READS with ${traffic.reads} reads, ${traffic.batch} to a message`)
    const messages = await fillStream(bus, makeTraffic(entries, traffic))
    rounds.push(await measure(engines, bus, traffic.reads, messages))
    const log_odds_min = await thresholdInForce(bus)
    const again = makeTraffic(entries, traffic)
    alerts_expected += expectedAlerts(entries, again, PROFILE, log_odds_min, passages)
  }
  const [single, batched] = rounds as [Round, Round]
  const stored = await countReads(store)
  const alerts = await countAlerts(bus)
  const reads = single.reads + batched.reads
  return {
    reads,
    drain_reads_s: Math.round(single.drain_reads_s),
    null_consumer_reads_s: Math.round(single.null_reads_s),
    ratio: ratio(single),
    batched_reads_s: Math.round(batched.drain_reads_s),
    null_batched_reads_s: Math.round(batched.null_reads_s),
    batched_ratio: ratio(batched),
    lost: reads - stored.distinct,
    duplicated: stored.rows - stored.distinct,
    alerts_expected,
    alerts_missed: Math.max(0, alerts_expected - alerts.distinct),
    alerts_doubled:
      alerts.messages - alerts.distinct + Math.max(0, alerts.distinct - alerts_expected),
    rss_mb_max: Math.round(Math.max(single.rss_mb, batched.rss_mb)),
    entries: entries.length,
  }
}

const ratio = ({ drain_reads_s, null_reads_s }: Round) =>
  Math.round((drain_reads_s / null_reads_s) * 1_000) / 1_000

async function measure(
  engines: RunningService,
  bus: Bus,
  reads: number,
  messages: number,
): Promise<Round> {
  const { state } = await bus.jsm.streams.info(STREAM.reads)
  const first = state.last_seq - messages + 1
  tell('consuming and acknowledging only')
  const null_s = await consumeOnly(bus, first, messages)
  tell('draining by the whole pipeline')
  const { seconds, rss_mb } = await drain(engines, bus, state.last_seq)
  return { reads, null_reads_s: reads / null_s, drain_reads_s: reads / seconds, rss_mb }
}

/**
 * The pipeline's own puller with nothing behind it.
 * @returns seconds from the first message to the last
 */
async function consumeOnly(bus: Bus, first: number, messages: number): Promise<number> {
  const { ingest } = configSchema.parse({})
  let started_ms = 0
  let count = 0
  let done = () => {}
  const finished = new Promise<void>((resolve) => {
    done = resolve
  })
  const puller = new Puller({
    bus,
    stream: STREAM.reads,
    consumer_prefix: 'null',
    start_seq: first,
    ack_pending_max: ingest.ack_pending_max,
    pull_messages_max: ingest.batch_messages_max,
    pull_bytes_max: ingest.pull_bytes_max,
    log: createLog('error'),
    onMessage: (message) => {
      if (count === 0) started_ms = performance.now()
      count += 1
      if (count % ACK_EVERY === 0 || count === messages) bus.nc.publish(message.reply as string)
      if (count === messages) done()
    },
    onRewind: () => {
      count = 0
    },
  })
  await puller.open()
  await finished
  const seconds = (performance.now() - started_ms) / 1_000
  puller.close()
  for await (const { name } of bus.jsm.consumers.list(STREAM.reads)) {
    if (name.startsWith('null-')) await bus.jsm.consumers.delete(STREAM.reads, name)
  }
  return seconds
}

/**
 * From the making of the consumer to the last acknowledgement, with BACKLOG empty: then every row
 * is in the store.
 */
function drain(
  engines: RunningService,
  bus: Bus,
  last: number,
): Promise<{ seconds: number; rss_mb: number }> {
  let rss_mb = 0
  return withService({ roles: 'ingest', join: engines }, async (ingest) => {
    const timer = setInterval(() => {
      rss_mb = Math.max(rss_mb, residentMib(engines.pid) + residentMib(ingest.pid))
    }, 250)
    const created_ms = await until(
      async () => {
        for await (const { name, ack_floor, created } of bus.jsm.consumers.list(STREAM.reads)) {
          if (name.startsWith('ingest-') && ack_floor.stream_seq >= last) return Date.parse(created)
        }
        return 0
      },
      { ms: DRAIN_MS_MAX, every_ms: 100, what: 'the last acknowledgement' },
    )
    await until(async () => (await bus.jsm.streams.info(STREAM.backlog)).state.messages === 0, {
      ms: DRAIN_MS_MAX,
      what: 'an empty BACKLOG',
    })
    const seconds = (Date.now() - created_ms) / 1_000
    clearInterval(timer)
    return { seconds, rss_mb }
  })
}

async function countReads({ client }: Store): Promise<{ rows: number; distinct: number }> {
  const result = await client.query({
    query: 'SELECT count() AS rows, uniqExact(camera, id) AS distinct FROM hotplate.reads FINAL',
    format: 'JSONEachRow',
  })
  const [row] = await result.json<{ rows: string; distinct: string }>()
  return { rows: Number(row?.rows), distinct: Number(row?.distinct) }
}

async function countAlerts(bus: Bus): Promise<{ messages: number; distinct: number }> {
  const { state } = await bus.jsm.streams.info(STREAM.alerts)
  return { messages: state.messages, distinct: state.num_subjects ?? 0 }
}

function tell(what: string): void {
  process.stderr.write(`pipeline: ${what}\n`)
}

export default {
  name: 'pipeline',
  question:
    'How many reads a second does the pipeline take, beside a consumer that only acknowledges?',
  fields:
    'reads, drain_reads_s, null_consumer_reads_s, ratio, batched_reads_s, null_batched_reads_s, ' +
    'batched_ratio, lost, duplicated, alerts_expected, alerts_missed, alerts_doubled, ' +
    'rss_mb_max, entries',
  run,
} satisfies Bench
