// Plain reads are taken by native code, the others by digest.ts; both together must give what
// digest.ts alone gives. A difference would show as a read that is lost or stored twice, a value
// that changes with its neighbours' form, a reject that is not counted, or a forbidden field that
// passes because it was written in a way that only one of the two knows.
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { utcDay } from '../../src/domain/time.ts'
import { BatchBuilder, unpackBatch } from '../../src/ingest/batch.ts'
import type { DecodedRead } from '../../src/ingest/decode.ts'
import { Digest } from '../../src/ingest/digest.ts'
import { hitsOf } from '../../src/ingest/hits.ts'
import { BatchScanner } from '../../src/ingest/scan.ts'
import type { Work } from '../../src/ingest/work.ts'
import { EVIDENCE_BYTES, packEvidence } from '../../src/matching/evidence.ts'
import { loadModel } from '../../src/matching/model.ts'
import { PLATE_RECORD_BYTES, packPlate } from '../../src/matching/record.ts'
import { generateMessages } from '../../src/simulate/messages.ts'
import { ReadColumns } from '../../src/store/read-columns.ts'
import { judgeOf } from '../helpers/matching.ts'

const RECEIVED_MS = Date.parse('2026-11-23T16:00:00.000Z')
const FIRST_SEQ = 2 ** 32 - 3
const LIMITS = {
  index: null,
  message_bytes_max: 4_000_000,
  reads_per_message_max: 10_000,
  image_bytes_max: 1_000,
  retention_days: 30,
}
const model = loadModel('general')
const scanner = new BatchScanner()

type Payload = string | Uint8Array

interface Options extends Partial<Work> {
  received_ms?: number
}

function workOf(
  messages: readonly { subject: string; payload: Payload }[],
  options: Options,
): Work {
  const { received_ms = RECEIVED_MS, ...limits } = options
  const payloads = messages.map(({ payload }) => Buffer.from(payload))
  const bytes = payloads.reduce((sum, { length }) => sum + length, 0)
  const meta = new ArrayBuffer(BatchBuilder.metaBytes(payloads.length))
  const builder = new BatchBuilder(new ArrayBuffer(bytes), meta)
  messages.forEach(({ subject }, i) => {
    builder.add(payloads[i] as Buffer, subject, FIRST_SEQ + i, received_ms)
  })
  const days = Array.from({ length: 40 }, (_, back) =>
    utcDay(received_ms - (back - 1) * 86_400_000),
  )
  const day_keys = new Map(days.map((day) => [day, `key of ${day}`.padEnd(32)]))
  return { ...LIMITS, batch: builder.finish(), day_keys, ...limits }
}

/** The slow twin: every message by digest.ts. */
function digestAlone(work: Work): Digest {
  const digest = new Digest(work, new ReadColumns())
  for (const message of unpackBatch(work.batch)) digest.message(message)
  return digest
}

/** Rows as the slow twin makes them: each with its place, in the order of the stream. */
function placed(digest: Digest) {
  return digest.reads.map((read, i) => ({
    ...(digest.places[i] as { seq: number; line: number }),
    received_ms: digest.received_ms[i] as number,
    read,
  }))
}

/** Two engines, told apart by the camera. */
function modelOf(camera: string): number {
  return camera.length % 2
}

function evidenceOf(read: DecodedRead): number[] {
  const { plate, region, confidence, char_confidence } = read
  const matched = (read.candidates ?? []).slice(0, 10)
  const own = matched.find((candidate) => candidate.plate === plate)?.confidence ?? null
  const model = modelOf(read.camera)
  const others = matched.filter((candidate) => candidate.plate !== plate)
  const target = new Uint8Array((others.length + 1) * EVIDENCE_BYTES)
  const first = { confidence: confidence ?? own, char_confidence, region, model }
  packEvidence(target, 0, plate.length, first)
  for (const [i, other] of others.entries()) {
    packEvidence(target, i + 1, other.plate.length, { confidence: other.confidence, region, model })
  }
  return [...target]
}

