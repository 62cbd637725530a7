// The child program: the real engine in a process of its own, behind ClickHouse's HTTP interface on
// loopback. Ends on SIGTERM, and when its parent is gone. What keeps it from starting goes to
// standard error in one line.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLog } from '../../telemetry/log.ts'
import { writeEngineConfig } from './config.ts'
import { makePipes } from './pipes.ts'
import type { Credentials } from './request.ts'
import { EngineServer } from './server.ts'
import { Sessions } from './sessions.ts'
import { Statements } from './statements.ts'

const EXIT = { failed: 3, folder_in_use: 4, port_refused: 5 } as const

/**
 * Reads at once; with the inserts' lanes and some more it stays below the size of the thread pool.
 */
const READS_MAX = 8
const STOP_MS_MAX = 8_000
const PARENT_EVERY_MS = 1_000

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    port: { type: 'string' },
    'query-s-max': { type: 'string' },
    'query-bytes-max': { type: 'string' },
    level: { type: 'string' },
  },
})

function die(code: number, sentence: string): never {
  process.stderr.write(`${sentence.replaceAll('\n', ' ').slice(0, 400)}\n`)
  process.exit(code)
}

function openSessions(folder: string): Sessions {
  const engine = join(folder, 'engine')
  const holder = holderOf(engine)
  try {
    const config = writeEngineConfig(folder, {
      query_s_max: Number(values['query-s-max']),
      query_bytes_max: Number(values['query-bytes-max']),
    })
    mkdirSync(engine, { recursive: true })
    return new Sessions(engine, config)
  } catch (error) {
    if (holder !== null) {
      die(
        EXIT.folder_in_use,
        `Folder ${folder} is in use by another ClickHouse engine (pid ${holder})`,
      )
    }
    die(EXIT.failed, `The ClickHouse engine can't open ${folder}: ${(error as Error).message}`)
  }
}

/** Who has the engine's folder, by its status file: the binding doesn't say why it failed. */
function holderOf(engine: string): number | null {
  try {
    const pid = Number(/^PID: (\d+)/m.exec(readFileSync(join(engine, 'status'), 'utf8'))?.[1])
    process.kill(pid, 0)
    return pid
  } catch {
    return null
  }
}

/** Inserts and queries give way to the alerts' path, which shares the machine. */
const NICENESS = 10

/** Of the session, which Linux weighs against others where it groups by them (autogroups). */
const SESSION_NICENESS = 5

/**
 * The engine has a session of its own, whose processes' niceness then counts among themselves only.
 */
function yieldAsSession(): void {
  try {
    writeFileSync('/proc/self/autogroup', String(SESSION_NICENESS))
  } catch {
    // Another system, or one that does not group.
  }
}

async function run(): Promise<void> {
  setPriority(NICENESS)
  yieldAsSession()
  const { folder = '' } = values
  const port = Number(values.port)
  const log = createLog(values.level ?? 'warn', 'hotplate-clickhouse')
  const file = readFileSync(join(folder, 'credentials.json'), 'utf8')
  const credentials = JSON.parse(file) as Credentials
  const sessions = openSessions(folder)
  const version = await versionOf(sessions)
  const pipes = await makePipes(join(folder, 'pipes'), READS_MAX)
  const incoming = join(folder, 'incoming')
  rmSync(incoming, { recursive: true, force: true })
  mkdirSync(incoming, { mode: 0o700 })
  const statements = new Statements(sessions, pipes, incoming, Number(values['query-s-max']))
  const server = new EngineServer({ statements, credentials, version, log })
  try {
    await server.listen(port)
  } catch (error) {
    die(EXIT.port_refused, `Port ${port} can't be listened on: ${(error as Error).message}`)
  }
  log.info({ port, version }, 'The embedded ClickHouse engine serves.')
  endWith(async () => {
    await server.stop(STOP_MS_MAX)
    await sessions.end()
    log.info('The embedded ClickHouse engine has ended.')
  })
}

async function versionOf(sessions: Sessions): Promise<string> {
  const lane = sessions.fresh()
  const result = await lane.session.queryAsync('SELECT version()', { format: 'TabSeparated' })
  sessions.close(lane)
  return result.text().trim()
}

function endWith(stop: () => Promise<void>): void {
  let stopping = false
  const end = () => {
    if (stopping) return
    stopping = true
    void stop().then(
      () => process.exit(0),
      () => process.exit(EXIT.failed),
    )
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) end()
  }, PARENT_EVERY_MS).unref()
}

run().catch((error: unknown) => die(EXIT.failed, String((error as Error).message ?? error)))
