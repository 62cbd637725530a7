// The engine's sessions: who may use one, when, and when it may be used again.
import { resolve } from 'node:path'
import { type ChdbResult, drainPending, Session } from 'chdb'
import { refusal } from './errors.ts'
import { quote } from './sql.ts'

/** Sessions that were closed while others worked: the binding ends them when those are done. */
const CLOSING_MAX = 2_000
const IDLE_MAX = 8
const PARAMETERS_MAX = 200
/** No database has this name, so the next statement chooses its own. */
const UNKNOWN = ''

/** What a session is to know before its statement runs. */
export interface Preparation {
  database: string
  parameters: Map<string, string>
  /** Given by SET: only for sessions that are closed afterwards. */
  settings: Map<string, string>
}

export interface Lane {
  readonly session: Session
  database: string
  /** Names of the parameters that earlier statements left here. */
  readonly parameters: Set<string>
}

/**
 * Sessions on one folder. Each runs one statement at a time; a stuck one stalls its own session
 * only. `reused` lanes keep their last database and parameters; nothing else survives in one:
 * whoever sets more takes a `fresh`.
 */
export class Sessions {
  readonly #path: string
  readonly #anchor: Session
  readonly #idle: Lane[] = []
  readonly #running = new Set<Promise<unknown>>()
  #closing = 0

  /** @throws what the engine says when it can't open the folder */
  constructor(path: string, config: string) {
    this.#path = resolve(path)
    // Held open for good: the engine ends with its last session.
    this.#anchor = new Session(this.#path, { connectionArgs: [`--config-file=${config}`] })
  }

  get path(): string {
    return this.#path
  }

  /**
   * A lane that knows no parameter but `needed`, so that none of an earlier caller's can be read.
   */
  reused(needed: ReadonlySet<string>, given: ReadonlyMap<string, string>): Lane {
    const all_given = [...needed].every((name) => given.has(name))
    return (all_given ? this.#idle.pop() : undefined) ?? this.fresh()
  }

  fresh(): Lane {
    if (this.#closing > CLOSING_MAX) {
      throw refusal(202, `Too many sessions wait for long queries to end (${CLOSING_MAX})`)
    }
    return { session: new Session(this.#path), database: 'default', parameters: new Set() }
  }

  keep(lane: Lane): void {
    const worn = lane.parameters.size > PARAMETERS_MAX || this.#idle.length >= IDLE_MAX
    if (worn) this.close(lane)
    else this.#idle.push(lane)
  }

  close(lane: Lane): void {
    const others = [...this.#running]
    lane.session.close()
    if (others.length === 0) return
    this.#closing += 1
    void Promise.allSettled(others).then(() => {
      this.#closing -= 1
    })
  }

  /**
   * Runs `sql` on the lane after what it has to know; rows come in `format` unless the text names
   * another.
   */
  run(lane: Lane, prepared: Preparation, sql: string, format: string): Promise<ChdbResult> {
    return this.track(lane.session.queryAsync(preludeOf(lane, prepared) + sql, { format }))
  }

  track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work)
    const done = () => this.#running.delete(work)
    work.then(done, done)
    return work
  }

  /**
   * After a failure: the engine lists a failed query as running until its session runs the next.
   */
  async clear(lane: Lane): Promise<void> {
    lane.database = UNKNOWN
    await this.track(lane.session.queryAsync('SELECT 1')).catch(() => {})
  }

  async end(): Promise<void> {
    for (const lane of this.#idle.splice(0)) lane.session.close()
    await drainPending()
    this.#anchor.close()
    await drainPending()
  }
}

function preludeOf(lane: Lane, { database, parameters, settings }: Preparation): string {
  let prelude = ''
  if (database !== lane.database) {
    prelude += `USE \`${database.replace(/[\\`]/g, '\\$&')}\`;\n`
    lane.database = database
  }
  const sets = [...settings].map(([name, value]) => `${name} = ${quote(value)}`)
  for (const [name, value] of parameters) {
    lane.parameters.add(name)
    sets.push(`param_${name} = ${quote(value)}`)
  }
  return sets.length === 0 ? prelude : `${prelude}SET ${sets.join(', ')};\n`
}