function packed(read: { plate: string; candidates: readonly { plate: string }[] | null }) {
  const others = (read.candidates ?? []).slice(0, 10).map(({ plate }) => plate)
  const plates = [read.plate, ...others.filter((plate) => plate !== read.plate)]
  const records = new Uint8Array(plates.length * PLATE_RECORD_BYTES)
  for (const [i, plate] of plates.entries()) packPlate(records, i, plate, i > 0)
  return [...records]
}

/** Takes a batch both ways and compares all that comes of it. @returns how many reads were plain */
function compare(
  messages: readonly { subject: string; payload: Payload }[],
  options: Options = {},
) {
  const work = workOf(messages, options)
  const expected = digestAlone(work)
  const plain = scanner.scan(work, modelOf)
  const rest = new Digest(work, new ReadColumns())
  plain.leaveTo(rest)
  const rows = Array.from({ length: plain.rows }, (_, row) => {
    const { seq, received_ms } = plain.message(row)
    return { seq, line: plain.line(row), received_ms, read: plain.read(row) }
  })
  const both = [...rows, ...placed(rest)].toSorted((a, b) => a.seq - b.seq || a.line - b.line)
  expect(both).toEqual(placed(expected))
  expect(rest.rejects).toEqual(expected.rejects)
  expect([...rest.dropped]).toEqual([...expected.dropped])
  expect([...rest.forbidden]).toEqual([...expected.forbidden])
  expect([rest.suspect, rest.images]).toEqual([expected.suspect, expected.images])
  const columns = new ReadColumns()
  const none = { plate: false, vehicle: false }
  for (const { read, received_ms, seq, line } of rows)
    columns.add(read, received_ms, none, seq, line)
  const block = columns.finish() ?? new Uint8Array()
  expect(Buffer.compare(plain.block, block)).toBe(0)
  expect([...plain.records]).toEqual(rows.flatMap(({ read }) => packed(read)))
  expect([...plain.evidence]).toEqual(rows.flatMap(({ read }) => evidenceOf(read)))
  return { plain, rest, expected }
}

