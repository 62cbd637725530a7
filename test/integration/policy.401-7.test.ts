// Policy 401.7: no faces, no people, no gender, no race. Were it wrong, what a camera should never
// have sent would lie in the store, on a stream or in a log, where no purge looks for it.
import { expect, test } from 'vitest'
import { STREAM } from '../../src/bus/streams.ts'
import { metricOf, startService } from '../helpers/service.ts'
import {
  alertsOf,
  makeRead,
  publish,
  putInForce,
  rejectsOf,
  rowsOf,
  settled,
  textsOf,
} from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'

const MARK = 'FORBIDDEN'

test('401.7 forbidden fields reach no store, stream or log and are counted', async () => {
  let log = ''
  await using service = await startService({
    settings: { LOG__LEVEL: 'debug' },
    onLog: (text) => {
      log += text
    },
  })
  await putInForce(service, 'stolen', [{ plate: 'WANTED1' }])
  const people = { face: MARK, Gender: MARK, race: [MARK], driver: { age: MARK, name: MARK } }
  const fields = [
    people,
    { vehicle: { make: 'ford', driver: MARK, passengers: [MARK] } },
    { analytics: { scene: [{ objects: { occupants: [{ skin_tone: MARK }] } }] } },
    { images: { face: MARK }, candidates: [{ plate: 'AB1', confidence: 1, ethnicity: MARK }] },
    { lane: { sex: MARK }, location: { lat: 'x', faces: MARK } },
  ]
  for (const [i, extra] of fields.entries()) {
    await publish(service, makeRead({ id: `r${i}`, plate: 'WANTED1', ...extra }))
  }
  const other = { camera: 'pole-2', plate: undefined, gender: MARK, vehicle: { driver: MARK } }
  await publish(service, makeRead(other), 'pole-2')
  await publish(service, `{"driver":"${MARK}"`, 'pole-2')
  await publish(service, makeRead({ camera: 'pole-3' }), 'pole-3')
  await until(async () => (await alertsOf(service)).length > 0, { what: 'the alert' })
  await settled(service)

  const bus = await service.bus()
  const rows = await rowsOf(service)
  expect(rows).toHaveLength(fields.length + 1)
  expect(rows[1]).toMatchObject({ make: 'ford' })
  expect(await rejectsOf(service)).toHaveLength(2 + 2)
  for (const kept of [
    JSON.stringify(rows),
    ...(await textsOf(bus, STREAM.rejects)),
    ...(await textsOf(bus, STREAM.alerts)),
    log,
  ]) {
    expect(kept).not.toContain(MARK)
  }
  const metrics = await service.metrics()
  const count = (camera: string) =>
    metricOf(metrics, `hotplate_reads_fields_forbidden_total{camera="${camera}"}`)
  expect([count('pole-1'), count('pole-2'), count('pole-3')]).toEqual([4 + 2 + 1 + 2 + 2, 2, 0])
  // The log was read, and at its most talkative.
  expect(log).toContain('"level":20')
})
