// A read as a row. Were a character not escaped, or a column out of place, one camera's text would
// become another column's value, or the store would refuse the whole batch.
import { expect, test } from 'vitest'
import type { DecodedRead } from '../../src/ingest/decode.ts'
import { formatTime, LINES_MAX, precedence, readRow } from '../helpers/tsv-rows.ts'
import { READ_COLUMNS } from '../../src/store/read-columns.ts'

const RECEIVED_MS = Date.parse('2026-11-23T16:00:00.123Z')
const bare: DecodedRead = {
  id: 'r1',
  camera: 'pole-1',
  time_ms: RECEIVED_MS - 1_000,
  device_time_ms: null,
  plate: 'ABC123',
  region: '',
  confidence: null,
  char_confidence: null,
  candidates: null,
  location: null,
  heading: null,
  lane: null,
  vehicle: null,
  image_plate: null,
  image_vehicle: null,
}

function row(change: Partial<DecodedRead> = {}): Record<string, string | undefined> {
  const images = { plate: true, vehicle: false }
  const text = readRow({ ...bare, ...change }, formatTime(RECEIVED_MS), images, precedence(7, 3))
  expect(text.endsWith('\n')).toBe(true)
  const cells = text.slice(0, -1).split('\t')
  expect(cells).toHaveLength(READ_COLUMNS.length)
  return Object.fromEntries(READ_COLUMNS.map((column, i) => [column, cells[i]]))
}

test('a bare read has the empty form in each column', () => {
  expect(row()).toEqual({
    camera: 'pole-1',
    id: 'r1',
    time: '2026-11-23 15:59:59.123',
    received_at: '2026-11-23 16:00:00.123',
    device_time: '\\N',
    clock_suspect: '0',
    plate: 'ABC123',
    region: '',
    confidence: '\\N',
    char_confidence: '[]',
    candidates: '[]',
    lat: '\\N',
    lon: '\\N',
    heading: '\\N',
    lane: '\\N',
    make: '',
    model: '',
    color: '',
    type: '',
    year: '\\N',
    image_plate: '1',
    image_vehicle: '0',
    precedence: String(2n ** 64n - 1n - (7n * 16_384n + 3n)),
  })
})

test('a full read has its values', () => {
  expect(
    row({
      region: 'US-ID',
      confidence: 0.5,
      char_confidence: [0.25, 1e-7],
      candidates: [
        { plate: 'A8C123', confidence: 0.5 },
        { plate: 'ABC12', confidence: 0 },
      ],
      location: { lat: 42.5629, lon: -114.4609 },
      heading: 182,
      lane: 1,
      vehicle: { make: 'ford', year: 2014 },
    }),
  ).toMatchObject({
    region: 'US-ID',
    confidence: '0.5',
    char_confidence: '[0.25,1e-7]',
    candidates: "[('A8C123',0.5),('ABC12',0)]",
    lat: '42.562900',
    lon: '-114.460900',
    heading: '182',
    lane: '1',
    make: 'ford',
    year: '2014',
  })
})

test('text with control characters and backslashes stays in its cell', () => {
  expect(row({ vehicle: { make: 'a\tb\nc\\d\0e\rf' } }).make).toBe('a\\tb\\nc\\\\d\\0e\\rf')
})

test('a suspect clock: time of receipt as time, device time beside it, within what a column holds', () => {
  const suspect = (iso: string) => row({ time_ms: RECEIVED_MS, device_time_ms: Date.parse(iso) })
  expect(suspect('1970-01-01T00:00:00Z')).toMatchObject({
    time: '2026-11-23 16:00:00.123',
    device_time: '1970-01-01 00:00:00.000',
    clock_suspect: '1',
  })
  expect(suspect('0001-01-01T00:00:00Z').device_time).toBe('1900-01-01 00:00:00.000')
  expect(suspect('9999-12-31T23:59:59Z').device_time).toBe('2299-12-31 00:00:00.000')
})

test('precedence falls with stream sequence, then with line', () => {
  const order = [precedence(1, 0), precedence(1, 1), precedence(1, LINES_MAX - 1), precedence(2, 0)]
  expect([...order].sort((a, b) => (BigInt(a) < BigInt(b) ? 1 : -1))).toEqual(order)
  expect(new Set(order).size).toBe(4)
})
