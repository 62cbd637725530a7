// GET /v1/alerts/stream: upgrades of those who are signed in, and the sockets' side of the alert
// delivery.
import type { HttpRequest, HttpResponse, TemplatedApp, WebSocket } from '@uwsjs/core'
import type { Access } from '../access/access.ts'
import type { Session } from '../access/sessions.ts'
import type { AttachedConsole, Delivery, DeliverySink } from '../alerts/delivery.ts'
import { CLIENT_FRAME_BYTES_MAX } from '../alerts/frames.ts'
import type { Config } from '../config/schema.ts'
import type { Logger } from '../telemetry/log.ts'
import { isSameOrigin } from './origin.ts'
import { type ProblemCode, problemBody, problemOfError, problemStatus } from './problems.ts'
import { SESSION_COOKIE, STREAM_PATH } from './routes.ts'

export interface Sockets {
  /** Sends every console away with 1001; resolves when all are gone, or after `wait_ms_max`. */
  drain(wait_ms_max: number): Promise<void>
}

export interface SocketOptions {
  config: Config
  access: Access
  delivery: Delivery
  log: Logger
}

interface Console {
  session: Session
  attached: AttachedConsole | undefined
  /** Frames that the console may still send; one more for each alert that it gets. */
  credit: number
  credited_ms: number
  open: boolean
}
type Socket = WebSocket<Console>

const CREDIT_MAX = 100
const CREDIT_PER_S = 10
/** A peer that answers no ping for this long is gone. */
const IDLE_S_MAX = 60
const SESSION_ENDED = 4401

export function addSockets(app: TemplatedApp, o: SocketOptions): Sockets {
  const sockets = new Set<Socket>()
  const state = { draining: false, opening: 0 }
  const stopListening = o.access.onEnded((id) => {
    for (const ws of sockets) {
      if (ws.getUserData().session.id === id) ws.end(SESSION_ENDED, 'The session has ended')
    }
  })

  app.ws<Console>(STREAM_PATH, {
    maxPayloadLength: CLIENT_FRAME_BYTES_MAX,
    // The cursor looks at the buffer before each frame and holds back itself: uWS must drop
    // nothing.
    maxBackpressure: 0,
    idleTimeout: IDLE_S_MAX,
    sendPingsAutomatically: true,
    upgrade: (res, req, context) => {
      const full = sockets.size + state.opening >= o.config.gateway.consoles_max
      const problem = state.draining ? 'draining' : full ? 'busy' : null
      state.opening += 1
      void upgrade(o, res, req, context, problem).finally(() => {
        state.opening -= 1
      })
    },
    open: (ws) => {
      sockets.add(ws)
      const console = ws.getUserData()
      console.open = true
      if (state.draining) {
        ws.end(1001, 'The service is stopping')
        return
      }
      console.attached = o.delivery.attach({ user: console.session.user }, sinkOf(ws, console))
    },
    message: (ws, message, isBinary) => onMessage(ws, message, isBinary),
    drain: (ws) => ws.getUserData().attached?.drained(),
    close: (ws) => {
      sockets.delete(ws)
      const console = ws.getUserData()
      console.open = false
      console.attached?.detach()
    },
  })

  return {
    async drain(wait_ms_max) {
      state.draining = true
      stopListening()
      for (const ws of sockets) ws.end(1001, 'The service is stopping')
      const end = performance.now() + wait_ms_max
      while (sockets.size > 0 && performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
}

async function upgrade(
  o: SocketOptions,
  res: HttpResponse,
  req: HttpRequest,
  context: Parameters<HttpResponse['upgrade']>[4],
  problem: ProblemCode | null,
): Promise<void> {
  let aborted = false
  res.onAborted(() => {
    aborted = true
  })
  // The request is gone after the first await.
  const key = req.getHeader('sec-websocket-key')
  const protocol = req.getHeader('sec-websocket-protocol')
  const extensions = req.getHeader('sec-websocket-extensions')
  const token = readCookie(req.getHeader('cookie'), SESSION_COOKIE)
  const from = Buffer.from(res.getRemoteAddressAsText()).toString()
  const session = o.access.check(token)
  const sameOrigin = isSameOrigin({
    host: req.getHeader('host'),
    origin: req.getHeader('origin'),
    secFetchSite: req.getHeader('sec-fetch-site'),
  })
  const refuse = (code: ProblemCode) => {
    if (!aborted) res.cork(() => refuseUpgrade(res, code))
  }
  if (session === null) return refuse('not_signed_in')
  if (!sameOrigin) return refuse('cross_origin')
  if (problem !== null) return refuse(problem)
  try {
    await o.access.audit.record({ who: session.user, from, what: 'alert_stream', outcome: 'ok' })
  } catch (error) {
    if (problemOfError(error) === null) o.log.error({ err: error }, 'An upgrade failed.')
    return refuse('audit_unavailable')
  }
  // The session may have ended while the record was written.
  if (o.access.check(token) === null) return refuse('not_signed_in')
  if (aborted) return
  const credited_ms = performance.now()
  const data: Console = {
    session,
    attached: undefined,
    credit: CREDIT_MAX,
    credited_ms,
    open: false,
  }
  res.cork(() => res.upgrade(data, key, protocol, extensions, context))
}

function refuseUpgrade(res: HttpResponse, code: ProblemCode): void {
  res.writeStatus(String(problemStatus(code)))
  res.writeHeader('content-type', 'application/problem+json')
  res.writeHeader('cache-control', 'no-store')
  res.end(problemBody(code))
}

function sinkOf(ws: Socket, console: Console): DeliverySink {
  return {
    buffered: () => (console.open ? ws.getBufferedAmount() : 0),
    send(frame) {
      if (!console.open) return
      console.credit += 1
      ws.send(frame, false)
    },
    close(code, reason) {
      if (console.open) ws.end(code, reason)
    },
  }
}

function onMessage(ws: Socket, message: ArrayBuffer, isBinary: boolean): void {
  const console = ws.getUserData()
  const now = performance.now()
  const earned = ((now - console.credited_ms) / 1000) * CREDIT_PER_S
  // What came with alerts is kept; what came with time is not saved up beyond the burst.
  if (console.credit < CREDIT_MAX) console.credit = Math.min(CREDIT_MAX, console.credit + earned)
  console.credited_ms = now
  console.credit -= 1
  if (console.credit < 0) ws.end(1008, 'Too many frames: one per alert and 10 a second')
  else if (isBinary) ws.end(1008, 'Expected a text frame')
  else console.attached?.frame(Buffer.from(message).toString())
}

function readCookie(header: string, name: string): string {
  for (const part of header.split(';', 64)) {
    const [key, value] = part.trim().split('=', 2)
    if (key === name) return value ?? ''
  }
  return ''
}
