// A child process kept alive: start, readiness, restart with backoff, clean stop, and no orphan
// however we die.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { HotplateError } from '../domain/error.ts'
import type { Logger } from '../telemetry/log.ts'
import { endProcess, identifyProcess, isAlive, type ProcessIdentity } from './process.ts'

const GUARD = fileURLToPath(new URL('guard.sh', import.meta.url))
const READY_EVERY_MS = 40
const LINE_CHARS_MAX = 500

export interface ChildOptions {
  name: string
  command: string
  args: string[]
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** Rejects until the child serves; asked again and again, for `ready_ms_max` at most. */
  ready: () => Promise<void>
  ready_ms_max: number
  backoff_ms_min: number
  backoff_ms_max: number
  /** From TERM to KILL. */
  stop_ms_max: number
  log: Logger
  onRestart?: (why: string) => void
  output?: 'log' | 'ignore'
  /** Where to note who runs, so that the next start ends what an earlier one left behind. */
  pid_file?: string
}

export interface SupervisedChild {
  /** The process id of the command itself; 0 between its death and its restart. */
  readonly pid: number
  readonly restarts: number
  stop(): Promise<void>
}

/**
 * Starts a command and keeps it running until `stop()`.
 * Resolves when it is ready for the first time.
 * @throws HotplateError CHILD_FAILED when the first start ends or isn't ready in time (nothing is
 *   left running then), CHILD_RUNNING when `pid_file` names a child that another live process
 *   supervises
 */
export async function superviseChild(options: ChildOptions): Promise<SupervisedChild> {
  await endLeftover(options)
  const supervisor = new Supervisor(options)
  await supervisor.start()
  return supervisor
}

/** One life of the child: its guard, itself, and the promise of its end. */
interface Life {
  guard: ChildProcess
  child: ProcessIdentity | null
  /** Resolves, when neither guard nor child runs any more, with the cause in words. */
  ended: Promise<string>
  over: boolean
  tail: string
}

/**
 * The supervisor is always in one of these modes:
 *
 * starting: a guard and its child run, `ready` is asked. Ready: running. Ended, or not ready in
 *   time: the first start fails for good (stopped, everything ended), a later one goes to waiting.
 * running: the child serves. It ends (or its guard does, which ends it): waiting.
 * waiting: nothing runs; the backoff passes, doubled each time, back to its least after a life as
 *   long as its most. Then: starting.
 * stopping: `stop()` was called in any mode: the leash is let go, the guard ends the child by TERM,
 *   then KILL.
 * stopped: nothing runs, nothing starts again.
 */
class Supervisor implements SupervisedChild {
  restarts = 0
  readonly #options: ChildOptions
  readonly #stop = new AbortController()
  #life: Life | null = null
  #loop: Promise<void> = Promise.resolve()

  constructor(options: ChildOptions) {
    this.#options = options
  }

  get pid(): number {
    return this.#life?.over === false ? (this.#life.child?.pid ?? 0) : 0
  }

