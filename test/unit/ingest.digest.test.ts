// What one batch yields. Were it wrong, one bad message would cost its good neighbours, a rejected
// read's content would be kept, or a read without an id would be stored twice.
import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import xxhash from 'xxhash-wasm'
import { BatchBuilder, unpackBatch } from '../../src/ingest/batch.ts'
import { Digest } from '../../src/ingest/digest.ts'
import type { Work } from '../../src/ingest/work.ts'
import { makeRead } from '../helpers/traffic.ts'

const RECEIVED_MS = Date.parse('2026-11-23T16:00:00.000Z')
const SECRET = '0123456789abcdef0123456789abcdef'
const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3])
const read = (change = {}) => makeRead({ time: '2026-11-23T15:59:59.000Z', ...change })

function digest(messages: readonly (string | Uint8Array)[], limits: Partial<Work> = {}): Digest {
  const payloads = messages.map((message) => Buffer.from(message))
  const bytes = payloads.reduce((sum, { length }) => sum + length, 0)
  const meta = new ArrayBuffer(BatchBuilder.metaBytes(payloads.length))
  const builder = new BatchBuilder(new ArrayBuffer(bytes), meta)
  payloads.forEach((payload, i) => {
    builder.add(payload, 'reads.v1.pole-1', 10 + i, RECEIVED_MS)
  })
  const batch = builder.finish()
  const done = new Digest({
    batch,
    index: null,
    day_keys: new Map([['2026-11-23', SECRET]]),
    message_bytes_max: 100_000,
    reads_per_message_max: 100,
    image_bytes_max: 1_000,
    retention_days: 30,
    ...limits,
  })
  for (const message of unpackBatch(batch)) done.message(message)
  return done
}

const reasons = (done: Digest) => done.rejects.map(({ record }) => record.reason)

test('each kind of malformed message is rejected with its reason, and costs no other', () => {
  const good = JSON.stringify(read())
  const kinds: [string | Uint8Array, string][] = [
    ['', 'empty'],
    ['\n \n', 'empty'],
    ['   ', 'not_json'],
    ['{"plate":', 'not_json'],
    ['{"lane":NaN}', 'not_json'],
    ['{"plate":"A\0B"}', 'not_json'],
    [Buffer.from([0x7b, 0xff, 0x7d]), 'bad_utf8'],
    [`{"pad":"${'x'.repeat(100_000)}"}`, 'too_large'],
    [JSON.stringify(read({ x: JSON.parse('['.repeat(40) + ']'.repeat(40)) })), 'too_deep'],
    ['[]', 'not_an_object'],
    ['5', 'not_an_object'],
    ['null', 'not_an_object'],
    [JSON.stringify(read({ plate: undefined })), 'plate_invalid'],
    [JSON.stringify(read({ plate: 5 })), 'plate_invalid'],
    [JSON.stringify(read({ plate: 'A'.repeat(300) })), 'plate_invalid'],
    [JSON.stringify(read({ plate: 'AB\u0000C' })), 'plate_invalid'],
    [JSON.stringify(read({ plate: 'ß1' })), 'plate_invalid'],
    [JSON.stringify(read({ time: 'yesterday' })), 'time_invalid'],
    [JSON.stringify(read({ time: '2026-11-23T16:00:00' })), 'time_invalid'],
    [JSON.stringify(read({ camera: undefined })), 'camera_invalid'],
    [JSON.stringify(read({ camera: 'pole-2' })), 'camera_mismatch'],
  ]
  const done = digest(kinds.flatMap(([payload]) => [payload, good]))
  expect(reasons(done)).toEqual(kinds.map(([, reason]) => reason))
  expect(done.reads).toHaveLength(kinds.length)
})

test('the good reads of a message with bad lines live, and lines keep their numbers', () => {
  const lines = [JSON.stringify(read()), '{', '', JSON.stringify(read({ plate: '?' })), '[1]']
  const done = digest([[...lines, JSON.stringify(read({ plate: 'ABC 9-9' }))].join('\n')])
  expect(done.reads.map(({ plate }) => plate)).toEqual(['GOOD123', 'ABC99'])
  expect(done.rejects.map(({ record }) => [record.line, record.reason])).toEqual([
    [1, 'not_json'],
    [3, 'plate_invalid'],
    [4, 'not_an_object'],
  ])
})

test('an object printed over several lines is one read; surplus lines are counted once', () => {
  expect(digest([JSON.stringify(read(), null, 2)]).reads).toHaveLength(1)
  const line = `${JSON.stringify(read())}\n`
  const done = digest([line.repeat(5)], { reads_per_message_max: 3 })
  expect([done.reads.length, reasons(done)]).toEqual([3, ['too_many_reads']])
})

test('of a rejected message only its length and a hash under the day key are kept', () => {
  const payload = '{"plate":"SECRET99", "driver":'
  const [reject] = digest([payload]).rejects
  expect(reject?.record).toMatchObject({
    reason: 'not_json',
    camera: 'pole-1',
    seq: 10,
    length: payload.length,
    hash: createHmac('sha256', SECRET).update(payload).digest('hex').slice(0, 16),
  })
  expect(JSON.stringify(reject)).not.toMatch(/SECRET99|driver/)
})

