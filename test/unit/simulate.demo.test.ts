// The demo's cast. If the bugs return: a newcomer waits for the first alert, sees one kind of
// match only, or sees staged vehicles that the matcher lets pass.
import { expect, test } from 'vitest'
import type { MatchClass } from '../../src/domain/alert.ts'
import { loadLookAlikes } from '../../src/matching/look-alikes.ts'
import { loadModel } from '../../src/matching/model.ts'
import {
  DEMO_FALSE_ALERTS_PER_MILLION,
  demoHotList,
  listedVehicles,
} from '../../src/simulate/demo-list.ts'
import { ReadSource, toListed } from '../../src/simulate/messages.ts'
import { pictureBook } from '../../src/simulate/picture.ts'
import { startSimulation } from '../../src/simulate/simulate.ts'
import { classFolder, nearListed, Stage } from '../../src/simulate/stage.ts'
import { listedVehicle } from '../../src/simulate/vehicles.ts'
import { judgeOf, sighted } from '../helpers/matching.ts'
import { until } from '../helpers/until.ts'

const model = loadModel('general')
const classes = loadLookAlikes()

interface Seen {
  plate: string
  region?: string
  confidence?: number
  charConfidence?: number[]
  candidates?: { plate: string; confidence: number }[]
  images?: { plate: string }
}

test('the demo lists have 2,000 entries of seven categories, each plate once', () => {
  const lists = demoHotList(1)
  expect(demoHotList(1)).toEqual(lists)
  expect(new Set(lists.map(({ category }) => category)).size).toBe(7)
  const entries = lists.flatMap((list) => list.entries)
  expect(entries).toHaveLength(2_000)
  expect(new Set(entries.map(({ plate }) => plate)).size).toBe(2_000)
  expect(new Set(entries.map(({ id }) => id)).size).toBe(2_000)
  for (const { plate, reason, case: number } of entries) {
    expect(plate).toMatch(/^([A-Z0-9]{6,8}|2TA\*)$/)
    expect(reason.length).toBeGreaterThan(10)
    expect(number).toMatch(/^[A-Z]{2}26-\d{4}$/)
  }
})

test('half an hour of the demo shows every class of match, the first in 5 s, few wrong', () => {
  const listed = listedVehicles(demoHotList(1))
  const indexed = listed.map(({ plate, region, profile = 'fold+1' }) => ({
    plate,
    region,
    profile,
  }))
  const judge = judgeOf(indexed, { model, budget_per_million: DEMO_FALSE_ALERTS_PER_MILLION })
  const on_road = listed.map((vehicle) => listedVehicle(1, vehicle))
  const avoided = nearListed(listed, classes)
  const source = new ReadSource({ cameras: 40, seed: 1, model, avoided })
  const stage = new Stage({ seed: 1, listed, first_within_s: 5 })
  const found = new Map<MatchClass, number>()
  const alerts_s: number[] = []
  let wrong = 0
  const judgeRead = (line: string, truth: string): boolean => {
    const seen = JSON.parse(line) as Seen
    const { plate, region = '', confidence = null, candidates = null } = seen
    const char_confidence = seen.charConfidence ?? null
    const read = sighted({ plate, region, confidence, char_confidence, candidates })
    const hits = judge.match([read])
    const right = hits.find(({ entry }) => on_road[entry]?.plate === truth)
    if (right) found.set(right.match.class, (found.get(right.match.class) ?? 0) + 1)
    wrong += hits.length - (right ? 1 : 0)
    return right !== undefined
  }
  for (let now_ms = 0; now_ms < 1_800_000; now_ms += 50) {
    const staged = stage.next(source, now_ms, now_ms, undefined)
    if (staged !== null) {
      expect(judgeRead(staged.line, staged.read.truth), staged.line).toBe(true)
      alerts_s.push(now_ms / 1_000)
    }
    const any = source.next(now_ms, now_ms)
    judgeRead(any.line, any.read.truth)
  }
  expect(alerts_s[0]).toBeLessThan(5)
  const gaps_s = alerts_s.slice(1).map((at, n) => at - (alerts_s[n] as number))
  expect(Math.min(...gaps_s)).toBeGreaterThanOrEqual(20)
  expect(Math.max(...gaps_s)).toBeLessThanOrEqual(40.1)
  expect([...found.keys()].toSorted()).toEqual([
    'candidate',
    'deletion',
    'exact',
    'look_alike',
    'o_zero',
    'substitution',
    'wildcard',
  ])
  expect(wrong).toBeLessThan(alerts_s.length / 5)
})

