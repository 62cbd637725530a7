// The connection to NATS: one per process, reconnecting for ever, with an inbox of its own.
import { randomBytes } from 'node:crypto'
import {
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream'
import {
  connect,
  createInbox,
  errors,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node'
import { HotplateError } from '../domain/error.ts'
import type { Logger } from '../telemetry/log.ts'

export interface Bus {
  nc: NatsConnection
  js: JetStreamClient
  jsm: JetStreamManager
  /**
   * For the buckets that this process opens; without it, one replica for new ones, and others stay
   * as they are.
   */
  replicas?: number
  log?: Logger
  /** Sends what waits, ends the subscriptions, closes; bounded, also when the server is away. */
  close(): Promise<void>
}

export interface BusOptions {
  /** One or more, with commas; `tls://` asks for TLS. */
  servers: string
  user?: string
  password?: string
  ca_file?: string
  /** Shown in the server's list of connections. */
  name: string
  replicas?: number
  connect_ms_max?: number
  /** Told when the connection goes and comes back. */
  log?: Logger
}

const CONNECT_MS_MAX = 10_000
const ATTEMPT_MS_MAX = 3_000
const RETRY_MS = 200
const DRAIN_MS_MAX = 3_000

/**
 * Connects, waiting `connect_ms_max` (10 s by default) for a server; from then on the connection
 * comes back for ever.
 * @throws HotplateError BUS_UNAVAILABLE when nobody answers, BUS_REFUSED when user or password is
 *   wrong
 */
export async function connectBus(o: BusOptions): Promise<Bus> {
  const how = describeConnection(o)
  const nc = await connectInTime(o, how)
  if (o.log !== undefined) void follow(nc, o.log)
  return {
    nc,
    ...(await openJetStream(nc)),
    ...(o.replicas === undefined ? {} : { replicas: o.replicas }),
    ...(o.log === undefined ? {} : { log: o.log }),
    close: () => close(nc),
  }
}

/** JetStream on a connection, with a bound of its own on each answer. */
export async function openJetStream(
  nc: NatsConnection,
  timeout_ms = 5_000,
): Promise<Pick<Bus, 'js' | 'jsm'>> {
  // Watches would else listen on the common inbox prefix, which this user may not be allowed.
  const how = { timeout: timeout_ms, watcherPrefix: inboxPrefix(nc) }
  return { js: jetstream(nc, how), jsm: await jetstreamManager(nc, { ...how, checkAPI: false }) }
}

function describeConnection(o: BusOptions): NodeConnectionOptions {
  const servers = o.servers.split(',').map((server) => server.trim())
  // The user comes first: the server's permissions give each user the inboxes below its name only.
  const owner = (o.user ?? 'hotplate').replaceAll(/[^A-Za-z0-9_-]/g, '_')
  const tls =
    o.ca_file !== undefined
      ? { caFile: o.ca_file }
      : servers.some((server) => server.startsWith('tls://'))
        ? {}
        : null
  return {
    servers,
    name: o.name,
    inboxPrefix: `_INBOX_${owner}.${randomBytes(8).toString('hex')}`,
    ...(o.user === undefined ? {} : { user: o.user }),
    ...(o.password === undefined ? {} : { pass: o.password }),
    ...(tls === null ? {} : { tls }),
    timeout: ATTEMPT_MS_MAX,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_MS,
    reconnectJitter: RETRY_MS,
    // A server in the middle of its own restart may refuse twice: not a reason to give up for ever.
    ignoreAuthErrorAbort: true,
    pingInterval: 10_000,
    maxPingOut: 2,
  }
}

async function connectInTime(o: BusOptions, how: NodeConnectionOptions): Promise<NatsConnection> {
  const end = performance.now() + (o.connect_ms_max ?? CONNECT_MS_MAX)
  for (;;) {
    try {
      return await connect(how)
    } catch (cause) {
      if (isRefusal(cause)) {
        throw new HotplateError(
          'BUS_REFUSED',
          `NATS at ${o.servers} refuses user ${o.user ?? '(none)'}:` +
            ' set nats.user and nats.password',
          { cause },
        )
      }
      if (performance.now() >= end) {
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new HotplateError(
          'BUS_UNAVAILABLE',
          `NATS at ${o.servers} can't be reached (${why}): start it or set nats.url`,
          { cause },
        )
      }
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

function isRefusal(error: unknown): boolean {
  if (error instanceof errors.AuthorizationError) return true
  if (error instanceof errors.UserAuthenticationExpiredError) return true
  return error instanceof Error && error.cause !== undefined && isRefusal(error.cause)
}

async function follow(nc: NatsConnection, log: Logger): Promise<void> {
  void nc.closed().then((error) => {
    if (error) log.error({ err: error }, 'The connection to NATS was closed.')
  })
  for await (const status of nc.status()) {
    if (status.type === 'disconnect') log.warn({ server: status.server }, 'NATS was lost.')
    if (status.type === 'reconnect') log.info({ server: status.server }, 'NATS is back.')
    if (status.type === 'error') log.warn({ err: status.error }, 'NATS reported an error.')
  }
}

async function close(nc: NatsConnection): Promise<void> {
  if (nc.isClosed()) return
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, DRAIN_MS_MAX)
  })
  // Draining waits for an answer of the server, which may be away.
  await Promise.race([nc.drain().catch(() => {}), late])
  clearTimeout(timer)
  await nc.close()
}

/**
 * A new inbox of this connection: the server's permissions give each user those below its own
 * prefix only.
 */
export function newInbox({ nc }: Bus): string {
  return createInbox(inboxPrefix(nc))
}

/**
 * The client keeps its options to itself, and its own `createInbox` knows the common prefix only.
 */
function inboxPrefix(nc: NatsConnection): string {
  return (nc as unknown as { options: { inboxPrefix: string } }).options.inboxPrefix
}