test('ten thousand bad lines in one large message are rejected in no time', () => {
  const payload = `{${'x'.repeat(390)}\n`.repeat(10_000)
  const start_ms = performance.now()
  const done = digest([payload], { message_bytes_max: 8e6, reads_per_message_max: 10_000 })
  // Hashing the message anew for each of its lines took over ten seconds.
  expect(performance.now() - start_ms).toBeLessThan(3_000)
  expect(done.rejects).toHaveLength(10_001)
})

test('an id that a camera left out is XXH64 of the fixed text under the day key', async () => {
  const { h64 } = await xxhash()
  const [read_] = digest([JSON.stringify(read({ plate: 'abc 1-23' }))]).reads
  const text = `${SECRET}pole-1\n${Date.parse('2026-11-23T15:59:59.000Z')}\nABC123`
  expect(read_?.id).toBe(h64(text, 0n).toString(16).padStart(16, '0'))
})

test('a camera whose clock is wrong gets its id by its own time: a resent read keeps it', () => {
  const sent = JSON.stringify(read({ time: '1970-01-01T00:00:01Z' }))
  const done = digest([sent, sent])
  expect(done.suspect).toBe(2)
  expect(done.reads[0]).toMatchObject({ time_ms: RECEIVED_MS, device_time_ms: 1_000 })
  expect(done.reads[0]?.id).toBe(done.reads[1]?.id)
})

test('a wrong optional field costs the field, is counted, and is told once a batch', () => {
  const done = digest([
    JSON.stringify(read({ lane: 'x', id: 'has space' })),
    JSON.stringify(read({ lane: 999, vehicle: { make: 'ford', year: 'old' } })),
  ])
  expect(done.rejects).toEqual([])
  expect(done.reads.map(({ lane, vehicle }) => [lane, vehicle?.make])).toEqual([
    [null, undefined],
    [null, 'ford'],
  ])
  const told = done.droppedRecords().map(({ record }) => [record.field, record.count])
  expect(told).toEqual([
    ['id', 1],
    ['lane', 2],
    ['vehicle', 1],
  ])
})

test('pictures that are no JPEG, or too large, are dropped and the read is kept', () => {
  const large = Buffer.concat([JPEG, Buffer.alloc(2_000)])
  const images = (plate: unknown) => JSON.stringify(read({ images: { plate } }))
  const done = digest([
    images(JPEG.toString('base64')),
    images(Buffer.from('GIF89a').toString('base64')),
    images(large.toString('base64')),
    images(5),
  ])
  expect(done.kept.map(({ plate }) => plate)).toEqual([true, false, false, false])
  expect(done.images.map(({ day, bytes }) => [day, Buffer.from(bytes)])).toEqual([
    ['2026-11-23', JPEG],
  ])
  expect(done.droppedRecords()[0]?.record).toMatchObject({ field: 'images.plate', count: 3 })
})

test('of two pictures for one read in a batch the first is written, alone', () => {
  const pictured = (bytes: Buffer) =>
    JSON.stringify(read({ id: 'r', images: { plate: bytes.toString('base64') } }))
  const done = digest([pictured(JPEG), pictured(Buffer.concat([JPEG, JPEG]))])
  expect(done.images.map(({ bytes }) => Buffer.from(bytes))).toEqual([JPEG])
})

test('401.7: forbidden fields are counted by camera wherever they stand, and kept nowhere', () => {
  const cases: [Record<string, unknown>, number][] = [
    [{ face: 'FORBIDDEN' }, 1],
    [{ Driver_Image: 'FORBIDDEN', gender: 'FORBIDDEN' }, 2],
    [{ vehicle: { make: 'ford', driver: { race: 'FORBIDDEN' } } }, 1],
    [{ other: { deep: [{ er: { ethnicity: 'FORBIDDEN' } }] } }, 1],
    [{ location: { lat: 1, lon: 2, occupants: 'FORBIDDEN' } }, 1],
    [{ images: { face: 'FORBIDDEN' } }, 1],
    [{ candidates: [{ plate: 'A1', confidence: 1, race: 'FORBIDDEN' }] }, 1],
    [{ lane: { age: 'FORBIDDEN' } }, 1],
    [{ vehicle: [{ sex: 'FORBIDDEN' }] }, 1],
    [{ plate: '?', vehicle: { driver: 'FORBIDDEN' }, face: 'FORBIDDEN' }, 2],
  ]
  for (const [fields, count] of cases) {
    const done = digest([JSON.stringify(read(fields))])
    expect(done.forbidden.get('pole-1'), JSON.stringify(fields)).toBe(count)
    const kept = JSON.stringify([
      done.reads,
      Buffer.from(done.columns.finish() ?? []).toString('latin1'),
      done.rejects,
      done.droppedRecords(),
    ])
    expect(kept).not.toContain('FORBIDDEN')
  }
})
