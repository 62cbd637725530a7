// One request of ClickHouse's HTTP interface: who asks, what, with which settings and parameters;
// its body, bounded.
import { randomUUID, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Readable, Transform } from 'node:stream'
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib'
import { type EngineError, refusal } from './errors.ts'

export interface Credentials {
  user: string
  password: string
}

/**
 * @throws EngineError 516 unless the headers carry the right user and password; an address never
 * does
 */
export function authenticate(request: IncomingMessage, wanted: Credentials): void {
  const { headers } = request
  let user = String(headers['x-clickhouse-user'] ?? '')
  let password = String(headers['x-clickhouse-key'] ?? '')
  const basic = /^Basic (\S+)$/i.exec(headers.authorization ?? '')?.[1]
  if (basic !== undefined) {
    const text = Buffer.from(basic, 'base64').toString()
    const colon = text.indexOf(':')
    user = text.slice(0, Math.max(colon, 0))
    password = text.slice(colon + 1)
  }
  if (user === '' && password === '') {
    throw refusal(516, 'Authentication failed: a user and a password are required', 401)
  }
  // Both are looked at whatever the first gives: the time tells nothing.
  const right = [isSame(user, wanted.user), isSame(password, wanted.password)]
  if (right.includes(false)) {
    throw refusal(516, 'Authentication failed: there is no such user, or the password is wrong')
  }
}

function isSame(given: string, wanted: string): boolean {
  const length = 256
  const [a, b] = [Buffer.alloc(length), Buffer.alloc(length)]
  a.write(given)
  b.write(wanted)
  return timingSafeEqual(a, b) && Buffer.byteLength(given) === Buffer.byteLength(wanted)
}

export interface Query {
  id: string
  /** From the address; null when the body is the statement. */
  sql: string | null
  database: string
  default_format: string | null
  parameters: Map<string, string>
  settings: Map<string, string>
  wait_end: boolean
  compress: boolean
}

const SETTINGS_MAX = 200
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/

/** Settings of the HTTP interface itself: the engine knows none of them, or has no use for them. */
const HTTP_ONLY = new Set([
  'buffer_size',
  'cancel_http_readonly_queries_on_client_close',
  'enable_http_compression',
  'http_headers_progress_interval_ms',
  'http_native_compression_disable_checksumming_on_decompress',
  'http_response_buffer_size',
  'http_response_compression_method',
  'http_write_exception_in_output_format',
  'http_zlib_compression_level',
  'quota_key',
  'send_progress_in_http_headers',
  'stacktrace',
])
const REFUSED = ['session_id', 'session_timeout', 'session_check', 'role', 'decompress', 'compress']

/**
 * @throws EngineError 48 for what the embedded engine doesn't do, 36 for what can't be a setting
 */
export function readQuery(request: IncomingMessage, search: URLSearchParams): Query {
  const query: Query = {
    id: search.get('query_id') || randomUUID(),
    sql: search.get('query'),
    database: String(
      search.get('database') || request.headers['x-clickhouse-database'] || 'default',
    ),
    default_format:
      search.get('default_format') ?? asString(request.headers['x-clickhouse-format']) ?? null,
    parameters: new Map(),
    settings: new Map(),
    wait_end: search.get('wait_end_of_query') === '1',
    compress:
      search.get('enable_http_compression') === '1' &&
      /\bgzip\b/.test(asString(request.headers['accept-encoding']) ?? ''),
  }
  for (const name of REFUSED) {
    if (['', '0', null].includes(search.get(name))) continue
    throw refusal(48, `The embedded engine has no ${name}: send every query by itself`)
  }
  for (const [name, value] of search) readSetting(query, name, value)
  return query
}

const OWN = new Set(['query', 'query_id', 'database', 'default_format', 'wait_end_of_query'])

