// A real gateway on a real nats-server, with one user who can sign in; and a console made of a
// plain WebSocket.
import { WebSocket } from 'ws'
import { type Access, createAccess } from '../../src/access/access.ts'
import type { Audit } from '../../src/access/audit.ts'
import { addUser, openUsers } from '../../src/access/users.ts'
import { createDelivery, type Delivery, type DeliveryOptions } from '../../src/alerts/delivery.ts'
import type { Bus } from '../../src/bus/connection.ts'
import { ensureStreams } from '../../src/bus/streams.ts'
import { type Config, configSchema } from '../../src/config/schema.ts'
import { HotplateError } from '../../src/domain/error.ts'
import type { HotlistSubjects } from '../../src/gateway/hotlist-subjects.ts'
import type { ImageSource } from '../../src/gateway/routes.ts'
import { type Gateway, startGateway } from '../../src/gateway/server.ts'
import type { ListsReporter } from '../../src/hotlists/report.ts'
import { SettingsView } from '../../src/hotlists/settings-view.ts'
import { createReadiness, type Readiness } from '../../src/telemetry/health.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts'
import { freePort } from './ports.ts'

export const USER = 'dispatcher'
export const PASSWORD = 'correct horse battery'

export interface TestGateway extends AsyncDisposable {
  gateway: Gateway
  access: Access
  delivery: Delivery
  metrics: Metrics
  readiness: Readiness
  url: string
  /** @returns the cookie header's value */
  signIn(user?: string, password?: string): Promise<string>
  fetch(path: string, init?: RequestInit): Promise<Response>
  stop(): Promise<void>
}

export interface TestGatewayOptions {
  gateway?: Partial<Config['gateway']>
  images?: ImageSource
  lists?: ListsReporter
  subjects?: (audit: Audit, view: SettingsView) => Promise<HotlistSubjects>
  delivery?: Partial<DeliveryOptions>
  console_dir?: string
}

export async function startTestGateway(bus: Bus, o: TestGatewayOptions = {}): Promise<TestGateway> {
  const defaults = configSchema.parse({})
  const config = {
    ...defaults,
    gateway: { ...defaults.gateway, port: await freePort(), ...o.gateway },
  }
  const log = createLog('silent')
  const metrics = createMetrics()
  const readiness = createReadiness()
  await ensureStreams(bus, config)
  await addUser(await openUsers(bus), { name: USER, demo: true, password: PASSWORD }).catch(
    (error: unknown) => {
      if (!(error instanceof HotplateError) || error.code !== 'USER_EXISTS') throw error
    },
  )
  const access = await createAccess({ bus, config, log })
  const settings = await SettingsView.open(bus)
  const maySee: DeliveryOptions['maySee'] = ({ user }, list) =>
    settings.maySee(list, access.personOf(user))
  const rights = { maySee, refreshRights: () => settings.refresh() }
  const delivery = await createDelivery({ bus, config, log, metrics, ...rights, ...o.delivery })
  const images = o.images ?? { open: () => Promise.resolve(null) }
  const lists = o.lists ?? { report: () => Promise.resolve({ days: 90, lists: [] }) }
  const hotlists = await o.subjects?.(access.audit, settings)
  const gateway = await startGateway({
    config,
    bus,
    access,
    images,
    delivery,
    lists,
    subjects: hotlists?.subjects ?? [],
    settings,
    log,
    metrics,
    readiness,
    ...(o.console_dir === undefined ? {} : { console_dir: o.console_dir }),
  })
  const url = `http://127.0.0.1:${gateway.port}`
  const stop = once(async () => {
    await gateway.stop()
    await delivery.stop()
    hotlists?.stop()
    settings.stop()
    access.stop()
  })
  return {
    gateway,
    access,
    delivery,
    metrics,
    readiness,
    url,
    async signIn(user = USER, password = PASSWORD) {
      const response = await fetch(`${url}/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user, password }),
      })
      if (!response.ok) throw new Error(`Sign-in answered ${response.status}`)
      return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    },
    fetch: (path, init) => fetch(`${url}${path}`, init),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}

export interface Frame {
  type: string
  seq: number
  prev: number
  /** Of an alert. */
  alert?: { id: string }
  /** Of an update. */
  event?: { id: string; verdict: string; by: string }
}

export interface TestConsole {
  socket: WebSocket
  frames: Frame[]
  /** Set once the socket is closed. */
  closed: { code: number; reason: string } | undefined
  send(frame: unknown): void
}

/** Opens the alert stream; rejects with the status where the upgrade is refused. */
export function openConsole(
  url: string,
  cookie: string,
  headers: Record<string, string> = {},
): Promise<TestConsole> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/alerts/stream`, {
      headers: { cookie, ...headers },
    })
    const console: TestConsole = {
      socket,
      frames: [],
      closed: undefined,
      send: (frame) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    }
    socket.on('message', (data) => console.frames.push(JSON.parse(String(data)) as Frame))
    socket.on('close', (code, reason) => {
      console.closed = { code, reason: String(reason) }
    })
    socket.on('error', reject)
    socket.on('unexpected-response', (_request, response) => {
      reject(new Error(`Refused with ${response.statusCode}`))
    })
    socket.on('open', () => resolve(console))
  })
}
