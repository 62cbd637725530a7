// The simulated network. If the bugs return: two runs under one seed differ, so that a bench's
// figures mean nothing; reads that the decoder refuses; vehicles that drive past everywhere at
// once; a share of misreads that no camera has.
import { expect, test } from 'vitest'
import {
  CAMERA_ID,
  type Candidate,
  FORBIDDEN_FIELDS,
  READ_ID,
  REGION,
} from '../../src/domain/read.ts'
import { loadModel } from '../../src/matching/model.ts'
import { type GenerateOptions, generateMessages } from '../../src/simulate/messages.ts'
import { Network } from '../../src/simulate/network.ts'
import { hourFactor, Traffic } from '../../src/simulate/traffic.ts'

const model = loadModel('general')
const START_MS = Date.parse('2026-11-23T16:00:00Z')

function generate(options: Partial<GenerateOptions> = {}) {
  return [
    ...generateMessages({
      cameras: 40,
      count: 2_000,
      seed: 7,
      model,
      start_ms: START_MS,
      ...options,
    }),
  ]
}

const text = (payload: Uint8Array) => Buffer.from(payload).toString()
const bytes = (seed: number) => generate({ seed }).map(({ payload }) => text(payload))
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

test('the same seed and start give the same bytes, another seed others', () => {
  expect(bytes(7)).toEqual(bytes(7))
  expect(bytes(8)).not.toEqual(bytes(7))
})

test('two runs under one seed at two times give no id twice', () => {
  const ids = [START_MS, START_MS + 60_000].flatMap((start_ms) =>
    generate({ start_ms }).flatMap(({ reads }) => reads.map(({ camera, id }) => `${camera} ${id}`)),
  )
  expect(new Set(ids).size).toBe(4_000)
})

test('401.7 every read is canonical, and names nothing that is forbidden', () => {
  let before_ms = 0
  for (const { subject, payload, reads } of generate()) {
    const read = JSON.parse(text(payload)) as Record<string, unknown>
    expect(reads).toHaveLength(1)
    expect(read).toMatchObject({
      id: reads[0]?.id,
      camera: reads[0]?.camera,
      plate: reads[0]?.plate,
    })
    expect(subject).toBe(`reads.v1.${read.camera}`)
    expect(read.camera).toMatch(CAMERA_ID)
    expect(read.id).toMatch(READ_ID)
    expect(read.plate).toMatch(/^[A-Z0-9]{1,12}$/)
    if (read.region !== undefined) expect(read.region).toMatch(REGION)
    const time_ms = Date.parse(read.time as string)
    expect(time_ms).toBe(reads[0]?.time_ms)
    expect(time_ms).toBeGreaterThanOrEqual(before_ms)
    before_ms = time_ms
    expect(read.confidence).toSatisfy((value: number) => value > 0 && value <= 1)
    expect(read.heading).toSatisfy((value: number) => value >= 0 && value < 360)
    for (const field of [read, read.vehicle, read.location].flatMap((part) =>
      Object.keys(part as object),
    )) {
      expect(FORBIDDEN_FIELDS.has(field.toLowerCase())).toBe(false)
    }
    const chars = read.charConfidence as number[] | undefined
    if (chars) expect(chars).toHaveLength((read.plate as string).length)
    const candidates = (read.candidates ?? []) as Candidate[]
    expect(
      candidates.every(({ plate }) => /^[A-Z0-9]{1,12}$/.test(plate) && plate !== read.plate),
    ).toBe(true)
    const confidences = candidates.map(({ confidence }) => confidence)
    expect(confidences).toEqual(confidences.toSorted((a, b) => b - a))
  }
})

test('messages of many reads hold one camera each, and every read once', () => {
  const messages = generate({ batch: 50 })
  expect(messages.some(({ reads }) => reads.length === 50)).toBe(true)
  const lines = messages.flatMap(({ subject, payload, reads }) => {
    const parsed = text(payload)
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; camera: string })
    expect(parsed.map(({ id }) => id)).toEqual(reads.map(({ id }) => id))
    expect(new Set(parsed.map(({ camera }) => `reads.v1.${camera}`))).toEqual(new Set([subject]))
    return parsed
  })
  expect(new Set(lines.map(({ id }) => id)).size).toBe(2_000)
})

test('three to eight of a hundred are misread; half of these list the plate', () => {
  let wrong = 0
  let told = 0
  for (const { payload, reads } of generate({ count: 20_000, candidates_share: 1 })) {
    const [read] = reads
    if (read === undefined || read.plate === read.truth) continue
    wrong++
    const { candidates = [] } = JSON.parse(text(payload)) as { candidates?: Candidate[] }
    if (candidates.some(({ plate }) => plate === read.truth)) told++
  }
  expect(wrong / 20_000).toBeGreaterThan(0.03)
  expect(wrong / 20_000).toBeLessThan(0.08)
  expect(told / wrong).toBeGreaterThan(0.42)
  expect(told / wrong).toBeLessThan(0.65)
})

