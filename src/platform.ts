// What everything stands on: the bus and the store, embedded or outside, with streams and schema in
// place.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Bus, connectBus } from './bus/connection.ts'
import { readNatsCredentials, startEmbeddedNats } from './bus/embedded.ts'
import { ensureStreams, storeBytesMax } from './bus/streams.ts'
import type { Config } from './config/schema.ts'
import { HotplateError } from './domain/error.ts'
import { connectStore, type Store } from './store/client.ts'
import { readClickHouseCredentials, startEmbeddedClickHouse } from './store/embedded.ts'
import { applySchema } from './store/schema.ts'
import { lockFolder } from './supervise/lock.ts'
import type { Logger } from './telemetry/log.ts'
import type { Metrics } from './telemetry/metrics.ts'

export interface Platform {
  bus: Bus
  store: Store
  /** One more connection: what must not wait behind a flood of reads has one of its own. */
  connect(name: string): Promise<Bus>
  /**
   * Where cameras publish, and as whom; null for an outside server, whose users are its operator's.
   */
  camera: { url: string; user: string; password: string } | null
  /** A service of the same folder runs beside. */
  joined: boolean
  stop(): Promise<void>
}

/** Whose data a folder holds: invented data and real data never share one. */
export type DataKind = 'demo' | 'real'

/** Subject and headers of a message. */
const ENVELOPE_BYTES_MAX = 64 * 1024
const SCHEMA_RETRY_MS = 2_000
/** A service that was just told to stop may still hold the folder. */
const LOCK_WAIT_MS_MAX = 5_000

export interface PlatformOptions {
  config: Config
  /** `any` leaves the folder's mark as it is: for commands that serve both. */
  kind: DataKind | 'any'
  log: Logger
  metrics: Metrics
  name: string
  lock_wait_ms_max?: number
  /** Called once the folder is this process's own, before anything is started in it. */
  onLocked?: () => Promise<void>
}

/**
 * Takes the data folder, starts what is embedded, connects, and brings streams and schema up to
 * date.
 * @throws HotplateError DATA_FOLDER_LOCKED, DATA_FOLDER_KIND, PORT_TAKEN, …
 */
export async function startPlatform(o: PlatformOptions): Promise<Platform> {
  const { config, log, metrics } = o
  mkdirSync(config.data_dir, { recursive: true, mode: 0o700 })
  const lock = await lockFolder(config.data_dir, o.lock_wait_ms_max ?? LOCK_WAIT_MS_MAX)
  const stops: (() => void | Promise<void>)[] = [() => lock.release()]
  const stop = async () => {
    for (const step of stops.splice(0).reverse()) await step()
  }
  try {
    if (o.kind !== 'any') markFolder(config.data_dir, o.kind)
    await o.onLocked?.()
    const [nats, clickhouse] = await Promise.allSettled([startNats(o), startClickHouse(o)])
    if (clickhouse.status === 'fulfilled') stops.push(clickhouse.value.stop)
    if (nats.status === 'fulfilled') stops.push(nats.value.stop)
    if (nats.status === 'rejected') throw nats.reason
    if (clickhouse.status === 'rejected') throw clickhouse.reason
    const bus = await openBus(config, nats.value, o.name, log)
    stops.push(() => bus.close())
    if (o.kind !== 'any') assertPayload(bus, config)
    await ensureStreams(bus, config)
    const store = openStore(config, clickhouse.value)
    stops.push(() => store.close())
    stops.push(await prepareStore(store, log))
    const connect = (name: string) => openBus(config, nats.value, name, log)
    return { bus, store, connect, camera: nats.value.camera, joined: false, stop }
  } catch (error) {
    await stop()
    throw error
  }

  async function startNats(options: PlatformOptions) {
    if (config.nats.url !== null) return { ...outsideNats(config), stop: async () => {} }
    const server = await startEmbeddedNats({
      data_dir: config.data_dir,
      port: config.nats.port,
      payload_bytes_max: config.nats.payload_bytes_max,
      store_bytes_max: storeBytesMax(config),
      partitions: config.ingest.partitions,
      sync_always: config.nats.sync_always,
      log: options.log,
      onRestart: () => metrics.engineRestarts.inc({ engine: 'nats' }),
    })
    const { url, service, camera } = server
    return { url, ...service, camera: { url, ...camera }, stop: () => server.stop() }
  }

  async function startClickHouse(options: PlatformOptions) {
    if (config.clickhouse.url !== null) return { ...outsideStore(config), stop: async () => {} }
    const engine = await startEmbeddedClickHouse({
      data_dir: config.data_dir,
      port: config.clickhouse.port,
      query_s_max: config.clickhouse.query_s_max,
      query_bytes_max: config.clickhouse.query_bytes_max,
      log: options.log,
      onRestart: () => metrics.engineRestarts.inc({ engine: 'clickhouse' }),
    })
    const { url, user, password } = engine
    return { url, user, password, stop: () => engine.stop() }
  }
}

/**
 * For a command: joins the running service of this data folder, or, where none runs, starts what it
 * needs for itself.
 */
