// The gateway: HTTP routes, console pages and the alert stream on one address, by uWebSockets.js.
import { fileURLToPath } from 'node:url'
import uWS, { type us_listen_socket } from '@uwsjs/core'
import type { Access } from '../access/access.ts'
import type { Delivery } from '../alerts/delivery.ts'
import { createVerdicts } from '../alerts/verdicts.ts'
import type { Bus } from '../bus/connection.ts'
import type { Config } from '../config/schema.ts'
import { HotplateError } from '../domain/error.ts'
import type { ListsReporter } from '../hotlists/report.ts'
import type { SettingsView } from '../hotlists/settings-view.ts'
import { assertPortFree } from '../supervise/port.ts'
import type { Readiness } from '../telemetry/health.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { bridge } from './bridge.ts'
import type { Subject } from './context.ts'
import { loadPages } from './pages.ts'
import { createRoutes, type ImageSource } from './routes.ts'
import { addSockets } from './sockets.ts'

export interface GatewayOptions {
  config: Config
  bus: Bus
  access: Access
  images: ImageSource
  delivery: Delivery
  lists: ListsReporter
  /** Routes of more subjects. */
  subjects?: readonly Subject[]
  settings: Pick<SettingsView, 'maySee'>
  log: Logger
  metrics: Metrics
  readiness: Readiness
  /** The built console; `dist/console` of this program by default. */
  console_dir?: string
}

export interface Gateway {
  readonly port: number
  /**
   * Takes no new connections, sends consoles away with 1001, lets requests under way end, then
   * closes.
   */
  stop(): Promise<void>
}

const CONSOLE_DIR = fileURLToPath(new URL('../../dist/console', import.meta.url))
const DRAIN_MS_MAX = 2_000

/** @throws HotplateError PORT_TAKEN */
export async function startGateway(o: GatewayOptions): Promise<Gateway> {
  const { config, access, images, delivery, lists, settings, log, readiness } = o
  const { subjects = [] } = o
  const pages = loadPages(o.console_dir ?? CONSOLE_DIR)
  const verdicts = createVerdicts(o.bus)
  const parts = { access, images, delivery, verdicts, lists, settings, subjects, pages, log }
  const routes = createRoutes(parts)
  const work = { requests: 0 }
  const app = uWS.App()
  const sockets = addSockets(app, { config, access, delivery, log })
  const handle = bridge(async (request, peer) => {
    work.requests += 1
    try {
      return await routes.fetch(request, peer)
    } finally {
      work.requests -= 1
    }
  }, config.gateway)
  app.any('/*', handle)
  const socket = await listen(app, config.gateway.host, config.gateway.port)
  const port = uWS.us_socket_local_port(socket)
  readiness.add('alert_stream', () => delivery.check())
  readiness.add('nats', () => o.bus.nc.flush())
  log.info({ host: config.gateway.host, port }, 'The gateway listens.')

  return {
    port,
    async stop() {
      uWS.us_listen_socket_close(socket)
      readiness.remove('alert_stream')
      readiness.remove('nats')
      await sockets.drain(DRAIN_MS_MAX)
      const end = performance.now() + DRAIN_MS_MAX
      while (work.requests > 0 && performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      app.close()
    },
  }
}

/**
 * uWebSockets.js shares a port with whoever else shares it; its exclusive mode, on the other hand,
 * fails for a minute after a restart, while old connections linger. So the port is tried first.
 */
async function listen(
  app: uWS.TemplatedApp,
  host: string,
  port: number,
): Promise<us_listen_socket> {
  if (port !== 0) await assertPortFree(host, port, 'gateway.port')
  return new Promise((resolve, reject) => {
    app.listen(host, port, (socket) => {
      if (socket !== false) return resolve(socket)
      reject(
        new HotplateError(
          'PORT_TAKEN',
          `Port ${port} on ${host} is taken: set gateway.port or stop what uses it`,
        ),
      )
    })
  })
}
