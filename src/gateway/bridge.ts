// Between uWebSockets.js and hono: a Request is made of what uWS gives, and the Response is written
// as the peer takes it.
import type { HttpRequest, HttpResponse } from '@uwsjs/core'
import { problem } from './problems.ts'
import { uploadBody } from './upload.ts'

/** What handlers learn beside the Request, as hono's bindings. */
export interface Peer {
  /** The peer's address as text. */
  from: string
}

export type Fetch = (request: Request, peer: Peer) => Response | Promise<Response>

const PIECE_BYTES_MAX = 64 * 1024
/**
 * Waiting on `onWritable` alone has stalled long streams, so after a while a probe is written:
 * small, because a peer that really takes nothing gets its buffer grown by it (25 KB a second,
 * until uWS times the peer out).
 */
const WRITABLE_WAIT_MS = 20
const PROBE_BYTES = 512

interface Exchange {
  aborted: boolean
  writable: (() => void) | undefined
}

export interface BodyLimits {
  /** Of what is held in memory as a whole; 413 beyond. */
  body_bytes_max: number
  /** Of what is handed on as it comes. */
  upload_bytes_max: number
}

/** Files: whatever else has a body has a small one. */
const UPLOADS = /^\/v1\/hotlists\/[^/]+\/imports$/

/** A handler for uWS that answers by `fetch`. */
export function bridge(fetch: Fetch, { body_bytes_max, upload_bytes_max }: BodyLimits) {
  return (res: HttpResponse, req: HttpRequest): void => {
    const exchange: Exchange = { aborted: false, writable: undefined }
    let onGone = () => {}
    res.onAborted(() => {
      exchange.aborted = true
      exchange.writable?.()
      onGone()
    })
    // Both are gone once this function returns.
    const peer = { from: Buffer.from(res.getRemoteAddressAsText()).toString() }
    const head = readHead(req)
    const answer = async (body: Buffer | null): Promise<void> => {
      const request = head === null || body === null ? null : toRequest(head, body)
      const response =
        request instanceof Request
          ? await fetch(request, peer)
          : problem(head !== null && body === null ? 'body_too_large' : 'invalid_request')
      // What is left of a body that is too large is not read: the connection ends.
      if (!exchange.aborted) await write(res, exchange, response, head?.method, body === null)
    }
    const fail = () => {
      if (!exchange.aborted) res.close()
    }
    const upload = async (from: Head): Promise<void> => {
      const body = uploadBody(res, upload_bytes_max, (gone) => {
        onGone = gone
      })
      const request = toRequest(from, body.stream)
      const response = request ? await fetch(request, peer) : problem('invalid_request')
      const whole = await body.rest()
      if (!exchange.aborted) await write(res, exchange, response, from.method, !whole)
    }
    if (head !== null && head.method === 'POST' && UPLOADS.test(new URL(head.url).pathname)) {
      upload(head).catch(fail)
    } else if (head === null || head.method === 'GET' || head.method === 'HEAD') {
      answer(Buffer.alloc(0)).catch(fail)
    } else {
      readBody(res, body_bytes_max, (body) => void answer(body).catch(fail))
    }
  }
}

interface Head {
  method: string
  url: string
  headers: Headers
}

function readHead(req: HttpRequest): Head | null {
  const query = req.getQuery()
  const path = req.getUrl()
  const headers = new Headers()
  try {
    req.forEach((name, value) => {
      headers.append(name, value)
    })
    const url = new URL(query ? `${path}?${query}` : path, `http://${headers.get('host')}`).href
    return { method: req.getCaseSensitiveMethod(), url, headers }
  } catch {
    return null
  }
}

function toRequest(
  { method, url, headers }: Head,
  body: Buffer | ReadableStream<Uint8Array>,
): Request | null {
  try {
    if (body instanceof ReadableStream) {
      return new Request(url, { method, headers, body, duplex: 'half' })
    }
    const init: RequestInit = { method, headers }
    if (body.length > 0) init.body = new Uint8Array(body)
    return new Request(url, init)
  } catch {
    return null
  }
}

function readBody(res: HttpResponse, bytes_max: number, done: (body: Buffer | null) => void): void {
  const chunks: Buffer[] = []
  let bytes = 0
  res.onData((chunk, isLast) => {
    if (bytes > bytes_max) return
    bytes += chunk.byteLength
    if (bytes > bytes_max) return done(null)
    // uWS takes the chunk's memory back when this returns.
    chunks.push(Buffer.from(chunk.slice(0)))
    if (isLast) done(Buffer.concat(chunks))
  })
}

async function write(
  res: HttpResponse,
  exchange: Exchange,
  response: Response,
  method: string | undefined,
  close: boolean,
): Promise<void> {
  const reader = response.body?.getReader()
  const first = method === 'HEAD' ? undefined : await reader?.read()
  const second = first?.done === false ? await reader?.read() : undefined
  if (exchange.aborted) return void reader?.cancel()
  if (first === undefined || first.done || second?.done) {
    res.cork(() => {
      writeHead(res, response)
      if (method === 'HEAD') res.endWithoutBody(contentLength(response), close)
      else res.end(first?.value ?? '', close)
    })
    return
  }
  res.cork(() => writeHead(res, response))
  res.onWritable(() => {
    exchange.writable?.()
    return true
  })
  await writeChunk(res, exchange, first.value)
  if (second !== undefined) await writeChunk(res, exchange, second.value)
  for (;;) {
    if (exchange.aborted) return void reader?.cancel()
    const next = await reader?.read()
    if (next === undefined || next.done) break
    await writeChunk(res, exchange, next.value)
  }
  if (!exchange.aborted) res.cork(() => res.end())
}

function writeHead(res: HttpResponse, response: Response): void {
  res.writeStatus(`${response.status} ${response.statusText}`.trim())
  for (const [name, value] of response.headers) {
    // uWS writes its own.
    if (name === 'content-length' || name === 'transfer-encoding' || name === 'connection') continue
    res.writeHeader(name, value)
  }
}

function contentLength(response: Response): number | undefined {
  const length = Number(response.headers.get('content-length') ?? Number.NaN)
  return Number.isSafeInteger(length) ? length : undefined
}

/** Resolves when the peer has room for more, or is gone. */
async function writeChunk(res: HttpResponse, exchange: Exchange, chunk: Uint8Array): Promise<void> {
  let bytes_max = PIECE_BYTES_MAX
  for (let at = 0; at < chunk.length && !exchange.aborted; ) {
    const piece = chunk.subarray(at, at + bytes_max)
    let room = true
    res.cork(() => {
      room = res.write(piece)
    })
    at += piece.length
    const woken = room || (await writable(exchange))
    bytes_max = woken ? PIECE_BYTES_MAX : PROBE_BYTES
  }
}

/** @returns whether uWS said so; false after a while without a word */
function writable(exchange: Exchange): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (woken: boolean) => {
      clearTimeout(timer)
      exchange.writable = undefined
      resolve(woken)
    }
    const timer = setTimeout(done, WRITABLE_WAIT_MS, false)
    exchange.writable = () => done(true)
  })
}
