// What a supervisor or a monitor asks from outside: /livez, /readyz and /metrics, on an address of
// their own.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Config } from '../config/schema.ts'
import { HotplateError } from '../domain/error.ts'
import type { Logger } from './log.ts'
import type { Metrics } from './metrics.ts'

/** Throws, or rejects, while what it looks at is not ready. */
export type ReadinessCheck = () => Promise<unknown> | unknown

export interface ReadinessReport {
  status: 'ready' | 'not_ready' | 'draining'
  /** By name: `ok`, or why not. */
  checks: Record<string, string>
}

export interface Readiness {
  /** Adds or replaces a check; `wait_ms_max` bounds each run of it. */
  add(name: string, check: ReadinessCheck, wait_ms_max?: number): void
  remove(name: string): void
  /** From now on not ready: the process is on its way out. */
  drain(): void
  report(): Promise<ReadinessReport>
}

const CHECK_WAIT_MS_MAX = 1_000

export function createReadiness(): Readiness {
  const checks = new Map<string, { check: ReadinessCheck; wait_ms_max: number }>()
  let draining = false
  return {
    add(name, check, wait_ms_max = CHECK_WAIT_MS_MAX) {
      checks.set(name, { check, wait_ms_max })
    },
    remove(name) {
      checks.delete(name)
    },
    drain() {
      draining = true
    },
    async report() {
      const results = await Promise.all(
        [...checks].map(
          async ([name, { check, wait_ms_max }]) => [name, await run(check, wait_ms_max)] as const,
        ),
      )
      const ready = results.every(([, result]) => result === 'ok')
      return {
        status: draining ? 'draining' : ready ? 'ready' : 'not_ready',
        checks: Object.fromEntries(results),
      }
    },
  }
}

async function run(check: ReadinessCheck, wait_ms_max: number): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${wait_ms_max} ms`), wait_ms_max)
  })
  const result = (async () => {
    await check()
    return 'ok'
  })().catch((error: unknown) => (error instanceof Error ? error.message : 'failed'))
  try {
    return await Promise.race([result, late])
  } finally {
    clearTimeout(timer)
  }
}

export interface Health {
  readonly port: number
  readonly readiness: Readiness
  stop(): Promise<void>
}

/** @throws HotplateError PORT_TAKEN, ADDRESS_UNUSABLE */
export async function startHealth(o: {
  config: Config
  metrics: Metrics
  log: Logger
  readiness?: Readiness
}): Promise<Health> {
  const readiness = o.readiness ?? createReadiness()
  const server = createServer((request, response) => {
    answer(request, response, readiness, o.metrics).catch((error: unknown) => {
      o.log.error({ err: error }, 'A health request failed.')
      response.destroy()
    })
  })
  server.requestTimeout = 5_000
  server.maxConnections = 64
  const { host, port } = o.config.health
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cantListen(error, host, port)))
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    readiness,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function cantListen(error: NodeJS.ErrnoException, host: string, port: number): HotplateError {
  if (error.code === 'EADDRINUSE') {
    return new HotplateError(
      'PORT_TAKEN',
      `Port ${port} on ${host} is taken: set health.port or stop what uses it`,
      { cause: error },
    )
  }
  return new HotplateError(
    'ADDRESS_UNUSABLE',
    `Expected health.host to be an address of this machine but received ${host} (${error.code})`,
    { cause: error },
  )
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  readiness: Readiness,
  metrics: Metrics,
): Promise<void> {
  const path = request.url?.split('?', 1)[0]
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, 405, 'text/plain; charset=utf-8', 'Expected GET\n')
  } else if (path === '/livez') {
    send(response, 200, 'text/plain; charset=utf-8', 'ok\n')
  } else if (path === '/readyz') {
    const report = await readiness.report()
    const status = report.status === 'ready' ? 200 : 503
    send(response, status, 'application/json', `${JSON.stringify(report)}\n`)
  } else if (path === '/metrics') {
    send(response, 200, metrics.registry.contentType, await metrics.registry.metrics())
  } else {
    send(response, 404, 'text/plain; charset=utf-8', 'Expected /livez, /readyz or /metrics\n')
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(body)
}
