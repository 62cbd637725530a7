// The embedded ClickHouse engine, from the parent's side: its credentials, its process, its
// readiness.
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HotplateError } from '../domain/error.ts'
import { endLeftover, type SupervisedChild, superviseChild } from '../supervise/child.ts'
import { assertPortFree } from '../supervise/port.ts'
import type { Logger } from '../telemetry/log.ts'

const PROGRAM = fileURLToPath(new URL('embedded/main.ts', import.meta.url))
/**
 * A running query holds a thread of the pool to its end: 8 reads, 2 inserts, 2 kills, and some for
 * files.
 */
const THREADS = '16'
const READY_MS_MAX = 60_000
const STOP_MS_MAX = 15_000
const PORT_WAIT_MS_MAX = 2_000
const ASK_MS_MAX = 5_000

export interface ClickHouseCredentials {
  url: string
  user: string
  password: string
}

export interface EmbeddedClickHouse extends ClickHouseCredentials {
  /** Of the engine's process; 0 between its death and its restart. */
  readonly pid: number
  readonly restarts: number
  stop(): Promise<void>
}

export interface EmbeddedClickHouseOptions {
  data_dir: string
  port: number
  /** The longest that one query may take, in seconds; callers may ask for less. */
  query_s_max: number
  /** The most memory that one query may take; the whole engine may take twice that. */
  query_bytes_max: number
  log: Logger
  onRestart?: (why: string) => void
}

/**
 * Starts the engine on `data_dir`/clickhouse and keeps it running until `stop()`. Resolves when it
 * answers queries.
 * @throws HotplateError PORT_TAKEN, PORT_REFUSED, CLICKHOUSE_FOLDER_IN_USE, CLICKHOUSE_FAILED,
 * CHILD_RUNNING
 */
export async function startEmbeddedClickHouse(
  options: EmbeddedClickHouseOptions,
): Promise<EmbeddedClickHouse> {
  const { data_dir, port, log, onRestart } = options
  const folder = folderOf(data_dir)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const child = {
    name: 'clickhouse',
    log,
    pid_file: join(folder, 'engine.pid'),
    stop_ms_max: STOP_MS_MAX,
  }
  await endLeftover(child)
  await assertPortFree('127.0.0.1', port, 'clickhouse.port', PORT_WAIT_MS_MAX)
  const credentials = keepCredentials(folder, port)
  const supervised = await superviseChild({
    ...child,
    command: process.execPath,
    args: ['--no-warnings', PROGRAM, ...argumentsOf(folder, options)],
    env: environment(),
    ready: () => askReady(credentials),
    ready_ms_max: READY_MS_MAX,
    backoff_ms_min: 100,
    backoff_ms_max: 5_000,
    output: 'log',
    ...(onRestart === undefined ? {} : { onRestart }),
  }).catch((error: unknown) => {
    throw explain(error, folder)
  })
  return face(credentials, supervised)
}

/**
 * For commands beside a running service.
 * @throws HotplateError CLICKHOUSE_NO_CREDENTIALS when the engine never ran on this folder
 */
export function readClickHouseCredentials(data_dir: string): ClickHouseCredentials {
  const file = fileOf(folderOf(data_dir))
  const credentials = tryRead(file)
  if (credentials !== null) return credentials
  throw new HotplateError(
    'CLICKHOUSE_NO_CREDENTIALS',
    `Expected the engine's credentials in ${file}: start the service once, or set data_dir`,
  )
}

function face(credentials: ClickHouseCredentials, child: SupervisedChild): EmbeddedClickHouse {
  return {
    ...credentials,
    get pid() {
      return child.pid
    },
    get restarts() {
      return child.restarts
    },
    stop: () => child.stop(),
  }
}

function argumentsOf(folder: string, options: EmbeddedClickHouseOptions): string[] {
  const { port, query_s_max, query_bytes_max, log } = options
  return [
    `--folder=${folder}`,
    `--port=${port}`,
    `--query-s-max=${query_s_max}`,
    `--query-bytes-max=${query_bytes_max}`,
    `--level=${log.level}`,
  ]
}

/** Nothing of our own environment but what a program needs: it may hold secrets. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env
  return {
    ...(PATH === undefined ? {} : { PATH }),
    ...(HOME === undefined ? {} : { HOME }),
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
    TZ: 'UTC',
    UV_THREADPOOL_SIZE: THREADS,
  }
}

function folderOf(data_dir: string): string {
  return resolve(data_dir, 'clickhouse')
}

function fileOf(folder: string): string {
  return join(folder, 'credentials.json')
}

function tryRead(file: string): ClickHouseCredentials | null {
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as Partial<ClickHouseCredentials>
    const { url, user, password } = read
    if (typeof url !== 'string' || !user || !password) return null
    return { url, user, password }
  } catch {
    return null
  }
}

/** The password is made once for a folder; the address follows the port. */
function keepCredentials(folder: string, port: number): ClickHouseCredentials {
  const file = fileOf(folder)
  const known = tryRead(file)
  const credentials = {
    url: `http://127.0.0.1:${port}`,
    user: known?.user ?? 'hotplate',
    password: known?.password ?? randomBytes(24).toString('base64url'),
  }
  writeFileSync(`${file}.new`, `${JSON.stringify(credentials)}\n`, { mode: 0o600 })
  chmodSync(`${file}.new`, 0o600)
  renameSync(`${file}.new`, file)
  return credentials
}

async function askReady({ url, user, password }: ClickHouseCredentials): Promise<void> {
  const signal = AbortSignal.timeout(ASK_MS_MAX)
  const ping = await fetch(`${url}/ping`, { signal })
  if ((await ping.text()) !== 'Ok.\n') throw new Error(`/ping gave status ${ping.status}`)
  const answer = await fetch(`${url}/?query=SELECT%201`, {
    headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password },
    signal,
  })
  const text = await answer.text()
  if (text !== '1\n') throw new Error(`SELECT 1 gave status ${answer.status}`)
}

function explain(error: unknown, folder: string): unknown {
  if (!(error instanceof HotplateError) || error.code !== 'CHILD_FAILED') return error
  if (error.message.includes('ended with code 4')) {
    return new HotplateError(
      'CLICKHOUSE_FOLDER_IN_USE',
      `Folder ${folder} is in use by another ClickHouse engine: stop that one, or set data_dir`,
      { cause: error },
    )
  }
  return new HotplateError('CLICKHOUSE_FAILED', error.message, { cause: error })
}