export async function joinPlatform(o: PlatformOptions): Promise<Platform> {
  try {
    return await startPlatform({ ...o, lock_wait_ms_max: 0 })
  } catch (error) {
    if (!(error instanceof HotplateError && error.code === 'DATA_FOLDER_LOCKED')) throw error
  }
  const { config } = o
  const nats = config.nats.url === null ? embeddedNats(config) : outsideNats(config)
  const clickhouse =
    config.clickhouse.url === null
      ? readClickHouseCredentials(config.data_dir)
      : outsideStore(config)
  const bus = await openBus(config, nats, o.name, o.log)
  const store = openStore(config, clickhouse)
  return {
    bus,
    store,
    connect: (name) => openBus(config, nats, name, o.log),
    camera: nats.camera,
    joined: true,
    async stop() {
      await store.close()
      await bus.close()
    },
  }
}

/** A batch of rows is one message on BACKLOG: were it too large, rows would wait for ever. */
function assertPayload({ nc }: Bus, { ingest, nats }: Config): void {
  const needed = ingest.backlog_message_bytes_max + ENVELOPE_BYTES_MAX
  const { max_payload } = nc.info ?? {}
  if (max_payload === undefined || max_payload >= needed) return
  const where = nats.url === null ? 'nats.payload_bytes_max' : "the NATS server's max_payload"
  throw new HotplateError(
    'NATS_PAYLOAD_SMALL',
    `Expected ${where} to be at least ${needed} bytes but it is ${max_payload}: raise it`,
  )
}

interface NatsAccess {
  url: string
  user?: string
  password?: string
  camera: Platform['camera']
}

function embeddedNats(config: Config): NatsAccess {
  const { url, service, camera } = readNatsCredentials(config.data_dir)
  return { url, ...service, camera: { url, ...camera } }
}

function outsideNats({ nats }: Config): NatsAccess {
  return {
    url: nats.url as string,
    ...(nats.user === null ? {} : { user: nats.user }),
    ...(nats.password === null ? {} : { password: nats.password }),
    camera: null,
  }
}

function outsideStore({ clickhouse }: Config) {
  return {
    url: clickhouse.url as string,
    user: clickhouse.user,
    password: clickhouse.password ?? '',
  }
}

function openBus(config: Config, nats: NatsAccess, name: string, log: Logger): Promise<Bus> {
  return connectBus({
    servers: nats.url,
    ...(nats.user === undefined ? {} : { user: nats.user }),
    ...(nats.password === undefined ? {} : { password: nats.password }),
    ...(config.nats.ca_file === null ? {} : { ca_file: config.nats.ca_file }),
    name,
    replicas: config.nats.replicas,
    log,
  })
}

function openStore(
  { clickhouse }: Config,
  { url, user, password }: { url: string; user: string; password: string },
): Store {
  const { database, cluster } = clickhouse
  return connectStore({ url, user, password, database, cluster })
}

/**
 * A store that is down must not keep the service from starting: alerts don't need it, and BACKLOG
 * takes the rows. It may be empty when it comes, so the schema is tried for until it stands.
 * @returns gives up trying
 */
async function prepareStore(store: Store, log: Logger): Promise<() => Promise<void>> {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  const attempt = async (): Promise<void> => {
    try {
      // A store that hangs would hold up the start, and with it all alerts, for minutes.
      await store.check()
      await applySchema(store)
    } catch (error) {
      const passing = error instanceof HotplateError && error.code === 'STORE_UNAVAILABLE'
      if (error instanceof HotplateError && !passing) throw error
      if (stopped || timer !== undefined) return
      timer = setInterval(again, SCHEMA_RETRY_MS)
      log.error({ err: error }, 'The schema could not be brought up to date: is the store down?')
      return
    }
    clearInterval(timer)
  }
  const again = () => {
    running = running.then(attempt).catch((error: unknown) => {
      clearInterval(timer)
      log.error({ err: error }, 'The schema can not be brought up to date.')
    })
  }
  await attempt()
  return async () => {
    stopped = true
    clearInterval(timer)
    await running
  }
}

/** @throws HotplateError DATA_FOLDER_KIND where the folder holds data of the other kind */
function markFolder(data_dir: string, kind: DataKind): void {
  const file = join(data_dir, 'kind.json')
  const found = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { kind: DataKind }).kind
    : null
  const foreign = readdirSync(data_dir).filter(
    (name) => !name.startsWith('lock') && name !== 'kind.json.new',
  )
  if (found === null && foreign.length > 0 && kind === 'demo') {
    throw new HotplateError(
      'DATA_FOLDER_KIND',
      `${data_dir} holds data that is not the demo's: give the demo an empty folder ` +
        'with --data DIR',
    )
  }
  if (found !== null && found !== kind) {
    throw new HotplateError(
      'DATA_FOLDER_KIND',
      kind === 'demo'
        ? `${data_dir} holds real data: give the demo an empty folder with --data DIR`
        : `${data_dir} holds the demo's invented data: give the service an empty folder ` +
            'with --data DIR, or remove it',
    )
  }
  if (found !== null) return
  // Whole or not at all: half a mark would keep every later start from reading it.
  writeFileSync(`${file}.new`, `${JSON.stringify({ kind })}\n`)
  renameSync(`${file}.new`, file)
}
