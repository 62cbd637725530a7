// How long from the publish of a read to its alert's frame on a console's WebSocket, while reads
// flow at a steady rate. One clock: this process publishes the reads and holds the console.
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { addUser, openUsers } from '../src/access/users.ts'
import type { Bus } from '../src/bus/connection.ts'
import type { Alert } from '../src/domain/alert.ts'
import { metricOf, type RunningService, withService } from '../test/helpers/service.ts'
import { until } from '../test/helpers/until.ts'
import type { Bench, BenchOptions } from './bench.ts'
import { importEntries, makeEntries } from './lib/traffic.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
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
    const plates = entries.slice(-2_000).map(({ plate }) => plate)
    const network = startNetwork(service, rate_reads_s)
    try {
      await until(async () => (await received(service)) > rate_reads_s, {
        ms: 30_000,
        what: 'the camera network',
      })
      const [before, start_ms] = [await received(service), performance.now()]
      const probes = await probe(bus, plates, seconds, sent)
      const passed_s = (performance.now() - start_ms) / 1_000
      const measured_reads_s = ((await received(service)) - before) / passed_s
      await until(() => sent.size === 0, { ms: ARRIVE_MS_MAX, what: 'the last alert' }).catch(
        () => {},
      )
      return report({ rate_reads_s, measured_reads_s, probes, entries: entries.length }, latencies)
    } finally {
      network.kill('SIGKILL')
      console_.close()
    }
  })
}

interface Run {
  rate_reads_s: number
  measured_reads_s: number
  probes: number
  entries: number
}

function report({ probes, measured_reads_s, ...run }: Run, latencies: number[]) {
  const timed = latencies.slice(Math.floor(latencies.length * WARM_UP_SHARE)).sort((a, b) => a - b)
  return {
    ...run,
    measured_reads_s: Math.round(measured_reads_s),
    p50_ms: quantile(timed, 0.5),
    p99_ms: quantile(timed, 0.99),
    p999_ms: quantile(timed, 0.999),
    alerts_timed: timed.length,
    alerts_missed: probes - latencies.length,
  }
}

async function received(service: RunningService): Promise<number> {
  return metricOf(await service.metrics(), 'hotplate_reads_received_total')
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

/**
 * The camera network, as a process of its own: made in this one, its work would stand between a
 * frame's arrival and its being timed.
 */
function startNetwork(service: RunningService, rate_reads_s: number): ChildProcess {
  const args = ['simulate', '--cameras', '200', '--rate', String(rate_reads_s)]
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    env: { ...process.env, HOTPLATE_DATA_DIR: service.data_dir },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** Publishes a probe every now and then. @returns probes sent */
async function probe(
  bus: Bus,
  plates: readonly string[],
  seconds: number,
  sent: Map<string, number>,
): Promise<number> {
  const probes = Math.round(seconds * PROBES_S)
  for (let n = 0; n < probes; n += 1) {
    const plate = plates[n % plates.length] as string
    const camera = `probe-${Math.floor(n / plates.length)}`
    const payload = JSON.stringify({
      id: `probe-${n}`,
      camera,
      plate,
      time: new Date().toISOString(),
    })
    sent.set(`probe-${n}`, performance.now())
    await bus.js.publish(`reads.v1.${camera}`, payload)
    // Not in step with any timer of the service.
    await new Promise((resolve) => setTimeout(resolve, (0.5 + Math.random()) * (1_000 / PROBES_S)))
  }
  return probes
}

export default {
  name: 'latency',
  question: "How long does a read take from its publish to its alert's frame on a console?",
  fields:
    'rate_reads_s, measured_reads_s, p50_ms, p99_ms, p999_ms, alerts_timed, alerts_missed, entries',
  run,
} satisfies Bench