const one = (payload: Payload) => [{ subject: 'reads.v1.pole-1', payload }]
const share = fc.double({ min: 0, max: 1, noNaN: true })
const some = <T>(good: fc.Arbitrary<T>) => fc.option(good, { nil: undefined })
const orNull = <T>(good: fc.Arbitrary<T>) => some(fc.option(good, { freq: 8 }))
const plate = fc.stringMatching(/^[A-Z0-9]{1,12}$/)
const free_text = fc.oneof(
  { weight: 60, arbitrary: fc.stringMatching(/^[ !#-[\]-~]{1,64}$/) },
  { weight: 1, arbitrary: fc.string({ maxLength: 66 }) },
)
/** Nearly always plain: each unusual part makes its line not so. */
const read = fc.record({
  id: fc.stringMatching(/^[!#-[\]-~]{1,128}$/),
  time: fc
    .date({
      min: new Date(RECEIVED_MS - 30 * 86_400_000),
      max: new Date(RECEIVED_MS + 300_000),
      noInvalidDate: true,
    })
    .map((date) =>
      date
        .toISOString()
        .replace(/0{0,3}Z$/, 'Z')
        .replace('.Z', 'Z'),
    ),
  camera: fc.constant('pole-1'),
  plate,
  region: orNull(fc.constantFrom('US-ID', 'CA-BC', 'AA-123')),
  confidence: orNull(share),
  charConfidence: orNull(fc.array(share, { maxLength: 64, size: 'max' })),
  candidates: orNull(
    fc.array(fc.record({ plate, confidence: share }), { maxLength: 16, size: 'max' }),
  ),
  location: orNull(
    fc.record({
      lat: fc.double({ min: -90, max: 90, noNaN: true }),
      lon: fc.double({ min: -180, max: 180, noNaN: true }),
    }),
  ),
  heading: orNull(fc.double({ min: 0, max: 360, noNaN: true })),
  lane: orNull(
    fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0.5, 1.5, 2.4999, 254.5)),
  ),
  vehicle: orNull(
    fc.record({
      make: orNull(free_text),
      model: orNull(free_text),
      color: orNull(free_text),
      type: orNull(free_text),
      year: orNull(fc.integer({ min: 1900, max: 2100 })),
    }),
  ),
  images: fc.oneof(
    { weight: 19, arbitrary: fc.constantFrom(undefined, null) },
    { weight: 1, arbitrary: fc.constant({ plate: '/9j/4AAQ' }) },
  ),
})
const line = read.map((value) => JSON.stringify(value))

const NUMBERS = `0 -0 1 1.0 0.1e1 1E-1 1e-1 1e+0 01 00.5 +1 .5 1. 1e 1e+ - -1 0x1 NaN Infinity 1e400
  1e-400 -1e-400 5e-324 0.1234567890123456789 0.30000000000000004 1.0000000000000000001
  1.0000000000000002 0.000000000000000000000000000000001 123456789012345678 1_0 0e999 1e2 2e0
  99999999999999999999999 359.5 89.9999995 0.99999999999999999999999999 179.99999949999999
  -0.0000005 -89.1234565 42.1234565 254.5 1900.4999 2100.0000000000001`.split(/\s+/)
const PARTS = [
  ...String.raw`"lane":1
    "lane":null
    "plate":"AB1"
    "x":1
    "driver":"x"
    "__proto__":{"face":1}
    "vehicle":{"make":"a","make":"b"}
    "vehicle":{"age":1}
    "vehicle":{"make":""}
    "location":{"lat":1}
    "location":{"lon":2,"lat":1}
    "location":[1,2]
    "location":{}
    "candidates":[{"confidence":1,"plate":"A"}]
    "candidates":[{}]
    "candidates":[[]]
    "candidates":[{"plate":"a b"}]
    "candidates":[{"plate":"A","confidence":1,"sex":1}]
    "\u0069d":"x"
    "id":"\u0041"
    "region":""
    "time":null
    "images":{}
    ,`.split(/\s*\n\s*/),
  '',
  `"deep":${'['.repeat(40)}${']'.repeat(40)}`,
  `"deep":${'{"a":'.repeat(40)}1${'}'.repeat(40)}`,
]
const TIMES = `2026-11-23T15:59:60Z 2026-11-23T24:00:00Z 2026-11-31T00:00:00Z 2026-00-10T00:00:00Z
  2026-11-23t15:59:00z 2026-11-23T15:59:00+00:00 2026-11-23T15:59:00.1234Z 2026-11-23T15:59:00.Z
  2026-11-23T15:59:00.1Z 2026-11-23T15:59:00.05Z 2026-11-23T15:59:00.050Z 2026-11-23
  2026-11-00T00:00:00Z
  2026-11-23T16:05:00Z 2026-11-23T16:05:00.001Z 2026-10-24T16:00:00.000Z 2026-10-24T15:59:59.999Z
  2026-02-29T00:00:00Z 0000-01-01T00:00:00Z 9999-99-99T99:99:99Z 2026-11-23T15:60:00Z`.split(/\s+/)

/** One place of the bytes changed, in a way that a broken or hostile camera might. */
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  kind: fc.constantFrom('flip', 'insert', 'remove', 'cut', 'number', 'part', 'time', 'space'),
  byte: fc.oneof(fc.constantFrom(0, 10, 13, 32, 34, 44, 92, 123, 125, 127, 128, 255), fc.nat(255)),
  pick: fc.nat(1_000),
})
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never

function mutate(bytes: Buffer, { at, kind, byte, pick }: Mutation): Buffer {
  const place = Math.floor(at * bytes.length)
  const around = (middle: readonly number[], after: number) =>
    Buffer.concat([bytes.subarray(0, place), Buffer.from(middle), bytes.subarray(after)])
  const nth = (texts: readonly string[]) => texts[pick % texts.length] as string
  const replaced = (pattern: RegExp, by: string) => {
    const text = bytes.toString('latin1')
    const found = [...text.matchAll(pattern)]
    const match = found[Math.floor(at * found.length)]
    if (!match) return bytes
    const rest = text.slice(match.index + match[0].length)
    return Buffer.from(`${text.slice(0, match.index)}${by}${rest}`, 'latin1')
  }
  if (kind === 'flip') return around([(bytes[place] ?? 0) ^ (1 << (byte % 8))], place + 1)
  if (kind === 'insert') return around([byte], place)
  if (kind === 'remove') return around([], place + 1)
  if (kind === 'cut') return bytes.subarray(0, place)
  if (kind === 'number') return replaced(/(?<=[:[,])-?[\d.]+(e-?\d+)?/g, nth(NUMBERS))
  if (kind === 'part') return replaced(/(?<=[{,])(?=")/g, `${nth(PARTS)},`)
  if (kind === 'time') return replaced(/(?<="time":")[^"]*/g, nth(TIMES))
  return replaced(/(?<=[:,[{])|(?=[}\],])/g, nth([' ', '\t', '\r', '\n', '\v', '  ']))
}

describe('simulated traffic', () => {
  it.each([1, 100])('is taken as digest.ts takes it, %i reads to a message', (batch) => {
    const options = { cameras: 50, batch, count: 3_000, seed: 7, model }
    const messages = [...generateMessages(options)]
    const { plain, expected } = compare(messages, { received_ms: Date.now() })
    expect(expected.reads).toHaveLength(3_000)
    // Were less of it plain, the native way would be of no use.
    expect(plain.rows).toBeGreaterThanOrEqual(0.95 * 3_000)
  })

  it('hits the same entries in the same order, also where every third line is not plain', () => {
    const options = { cameras: 5, batch: 10, count: 1_500, seed: 8, model }
    const messages = [...generateMessages(options)].map(({ subject, payload }) => {
      const lines = Buffer.from(payload).toString().split('\n')
      const odd = lines.map((text, i) => (i % 3 === 1 ? text.replace('{', '{"x":0,') : text))
      return { subject, payload: odd.join('\n') }
    })
    const { plain, rest, expected } = compare(messages, { received_ms: Date.now() })
    const plates = [...new Set(expected.reads.map(({ plate: seen }) => seen))].slice(0, 400)
    const indexed = plates.map((listed) => ({
      plate: listed,
      region: 'US-ID',
      profile: 'fold+1' as const,
    }))
    const judge = judgeOf(indexed, { model, modelOf, budget_per_million: 100 })
    const hits = judge.match(expected.reads).map(({ read: seen, entry, match }) => ({
      read: expected.reads[seen],
      received_ms: expected.received_ms[seen],
      images: expected.kept[seen],
      entry,
      match,
    }))
    expect(hits.length).toBeGreaterThan(400)
    expect(rest.reads.length).toBeGreaterThan(300)
    expect(hitsOf(judge, plain, rest)).toEqual(hits)
  })
})

describe('made reads', () => {
  it('are taken as digest.ts takes them, alone and line by line', () => {
    let reads = 0
    let plain_reads = 0
    const between = fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n', '\n \n', '\n\r\n')
    const message = fc
      .tuple(fc.array(fc.tuple(line, between), { minLength: 1, maxLength: 6 }), fc.boolean())
      .map(([lines, ended]) => {
        const joined = lines.map(([text_, end]) => text_ + end).join('')
        return ended ? joined : joined.trimEnd()
      })
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
        const { plain, expected } = compare(messages.flatMap(one))
        reads += expected.reads.length
        plain_reads += plain.rows
      }),
      { numRuns: 600 },
    )
    expect(plain_reads).toBeGreaterThan(reads / 4)
  })

  it('are taken as digest.ts takes them when their bytes are changed', () => {
    let plain_reads = 0
    let left = 0
    const changed = fc
      .tuple(fc.array(line, { minLength: 1, maxLength: 4 }), fc.array(mutation, { maxLength: 3 }))
      .map(([lines, mutations]) => mutations.reduce(mutate, Buffer.from(lines.join('\n'))))
    fc.assert(
      fc.property(fc.array(changed, { minLength: 1, maxLength: 6 }), (messages) => {
        const { plain, rest } = compare(messages.flatMap(one))
        plain_reads += plain.rows
        left += rest.reads.length + rest.rejects.length
      }),
      { numRuns: 2_500 },
    )
    expect(Math.min(plain_reads, left)).toBeGreaterThan(2_000)
  })
})

const good = {
  id: 'r-1',
  time: '2026-11-23T15:59:59.123Z',
  camera: 'pole-1',
  plate: 'ABC123',
  confidence: 0.5,
}
const GOOD = JSON.stringify(good)
const spliced = (part: string) => `{${part},${GOOD.slice(1)}`

test('every number, part and time that is known to be awkward is taken the same way', () => {
  const fields = [
    '"lane":#',
    '"heading":#',
    '"charConfidence":[1,#]',
    '"location":{"lat":#,"lon":#}',
  ]
  const wider = [...fields, '"vehicle":{"year":#}', '"candidates":[{"plate":"A","confidence":#}]']
  const numbers = wider.flatMap((field) =>
    NUMBERS.map((number) => spliced(field.replaceAll('#', number))),
  )
  const times = TIMES.map((time) => GOOD.replace(good.time, time))
  const { plain } = compare([...numbers, ...PARTS.map(spliced), ...times].flatMap(one))
  expect(plain.rows).toBeGreaterThan(50)
})

test('an object printed over lines, and objects in an array, are left as a whole', () => {
  const pretty = JSON.stringify(good, null, 1)
  const odd = [`{"x":\n${GOOD}\n}`, `[\n${GOOD},\n${GOOD}\n]`, `\n${GOOD}`, `${GOOD}\n${GOOD}}`]
  const more = ['', '\n', ' \n ', `${GOOD} `, ` ${GOOD}`, `${GOOD}\n\v\n${GOOD}`, `${GOOD}\r`]
  const { plain } = compare([pretty, ...odd, ...more, GOOD].flatMap(one))
  expect(plain.rows).toBeGreaterThanOrEqual(3)
})

test('limits of a message hold to the line and to the byte', () => {
  for (const lines of [1, 2, 3, 4]) {
    const payload = Array(lines).fill(GOOD).join('\n')
    for (const reads_per_message_max of [0, 1, 2, 3])
      compare(one(payload), { reads_per_message_max })
    for (const off of [-1, 0, 1]) compare(one(payload), { message_bytes_max: payload.length + off })
  }
  // Lines beyond what `precedence` can tell apart.
  compare(one(`${GOOD}\n`.repeat(16_385)), { reads_per_message_max: 20_000 })
})

test('bytes beyond ASCII anywhere in a message are weighed by digest.ts, valid or not', () => {
  const bad = Buffer.concat([Buffer.from(`${GOOD}\n`), Buffer.from([0xff, 0x0a])])
  const accent = `${GOOD}\n${spliced('"vehicle":{"make":"citroën"}')}`
  const { plain } = compare([bad, accent, GOOD].flatMap(one))
  expect(plain.rows).toBe(1)
})

test('a camera whose name is none, or another than the message says, is refused as before', () => {
  const subjects = ['reads.v1.pole-1', 'reads.v1.POLE', `reads.v1.${'x'.repeat(65)}`, 'reads.v1.']
  const messages = subjects.flatMap((subject) => {
    const own = JSON.stringify({ ...good, camera: subject.slice('reads.v1.'.length) })
    return [own, GOOD].map((payload) => ({ subject, payload }))
  })
  const { plain, expected } = compare(messages)
  expect([plain.rows, expected.rejects.length]).toEqual([2, 6])
})

test('a batch whose messages lie outside its data is refused before a byte is read', () => {
  const places: [number, number][] = [
    [0, 1],
    [0, -1],
    [1, 1e9],
    [1, 0.5],
    [1, Number.NaN],
    [2, -5],
    [3, Number.NaN],
    [4, 1],
    [4, -1],
  ]
  for (const [field, value] of places) {
    const work = workOf(one(GOOD), {})
    const meta = new Float64Array(work.batch.meta)
    meta[field] = value
    expect(() => scanner.scan(work, modelOf), `${field} ${value}`).toThrow(TypeError)
  }
})
