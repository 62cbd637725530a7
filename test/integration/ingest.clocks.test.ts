// Cameras with wrong clocks. Were it wrong, their plates would be missed, or their reads would lie
// in a partition that is purged tomorrow, or in fifty years.
import { expect, test } from 'vitest'
import { STREAM } from '../../src/bus/streams.ts'
import { DAY_MS, utcDay } from '../../src/domain/time.ts'
import { metricOf, startService } from '../helpers/service.ts'
import { alertsOf, makeRead, publish, putInForce, rowsOf, settled } from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'

const MINUTE_MS = 60_000
const column = (time_ms: number) =>
  new Date(time_ms).toISOString().replace('T', ' ').replace('Z', '')

test('wrong clocks: matched, stored under the receive time and marked', async () => {
  await using service = await startService()
  await putInForce(service, 'stolen', [{ plate: 'WANTED1' }])
  const now_ms = Date.now()
  const next_year_ms = Date.UTC(new Date(now_ms).getUTCFullYear() + 1, 5, 1)
  const clocks: [string, number, boolean][] = [
    ['fast-6-min', now_ms + 6 * MINUTE_MS, true],
    ['slow-40-days', now_ms - 40 * DAY_MS, true],
    ['epoch', 1_000, true],
    ['next-year', next_year_ms, true],
    ['fast-4-min', now_ms + 4 * MINUTE_MS, false],
    ['slow-29-days', now_ms - 29 * DAY_MS, false],
  ]
  const received_ms = new Map<string, number>()
  const { jsm } = await service.bus()
  for (const [camera, time_ms] of clocks) {
    const time = new Date(time_ms).toISOString()
    const seq = await publish(
      service,
      makeRead({ id: 'r', camera, time, plate: 'WANTED1' }),
      camera,
    )
    const message = await jsm.streams.getMessage(STREAM.reads, { seq })
    received_ms.set(camera, Math.floor(message?.time.getTime() ?? Number.NaN))
  }
  await until(async () => (await alertsOf(service)).length === clocks.length, { what: 'alerts' })
  await settled(service)

  const alerts = new Map((await alertsOf(service)).map(({ read }) => [read.camera, read]))
  const rows = new Map((await rowsOf(service)).map((row) => [row.camera, row]))
  for (const [camera, device_ms, suspect] of clocks) {
    const time_ms = suspect ? (received_ms.get(camera) as number) : device_ms
    const device_time = suspect ? { deviceTime: new Date(device_ms).toISOString() } : {}
    expect(alerts.get(camera), camera).toMatchObject({
      clockSuspect: suspect,
      time: new Date(time_ms).toISOString(),
      receivedAt: new Date(received_ms.get(camera) as number).toISOString(),
      ...device_time,
    })
    expect(rows.get(camera), camera).toMatchObject({
      time: column(time_ms),
      partition: utcDay(time_ms),
      received_at: column(received_ms.get(camera) as number),
      device_time: suspect ? column(device_ms) : null,
      clock_suspect: suspect,
    })
    if (!suspect) expect(alerts.get(camera)).not.toHaveProperty('deviceTime')
  }
  const metrics = await service.metrics()
  expect(metricOf(metrics, 'hotplate_reads_clock_suspect_total')).toBe(4)
})
