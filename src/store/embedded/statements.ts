// Runs statements on the engine: reads through a pipe, inserts through the binding's raw path, the
// rest as it is.
import { isUtf8 } from 'node:buffer'
import { unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RawInsertFormat } from 'chdb'
import type { Answer } from './answer.ts'
import { asEngineError, type EngineError, refusal } from './errors.ts'
import { Gate } from './gate.ts'
import { openPipe } from './pipes.ts'
import type { Query } from './request.ts'
import type { Lane, Preparation, Sessions } from './sessions.ts'
import { firstWord, type InsertTarget, parseInsert, quote, type ReadStatement } from './sql.ts'
import { TimeLimit } from './time-limit.ts'

/**
 * A read may be this much older than its time limit before its pipe is closed on it: its reader was
 * too slow.
 */
const GRACE_MS = 5_000
const QUERIES_WAITING_MAX = 64
const INSERTS_WAITING_MAX = 64
const CONTROL_WAITING_MAX = 16
const CONTROLS_MAX = 2
const INSERT_LANES = 2
/** The longest that an insert waits for its turn. */
const INSERT_WAIT_MS_MAX = 30_000

/** Formats whose bytes the binding hands to the engine as they are. */
const RAW_FORMATS = new Set<string>([
  'JSONEachRow',
  'JSONCompactEachRow',
  'CSV',
  'CSVWithNames',
  'TSV',
  'TabSeparated',
  'TSVWithNames',
  'TabSeparatedWithNames',
])

/**
 * Binary formats that name their columns and types themselves. The binding takes text only, so
 * their bytes go by a file that the engine reads: parsing text costs it five times as much as all
 * the rest of an insert.
 */
const FILE_FORMATS = new Set<string>(['Native', 'RowBinaryWithNamesAndTypes'])

/** One thread for each insert: they are small and many, and cost least that way. */
const INSERT_SETTINGS: [string, string][] = [
  ['max_insert_threads', '1'],
  ['input_format_parallel_parsing', '0'],
]

export class Statements {
  readonly #sessions: Sessions
  readonly #query_s_max: number
  readonly #queries: Gate<string>
  readonly #inserts: Gate<Lane>
  readonly #control: Gate<null>
  readonly #incoming: string
  #files = 0

