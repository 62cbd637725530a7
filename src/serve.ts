// The service: platform, roles and what is seen from outside, put together, and taken apart in the
// opposite order.
import { type Access, createAccess } from './access/access.ts'
import { createDelivery, type DeliveryOptions } from './alerts/delivery.ts'
import type { Bus } from './bus/connection.ts'
import type { Config } from './config/schema.ts'
import { ImageStore } from './evidence/images.ts'
import { startKeeper } from './evidence/keeper.ts'
import { openHotlistSubjects } from './gateway/hotlist-subjects.ts'
import { startGateway } from './gateway/server.ts'
import { openListsReporter } from './hotlists/report.ts'
import { SettingsView } from './hotlists/settings-view.ts'
import { type Ingest, startIngest } from './ingest/ingest.ts'
import { type DataKind, type Platform, startPlatform } from './platform.ts'
import type { Store } from './store/client.ts'
import { createReadiness, type Readiness, startHealth } from './telemetry/health.ts'
import type { Logger } from './telemetry/log.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'

export const ROLES = ['ingest', 'gateway', 'keeper'] as const
export type Role = (typeof ROLES)[number]

export interface ServiceOptions {
  config: Config
  roles: readonly Role[]
  kind: DataKind
  log: Logger
}

export interface Service {
  platform: Platform
  metrics: Metrics
  /** Only with the role `ingest`. */
  ingest: Ingest | null
  /** Only with the role `gateway`. */
  access: Access | null
  gateway_port: number | null
  health_port: number
  /** Drains: not ready first, then no new work, then what is in work, then the engines. */
  stop(): Promise<void>
}

/**
 * A part that waits for a store that hangs must not hold up the end: what it holds comes again at
 * the next start.
 */
const PART_STOP_MS_MAX = 8_000

async function inTime(stopped: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`Not stopped within ${PART_STOP_MS_MAX} ms`)
    timer = setTimeout(() => reject(error), PART_STOP_MS_MAX)
  })
  try {
    await Promise.race([stopped, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * @throws HotplateError when a part can't start; everything started before it has then been stopped
 */
export async function startService({ config, roles, kind, log }: ServiceOptions): Promise<Service> {
  const metrics = createMetrics()
  const readiness = createReadiness()
  const stops: (() => void | Promise<void>)[] = []
  const stop = async () => {
    readiness.drain()
    for (const step of stops.splice(0).reverse()) {
      try {
        await step()
      } catch (error) {
        log.error({ err: error }, 'A part did not stop.')
      }
    }
  }
  try {
    let health_port = 0
    // Whoever starts a second service on a folder is told so, and not of a port that is taken.
    const onLocked = async () => {
      const health = await startHealth({ config, metrics, log, readiness })
      stops.push(() => health.stop())
      health_port = health.port
    }
    const platform = await startPlatform({ config, kind, log, metrics, name: 'hotplate', onLocked })
    stops.push(() => platform.stop())
    const { bus, store } = platform
    readiness.add('nats', () => bus.nc.flush())
    if (roles.includes('keeper')) {
      const keeper = await startKeeper({ config, bus, store, log, metrics })
      stops.push(() => inTime(keeper.stop()))
    }
    const parts = { config, bus, store, log, metrics, readiness }
    const door = roles.includes('gateway') ? await openDoor(parts, stops) : null
    const ingest = roles.includes('ingest')
      ? await startIngest({ config, bus, connect: platform.connect, store, log, metrics })
      : null
    if (ingest) stops.push(() => inTime(ingest.stop()))
    return {
      platform,
      metrics,
      ingest,
      access: door?.access ?? null,
      gateway_port: door?.gateway.port ?? null,
      health_port,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Parts {
  config: Config
  bus: Bus
  store: Store
  log: Logger
  metrics: Metrics
  readiness: Readiness
}

/** What is seen from outside. @param stops takes what ends it, in the order of beginning */
async function openDoor(
  { config, bus, store, log, metrics, readiness }: Parts,
  stops: (() => void | Promise<void>)[],
) {
  const access = await createAccess({ bus, config, log })
  stops.push(() => access.stop())
  const settings = await SettingsView.open(bus)
  stops.push(() => settings.stop())
  const maySee: DeliveryOptions['maySee'] = ({ user }, list) =>
    settings.maySee(list, access.personOf(user))
  const refreshRights = () => settings.refresh()
  const delivery = await createDelivery({ bus, config, metrics, log, maySee, refreshRights })
  stops.push(() => delivery.stop())
  const lists = await openListsReporter(bus, store, config)
  const { audit } = access
  const hotlists = await openHotlistSubjects({ bus, store, audit, config, log, view: settings })
  stops.push(() => hotlists.stop())
  const gateway = await startGateway({
    config,
    bus,
    access,
    images: new ImageStore(config.data_dir),
    delivery,
    lists,
    settings,
    subjects: hotlists.subjects,
    log,
    metrics,
    readiness,
  })
  stops.push(() => gateway.stop())
  return { access, gateway }
}