function readSetting(query: Query, name: string, value: string): void {
  if (OWN.has(name) || HTTP_ONLY.has(name) || REFUSED.includes(name)) return
  if (name === 'user' || name === 'password') {
    throw refusal(36, 'Credentials belong into headers: an address ends in logs')
  }
  if (query.parameters.size + query.settings.size >= SETTINGS_MAX) {
    throw refusal(36, `Expected at most ${SETTINGS_MAX} settings and parameters in one query`)
  }
  if (!NAME.test(name)) {
    throw refusal(
      36,
      `Expected the name of a setting, received ${JSON.stringify(name.slice(0, 80))}`,
    )
  }
  if (name.startsWith('param_')) query.parameters.set(name.slice(6), value)
  else query.settings.set(name, value)
}

function asString(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header
}

/**
 * @throws EngineError 307 when it is larger than `bytes_max`, packed or unpacked; 354 when it can't
 * be unpacked
 */
export async function readBody(request: IncomingMessage, bytes_max: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > bytes_max) throw tooLarge(bytes_max)
  const unpack = unpackerOf(request.headers['content-encoding'])
  if (unpack === null) return collect(request, bytes_max, announced)
  request.on('error', (error) => unpack.destroy(error))
  request.on('close', () => {
    if (!request.complete) unpack.destroy(new Error('The caller went away'))
  })
  request.pipe(unpack)
  try {
    return await collect(unpack, bytes_max, 0)
  } catch (error) {
    if ((error as EngineError).code === 307) throw error
    throw refusal(354, `The body can't be unpacked: ${(error as Error).message}`, 400)
  } finally {
    unpack.destroy()
  }
}

function unpackerOf(encoding: string | undefined): Transform | null {
  switch (encoding) {
    case undefined:
    case '':
    case 'identity':
      return null
    case 'gzip':
      return createGunzip()
    case 'deflate':
      return createInflate()
    case 'br':
      return createBrotliDecompress()
    case 'zstd':
      return createZstdDecompress()
    default:
      throw refusal(
        36,
        `Expected Content-Encoding gzip, deflate, br or zstd, received ${encoding.slice(0, 40)}`,
        415,
      )
  }
}

async function collect(stream: Readable, bytes_max: number, announced: number): Promise<Buffer> {
  const parts: Buffer[] = []
  // One buffer of the right size when the length is known: a body is copied once.
  const whole = announced > 0 ? Buffer.allocUnsafeSlow(announced) : null
  let bytes = 0
  for await (const part of stream as AsyncIterable<Buffer>) {
    if (bytes + part.length > bytes_max) throw tooLarge(bytes_max)
    if (whole === null) parts.push(part)
    else part.copy(whole, bytes)
    bytes += part.length
  }
  return whole === null ? Buffer.concat(parts, bytes) : whole.subarray(0, bytes)
}

function tooLarge(bytes_max: number): EngineError {
  return refusal(307, `Expected a body of at most ${bytes_max} bytes: send it in several`)
}

/**
 * The parts of a multipart/form-data body, as the client sends large parameters.
 * @throws EngineError 36 when it has other parts than these
 */
export function readForm(body: Buffer, content_type: string): Map<string, string> {
  const boundary = /boundary="?([^";]+)"?/i.exec(content_type)?.[1]
  const parts = new Map<string, string>()
  if (boundary === undefined) throw refusal(36, 'Expected a boundary in the multipart Content-Type')
  const text = `\r\n${body.toString()}`
  for (const part of text.split(`\r\n--${boundary}`).slice(1, -1)) {
    const [head = '', ...rest] = part.split('\r\n\r\n')
    const name = /\bname="([^"]*)"/i.exec(head)?.[1]
    if (name === undefined || /\bfilename=/i.test(head)) {
      throw refusal(36, 'Expected named parts without files in a multipart body')
    }
    parts.set(name, rest.join('\r\n\r\n'))
  }
  return parts
}

export function applyForm(query: Query, form: ReadonlyMap<string, string>): void {
  for (const [name, value] of form) {
    if (name === 'query') query.sql = value
    else readSetting(query, name, value)
  }
}
