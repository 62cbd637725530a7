// /livez, /readyz, /metrics. A bug here shows as traffic sent to a process that can't serve it.
import { afterEach, describe, expect, it } from 'vitest'
import { configSchema } from '../../src/config/schema.ts'
import { createReadiness, type Health, startHealth } from '../../src/telemetry/health.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'

const defaults = configSchema.parse({})
const log = createLog('silent')
let health: Health | undefined

function start(port = 0): Promise<Health> {
  const config = { ...defaults, health: { ...defaults.health, port } }
  return startHealth({ config, log, metrics: createMetrics() })
}
const get = (path: string) => fetch(`http://127.0.0.1:${health?.port}${path}`)

afterEach(async () => {
  await health?.stop()
  health = undefined
})

describe('health', () => {
  it('is alive, and ready while every check passes', async () => {
    health = await start()
    health.readiness.add('nats', () => Promise.resolve())
    expect((await get('/livez')).status).toBe(200)
    const ready = await get('/readyz')
    expect(ready.status).toBe(200)
    expect(await ready.json()).toEqual({ status: 'ready', checks: { nats: 'ok' } })
  })

  it('names the check that fails, and the one that does not answer in time', async () => {
    health = await start()
    health.readiness.add('nats', () => Promise.resolve())
    health.readiness.add('store', () => {
      throw new Error('no connection')
    })
    health.readiness.add('disk', () => new Promise(() => {}), 20)
    const response = await get('/readyz')
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({
      status: 'not_ready',
      checks: { nats: 'ok', store: 'no connection', disk: 'no answer within 20 ms' },
    })
  })

  it('is not ready while draining', async () => {
    health = await start()
    health.readiness.drain()
    const response = await get('/readyz')
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ status: 'draining' })
    expect((await get('/livez')).status).toBe(200)
  })

  it('shows the metrics as Prometheus reads them', async () => {
    health = await start()
    const response = await get('/metrics')
    expect(response.headers.get('content-type')).toContain('text/plain')
    expect(await response.text()).toContain('# TYPE hotplate_reads_received_total counter')
  })

  it('refuses a port that is taken, and other paths and methods', async () => {
    health = await start()
    await expect(start(health.port)).rejects.toMatchObject({ code: 'PORT_TAKEN' })
    expect((await get('/')).status).toBe(404)
    const post = await fetch(`http://127.0.0.1:${health.port}/livez`, { method: 'POST' })
    expect(post.status).toBe(405)
  })

  it('forgets a check that was removed', async () => {
    const readiness = createReadiness()
    readiness.add('gone', () => Promise.reject(new Error('down')))
    readiness.remove('gone')
    expect(await readiness.report()).toEqual({ status: 'ready', checks: {} })
  })
})