  async start(): Promise<void> {
    const life = await this.#begin()
    const failure = await this.#becomesReady(life)
    if (failure !== null) {
      await this.#end(life)
      const said = life.tail === '' ? '' : `; it said: ${life.tail}`
      throw new HotplateError('CHILD_FAILED', `${this.#options.name} ${failure}${said}`)
    }
    this.#loop = this.#keep(life)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    if (this.#life !== null) await this.#end(this.#life)
    await this.#loop
    if (this.#options.pid_file !== undefined) rmSync(this.#options.pid_file, { force: true })
  }

  async #keep(first: Life): Promise<void> {
    const { log, name, backoff_ms_min, backoff_ms_max } = this.#options
    let backoff_ms = backoff_ms_min
    let life = first
    let ready = true
    for (;;) {
      const ready_at = performance.now()
      let why = 'was not ready in time'
      if (ready) why = await life.ended
      else await this.#end(life)
      if (this.#stop.signal.aborted) return
      if (ready && performance.now() - ready_at > backoff_ms_max) backoff_ms = backoff_ms_min
      this.restarts += 1
      log.warn({ child: name, why, backoff_ms }, 'A child process ended and is restarted.')
      this.#options.onRestart?.(why)
      await this.#pause(backoff_ms)
      backoff_ms = Math.min(backoff_ms * 2, backoff_ms_max)
      if (this.#stop.signal.aborted) return
      life = await this.#begin()
      ready = (await this.#becomesReady(life)) === null
      if (ready) log.info({ child: name, pid: this.pid }, 'A child process serves again.')
    }
  }

  /**
   * Starts a guard with the child; resolves when the child's identity is known, or when it ended at
   * once.
   */
  async #begin(): Promise<Life> {
    const { command, args, env, cwd, output, stop_ms_max } = this.#options
    const stop_tenths = String(Math.ceil(stop_ms_max / 100))
    const shown = output === 'ignore' ? 'ignore' : 'pipe'
    const guard = spawn('sh', [GUARD, stop_tenths, command, ...args], {
      stdio: ['pipe', shown, shown, 'pipe'],
      // A session of its own: Ctrl-C on the terminal is for us, who end our children in order.
      detached: true,
      ...(env === undefined ? {} : { env }),
      ...(cwd === undefined ? {} : { cwd }),
    })
    const life: Life = { guard, child: null, ended: Promise.resolve(''), over: false, tail: '' }
    this.#life = life
    const guardEnded = new Promise<string>((resolve) => {
      guard.once('error', (error) => resolve(`can't be started (${error.message})`))
      guard.once('exit', (code, signal) => resolve(describeEnd(code, signal)))
    })
    const known = readPid(guard.stdio[3] as Readable).then((pid) => {
      life.child = identifyProcess(pid)
      if (life.child !== null) this.#note(life.child)
    })
    life.ended = this.#whenOver(life, guardEnded, known)
    for (const stream of [guard.stdout, guard.stderr]) this.#readLines(life, stream)
    guard.stdin?.on('error', () => {})
    await Promise.race([known, guardEnded])
    return life
  }

  #note(child: ProcessIdentity): void {
    const { pid_file, log, name } = this.#options
    if (pid_file === undefined) return
    const note: PidNote = { child, supervisor: identifyProcess(process.pid) }
    try {
      writeFileSync(pid_file, JSON.stringify(note), { mode: 0o600 })
    } catch (error) {
      log.warn({ child: name, err: error }, "A child's process id could not be noted.")
    }
  }

  async #whenOver(life: Life, guardEnded: Promise<string>, known: Promise<void>): Promise<string> {
    const why = await guardEnded
    await known
    leashOf(life)?.destroy()
    // Usually gone with the guard; when the guard was killed, it may still be on its way.
    if (life.child !== null) await endProcess(life.child, this.#options.stop_ms_max)
    life.over = true
    return why
  }

  /** Null when ready; else why not, as the rest of a sentence. */
  async #becomesReady(life: Life): Promise<string | null> {
    const { ready, ready_ms_max } = this.#options
    let last: unknown
    let failure: string | null = null
    const failed = () => failure
    const stopped = () => {
      failure = 'was stopped while it started'
    }
    const end = performance.now() + ready_ms_max
    this.#stop.signal.addEventListener('abort', stopped, { once: true })
    if (this.#stop.signal.aborted) stopped()
    void life.ended.then((why) => {
      failure ??= why
    })
    try {
      while (failed() === null) {
        const left_ms = end - performance.now()
        if (left_ms <= 0) return `was not ready within ${ready_ms_max} ms${reasonOf(last)}`
        const outcome = await answerOf(ready, left_ms, life.ended)
        if (outcome === 'ready') return null
        last = outcome
        await this.#pause(READY_EVERY_MS)
      }
      return failed()
    } finally {
      this.#stop.signal.removeEventListener('abort', stopped)
    }
  }

  async #end(life: Life): Promise<void> {
    if (life.over) return
    leashOf(life)?.end()
    const late = setTimeout(() => {
      if (life.child !== null) void endProcess(life.child, 0)
      life.guard.kill('SIGKILL')
    }, this.#options.stop_ms_max + 2_000)
    await life.ended
    clearTimeout(late)
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stop
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done, { once: true })
    })
  }

  #readLines(life: Life, stream: Readable | null): void {
    const { log, name } = this.#options
    let rest = ''
    stream?.setEncoding('utf8')
    stream?.on('error', () => {})
    stream?.on('data', (part: string) => {
      const lines = (rest + part).split('\n')
      rest = (lines.pop() ?? '').slice(0, LINE_CHARS_MAX)
      for (const line of lines) {
        const text = line.slice(0, LINE_CHARS_MAX).trim()
        if (text === '') continue
        life.tail = text
        log.debug({ child: name, line: text }, 'A child process wrote a line.')
      }
    })
  }
}

function leashOf(life: Life): Writable | null {
  return life.guard.stdin
}

/** What `ready` answers within `left_ms`; the child's end also ends the waiting. */
async function answerOf(
  ready: () => Promise<void>,
  left_ms: number,
  ended: Promise<string>,
): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<unknown>((resolve) => {
    timer = setTimeout(() => resolve(new Error('no answer')), left_ms)
  })
  const answer = ready().then(
    () => 'ready',
    (error: unknown) => error,
  )
  try {
    return await Promise.race([answer, late, ended])
  } finally {
    clearTimeout(timer)
  }
}

function reasonOf(last: unknown): string {
  return last instanceof Error ? ` (${last.message})` : ''
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `lost its guard to ${signal}`
  if (code === 127) return "can't be started: no such program"
  if (code !== null && code > 128) return `was ended by signal ${code - 128}`
  return `ended with code ${code}`
}

function readPid(stream: Readable): Promise<number> {
  return new Promise((resolve) => {
    let text = ''
    stream.setEncoding('utf8')
    stream.on('data', (part: string) => {
      text += part
      if (text.includes('\n')) resolve(Number.parseInt(text, 10))
    })
    stream.on('error', () => resolve(0))
    stream.on('close', () => resolve(Number.parseInt(text, 10) || 0))
  })
}

interface PidNote {
  child: ProcessIdentity
  supervisor: ProcessIdentity | null
}

/**
 * Ends the child that `pid_file` names, if it still lives though its supervisor is gone: only when
 * its guard was killed as well. For who must look at a port or a folder before the start;
 * `superviseChild` does it by itself.
 * @throws HotplateError CHILD_RUNNING when its supervisor lives
 */
export async function endLeftover({
  pid_file,
  name,
  log,
  stop_ms_max,
}: Pick<ChildOptions, 'pid_file' | 'name' | 'log' | 'stop_ms_max'>): Promise<void> {
  if (pid_file === undefined) return
  let note: PidNote
  try {
    note = JSON.parse(readFileSync(pid_file, 'utf8')) as PidNote
    if (!isAlive(note.child)) return
  } catch {
    return
  }
  if (note.supervisor != null && isAlive(note.supervisor)) {
    throw new HotplateError(
      'CHILD_RUNNING',
      `${name} of this data folder runs already (pid ${note.child.pid})` +
        ` under pid ${note.supervisor.pid}: stop that one first`,
    )
  }
  log.warn({ child: name, pid: note.child.pid }, 'Ending a child that an earlier run left behind.')
  await endProcess(note.child, stop_ms_max)
}
