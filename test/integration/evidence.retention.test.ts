// Retention on the real engines. Were it wrong, expired reads would be shown or kept, or a clock
// that runs ahead would purge what is still wanted.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ensureStreams, STREAM } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import { DAY_MS, retentionCutoff, utcDay } from '../../src/domain/time.ts'
import { DayKeys, openDayKeys } from '../../src/evidence/day-keys.ts'
import { ImageStore } from '../../src/evidence/images.ts'
import {
  type RetentionOptions,
  type RetentionRun,
  runRetention,
} from '../../src/evidence/retention.ts'
import { connectStore, type Store } from '../../src/store/client.ts'
import { readPartitions, readsOfPlate } from '../../src/store/reads.ts'
import { applySchema } from '../../src/store/schema.ts'
import { formatDateTime } from '../../src/store/time.ts'
import { makeAlert, publishAlert } from '../helpers/alert.ts'
import { startClickHouse, type TestClickHouse } from '../helpers/clickhouse.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { textsOf } from '../helpers/traffic.ts'

const config = configSchema.parse({})
let nats: TestNats
let clickhouse: TestClickHouse
let store: Store
let databases = 0
let now_ms = 0

beforeAll(async () => {
  ;[nats, clickhouse] = await Promise.all([startNats(), startClickHouse()])
  await ensureStreams(nats.bus, config)
})
afterAll(async () => {
  await store?.close()
  await clickhouse?.[Symbol.asyncDispose]()
  await nats?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await store?.close()
  databases += 1
  const { engine } = clickhouse
  store = connectStore({ ...engine, database: `hotplate_${databases}`, cluster: null })
  await applySchema(store)
  rmSync(join(nats.data_dir, 'images'), { recursive: true, force: true })
  for (const stream of [STREAM.reads, STREAM.alerts]) await nats.bus.jsm.streams.purge(stream)
  await nats.bus.js.publish('reads.v1.pole-1', '{}')
  now_ms = Date.now()
})

const day = (ago: number) => utcDay(now_ms - ago * DAY_MS)
const folder = (of: string) => join(nats.data_dir, 'images', of)

async function insert(times_ms: readonly number[], plate = 'ABC123'): Promise<void> {
  await store.client.insert({
    table: `${store.database}.reads`,
    format: 'JSONEachRow',
    values: times_ms.map((time_ms) => {
      const time = formatDateTime(time_ms)
      return { camera: 'pole-1', id: `${plate}-${time_ms}`, time, received_at: time, plate }
    }),
  })
}

/** A read, a picture and a key for each day from `first` days ago until now. */
async function fill(first: number): Promise<void> {
  const days = Array.from({ length: first + 1 }, (_, ago) => ago)
  await insert(days.map((ago) => now_ms - ago * DAY_MS))
  const images = new ImageStore(nats.data_dir)
  for (const ago of days) {
    await images.dropDay(day(ago))
    await images.put(day(ago), 'pole-1', 'r', 'plate', Buffer.from([1]))
  }
  const keys = new DayKeys(await openDayKeys(nats.bus), 30, 48)
  await keys.start(() => {})
  keys.stop()
}

type Parts = Pick<RetentionOptions, 'store' | 'images' | 'day_keys'>

async function run(
  change: Partial<RetentionRun> = {},
  spoil: (parts: Parts) => Parts = (parts) => parts,
) {
  const day_keys = await openDayKeys(nats.bus)
  const images = new ImageStore(nats.data_dir)
  const { bus } = nats
  return runRetention(
    { bus, config: config.retention, holder: 'test', ...spoil({ store, images, day_keys }) },
    { now_ms, dry_run: false, ...change },
  )
}

/** Spoils the parts so that a run ends with `died` where it would drop pictures, key or log. */
function dyingAt(step: string, died: Error) {
  const die = () => Promise.reject(died)
  return ({ store, images, day_keys }: Parts): Parts => {
    let rows = 0
    const insert: Store['client']['insert'] = (given) => {
      rows += 1
      return rows > 1 && step === 'log' ? die() : store.client.insert(given)
    }
    const client = spoiled(store.client, { insert })
    return {
      store: { ...store, client },
      images: step === 'images' ? spoiled(images, { dropDay: die }) : images,
      day_keys: step === 'day_keys' ? spoiled(day_keys, { purge: die }) : day_keys,
    }
  }
}

