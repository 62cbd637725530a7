// A list's file over HTTPS: one allowed host, its certificate checked, no redirects, within limits
// of bytes and time. What was fetched before is asked for only if it has changed.
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import { HotplateError } from '../../domain/error.ts'
import type { HttpsFeed } from '../../domain/list-feed.ts'
import { type Address, allowedAddress, type HostRules } from './addresses.ts'
import { type Fetched, type FetchLimits, type FileMark, spool, tooLarge } from './spool.ts'

const HTTPS_PORT = 443
/** Header fields are kept with the list: a server must not fill the bucket. */
const MARK_CHARS_MAX = 200
/** Answers that another try may change. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504])

export interface HttpsAccount {
  user?: string | undefined
  password?: string | undefined
  /** Sent as `Authorization: Bearer …`. */
  token?: string | undefined
}

export interface HttpsOptions {
  rules: HostRules
  limits: FetchLimits
  account?: HttpsAccount | undefined
  /** PEM of an authority besides the public ones. */
  ca?: string | undefined
  /** Of what was fetched last. */
  mark?: FileMark | undefined
  signal: AbortSignal
}

/**
 * @param path where the file is put
 * @throws HotplateError FEED_REFUSED where asking again is no use, FEED_UNREACHABLE where it may be
 */
export async function fetchHttps(
  feed: HttpsFeed,
  path: string,
  options: HttpsOptions,
): Promise<Fetched> {
  const { rules, limits } = options
  const url = new URL(feed.url)
  const port = url.port === '' ? HTTPS_PORT : Number(url.port)
  const address = await allowedAddress(url.hostname, port, HTTPS_PORT, rules)
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(limits.seconds_max * 1_000)])
  const agent = new Agent({ keepAlive: false, maxSockets: 1 })
  try {
    const answer = await ask(url, address, agent, options, signal)
    if (answer.statusCode === 304) {
      answer.destroy()
      return { outcome: 'unchanged' }
    }
    assertWhole(answer, limits.bytes_max, url.hostname)
    const bytes = await spool(answer, path, limits.bytes_max, signal)
    return { outcome: 'fetched', bytes, mark: markOf(answer) }
  } catch (cause) {
    if (cause instanceof HotplateError) throw cause
    throw failed(url.hostname, cause as NodeJS.ErrnoException, limits.seconds_max)
  } finally {
    agent.destroy()
  }
}

function ask(
  url: URL,
  { address, family }: Address,
  agent: Agent,
  { account, ca, mark }: HttpsOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      agent,
      signal,
      ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      ...(isIP(url.hostname) === 0 ? { servername: url.hostname } : {}),
      lookup: (_name, lookup_options, done) => {
        if (lookup_options.all) done(null, [{ address, family }])
        else done(null, address, family)
      },
      headers: {
        accept: '*/*',
        // What is unpacked here is unpacked within limits, by what the file itself says it is.
        'accept-encoding': 'identity',
        'user-agent': 'hotplate',
        ...(mark?.etag === undefined ? {} : { 'if-none-match': mark.etag }),
        ...(mark?.last_modified === undefined ? {} : { 'if-modified-since': mark.last_modified }),
        ...authorization(account),
      },
    })
    asked.once('response', resolve)
    asked.once('error', reject)
    asked.end()
  })
}

function authorization({ user, password, token }: HttpsAccount = {}): { authorization?: string } {
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  if (user === undefined) return {}
  const pair = Buffer.from(`${user}:${password ?? ''}`).toString('base64')
  return { authorization: `Basic ${pair}` }
}

/** @throws HotplateError where the answer is not the file */
function assertWhole(answer: IncomingMessage, bytes_max: number, host: string): void {
  const { statusCode: status = 0, headers } = answer
  const encoding = headers['content-encoding'] ?? 'identity'
  const told = Number(headers['content-length'] ?? 0)
  if (status === 200 && encoding === 'identity' && told <= bytes_max) return
  answer.destroy()
  if (status === 200) {
    if (encoding === 'identity') throw tooLarge(bytes_max)
    throw new HotplateError(
      'FEED_REFUSED',
      `Expected the file of ${host} as it is but it is packed`,
    )
  }
  const redirect = status >= 300 && status < 400
  throw new HotplateError(
    PASSING.has(status) ? 'FEED_UNREACHABLE' : 'FEED_REFUSED',
    `Expected the file of ${host} but received ${redirect ? 'a redirect, ' : ''}status ${status}`,
  )
}

function markOf({ headers }: IncomingMessage): FileMark {
  const { etag, 'last-modified': last_modified } = headers
  return {
    ...(etag !== undefined && etag.length <= MARK_CHARS_MAX ? { etag } : {}),
    ...(last_modified !== undefined && last_modified.length <= MARK_CHARS_MAX
      ? { last_modified }
      : {}),
  }
}

/** Certificates that don't hold are for a person to look at; a line that is down is not. */
function failed(host: string, cause: NodeJS.ErrnoException, seconds_max: number): HotplateError {
  const code = cause.code ?? cause.name
  if (cause.name === 'AbortError' || cause.name === 'TimeoutError') {
    const message = `Expected the file of ${host} within ${seconds_max} s but it was not whole`
    return new HotplateError('FEED_UNREACHABLE', message, { cause })
  }
  const certificate = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(code)
  return new HotplateError(
    certificate ? 'FEED_REFUSED' : 'FEED_UNREACHABLE',
    certificate
      ? `Expected a certificate of ${host} that holds but received another (${code})`
      : `${host} could not be asked (${code})`,
    { cause },
  )
}
