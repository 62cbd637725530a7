// The embedded nats-server: a supervised child with JetStream, users, its own port and folder, on
// loopback only.
import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { HotplateError } from '../domain/error.ts'
import { type ChildOptions, endLeftover, superviseChild } from '../supervise/child.ts'
import { assertPortFree } from '../supervise/port.ts'
import type { Logger } from '../telemetry/log.ts'
import {
  keepNatsCredentials,
  type NatsCredentials,
  natsFolder,
  writePrivate,
} from './credentials.ts'

export { readNatsCredentials } from './credentials.ts'

export interface EmbeddedNats {
  url: string
  service: { user: string; password: string }
  camera: { user: string; password: string }
  readonly pid: number
  readonly restarts: number
  stop(): Promise<void>
}

export interface EmbeddedNatsOptions {
  data_dir: string
  port: number
  payload_bytes_max: number
  /**
   * Sum of all streams and documents; explicit, so that the server doesn't guess one from the free
   * disk.
   */
  store_bytes_max: number
  partitions: number
  log: Logger
  onRestart?: (why: string) => void
  /**
   * Sync each write to the disk before its ack: survives a power cut too. Needs nats-server 2.10;
   * without it an acked message survives any death of the server (it is in the system's page
   * cache), not one of the machine.
   */
  sync_always?: boolean
}

const HOST = '127.0.0.1'
/** A predecessor that was just told to stop may still hold the port. */
const PORT_WAIT_MS_MAX = 5_000
/** Recovery reads the index of every stream; a full store takes a while on a slow disk. */
const READY_MS_MAX = 120_000
const STOP_MS_MAX = 10_000
const MEMORY_STORE_BYTES_MAX = 256 * 1024 * 1024
/**
 * What may wait for one slow reader; the server's own 64 MB cut off a pull of many large messages.
 */
const PENDING_BYTES_MAX = 256 * 1024 * 1024

/**
 * Starts `nats-server` for a data folder and keeps it running. A server that already runs on the
 * machine is never adopted.
 * @throws HotplateError NATS_SERVER_MISSING, NATS_SERVER_TOO_OLD, PORT_TAKEN, CHILD_RUNNING,
 *   CHILD_FAILED
 */
export async function startEmbeddedNats(options: EmbeddedNatsOptions): Promise<EmbeddedNats> {
  const { port, log, onRestart } = options
  const command = findNatsServer()
  if (options.sync_always) assertKnowsSync(command)
  const data_dir = resolve(options.data_dir)
  const folder = natsFolder(data_dir)
  const url = `nats://${HOST}:${port}`
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const child: Omit<ChildOptions, 'ready' | 'args'> = {
    name: 'nats-server',
    command,
    ready_ms_max: READY_MS_MAX,
    backoff_ms_min: 100,
    backoff_ms_max: 5_000,
    stop_ms_max: STOP_MS_MAX,
    log,
    output: 'log',
    pid_file: join(folder, 'server.pid'),
    ...(onRestart === undefined ? {} : { onRestart }),
  }
  await endLeftover(child)
  await assertPortFree(HOST, port, 'nats.port', PORT_WAIT_MS_MAX)
  const credentials = keepNatsCredentials(data_dir, url)
  const conf = join(folder, 'nats.conf')
  writePrivate(conf, describeServer({ ...options, data_dir }, credentials))
  const supervised = await superviseChild({
    ...child,
    args: ['-c', conf],
    ready: () => serves(credentials),
  })
  return {
    url,
    service: credentials.service,
    camera: credentials.camera,
    get pid() {
      return supervised.pid
    },
    get restarts() {
      return supervised.restarts
    },
    stop: () => supervised.stop(),
  }
}

/**
 * The server's configuration. Passwords stand in it as they are: the file is for the service's
 * account alone (0600), they are long and random, so that a hash would protect nothing that the
 * file doesn't, and bcrypt would cost each connection a tenth of a second of the processor.
 */