function spoiled<T extends object>(whole: T, parts: Partial<T>): T {
  return new Proxy(whole, {
    get(target, name) {
      const own: unknown = Reflect.get(parts, name) ?? Reflect.get(target, name)
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
}

const partitions = async () => (await readPartitions(store)).map((partition) => partition.day)
const logged = async () => {
  const query = `SELECT day, phase, reads, images, holder FROM ${store.database}.retention_log
    ORDER BY day, phase`
  const result = await store.client.query({ query, format: 'JSONEachRow' })
  return result.json<{ day: string; phase: string }>()
}

test('401.5a a run drops expired days, pictures and keys, and proves it', async () => {
  await fill(32)
  const [oldest, expired, kept] = [day(32), day(31), day(30)]
  expect(await run({ dry_run: true })).toMatchObject({
    outcome: 'planned',
    dropped: [
      { day: oldest, reads: 1, images: 1 },
      { day: expired, reads: 1, images: 1 },
    ],
  })
  expect(await partitions()).toHaveLength(33)
  expect(existsSync(folder(oldest))).toBe(true)
  expect(await logged()).toEqual([])

  expect(await run()).toMatchObject({
    outcome: 'done',
    dropped: [{ day: oldest }, { day: expired }],
  })
  const left = await partitions()
  expect([left[0], left.length]).toEqual([kept, 31])
  expect([oldest, expired, kept].map((of) => existsSync(folder(of)))).toEqual([false, false, true])
  const keys = await (await openDayKeys(nats.bus)).all()
  expect([oldest, expired, kept].map((of) => keys.has(of))).toEqual([false, false, true])
  expect(await logged()).toEqual([
    { day: oldest, phase: 'begun', reads: 1, images: 1, holder: 'test' },
    { day: oldest, phase: 'proved', reads: 1, images: 1, holder: 'test' },
    { day: expired, phase: 'begun', reads: 1, images: 1, holder: 'test' },
    { day: expired, phase: 'proved', reads: 1, images: 1, holder: 'test' },
  ])
  expect(await run()).toMatchObject({ outcome: 'done', dropped: [] })
})

test('401.5a a run that dies leaves its counts, and the next one the proof', async () => {
  const died = new Error('Died')
  const counted = { reads: 1, images: 1 }
  await fill(0)
  for (const [index, step] of ['images', 'day_keys', 'log'].entries()) {
    const old = day(31 + index)
    await insert([now_ms - (31 + index) * DAY_MS])
    await new ImageStore(nats.data_dir).put(old, 'pole-1', 'r', 'plate', Buffer.from([1]))
    const begun = { day: old, phase: 'begun', ...counted, holder: 'test' }
    await expect(run({}, dyingAt(step, died))).rejects.toBe(died)
    const rows = async () => (await logged()).filter((row) => row.day === old)
    expect(await rows()).toEqual([begun])
    expect(await partitions()).not.toContain(old)

    // With pictures left it is dropped to its end, else the proof is all that is missing.
    expect(await run({ dry_run: true })).toMatchObject({ proved_late: [] })
    const gone = [{ day: old, ...counted }]
    const wanted =
      step === 'images' ? { dropped: [{ day: old }] } : { dropped: [], proved_late: gone }
    expect(await run()).toMatchObject({ outcome: 'done', ...wanted })
    expect(await rows()).toEqual([begun, { ...begun, phase: 'proved' }])
    expect(existsSync(folder(old))).toBe(false)
    expect((await (await openDayKeys(nats.bus)).all()).has(old)).toBe(false)
    expect(await run()).toMatchObject({ dropped: [], proved_late: [] })
  }
})

test('401.5a a day without reads loses its pictures and its key too', async () => {
  const old = utcDay(now_ms - 31 * DAY_MS)
  mkdirSync(join(folder(old), 'pole-1'), { recursive: true })
  writeFileSync(join(folder(old), 'pole-1', 'x.plate.jpg'), 'x')
  expect(await run()).toMatchObject({ dropped: [{ day: old, reads: 0, images: 1 }] })
  expect(existsSync(folder(old))).toBe(false)
  const documents = await openDayKeys(nats.bus)
  await documents.purge('2020-01-01')
  await documents.create('2020-01-01', { secret: '0'.repeat(32) })
  const keys = new DayKeys(documents, 30, 48)
  await keys.start(() => {})
  keys.stop()
  expect((await documents.all()).has('2020-01-01')).toBe(false)
  expect(keys.current.has(day(33))).toBe(true)
})

test('more than two days at once wait for a person, who has to name their number', async () => {
  await fill(33)
  const halted = { outcome: 'halted', dropped: [] }
  expect(await run()).toMatchObject({ ...halted, reason: expect.stringMatching(/^3 partitions/) })
  const plan = await run({ dry_run: true })
  expect(plan).toMatchObject({ outcome: 'planned', reason: expect.stringMatching(/^3 partitions/) })
  expect(plan.dropped).toHaveLength(3)
  expect(await run({ confirmed: 2 })).toMatchObject({
    ...halted,
    reason: 'Expected 2 expired partitions, as confirmed, but found 3',
  })
  expect(await partitions()).toHaveLength(34)
  expect(await run({ confirmed: 3 })).toMatchObject({ outcome: 'done' })
  expect(await partitions()).toHaveLength(31)
})

test('a clock that is behind the streams, or long after them, halts it', async () => {
  const expired_ms = (clock_ms: number) => clock_ms - 31.5 * DAY_MS
  for (const [off_ms, reason] of [
    [-600_000, /is 600 s ahead of this clock/],
    [37 * 3_600_000, /is 37 h old/],
  ] as const) {
    const clock_ms = now_ms + off_ms
    await insert([expired_ms(clock_ms)])
    const report = await run({ now_ms: clock_ms })
    expect(report).toMatchObject({ outcome: 'halted', reason: expect.stringMatching(reason) })
  }
  for (const off_ms of [-200_000, 35 * 3_600_000]) {
    await insert([expired_ms(now_ms + off_ms)])
    expect(await run({ now_ms: now_ms + off_ms })).toMatchObject({ outcome: 'done' })
  }
})

test('401.5a alerts of late reads are erased when the read expires, and no others', async () => {
  const aged = (ms: number) =>
    makeAlert(({ read }) => {
      read.time = new Date(now_ms - ms).toISOString()
    })
  const [old, young] = [aged(30 * DAY_MS + 1_000), aged(30 * DAY_MS - 60_000)]
  for (const alert of [young, old]) await publishAlert(nats.bus, alert)
  await nats.bus.js.publish('alerts.v1.odd', 'no alert')
  expect(await run({ dry_run: true })).toMatchObject({ alerts: 1 })
  expect(await run()).toMatchObject({ outcome: 'done', alerts: 1 })
  const texts = await textsOf(nats.bus, STREAM.alerts)
  expect(texts).toEqual([JSON.stringify(young), 'no alert'])
})

test('401.5a no read older than 30 × 24 h is shown, though its partition stands', async () => {
  const cutoff_ms = retentionCutoff(now_ms, 30)
  await insert([cutoff_ms - 1_000, cutoff_ms, cutoff_ms + 1_000, now_ms], 'OLD1')
  await insert([now_ms], 'OTHER1')
  const shown = async (at_ms: number) =>
    (await readsOfPlate(store, 'OLD1', at_ms, 30)).map(({ time }) => time)
  const [edge, newest] = [cutoff_ms + 1_000, now_ms].map(formatDateTime)
  expect(await shown(now_ms)).toEqual([newest, edge])
  expect(await shown(now_ms + 999)).toEqual([newest, edge])
  expect(await shown(now_ms + 1_000)).toEqual([newest])
  expect((await partitions())[0]).toBe(utcDay(cutoff_ms - 1_000))
})
