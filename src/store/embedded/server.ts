// ClickHouse's HTTP interface on loopback, in front of the embedded engine.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Logger } from '../../telemetry/log.ts'
import { Answer } from './answer.ts'
import { asEngineError, refusal } from './errors.ts'
import {
  applyForm,
  authenticate,
  type Credentials,
  type Query,
  readBody,
  readForm,
  readQuery,
} from './request.ts'
import { classify, firstWord } from './sql.ts'
import type { Statements } from './statements.ts'

const BODY_BYTES_MAX = 64 * 1024 * 1024
const HEADER_BYTES_MAX = 1024 * 1024
const CONNECTIONS_MAX = 512
const KEEP_ALIVE_MS = 10_000

export interface EngineServerOptions {
  statements: Statements
  credentials: Credentials
  version: string
  log: Logger
}

export class EngineServer {
  readonly #options: EngineServerOptions
  readonly #server: Server
  /** Ids of the queries that run or wait. */
  readonly #ids = new Set<string>()
  #stopping = false

  constructor(options: EngineServerOptions) {
    this.#options = options
    this.#server = createServer(
      { maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: KEEP_ALIVE_MS },
      (request, response) => void this.#handle(request, response),
    )
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: '127.0.0.1', port }, resolve)
    })
  }

  /** Takes no more; resolves when everything at work has been answered, or after `ms_max`. */
  async stop(ms_max: number): Promise<void> {
    this.#stopping = true
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    await this.#options.statements.killReads()
    const late = setTimeout(() => this.#server.closeAllConnections(), ms_max)
    await closed
    clearTimeout(late)
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s, 2)
    if (this.#stopping) response.setHeader('Connection', 'close')
    if (path === '/ping' || path === '/replicas_status') {
      response.end('Ok.\n')
      return
    }
    const parameters = new URLSearchParams(search)
    const { version } = this.#options
    const id = parameters.get('query_id') ?? ''
    let answer = new Answer(response, { version, id, whole: false, compress: false })
    try {
      authenticate(request, this.#options.credentials)
      if (this.#stopping) throw refusal(236, 'The embedded engine is being stopped')
      if (path !== '/') throw refusal(36, `Expected the path /, received ${path.slice(0, 80)}`, 404)
      const query = readQuery(request, parameters)
      const { wait_end: whole, compress } = query
      answer = new Answer(response, { version, id: query.id, whole, compress })
      await this.#answer(request, response, query, answer)
    } catch (error) {
      const refused = asEngineError(error)
      const { code, status } = refused
      if (status >= 500) this.#options.log.debug({ code, id }, 'A query failed.')
      answer.fail(refused)
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    query: Query,
    answer: Answer,
  ): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) gone.abort()
    })
    if (this.#ids.has(query.id)) {
      throw refusal(216, `Query with id = ${query.id} is already running`)
    }
    this.#ids.add(query.id)
    try {
      const data = await this.#bodyOf(request, query)
      await this.#run(request.method ?? '', query, { data, answer, gone: gone.signal })
    } finally {
      this.#ids.delete(query.id)
    }
  }

  /** The body; a form's parts become the query's own. */
  async #bodyOf(request: IncomingMessage, query: Query): Promise<Buffer> {
    const body = await readBody(request, BODY_BYTES_MAX)
    const type = request.headers['content-type'] ?? ''
    if (!type.startsWith('multipart/form-data')) return body
    applyForm(query, readForm(body, type))
    return Buffer.alloc(0)
  }

  #run(
    method: string,
    query: Query,
    { data, answer, gone }: { data: Buffer; answer: Answer; gone: AbortSignal },
  ): Promise<void> {
    const { statements } = this.#options
    if (query.sql !== null && firstWord(query.sql) === 'INSERT' && method !== 'GET') {
      if (data.length === 0) return this.#insertAlone(query.sql, query, answer, gone)
      return statements.insert(query.sql, data, query, answer, gone)
    }
    const body = data.toString()
    const sql = query.sql === null ? body : body === '' ? query.sql : `${query.sql}\n${body}`
    if (sql.trim() === '') throw refusal(62, 'Syntax error: empty query')
    const statement = classify(sql)
    if (statement.kind !== 'read' && method === 'GET') {
      throw refusal(164, 'A GET only reads: use POST to change anything')
    }
    if (statement.kind === 'read') return statements.read(statement, query, answer, gone)
    if (statement.kind === 'kill') return statements.kill(statement.sql, query, answer, gone)
    return statements.other(sql, query, answer, gone)
  }

  /** INSERT … SELECT and VALUES need no data; the others do nothing without. */
  #insertAlone(sql: string, query: Query, answer: Answer, gone: AbortSignal): Promise<void> {
    const { statements } = this.#options
    if (/\bFORMAT\s+\w+\s*;?\s*$/i.test(sql) && !/\bSELECT\b/i.test(sql)) {
      return statements.insert(sql, Buffer.alloc(0), query, answer, gone)
    }
    return statements.other(sql, query, answer, gone)
  }
}
