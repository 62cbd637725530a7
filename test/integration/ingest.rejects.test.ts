// Malformed reads on their way through the real service. Were it wrong, one broken camera would
// stop its partition, a refused message's content would outlive the purge in REJECTS, or a plate
// would be missed for the sake of a missing lane.
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

const MARK = 'LEAK7777'
const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
const read = (change: object) => JSON.stringify(makeRead({ id: MARK, ...change }))

const KINDS: [string, string | Uint8Array, string][] = [
  ['not JSON', `${MARK}{{`, 'not_json'],
  ['cut off', `{"plate":"${MARK}`, 'not_json'],
  ['NaN', `{"plate":"${MARK}","lane":NaN}`, 'not_json'],
  ['a raw NUL', `{"plate":"${MARK}\0"}`, 'not_json'],
  ['bad UTF-8', Buffer.concat([Buffer.from(`{"plate":"${MARK}`), Buffer.from([0xff])]), 'bad_utf8'],
  ['above the limit', read({ pad: MARK.repeat(2 ** 19 + 1) }), 'too_large'],
  ["near the server's limit", MARK.repeat(2 ** 20 - 2_000), 'too_large'],
  ['deep in a field', `{"plate":"${MARK}","x":${deep(5_000)}}`, 'too_deep'],
  ['deep in arrays', '['.repeat(100_000) + ']'.repeat(100_000), 'not_an_object'],
  ['empty', '', 'empty'],
  ['an array', `["${MARK}"]`, 'not_an_object'],
  ['a number', '7777', 'not_an_object'],
  ['a string', `"${MARK}"`, 'not_an_object'],
  ['no plate', read({ plate: undefined }), 'plate_invalid'],
  ['a plate of 300 characters', read({ plate: MARK.repeat(38) }), 'plate_invalid'],
  ['a plate with NUL', read({ plate: `${MARK}\0` }), 'plate_invalid'],
  ['a plate of the wrong type', read({ plate: { text: MARK } }), 'plate_invalid'],
  ['no time', read({ time: null }), 'time_invalid'],
  ['a time that is a number', read({ time: 1_700_000_000 }), 'time_invalid'],
  ['a time without offset', read({ time: '2026-11-23T16:00:00' }), 'time_invalid'],
  ['no camera', read({ camera: undefined }), 'camera_invalid'],
  ["a camera that is not the subject's", read({ camera: 'leak7777' }), 'camera_mismatch'],
]

test('each kind is in REJECTS with its reason and no content, and stops nothing', async () => {
  await using service = await startService()
  const sent = new Map<number, string>()
  for (const [what, payload] of KINDS) {
    sent.set(await publish(service, payload), what)
    await publish(service, makeRead({ id: `after-${sent.size}` }))
  }
  const lines = KINDS.filter(([, payload]) => typeof payload === 'string' && payload.length < 999)
  const mixed = lines.flatMap(([, payload], i) => [
    payload,
    JSON.stringify(makeRead({ id: `m${i}` })),
  ])
  const mixed_seq = await publish(service, mixed.join('\n'))
  await settled(service)

  const rejects = await rejectsOf(service)
  const reasons = rejects.filter(({ seq }) => seq !== mixed_seq)
  expect(reasons.map(({ seq, reason }) => [sent.get(seq), reason])).toEqual(
    KINDS.map(([what, , reason]) => [what, reason]),
  )
  for (const reject of reasons) {
    const [, payload] = KINDS.find(([what]) => what === sent.get(reject.seq)) as (typeof KINDS)[0]
    expect(reject.length).toBe(Buffer.byteLength(payload))
    expect(reject.hash).toMatch(/^[0-9a-f]{16}$/)
  }
  // Blank lines between reads are no reads.
  const expected = lines.filter(([, payload]) => payload !== '').map(([, , reason]) => reason)
  expect(rejects.filter(({ seq }) => seq === mixed_seq).map(({ reason }) => reason)).toEqual(
    expected,
  )

  const texts = (await textsOf(await service.bus(), STREAM.rejects)).join('\n')
  expect(texts).not.toMatch(new RegExp(MARK, 'i'))
  const rows = await rowsOf(service)
  const good = [...KINDS.map((_, i) => `after-${i + 1}`), ...lines.map((_, i) => `m${i}`)]
  expect(rows.map(({ id }) => id)).toEqual(good.sort())
  const metrics = await service.metrics()
  expect(metricOf(metrics, 'hotplate_reads_rejected_total')).toBe(rejects.length)
  expect(metrics).toContain('hotplate_reads_rejected_total{reason="too_deep"} 1\n')
})

test('a wrong optional field costs the field: the read is matched and stored', async () => {
  await using service = await startService()
  await putInForce(service, 'stolen', [{ plate: 'WANTED1' }])
  const wrong = {
    region: 'Idaho',
    confidence: 2,
    charConfidence: ['x'],
    candidates: 'none',
    location: { lat: 91, lon: 0 },
    heading: -1,
    lane: 'x',
    vehicle: { make: 5, model: 'f-150', year: 'old' },
    images: 'none',
  }
  await publish(service, makeRead({ id: 'r1', plate: 'WANTED1', ...wrong }))
  await until(async () => (await alertsOf(service)).length === 1, { what: 'the alert' })
  await settled(service)
  expect(await rowsOf(service)).toMatchObject([
    { id: 'r1', region: '', lane: null, heading: null, confidence: null, model: 'f-150', make: '' },
  ])
  const rejects = await rejectsOf(service)
  expect(new Set(rejects.map(({ reason }) => reason))).toEqual(new Set(['field_dropped']))
  expect(rejects.map(({ field }) => field).sort()).toEqual(Object.keys(wrong).sort())
  const metrics = await service.metrics()
  expect(metrics).toContain('hotplate_reads_fields_dropped_total{field="lane"} 1\n')
  expect(metricOf(metrics, 'hotplate_reads_rejected_total')).toBe(0)
})
