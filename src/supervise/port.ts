// Says whose setting is at fault before an engine dies of a taken port.
import { createServer } from 'node:net'
import { HotplateError } from '../domain/error.ts'

/**
 * Resolves when `port` can be listened on, waiting up to `wait_ms_max` for its user to go.
 * @param setting the name of the setting to change, as `nats.port`
 * @throws HotplateError PORT_TAKEN, or PORT_REFUSED when the system doesn't allow it at all
 */
export async function assertPortFree(
  host: string,
  port: number,
  setting: string,
  wait_ms_max = 0,
): Promise<void> {
  const end = performance.now() + wait_ms_max
  for (;;) {
    const refusal = await tryListen(host, port)
    if (refusal === null) return
    if (refusal.code !== 'EADDRINUSE') {
      throw new HotplateError(
        'PORT_REFUSED',
        `Port ${port} on ${host} can't be listened on (${refusal.code}): set ${setting}`,
        { cause: refusal },
      )
    }
    if (performance.now() >= end) {
      throw new HotplateError(
        'PORT_TAKEN',
        `Port ${port} on ${host} is taken: set ${setting} or stop what uses it`,
        { cause: refusal },
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function tryListen(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', resolve)
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}