test('a doubtful character is less sure than the others', () => {
  const sure = { right: [] as number[], wrong: [] as number[] }
  for (const { payload, reads } of generate({ count: 20_000, candidates_share: 1 })) {
    const [read] = reads
    if (read === undefined || read.plate.length !== read.truth.length) continue
    const { charConfidence } = JSON.parse(text(payload)) as { charConfidence: number[] }
    charConfidence.forEach((value, at) => {
      sure[read.plate[at] === read.truth[at] ? 'right' : 'wrong'].push(value)
    })
  }
  expect(sure.wrong.length).toBeGreaterThan(200)
  expect(mean(sure.right)).toBeGreaterThan(mean(sure.wrong) + 0.15)
})

test('listed vehicles pass as often as asked, under their plates', () => {
  const listed = ['2TLSTED', { plate: '2t-abc 99', vehicle: { color: 'green' } }]
  const messages = generate({ count: 20_000, listed, listed_share: 0.01 })
  const reads = messages.flatMap((message) => message.reads.filter((read) => read.listed))
  expect(new Set(reads.map(({ truth }) => truth))).toEqual(new Set(['2TLSTED', '2TABC99']))
  expect(reads.length / 20_000).toBeGreaterThan(0.005)
  expect(reads.length / 20_000).toBeLessThan(0.015)
  const green = messages.find(({ reads: [read] }) => read?.truth === '2TABC99')
  expect(text(green?.payload ?? new Uint8Array())).toContain('"color":"green"')
  expect(() => generate({ listed: ['NOT A PLATE!'] })).toThrow(/1 to 12 letters/)
})

test('vehicles stand in view, and reach the next camera in the time of a drive', () => {
  const network = new Network(40, 3, 0.7)
  const traffic = new Traffic(network, { seed: 3, vehicles: 1e9, listed: [], listed_share: 0 })
  const last = new Map<string, { camera: number; ms: number }>()
  let standing = 0
  let driven = 0
  for (let ms = 0; ms < 1_200_000; ms += 50) {
    const { camera, vehicle } = traffic.next(ms)
    const before = last.get(vehicle.plate)
    last.set(vehicle.plate, { camera, ms })
    if (before === undefined) continue
    const apart_ms = ms - before.ms
    if (before.camera === camera && apart_ms < 4_000) standing++
    else if ([0, 1, 2, 3].some((direction) => network.next(before.camera, direction) === camera)) {
      // 20 m/s at most, and the due time may wait for a free slot.
      expect(apart_ms).toBeGreaterThanOrEqual((network.spacing_m / 20) * 1_000)
      driven++
    }
  }
  expect(standing).toBeGreaterThan(500)
  expect(driven).toBeGreaterThan(3_000)
})

test.each([1, 2, 40, 41, 1_000])('a network of %i cameras has as many ids and places', (count) => {
  const { cameras } = new Network(count, 1, 0.5)
  expect(new Set(cameras.map(({ id }) => id)).size).toBe(count)
  expect(new Set(cameras.map(({ location }) => `${location.lat} ${location.lon}`)).size).toBe(count)
  expect(cameras.every(({ id }) => CAMERA_ID.test(id))).toBe(true)
})

test('roads lead back, and end at the edge', () => {
  const network = new Network(41, 1, 0.5)
  for (let camera = 0; camera < 41; camera++) {
    for (const direction of [0, 1, 2, 3]) {
      const next = network.next(camera, direction)
      if (next < 0) continue
      expect(next).toBeLessThan(41)
      expect(network.next(next, (direction + 2) % 4)).toBe(camera)
    }
  }
})

test('the rush hour in Idaho is busier than the night, and a day averages to one', () => {
  const hours = Array.from({ length: 24 }, (_, hour) => hourFactor(Date.UTC(2026, 10, 23, hour)))
  expect(hours.reduce((sum, factor) => sum + factor) / 24).toBeCloseTo(1, 5)
  // 17:00 in Boise is 00:00 UTC in winter; 03:00 is 10:00 UTC.
  expect(hours[0]).toBeGreaterThan(1.5)
  expect(hours[10]).toBeLessThan(0.3)
})

test('wrong options are named', () => {
  expect(() => generate({ cameras: 0 })).toThrow(/1 to 25000 cameras but received 0/)
  expect(() => generate({ misread_share: 2 })).toThrow(/0 to 1 for misread_share but received 2/)
})