test('plates one edit from a listed one are told, look-alikes folded; others are not', () => {
  const near = nearListed([{ plate: '2TAB123' }], classes)
  for (const plate of [
    '2TAB123',
    'ZTA8I23',
    '2TAB12',
    '2TXB123',
    '92TAB123',
    'TAB123',
    'ZTAX123',
  ]) {
    expect(near(plate), plate).toBe(true)
  }
  for (const plate of ['2TXY123', '2TAB1', '7DFH650']) expect(near(plate), plate).toBe(false)
  const fits = nearListed([{ plate: '2TA*' }], classes)
  expect(['2TA9', 'ZTA1234', '2TB9', '12TA9'].map(fits)).toEqual([true, true, false, false])
  expect(classFolder(classes)('OQ0DIL1ZSBG')).toBe(classFolder(classes)('00001112586'))
})

test('of a part of a plate, a vehicle that fits is on the road, of the make that is listed', () => {
  for (const plate of ['2TA*', '*4A?', '2*A*', '?TAB123']) {
    const vehicle = { make: 'ford', color: 'white' }
    const made = listedVehicle(1, { plate, vehicle })
    expect(made.plate).toMatch(new RegExp(`^${plate.replaceAll('?', '.').replaceAll('*', '.*')}$`))
    expect(made.plate).toMatch(/^[A-Z0-9]{7}$/)
    expect(made.vehicle).toMatchObject(vehicle)
    expect(toListed({ plate: plate.toLowerCase(), vehicle }).plate).toBe(plate)
    expect(made.vehicle.model).toMatch(/^(f-150|f-250|explorer|fusion|transit)$/)
  }
})

test('a simulation sends a listed vehicle with its picture, and ends when told', async () => {
  const seen: Seen[] = []
  const simulation = startSimulation({
    publish: (_subject, payload) => {
      seen.push(JSON.parse(Buffer.from(payload).toString()) as Seen)
      return Promise.resolve()
    },
    cameras: 5,
    rate_reads_s: 500,
    model,
    listed: ['2TLSTED'],
    first_listed_within_s: 0.5,
  })
  await until(() => seen.some(({ images }) => images !== undefined), { what: 'the listed vehicle' })
  const counts = await simulation.stop()
  expect(seen.find(({ images }) => images)?.plate).toBe('2TLSTED')
  expect(seen.filter(({ plate }) => plate === '2TLSTED')).toHaveLength(1)
  expect(counts).toMatchObject({
    reads_sent: seen.length,
    reads_acked: seen.length,
    reads_failed: 0,
  })
  expect(() =>
    startSimulation({ publish: () => Promise.resolve(), cameras: 1, rate_reads_s: -1, model }),
  ).toThrow(/rate of 0 to 1000000/)
})

test('a simulation with a time sends what still waits at its end', async () => {
  let lines = 0
  const { done } = startSimulation({
    publish: (_subject, payload) => {
      lines += Buffer.from(payload).toString().split('\n').length
      return Promise.resolve()
    },
    cameras: 3,
    rate_reads_s: 0,
    model,
    seconds: 0.05,
    batch: 1_000,
    images_share: 0,
  })
  const counts = await done
  expect(counts.reads_acked).toBeGreaterThan(0)
  expect(lines).toBe(counts.reads_acked)
  expect(counts.messages_sent).toBeLessThan(counts.reads_sent)
})

test('pictures come with their share of reads, and always with listed ones', () => {
  const some = pictureBook({ seed: 1, share: 0.25, listed_always: true })
  const drawn = Array.from({ length: 400 }, (_, n) => some(`2T${n % 3}`, 'US-ID', false) !== null)
  expect(drawn.filter(Boolean).length).toBeGreaterThan(60)
  expect(drawn.filter(Boolean).length).toBeLessThan(140)
  expect(some('2TLSTED', 'US-ID', true)).toMatch(/^\/9j\//)
})
