// Past reads of an entry through a real service: found once it is in force, kept, and never alerted
// on. A bug here shows as a flood of alerts about yesterday, or as reads that outlive the thirty
// days.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configSchema } from '../../src/config/schema.ts'
import { DAY_MS, utcDay } from '../../src/domain/time.ts'
import { customKey } from '../../src/hotlists/custom.ts'
import { addCustom, amendCustom, stepCustom } from '../../src/hotlists/custom-changes.ts'
import { openPastReads, type PastReadsOptions, pastReads } from '../../src/hotlists/past-reads.ts'
import { SightingsFinder } from '../../src/hotlists/sightings.ts'
import { openThresholds } from '../../src/hotlists/thresholds.ts'
import { putPastReads } from '../../src/store/past-reads.ts'
import { dropPartition, readPartitions } from '../../src/store/reads.ts'
import { ANN, approved, type CustomGround, customGround, drafted, SUE } from '../helpers/custom.ts'
import { type RunningService, startService } from '../helpers/service.ts'
import { alertsOf, makeRead, publish, putInForce, rowsOf, settled } from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'

let service: RunningService
let custom: CustomGround
let o: PastReadsOptions
beforeAll(async () => {
  service = await startService({ settings: { HOTLISTS__CHECK_EVERY_S: '1' } })
  const bus = await service.bus()
  custom = await customGround(bus)
  const store = service.store()
  const config = configSchema.parse({})
  o = {
    store,
    config,
    manifests: custom.manifests,
    records: await openPastReads(bus),
    thresholds: await openThresholds(bus),
    finder: new SightingsFinder({ store, config }),
  }
  await putInForce(service, 'bolo', [{ plate: 'ZZZ9999' }], 'fold')
  const seen = async (plate: string, camera: string, ago_ms: number) => {
    const time = new Date(Date.now() - ago_ms).toISOString()
    await publish(service, makeRead({ id: `${plate}-${ago_ms}`, plate, camera, time }), camera)
  }
  await seen('TUV3947', 'gate-1', 10 * DAY_MS)
  await seen('TUV3947', 'gate-1', 10 * DAY_MS - 5_000)
  await seen('TUV3947', 'pole-2', 2 * DAY_MS)
  await seen('TUV394Z', 'pole-2', DAY_MS)
  await seen('KXA7437', 'pole-2', DAY_MS)
  await seen('ZZZ9999', 'pole-3', 60_000)
  await settled(service)
  await until(async () => (await rowsOf(service)).length === 6)
})
afterAll(async () => {
  custom?.stop()
  await service?.[Symbol.asyncDispose]()
})

const recordOf = async (id: string) => (await o.records.get(customKey('bolo', id)))?.value ?? null
const found = (id: string) => until(() => recordOf(id), { ms: 30_000 })

test('past reads of an entry are found once it is in force, and raise no alert', async () => {
  const before = (await alertsOf(service)).length
  const given = drafted({ plate: 'TUV3947', profile: 'fold' })
  const { id } = (await addCustom(custom, ANN, 'bolo', given, true)).value.entry
  expect(await recordOf(id)).toBeNull()
  await stepCustom(custom, SUE, { list: 'bolo', id, action: 'approve' })
  expect(await found(id)).toMatchObject({ reads: 3, alerts: 2, kept: 3 })
  const { sightings } = await pastReads(o, 'bolo', id)
  expect(
    sightings.map(({ camera, plate, class: kind, alerts }) => [camera, plate, kind, alerts]),
  ).toEqual([
    ['pole-2', 'TUV3947', 'exact', true],
    ['gate-1', 'TUV3947', 'exact', false],
    ['gate-1', 'TUV3947', 'exact', true],
  ])
  await publish(service, makeRead({ plate: 'TUV3947', camera: 'now-1' }), 'now-1')
  await settled(service)
  const fresh = (await alertsOf(service)).slice(before)
  expect(fresh.map(({ read, entry }) => [read.camera, entry.id])).toEqual([['now-1', id]])
})

test('what was found is kept, and looked for again with another activation alone', async () => {
  const id = await approved(custom, 'bolo', { plate: 'KXA7437' })
  const first = await found(id)
  expect(first.reads).toBe(1)
  expect(await pastReads(o, 'bolo', id)).toMatchObject({ found_at: first.found_at })
  await amendCustom(custom, ANN, { list: 'bolo', id }, { plate: 'TUV394Z' })
  await expect(pastReads(o, 'bolo', id)).rejects.toMatchObject({ code: 'ENTRY_UNKNOWN' })
  for (const [by, action] of [
    [ANN, 'submit'],
    [SUE, 'approve'],
  ] as const) {
    await stepCustom(custom, by, { list: 'bolo', id, action })
  }
  await until(async () => (await recordOf(id))?.of !== first.of, { ms: 30_000 })
  const { sightings } = await pastReads(o, 'bolo', id)
  expect(sightings.map(({ plate }) => plate)).toEqual(['TUV394Z'])
})

test('an entry of an import is looked for when somebody asks', async () => {
  const [alert] = (await alertsOf(service)).filter(({ entry }) => entry.plate === 'ZZZ9999')
  const id = alert?.entry.id as string
  expect(await recordOf(id)).toBeNull()
  const { reads, sightings, of } = await pastReads(o, 'bolo', id)
  expect([reads, sightings[0]?.camera, of]).toEqual([1, 'pole-3', 'version 1'])
  expect(await recordOf(id)).toMatchObject({ reads: 1 })
  await expect(pastReads(o, 'bolo', 'nobody')).rejects.toMatchObject({ code: 'ENTRY_UNKNOWN' })
})

test('an entry that reaches too far has no history, and is told so', async () => {
  const id = await approved(custom, 'bolo', { plate: 'TU*' })
  const narrow = new SightingsFinder({
    store: o.store,
    config: configSchema.parse({}),
    hits_max: 2,
  })
  await found(id)
  await o.records.purge(customKey('bolo', id))
  const { refused, sightings } = await pastReads({ ...o, finder: narrow }, 'bolo', id)
  expect(refused).toMatch(/TU\* .* has more/)
  expect(sightings).toEqual([])
})

test('401.5a past reads are in no answer after thirty days, and go with their day', async () => {
  const id = await approved(custom, 'bolo', { plate: 'OLD1234' })
  const record = await found(id)
  const time_ms = Date.now() - 31 * DAY_MS
  const day = utcDay(time_ms)
  const match = { class: 'exact', cost: 0, posterior: 1, state: 'unknown' } as const
  const read = { camera: 'pole-9', read_id: 'r', time_ms, plate: 'OLD1234', region: '', ...match }
  await putPastReads(o.store, record, [{ ...read, alerts: true }])
  expect((await pastReads(o, 'bolo', id)).sightings).toEqual([])
  const days = async () => (await readPartitions(o.store)).map((partition) => partition.day)
  expect(await days()).toContain(day)
  await dropPartition(o.store, day)
  expect(await days()).not.toContain(day)
})
