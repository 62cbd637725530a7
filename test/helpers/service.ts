// The real program for a test or a bench: `hotplate serve` as a process of its own, on free ports,
// in a folder of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Bus, connectBus } from '../../src/bus/connection.ts'
import { readNatsCredentials } from '../../src/bus/embedded.ts'
import { connectStore, type Store } from '../../src/store/client.ts'
import { readClickHouseCredentials } from '../../src/store/embedded.ts'
import { temporaryFolder } from './folder.ts'
import { freePort } from './ports.ts'
import { until } from './until.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const READY_MS_MAX = 60_000

export interface ServiceSettings {
  roles?: string
  /** More of HOTPLATE_*, as `{ INGEST__WORKERS: '2' }`. */
  settings?: Record<string, string>
  /** Joins the engines of another service instead of starting some. */
  join?: RunningService
  data_dir?: string
  /** Told everything that the service writes on stderr, which otherwise goes to the terminal. */
  onLog?: (text: string) => void
}

export interface RunningService extends AsyncDisposable {
  process: ChildProcess
  pid: number
  data_dir: string
  gateway_port: number
  health_port: number
  settings: Record<string, string>
  /** Connections to its engines, made at the first call and closed with it. */
  bus(): Promise<Bus>
  store(): Store
  metrics(): Promise<string>
  /** kill -9 of the service alone; resolves once it is gone. */
  kill(): Promise<void>
  /** Starts it again in the same folder and with the same settings, after a kill. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startService(options: ServiceSettings = {}): Promise<RunningService> {
  const folder = options.data_dir === undefined ? temporaryFolder() : null
  const data_dir = options.data_dir ?? join(folder?.path as string, 'data')
  const settings = await settingsOf(options)
  const spawned = () => spawnService(data_dir, options.roles, settings, options.onLog)
  let child = spawned()
  let bus: Promise<Bus> | undefined
  let store: Store | undefined
  const engines = options.join?.data_dir ?? data_dir
  const service: RunningService = {
    get process() {
      return child
    },
    get pid() {
      return child.pid as number
    },
    data_dir,
    gateway_port: Number(settings.GATEWAY__PORT),
    health_port: Number(settings.HEALTH__PORT),
    settings,
    bus() {
      bus ??= connectTo(engines)
      return bus
    },
    store() {
      store ??= storeOf(engines)
      return store
    },
    async metrics() {
      const response = await fetch(`http://127.0.0.1:${settings.HEALTH__PORT}/metrics`)
      return response.text()
    },
    async kill() {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
    async restart() {
      child = spawned()
      await ready(child)
    },
    async stop() {
      await bus?.then((connection) => connection.close())
      await store?.close()
      bus = undefined
      store = undefined
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit')
        child.kill('SIGTERM')
        await gone
      }
    },
    async [Symbol.asyncDispose]() {
      await service.stop()
      folder?.[Symbol.dispose]()
    },
  }
  try {
    await ready(child)
  } catch (error) {
    await service[Symbol.asyncDispose]()
    throw error
  }
  return service
}

async function settingsOf(options: ServiceSettings): Promise<Record<string, string>> {
  const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const [nats, clickhouse, gateway, health] = ports.map(String) as [string, string, string, string]
  return {
    NATS__PORT: nats,
    CLICKHOUSE__PORT: clickhouse,
    GATEWAY__PORT: gateway,
    HEALTH__PORT: health,
    LOG__LEVEL: 'warn',
    ...(options.join ? joined(options.join) : {}),
    ...options.settings,
  }
}

/** For benches, which run without a transpiler that knows `await using`. */
export async function withService<T>(
  options: ServiceSettings,
  work: (service: RunningService) => Promise<T>,
): Promise<T> {
  const service = await startService(options)
  try {
    return await work(service)
  } finally {
    await service[Symbol.asyncDispose]()
  }
}

function spawnService(
  data_dir: string,
  roles: string | undefined,
  settings: Record<string, string>,
  onLog: ((text: string) => void) | undefined,
): ChildProcess {
  const env = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`HOTPLATE_${name}`, value]),
  )
  const args = [MAIN, 'serve', '--data', data_dir, ...(roles ? ['--roles', roles] : [])]
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', onLog ? 'pipe' : 'inherit'],
  })
  if (onLog) child.stderr?.setEncoding('utf8').on('data', onLog)
  return child
}

async function ready(child: ChildProcess): Promise<void> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  let said = false
  lines.on('line', (line) => {
    said ||= line.startsWith('Hotplate is ready')
  })
  await until(() => said || child.exitCode !== null || child.signalCode !== null, {
    ms: READY_MS_MAX,
    what: 'the ready line',
  })
  if (!said) throw new Error(`The service ended with ${child.exitCode ?? child.signalCode}`)
}

/** Settings that point another process at the engines of a running one. */
function joined(other: RunningService): Record<string, string> {
  const nats = readNatsCredentials(other.data_dir)
  const clickhouse = readClickHouseCredentials(other.data_dir)
  return {
    NATS__URL: nats.url,
    NATS__USER: nats.service.user,
    NATS__PASSWORD: nats.service.password,
    CLICKHOUSE__URL: clickhouse.url,
    CLICKHOUSE__USER: clickhouse.user,
    CLICKHOUSE__PASSWORD: clickhouse.password,
  }
}

function connectTo(data_dir: string): Promise<Bus> {
  const { url, service } = readNatsCredentials(data_dir)
  return connectBus({ servers: url, ...service, name: 'test' })
}

function storeOf(data_dir: string): Store {
  return connectStore({
    ...readClickHouseCredentials(data_dir),
    database: 'hotplate',
    cluster: null,
  })
}

/** The value of a metric, summed over its labels. */
export function metricOf(text: string, name: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

/** Resident memory of a process and everything that it started, MiB. */
export function residentMib(pid: number): number {
  let sum = 0
  const family = [pid]
  for (const member of family) {
    try {
      const status = readFileSync(`/proc/${member}/status`, 'utf8')
      sum += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
      const children = readFileSync(`/proc/${member}/task/${member}/children`, 'utf8')
      family.push(...children.split(' ').filter(Boolean).map(Number))
    } catch {
      // Ended between the two looks.
    }
  }
  return sum
}
