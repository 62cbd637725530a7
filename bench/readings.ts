// Labelled readings of real engines through the whole system: the true plates stand on a list of
// 100,000 among decoys of the same formats, the readings are replayed as a camera network would
// send them, and the alerts are held against the truth.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bus } from '../src/bus/connection.ts'
import { STREAM } from '../src/bus/streams.ts'
import type { Alert } from '../src/domain/alert.ts'
import { PROFILES, type Profile } from '../src/domain/hotlist.ts'
import { zeroFold } from '../src/domain/plate.ts'
import { loadLookAlikes } from '../src/matching/look-alikes.ts'
import { jetStreamPublish } from '../src/simulate/publish.ts'
import {
  type ConvertedReadings,
  convertReadings,
  type ReadTruth,
} from '../src/simulate/readings.ts'
import { readReadings, writeReadings } from '../src/simulate/readings-files.ts'
import { replayFile } from '../src/simulate/replay.ts'
import { metricOf, type RunningService, withService } from '../test/helpers/service.ts'
import { until } from '../test/helpers/until.ts'
import type { Bench, BenchOptions } from './bench.ts'
import { madeReadings } from './lib/made-readings.ts'
import { importEntries } from './lib/traffic.ts'

const SEED = 7
const PROFILE: Profile = PROFILES[2]
const SETTLE_MS_MAX = 120_000

async function run(options: BenchOptions): Promise<Record<string, unknown>> {
  const csv = options.readings ? readReadings(options.readings) : madeReadings(options.tiny)
  const converted = convertReadings(csv, {
    seed: SEED,
    list_entries: options.tiny ? 5_000 : 100_000,
    classes: loadLookAlikes(),
    now_ms: Date.now(),
  })
  const folder = mkdtempSync(join(tmpdir(), 'hotplate-readings-'))
  try {
    writeReadings(converted, folder)
    return await withService({}, (service) => replay(service, converted, folder))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function replay(
  service: RunningService,
  converted: ConvertedReadings,
  folder: string,
): Promise<Record<string, unknown>> {
  const bus = await service.bus()
  const { entries, truth } = converted
  const listed = entries.map(({ plate, state, reason }) => ({
    plate,
    reason,
    ...(state === '' ? {} : { region: state }),
  }))
  await importEntries(bus, service.store(), listed, PROFILE)
  await until(async () => metricOf(await service.metrics(), 'hotplate_hotlist_entries') > 0, {
    ms: SETTLE_MS_MAX,
    what: 'the list in force',
  })
  await replayFile({
    publish: jetStreamPublish(bus.nc),
    file: join(folder, 'reads.ndjson'),
    rate_reads_s: 0,
  })
  await until(
    async () => metricOf(await service.metrics(), 'hotplate_reads_stored_total') >= truth.length,
    { ms: SETTLE_MS_MAX, what: 'all reads in the store' },
  )
  return judgeAlerts(await readAlerts(bus), truth, entries.length)
}

async function readAlerts(bus: Bus): Promise<Alert[]> {
  const { state } = await bus.jsm.streams.info(STREAM.alerts)
  if (state.messages === 0) return []
  const consumer = await bus.js.consumers.get(STREAM.alerts)
  const alerts: Alert[] = []
  for await (const message of await consumer.consume({ max_messages: 1_000 })) {
    alerts.push(message.json<Alert>())
    if (message.seq >= state.last_seq) break
  }
  return alerts
}

function judgeAlerts(alerts: readonly Alert[], truth: readonly ReadTruth[], entries: number) {
  const by_read = new Map<string, Set<string>>()
  for (const { read, entry } of alerts) {
    const key = `${read.camera} ${read.id}`
    by_read.set(key, (by_read.get(key) ?? new Set()).add(zeroFold(entry.plate)))
  }
  let misread = 0
  let misread_alerted = 0
  let faithful_alerted = 0
  let wrong_alerts = 0
  for (const { camera, id, plate, truth: true_plate } of truth) {
    const found = by_read.get(`${camera} ${id}`) ?? new Set<string>()
    const right = found.has(zeroFold(true_plate))
    wrong_alerts += found.size - (right ? 1 : 0)
    if (plate !== true_plate) {
      misread += 1
      misread_alerted += right ? 1 : 0
    } else {
      faithful_alerted += right ? 1 : 0
    }
  }
  const reads = truth.length
  return {
    reads,
    entries,
    faithful: reads - misread,
    faithful_alerted,
    misread,
    misread_alerted,
    misread_alerted_share: Math.round((misread_alerted / misread) * 1_000) / 1_000,
    wrong_alerts,
    wrong_alerts_read: Math.round((wrong_alerts / reads) * 10_000) / 10_000,
  }
}

export default {
  name: 'readings',
  question: 'Of labelled readings, how many misread plates raise their alert, and how many wrong?',
  fields:
    'reads, entries, faithful, faithful_alerted, misread, misread_alerted, ' +
    'misread_alerted_share, wrong_alerts, wrong_alerts_read',
  run,
} satisfies Bench
