// The fast decoder against the schema written out with zod. A difference would show as a read that
// one takes and the other refuses, or as a field that one keeps and the other drops.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeRead } from '../../src/ingest/decode.ts'
import { referenceDecode } from './decode.reference.ts'

const RECEIVED_MS = Date.parse('2026-11-23T16:00:00.000Z')
const context = { camera: 'pole-line-2', received_ms: RECEIVED_MS, retention_days: 30 }

const junk = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double(),
  fc.string(),
  fc.array(fc.integer(), { maxLength: 3 }),
  fc.object({ maxDepth: 2 }),
)
const often = <T>(good: fc.Arbitrary<T>) =>
  fc.option(
    fc.oneof(
      { weight: 6, arbitrary: good as fc.Arbitrary<unknown> },
      { weight: 1, arbitrary: junk as fc.Arbitrary<unknown> },
    ),
    { nil: undefined, freq: 6 },
  )
const share = fc.double({ min: 0, max: 1, noNaN: true })
const plate = fc.oneof(
  fc.stringMatching(/^[A-Z0-9]{1,12}$/),
  fc.stringMatching(/^[a-zA-Z0-9 -]{0,16}$/),
  fc.string({ maxLength: 14 }),
)
const time = fc.oneof(
  fc
    .date({
      min: new Date(RECEIVED_MS - 40 * 86_400_000),
      max: new Date(RECEIVED_MS + 900_000),
      noInvalidDate: true,
    })
    .map((date) => date.toISOString()),
  fc.stringMatching(
    /^20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|z|[+-]0\d:[0-5]\d)$/,
  ),
  fc.string({ maxLength: 30 }),
)
const read = fc.record({
  id: often(fc.stringMatching(/^[!-~]{1,128}$/)),
  time: often(time),
  camera: often(fc.constantFrom('pole-line-2', 'pole-line-2', 'pole-line-2', 'other')),
  plate: often(plate),
  region: often(fc.constantFrom('US-ID', 'US-UT', 'CA-BC', 'US', 'usid')),
  confidence: often(share),
  charConfidence: often(fc.array(share, { maxLength: 12 })),
  candidates: often(
    fc.array(fc.record({ plate, confidence: fc.oneof(share, fc.double()) }), { maxLength: 20 }),
  ),
  location: often(
    fc.record({ lat: fc.double({ min: -95, max: 95 }), lon: fc.double({ min: -185, max: 185 }) }),
  ),
  heading: often(fc.integer({ min: -5, max: 365 })),
  lane: often(fc.integer({ min: -1, max: 300 })),
  vehicle: often(
    fc.record({
      make: often(fc.string()),
      model: often(fc.string()),
      color: often(fc.string()),
      type: often(fc.string()),
      year: often(fc.integer({ min: 1800, max: 2200 })),
    }),
  ),
})

function decode(value: unknown) {
  const decoded = decodeRead(value, {
    ...context,
    image_bytes_max: 1_000_000,
    onDropped: () => {},
    onForbidden: () => {},
  })
  if ('reason' in decoded) return 'rejected'
  const { image_plate, image_vehicle, ...rest } = decoded
  expect([image_plate, image_vehicle]).toEqual([null, null])
  return rest
}

describe('the decoder of reads', () => {
  it('takes, refuses and keeps the same as the schema in zod', () => {
    let taken = 0
    fc.assert(
      fc.property(read, (value) => {
        const json = JSON.parse(JSON.stringify(value)) as unknown
        const expected = referenceDecode(json, context)
        if (expected !== 'rejected') taken += 1
        expect(decode(json)).toEqual(expected)
      }),
      { numRuns: 20_000 },
    )
    // The generator would prove nothing if it made refused reads only.
    expect(taken).toBeGreaterThan(1_000)
  })

  it('never throws, whatever JSON comes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        expect(['string', 'object']).toContain(typeof decode(value))
      }),
      { numRuns: 5_000 },
    )
  })
})
