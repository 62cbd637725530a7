// GET /v1/alerts/stream: upgrades of those who are signed in, and the sockets' side of the alert
// delivery.
//
// The upgrade is answered within uWS's own callback: one that waits for something first must be
// corked, and uWS closes some of those sockets as they open (uWebSockets, pull request 1929). So
// the opening is recorded once the socket is there, and until it is on record nothing is sent.
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
  /** The peer's address as text. */
  from: string
  /** Undefined until the opening is on record. */
  attached: AttachedConsole | undefined
  /** What the console says before that: no more than its credit allows. */
  early: string[]
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
const NOT_RECORDED = 1013

export function addSockets(app: TemplatedApp, o: SocketOptions): Sockets {
  const sockets = new Set<Socket>()
  let draining = false
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
      const full = sockets.size >= o.config.gateway.consoles_max
      upgrade(o, res, req, context, draining ? 'draining' : full ? 'busy' : null)
    },
    open: (ws) => {
      sockets.add(ws)
      const console = ws.getUserData()
      console.open = true
      void attach(o, ws, console)
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
      draining = true
      stopListening()
      for (const ws of sockets) ws.end(1001, 'The service is stopping')
      const end = performance.now() + wait_ms_max
      while (sockets.size > 0 && performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
}

function upgrade(
  o: SocketOptions,
  res: HttpResponse,
  req: HttpRequest,
  context: Parameters<HttpResponse['upgrade']>[4],
  problem: ProblemCode | null,
): void {
  const session = o.access.check(readCookie(req.getHeader('cookie'), SESSION_COOKIE))
  const sameOrigin = isSameOrigin({
    host: req.getHeader('host'),
    origin: req.getHeader('origin'),
    secFetchSite: req.getHeader('sec-fetch-site'),
  })
  if (session === null) {
    refuseUpgrade(res, 'not_signed_in')
    return
  }
  const refusal = sameOrigin ? problem : 'cross_origin'
  if (refusal !== null) {
    refuseUpgrade(res, refusal)
    return
  }
  const data: Console = {
    session,
    from: Buffer.from(res.getRemoteAddressAsText()).toString(),
    attached: undefined,
    early: [],
    credit: CREDIT_MAX,
    credited_ms: performance.now(),
    open: false,
  }
  const key = req.getHeader('sec-websocket-key')
  const protocol = req.getHeader('sec-websocket-protocol')
  const extensions = req.getHeader('sec-websocket-extensions')
  res.upgrade(data, key, protocol, extensions, context)
}

/** The socket may close at any time meanwhile: with its session, or with the service. */
async function attach(o: SocketOptions, ws: Socket, console: Console): Promise<void> {
  const { user } = console.session
  try {
    const { from } = console
    await o.access.audit.record({ who: user, from, what: 'alert_stream', outcome: 'ok' })
  } catch (error) {
    if (problemOfError(error) === null) o.log.error({ err: error }, 'A console was sent away.')
    if (console.open) ws.end(NOT_RECORDED, 'The audit log is not available')
    return
  }
  if (!console.open) return
  const attached = o.delivery.attach({ user }, sinkOf(ws, console))
  console.attached = attached
  for (const text of console.early.splice(0)) attached.frame(text)
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
  else {
    const text = Buffer.from(message).toString()
    if (console.attached === undefined) console.early.push(text)
    else console.attached.frame(text)
  }
}

function readCookie(header: string, name: string): string {
  for (const part of header.split(';', 64)) {
    const [key, value] = part.trim().split('=', 2)
    if (key === name) return value ?? ''
  }
  return ''
}
