// How long from the publish of a read to its alert's frame on a console's WebSocket, while reads
// flow at a steady rate. One clock: this process publishes the reads and holds the console.
import { WebSocket } from 'ws'
import { addUser, openUsers } from '../src/access/users.ts'
import type { Bus } from '../src/bus/connection.ts'
import type { Alert } from '../src/domain/alert.ts'
import { Pace, pause } from '../src/simulate/pace.ts'
import { jetStreamPublish, Publisher } from '../src/simulate/publish.ts'
import { type RunningService, withService } from '../test/helpers/service.ts'
import { until } from '../test/helpers/until.ts'
import type { Bench, BenchOptions } from './bench.ts'
import { importEntries, makeEntries, makeTraffic } from './lib/traffic.ts'

const RATE_READS_S = 5_000
const ENTRIES = 100_000
/**
 * Alerts that are timed: a read of a listed plate each, at a camera where it has not passed yet.
 */
const PROBES_S = 20
const SECONDS = 40
const WARM_UP_SHARE = 0.25
const ARRIVE_MS_MAX = 10_000

function run(options: BenchOptions): Promise<Record<string, unknown>> {
  const rate_reads_s = options.rate ?? (options.tiny ? 500 : RATE_READS_S)
  const seconds = options.tiny ? 3 : SECONDS * (options.scale ?? 1)
  const entries = makeEntries(options.tiny ? 1_000 : ENTRIES)
  return withService({}, async (service) => {
    const bus = await service.bus()
    await importEntries(bus, service.store(), entries, 'fold')
    await until(
      async () => (await service.metrics()).includes(`hotplate_hotlist_entries ${entries.length}`),
      {
        ms: 60_000,
        what: 'the list in force',
      },
    )
    const sent = new Map<string, number>()
    const latencies: number[] = []
    const console_ = await openConsole(service, bus, (alert) => {
      const start = sent.get(alert.read.id)
      if (start !== undefined) latencies.push(performance.now() - start)
      sent.delete(alert.read.id)
    })
    // Plates that no simulated vehicle bears: only a probe alerts on them.
    const plates = entries.slice(-2_000).map(({ plate }) => plate)
    const probes = await publish(bus, entries, plates, { rate_reads_s, seconds, sent })
    await until(() => sent.size === 0, { ms: ARRIVE_MS_MAX, what: 'the last alert' }).catch(
      () => {},
    )
    console_.close()
    const timed = latencies
      .slice(Math.floor(latencies.length * WARM_UP_SHARE))
      .sort((a, b) => a - b)
    return {
      rate_reads_s,
      p50_ms: quantile(timed, 0.5),
      p99_ms: quantile(timed, 0.99),
      p999_ms: quantile(timed, 0.999),
      alerts_timed: timed.length,
      alerts_missed: probes - latencies.length,
      entries: entries.length,
    }
  })
}

function quantile(sorted: readonly number[], share: number): number {
  const at = Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)
  return Math.round((sorted[Math.max(0, at)] ?? Number.NaN) * 100) / 100
}

async function openConsole(
  service: RunningService,
  bus: Bus,
  onAlert: (alert: Alert) => void,
): Promise<WebSocket> {
  const { password } = await addUser(await openUsers(bus), { name: 'bench', demo: false })
  const origin = `http://127.0.0.1:${service.gateway_port}`
  const response = await fetch(`${origin}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ user: 'bench', password }),
  })
  if (!response.ok) throw new Error(`Signing in answered ${response.status}`)
  const cookie = (response.headers.getSetCookie()[0] ?? '').split(';')[0] as string
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/v1/alerts/stream`, {
    headers: { cookie, origin },
  })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as { type: string; alert?: Alert }
    if (frame.type === 'alert' && frame.alert) onAlert(frame.alert)
  })
  socket.send('{"type":"resume","after":0}')
  return socket
}

interface Publishing {
  rate_reads_s: number
  seconds: number
  sent: Map<string, number>
}

/** Traffic at the rate, with a probe every now and then. @returns probes sent */
async function publish(
  bus: Bus,
  entries: ReturnType<typeof makeEntries>,
  plates: readonly string[],
  { rate_reads_s, seconds, sent }: Publishing,
): Promise<number> {
  const forever = new AbortController().signal
  const publisher = new Publisher(jetStreamPublish(bus.nc), { signal: forever })
  const pace = new Pace(rate_reads_s)
  const count = Math.round(rate_reads_s * seconds)
  const every = Math.max(1, Math.round(rate_reads_s / PROBES_S))
  let due = 0
  let reads = 0
  let probes = 0
  for (const message of makeTraffic(entries, {
    reads: count,
    batch: 1,
    seed: 3,
    start_ms: Date.now(),
  })) {
    for (; due === 0; due = pace.take()) await pause(pace.wait_ms(), forever)
    due -= 1
    await publisher.send({ ...message, reads: 1 })
    reads += 1
    if (reads % every !== 0) continue
    const plate = plates[probes % plates.length] as string
    const camera = `probe-${Math.floor(probes / plates.length)}`
    const id = `probe-${probes}`
    probes += 1
    const payload = JSON.stringify({ id, camera, plate, time: new Date().toISOString() })
    sent.set(id, performance.now())
    await publisher.send({ subject: `reads.v1.${camera}`, payload: Buffer.from(payload), reads: 1 })
  }
  await publisher.drain()
  return probes
}

export default {
  name: 'latency',
  question: "How long does a read take from its publish to its alert's frame on a console?",
  fields: 'rate_reads_s, p50_ms, p99_ms, p999_ms, alerts_timed, alerts_missed, entries',
  run,
} satisfies Bench
