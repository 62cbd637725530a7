// A real nats-server for a test: embedded, in a temporary folder, on a free port, with the
// service's bus.
import { join } from 'node:path'
import { type Bus, type BusOptions, connectBus } from '../../src/bus/connection.ts'
import {
  type EmbeddedNats,
  type EmbeddedNatsOptions,
  startEmbeddedNats,
} from '../../src/bus/embedded.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { temporaryFolder } from './folder.ts'
import { freePort } from './ports.ts'

export interface TestNats extends AsyncDisposable {
  data_dir: string
  server: EmbeddedNats
  /** Connected as `service`. */
  bus: Bus
  /** One more connection, as `service` unless told otherwise; closed with the rest. */
  connect(options?: Partial<BusOptions>): Promise<Bus>
}

/** @example await using nats = await startNats() */
export async function startNats(options: Partial<EmbeddedNatsOptions> = {}): Promise<TestNats> {
  const folder = temporaryFolder()
  const data_dir = options.data_dir ?? join(folder.path, 'data')
  const buses: Bus[] = []
  try {
    const server = await startEmbeddedNats({
      port: await freePort(),
      payload_bytes_max: 8 * 1024 * 1024,
      store_bytes_max: 40 * 1024 ** 3,
      partitions: 1,
      log: createLog('silent'),
      ...options,
      data_dir,
    })
    const connect = async (more: Partial<BusOptions> = {}) => {
      const { service, url } = server
      const bus = await connectBus({ servers: url, ...service, name: 'test', ...more })
      buses.push(bus)
      return bus
    }
    return {
      data_dir,
      server,
      bus: await connect(),
      connect,
      async [Symbol.asyncDispose]() {
        await Promise.all(buses.map((bus) => bus.close()))
        await server.stop()
        folder[Symbol.dispose]()
      },
    }
  } catch (error) {
    folder[Symbol.dispose]()
    throw error
  }
}
