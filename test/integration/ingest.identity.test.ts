// Which reads are one read, and which pictures are theirs. Were it wrong, a camera that sends again
// would fill the store, or a later message could change what an earlier one has put on record.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import xxhash from 'xxhash-wasm'
import { DAY_MS, utcDay } from '../../src/domain/time.ts'
import { openDayKeys } from '../../src/evidence/day-keys.ts'
import { metricOf, startService } from '../helpers/service.ts'
import { alertsOf, makeRead, publish, putInForce, rowsOf, settled } from '../helpers/traffic.ts'

const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 4])

test('a read is its camera and id, and the first wins: other plate, day or message', async () => {
  await using service = await startService()
  const now_ms = Date.now()
  const at = (ago_ms: number) => new Date(now_ms - ago_ms).toISOString()
  await publish(service, makeRead({ id: 'a', plate: 'FIRST1' }))
  await publish(service, makeRead({ id: 'a', plate: 'LATER1' }))
  await publish(service, makeRead({ id: 'b', plate: 'FIRST2', time: at(DAY_MS) }))
  await publish(service, makeRead({ id: 'b', plate: 'LATER2', time: at(0) }))
  await publish(service, makeRead({ id: 'c', plate: 'FIRST3', time: at(0) }))
  await publish(service, makeRead({ id: 'c', plate: 'LATER3', time: at(2 * DAY_MS) }))
  const lines = ['FIRST4', 'LATER4', 'THIRD4'].map((plate) => makeRead({ id: 'd', plate }))
  await publish(service, lines.map((line) => JSON.stringify(line)).join('\n'))
  await publish(service, makeRead({ id: 'a', camera: 'pole-2', plate: 'OTHER1' }), 'pole-2')
  await settled(service)
  // Whatever parts the rows lie in, and whatever the engine has merged by now.
  await publish(service, makeRead({ id: 'a', plate: 'LAST1' }))
  await settled(service)
  const plates = (await rowsOf(service)).map(({ camera, id, plate }) => `${camera} ${id} ${plate}`)
  const first = ['a FIRST1', 'b FIRST2', 'c FIRST3', 'd FIRST4'].map((row) => `pole-1 ${row}`)
  expect(plates).toEqual([...first, 'pole-2 a OTHER1'])
  const { client, database } = service.store()
  await client.command({ query: `OPTIMIZE TABLE ${database}.reads FINAL` })
  expect((await rowsOf(service)).map(({ plate }) => plate)).toEqual([
    'FIRST1',
    'FIRST2',
    'FIRST3',
    'FIRST4',
    'OTHER1',
  ])
})

test('without an id it is XXH64 under the day key: sent twice, it is stored once', async () => {
  await using service = await startService()
  const time_ms = Date.now() - 1_000
  const read = makeRead({ time: new Date(time_ms).toISOString(), plate: 'abc 12-3' })
  await publish(service, read)
  await publish(service, `\n${JSON.stringify({ ...read, plate: 'ABC123', lane: 2 })}\n`)
  await publish(service, { ...read, time: new Date(time_ms + 1).toISOString() })
  await settled(service)
  const day_key = await (await openDayKeys(await service.bus())).get(utcDay(time_ms))
  const { h64 } = await xxhash()
  const id = (ms: number) =>
    h64(`${day_key?.value.secret}pole-1\n${ms}\nABC123`, 0n).toString(16).padStart(16, '0')
  const rows = await rowsOf(service)
  expect(rows.map((row) => row.id)).toEqual([id(time_ms), id(time_ms + 1)].sort())
  expect(rows.find((row) => row.id === id(time_ms))?.lane).toBeNull()
})

test("pictures lie in their day's folder; the first wins; what is none is dropped", async () => {
  await using service = await startService()
  await putInForce(service, 'stolen', [{ plate: 'WANTED1' }])
  const send = (id: string, plate: Buffer, more = {}) =>
    publish(service, makeRead({ id, images: { plate: plate.toString('base64') }, ...more }))
  await send('good', JPEG, { plate: 'WANTED1' })
  await send('good', Buffer.concat([JPEG, JPEG]))
  await send('late', JPEG, { time: new Date(Date.now() - DAY_MS).toISOString() })
  await send('gif', Buffer.from('GIF89a'))
  await send('huge', Buffer.concat([JPEG, Buffer.alloc(1024 * 1024 + 16)]))
  await settled(service)
  const file = (ago_ms: number, id: string) => {
    const name = createHash('sha256').update(id).digest('hex').slice(0, 32)
    const folder = join(service.data_dir, 'images', utcDay(Date.now() - ago_ms), 'pole-1')
    return join(folder, `${name}.plate.jpg`)
  }
  expect(readFileSync(file(0, 'good'))).toEqual(JPEG)
  expect(readFileSync(file(DAY_MS, 'late'))).toEqual(JPEG)
  expect([existsSync(file(0, 'gif')), existsSync(file(0, 'huge'))]).toEqual([false, false])
  const rows = await rowsOf(service)
  expect(rows.map(({ id, image_plate }) => [id, image_plate])).toEqual([
    ['gif', false],
    ['good', true],
    ['huge', false],
    ['late', true],
  ])
  const [alert] = await alertsOf(service)
  expect(alert?.read.images).toEqual({ plate: true, vehicle: false })
  const dropped = 'hotplate_reads_fields_dropped_total{field="images.plate"}'
  expect(metricOf(await service.metrics(), dropped)).toBe(2)
})