  /** `incoming`: an empty folder for the data of inserts while they run. */
  constructor(sessions: Sessions, pipes: string[], incoming: string, query_s_max: number) {
    const wait_ms_max = query_s_max * 1_000
    this.#sessions = sessions
    this.#incoming = incoming
    this.#query_s_max = query_s_max
    this.#queries = new Gate({
      places: pipes,
      waiting_max: QUERIES_WAITING_MAX,
      wait_ms_max,
      what: 'queries',
    })
    this.#inserts = new Gate({
      places: Array.from({ length: INSERT_LANES }, () => sessions.fresh()),
      waiting_max: INSERTS_WAITING_MAX,
      wait_ms_max: INSERT_WAIT_MS_MAX,
      what: 'inserts',
    })
    this.#control = new Gate({
      places: Array.from({ length: CONTROLS_MAX }, () => null),
      waiting_max: CONTROL_WAITING_MAX,
      wait_ms_max,
      what: 'kills',
    })
  }

  get idle(): boolean {
    return this.#queries.idle && this.#inserts.idle
  }

  read(statement: ReadStatement, query: Query, answer: Answer, gone: AbortSignal): Promise<void> {
    return this.#queries.with(gone, async (pipe) => {
      const lane = this.#sessions.reused(statement.parameters, query.parameters)
      try {
        await this.#stream(statement, query, answer, { lane, pipe, gone })
      } catch (error) {
        await this.#sessions.clear(lane)
        throw error
      } finally {
        this.#sessions.keep(lane)
      }
    })
  }

  async #stream(
    statement: ReadStatement,
    query: Query,
    answer: Answer,
    { lane, pipe, gone }: { lane: Lane; pipe: string; gone: AbortSignal },
  ): Promise<void> {
    const format = statement.format ?? query.default_format ?? 'TabSeparated'
    if (!/^\w+$/.test(format)) throw refusal(36, 'Expected the name of a format')
    answer.format = format
    let failure: EngineError | null = null
    const giveUp = (why: EngineError) => {
      failure ??= why
      reader.discard()
      void this.#killQuietly(query.id)
    }
    const reader = openPipe(pipe, (part) => pass(part, answer, giveUp))
    const left = () => giveUp(refusal(210, 'The caller went away'))
    const limit = new TimeLimit(`${statement.head} ${statement.settings}`, query, this.#query_s_max)
    const late = setTimeout(
      () => giveUp(refusal(159, 'Timeout exceeded: the rows were not read in time')),
      this.#query_s_max * 1_000 + GRACE_MS,
    )
    gone.addEventListener('abort', left, { once: true })
    try {
      const sql = readSql(statement, query, { pipe, format })
      const work = this.#sessions.run(lane, preparationOf(query, false), sql, format)
      if (gone.aborted) left()
      const result = await work
      reader.finish()
      await reader.closed
      if (failure !== null) throw failure
      limit.assertKept()
      answer.end({
        read_rows: result.rowsRead,
        read_bytes: result.bytesRead,
        elapsed_s: result.elapsed,
      })
    } catch (error) {
      // What was written before the failure is sent before it, or the exception block would stand
      // amid the rows.
      reader.finish()
      if (answer.mode === 'held') reader.discard()
      await reader.closed
      throw failure ?? asEngineError(error)
    } finally {
      clearTimeout(late)
      gone.removeEventListener('abort', left)
    }
  }

  /** An INSERT whose data came apart from its text. */
  insert(
    sql: string,
    data: Buffer,
    query: Query,
    answer: Answer,
    gone: AbortSignal,
  ): Promise<void> {
    const target = parseInsert(sql)
    const simple = query.parameters.size === 0 && /^\w+$/.test(query.database)
    if (target !== null && simple && RAW_FORMATS.has(target.format)) {
      return this.#insertRaw(target, data, query, answer, gone)
    }
    if (target !== null && simple && FILE_FORMATS.has(target.format)) {
      return this.#insertFile(target, data, query, answer, gone)
    }
    if (!isUtf8(data)) {
      throw refusal(
        48,
        `The embedded engine takes data as ${[...RAW_FORMATS, ...FILE_FORMATS].join(', ')} only`,
      )
    }
    return this.other(`${sql}\n${data.toString()}`, query, answer, gone)
  }

  #insertRaw(
    target: InsertTarget,
    data: Buffer,
    query: Query,
    answer: Answer,
    gone: AbortSignal,
  ): Promise<void> {
    return this.#inserts.with(gone, async ({ session }) => {
      const settings = new Map([
        ...INSERT_SETTINGS,
        ['log_comment', query.id] as const,
        ...query.settings,
        ...target.settings,
      ])
      // The raw path would take a missing body for nothing to do, and the table's name for right.
      if (data.length === 0) return answer.end({})
      const insert = session.insert({
        table: `${target.database ?? query.database}.${target.table}`,
        values: data,
        format: target.format as RawInsertFormat,
        settings: Object.fromEntries(settings),
        ...(target.columns === null ? {} : { columns: target.columns }),
      })
      const limit = this.#limitOf(target, query)
      const { rowsWritten, bytesWritten, elapsed } = await this.#sessions.track(insert)
      limit.assertKept()
      answer.end({
        read_rows: rowsWritten,
        read_bytes: data.length,
        written_rows: rowsWritten,
        written_bytes: bytesWritten,
        elapsed_s: elapsed,
      })
    })
  }

  #insertFile(
    target: InsertTarget,
    data: Buffer,
    query: Query,
    answer: Answer,
    gone: AbortSignal,
  ): Promise<void> {
    return this.#inserts.with(gone, async ({ session }) => {
      if (data.length === 0) return answer.end({})
      this.#files += 1
      const file = join(this.#incoming, String(this.#files))
      await writeFile(file, data, { mode: 0o600 })
      try {
        const insert = session.queryAsync(fileInsertSql(target, file, query))
        const limit = this.#limitOf(target, query)
        const { elapsed } = await this.#sessions.track(insert)
        limit.assertKept()
        answer.end({ read_bytes: data.length, elapsed_s: elapsed })
      } finally {
        await unlink(file)
      }
    })
  }

  #limitOf({ settings }: InsertTarget, query: Query): TimeLimit {
    const text = settings.map(([name, value]) => `${name} = ${value}`).join(', ')
    return new TimeLimit(text, query, this.#query_s_max)
  }

  /** Everything that isn't a read: on a session of its own, whose settings end with it. */
  other(sql: string, query: Query, answer: Answer, gone: AbortSignal): Promise<void> {
    return this.#queries.with(gone, () => this.#alone(sql, query, answer))
  }

  /** KILL QUERY has places of its own: it is needed most when all others are taken. */
  kill(sql: string, query: Query, answer: Answer, gone: AbortSignal): Promise<void> {
    return this.#control.with(gone, () => this.#alone(sql, query, answer))
  }

  async #alone(sql: string, query: Query, answer: Answer): Promise<void> {
    const lane = this.#sessions.fresh()
    const format = query.default_format ?? 'TabSeparated'
    answer.format = format
    try {
      const limit = new TimeLimit(sql, query, this.#query_s_max)
      const result = await this.#sessions.run(lane, preparationOf(query, true), sql, format)
      // What changes a table's form may take longer and is whole; an INSERT … SELECT may be cut.
      if (firstWord(sql) === 'INSERT') limit.assertKept()
      answer.write(Buffer.from(result.bytes()))
      answer.end({
        read_rows: result.rowsRead,
        read_bytes: result.bytesRead,
        elapsed_s: result.elapsed,
      })
    } finally {
      this.#sessions.close(lane)
    }
  }

  async killReads(): Promise<void> {
    await this.#killWhere("query LIKE '%INTO OUTFILE%' AND query NOT LIKE 'KILL%'")
  }

  async #killQuietly(id: string): Promise<void> {
    await this.#killWhere(`Settings['log_comment'] = ${quote(id)}`)
  }

  /** What can't be killed ends by its time limit. */
  async #killWhere(condition: string): Promise<void> {
    const lane = this.#sessions.fresh()
    try {
      const kill = lane.session.queryAsync(`KILL QUERY WHERE ${condition} ASYNC`)
      await this.#sessions.track(kill)
    } catch {
      // It ended by itself.
    } finally {
      this.#sessions.close(lane)
    }
  }
}