function describeServer(
  options: Pick<
    EmbeddedNatsOptions,
    'data_dir' | 'port' | 'payload_bytes_max' | 'store_bytes_max' | 'partitions' | 'sync_always'
  >,
  { service, camera }: Pick<NatsCredentials, 'service' | 'camera'>,
): string {
  const text = JSON.stringify
  const { port, partitions, payload_bytes_max, store_bytes_max } = options
  const mapped = `reads.p.{{partition(${partitions},1)}}.{{wildcard(1)}}`
  const lines = [
    `listen: ${text(`${HOST}:${port}`)}`,
    'server_name: "hotplate"',
    `max_payload: ${payload_bytes_max}`,
    `max_pending: ${PENDING_BYTES_MAX}`,
    'write_deadline: "10s"',
    'jetstream {',
    `  store_dir: ${text(join(natsFolder(options.data_dir), 'jetstream'))}`,
    `  max_memory_store: ${MEMORY_STORE_BYTES_MAX}`,
    `  max_file_store: ${store_bytes_max}`,
    ...(options.sync_always ? ['  sync_interval: "always"'] : []),
    '}',
    'authorization {',
    '  users: [',
    `    { user: ${text(service.user)}, password: ${text(service.password)} }`,
    `    { user: ${text(camera.user)}, password: ${text(camera.password)}, permissions: {`,
    // The answer to a JetStream publish comes to the publisher's inbox; a shared prefix would show
    // it others' answers.
    `      publish: ${text(cameraSubjects(partitions))},`,
    `      subscribe: ["_INBOX_${camera.user}.>"] } }`,
    '  ]',
    '}',
    ...(partitions > 1 ? ['mappings {', `  "reads.v1.*": ${text(mapped)}`, '}'] : []),
  ]
  return `${lines.join('\n')}\n`
}

/**
 * nats-server asks for the right to the mapped subject, not to the one that was published to.
 * Partitions that nobody pulls stay forbidden: a read put there would never be seen.
 */
function cameraSubjects(partitions: number): string[] {
  if (partitions === 1) return ['reads.v1.*']
  const mapped = Array.from({ length: partitions }, (_, index) => `reads.p.${index}.*`)
  return ['reads.v1.*', ...mapped]
}

/** @throws HotplateError NATS_SERVER_MISSING that says what to install */
export function findNatsServer(): string {
  // Debian's package puts it in /usr/sbin, which is on few people's PATH.
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
    '/usr/sbin',
    '/usr/local/sbin',
    resolve(import.meta.dirname, '../../.tools'),
    resolve(import.meta.dirname, '../../.tools/bin'),
  ]
  for (const folder of folders) {
    const file = join(folder, 'nats-server')
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // Not in this one.
    }
  }
  throw new HotplateError(
    'NATS_SERVER_MISSING',
    'No nats-server found on PATH, in /usr/sbin, /usr/local/sbin or .tools: install it' +
      ' (apt-get install nats-server, brew install nats-server), or set nats.url',
  )
}

function assertKnowsSync(command: string): void {
  const said = execFileSync(command, ['--version'], { encoding: 'utf8', timeout: 10_000 })
  const [, major = '0', minor = '0'] = /v(\d+)\.(\d+)/.exec(said) ?? []
  if (Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 10)) return
  throw new HotplateError(
    'NATS_SERVER_TOO_OLD',
    `sync_always needs nats-server 2.10 or newer, but ${command} is ${said.trim()}`,
  )
}

/** Rejects until the service user may use JetStream. */
async function serves({ url, service }: NatsCredentials): Promise<void> {
  const nc = await connect({
    servers: url,
    user: service.user,
    pass: service.password,
    inboxPrefix: `_INBOX_${service.user}`,
    reconnect: false,
    timeout: 2_000,
  })
  try {
    await jetstreamManager(nc, { timeout: 2_000 })
  } finally {
    await nc.close()
  }
}