/**
 * A part of the rows into the answer; the promise, if any, is that of its caller having taken it.
 */
function pass(
  part: Buffer,
  answer: Answer,
  giveUp: (why: EngineError) => void,
): Promise<void> | null {
  try {
    return answer.write(part) ? null : answer.drained()
  } catch (error) {
    giveUp(asEngineError(error))
    return null
  }
}

function readSql(
  { head, settings }: ReadStatement,
  query: Query,
  { pipe, format }: { pipe: string; format: string },
): string {
  const own = [...settingsOf(query)].map(([name, value]) => `${name} = ${quote(value)}`)
  const all = settings === '' ? own : [...own, settings]
  return [
    head,
    `INTO OUTFILE ${quote(pipe)} APPEND`,
    `FORMAT ${format}`,
    `SETTINGS ${all.join(', ')}`,
  ].join('\n')
}

function fileInsertSql(target: InsertTarget, file: string, query: Query): string {
  const name = (text: string) => `\`${text.replace(/[\\`]/g, '\\$&')}\``
  const columns = target.columns?.map(name).join(', ')
  const settings = new Map([
    ['max_insert_threads', '1'],
    ['max_threads', '1'],
    ['log_comment', query.id] as const,
    ...query.settings,
  ])
  return [
    `INSERT INTO ${name(target.database ?? query.database)}.${name(target.table)}`,
    columns === undefined ? '' : `(${columns})`,
    `SELECT ${columns ?? '*'} FROM file(${quote(file)}, ${target.format})`,
    `SETTINGS ${[
      ...[...settings].map(([key, value]) => `${key} = ${quote(value)}`),
      ...target.settings.map(([key, value]) => `${key} = ${value}`),
    ].join(', ')}`,
  ].join(' ')
}

function settingsOf(query: Query): Map<string, string> {
  return new Map([['log_comment', query.id], ...query.settings])
}

function preparationOf(query: Query, with_settings: boolean): Preparation {
  return {
    database: query.database,
    parameters: query.parameters,
    settings: with_settings ? settingsOf(query) : new Map(),
  }
}
