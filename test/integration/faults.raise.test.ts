// One alert a passage, whoever raises it and however often its reads come. A bug here shows as a
// dispatcher who is called twice for one car: a passage that straddles two buckets has two possible
// ids, and only a look at its neighbours joins them.
import { describe, expect, test } from 'vitest'
import {
  AlertRaiser,
  alertId,
  type AlertRaiser as Raiser,
  type Sighting,
} from '../../src/alerts/raise.ts'
import { ensureStreams } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import { makeAlert } from '../helpers/alert.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { alertsOf } from '../helpers/outcome.ts'

const PASSAGE_S = 30
/** The edge of a bucket. */
const EDGE_MS = Date.UTC(2026, 10, 23, 16)
const GO_ON = new AbortController().signal

async function startStreams(): Promise<TestNats> {
  const nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({}))
  return nats
}

function sighting(seconds: number, camera = 'cam-1'): Sighting {
  const time_ms = EDGE_MS + seconds * 1_000
  return {
    list: 'state-extract',
    entry_id: 'e-1',
    camera,
    time_ms,
    build: (id) =>
      makeAlert((alert) => {
        alert.id = id
        alert.read.camera = camera
        alert.read.time = new Date(time_ms).toISOString()
      }),
  }
}

/** Times of the alerts' reads, in seconds from the edge. */
async function raisedAt({ bus }: TestNats): Promise<number[]> {
  const alerts = await alertsOf(bus)
  return alerts.map(({ read }) => (Date.parse(read.time) - EDGE_MS) / 1_000)
}

function raise(raiser: Raiser, ...seconds: number[]): Promise<string[]> {
  return raiser.raise(
    seconds.map((second) => [sighting(second)]),
    GO_ON,
  )
}

test('a passage across two buckets has one alert, the next passage its own', async () => {
  await using nats = await startStreams()
  const raiser = new AlertRaiser(nats.bus, PASSAGE_S)
  expect(await raise(raiser, -5, 3, 24.999, 25)).toEqual([
    'raised',
    'suppressed',
    'suppressed',
    'raised',
  ])
  expect(await raisedAt(nats)).toEqual([-5, 25])
})

test('the same passage at another camera has an alert of its own', async () => {
  await using nats = await startStreams()
  const raiser = new AlertRaiser(nats.bus, PASSAGE_S)
  const outcomes = await raiser.raise([[sighting(1)], [sighting(1, 'cam-2')], [sighting(1)]], GO_ON)
  expect(outcomes).toEqual(['raised', 'raised', 'suppressed'])
})

test('two raisers at once on the same sightings: exactly one alert each', async () => {
  await using nats = await startStreams()
  const raisers = await Promise.all(
    [0, 1, 2].map(async () => new AlertRaiser(await nats.connect(), PASSAGE_S)),
  )
  const cameras = Array.from({ length: 100 }, (_, camera) => `cam-${camera}`)
  const sightings = cameras.flatMap((camera) => [[sighting(-2, camera)], [sighting(2, camera)]])
  const outcomes = await Promise.all(raisers.map((raiser) => raiser.raise(sightings, GO_ON)))
  const raised = outcomes.flat().filter((outcome) => outcome === 'raised')
  expect(raised).toHaveLength(cameras.length)
  const alerts = await alertsOf(nats.bus)
  expect(alerts.map(({ read }) => read.camera).sort()).toEqual([...cameras].sort())
})

test('redelivered to the next process, no read of a passage raises anything', async () => {
  await using nats = await startStreams()
  await raise(new AlertRaiser(nats.bus, PASSAGE_S), -5, 3)
  const next = new AlertRaiser(nats.bus, PASSAGE_S)
  expect(await raise(next, 3, -5, 20)).toEqual(['suppressed', 'suppressed', 'suppressed'])
  expect(await raisedAt(nats)).toEqual([-5])
})

test('an older read that comes late belongs to the passage that it is within', async () => {
  await using nats = await startStreams()
  const raiser = new AlertRaiser(nats.bus, PASSAGE_S)
  expect(await raise(raiser, 10, -19, -20)).toEqual(['raised', 'suppressed', 'raised'])
  // Again and in any order, also by one that has not seen it: the same two.
  const next = new AlertRaiser(nats.bus, PASSAGE_S)
  await raise(next, -20, -19, 10, 9)
  expect(await raisedAt(nats)).toEqual([10, -20])
})

test('a raiser robbed in mid-work and its successor agree where a passage began', async () => {
  await using nats = await startStreams()
  const robbed = new AlertRaiser(nats.bus, PASSAGE_S)
  await robbed.raise([], GO_ON)
  const next = new AlertRaiser(nats.bus, PASSAGE_S)
  await next.raise([], GO_ON)
  // Each has looked before the other raised; the id refuses the second, and tells it the passage's
  // true beginning.
  expect(await raise(robbed, 2)).toEqual(['raised'])
  expect(await raise(next, 28, 33)).toEqual(['suppressed', 'raised'])
  expect(await raisedAt(nats)).toEqual([2, 33])
})

test('an answer that was lost leaves one alert', async () => {
  await using nats = await startStreams()
  const first = sighting(4)
  // What a first try leaves when the connection breaks before its answer.
  const id = alertId(first, Math.floor(first.time_ms / (PASSAGE_S * 1_000)))
  const raiser = new AlertRaiser(nats.bus, PASSAGE_S)
  await raiser.raise([], GO_ON)
  await nats.bus.js.publish(`alerts.v1.${id}`, JSON.stringify(first.build(id, [])))
  expect(await raiser.raise([[first]], GO_ON)).toEqual(['suppressed'])
  expect(await raisedAt(nats)).toEqual([4])
})

describe('a vehicle on several lists', () => {
  /** The more urgent lists first; each speaks for those behind it unless it is told not to. */
  function vehicle(seconds: number, lists: readonly string[], alone: readonly string[] = []) {
    const all: Sighting[] = lists.map((list) => {
      const { build, ...one } = sighting(seconds)
      return {
        ...one,
        list,
        build: (id, others) => {
          const alert = build(id, [])
          alert.entry.list = list
          const named = others.map((other) => ({ ...NAMED, list: other.list, id: other.entry_id }))
          return named.length === 0 ? alert : { ...alert, also: named }
        },
        speaksFor: ({ list: other }) => !alone.includes(other),
      }
    })
    return [all]
  }
  const NAMED = { version: 1, priority: 2, category: 'warrant', reason: 'Warrant' } as const

  /** Each alert as `list:names`. */
  async function raisedFor({ bus }: TestNats): Promise<string[]> {
    const alerts = await alertsOf(bus)
    return alerts.map(({ entry, also = [] }) =>
      [entry.list, ...also.map(({ list }) => list)].join(' '),
    )
  }

  test('has one alert, of the most urgent, that names the others for its passage', async () => {
    await using nats = await startStreams()
    const raiser = new AlertRaiser(nats.bus, PASSAGE_S)
    expect(await raiser.raise(vehicle(0, ['a', 'b', 'c']), GO_ON)).toEqual([
      'raised',
      'named',
      'named',
    ])
    expect(await raiser.raise(vehicle(5, ['b']), GO_ON)).toEqual(['suppressed'])
    expect(await raiser.raise(vehicle(29, ['a', 'c']), GO_ON)).toEqual(['suppressed', 'named'])
    expect(await raiser.raise(vehicle(31, ['b', 'c']), GO_ON)).toEqual(['raised', 'named'])
    expect(await raisedFor(nats)).toEqual(['a b c', 'b c'])
  })

  test('alerts by itself on what the alert of the passage does not name', async () => {
    await using nats = await startStreams()
    const raiser = new AlertRaiser(nats.bus, PASSAGE_S)
    await raiser.raise(vehicle(0, ['a', 'b']), GO_ON)
    expect(await raiser.raise(vehicle(3, ['a', 'b', 'c']), GO_ON)).toEqual([
      'suppressed',
      'named',
      'raised',
    ])
    expect(await raisedFor(nats)).toEqual(['a b', 'c a b'])
  })

  test('alerts again where a later read of the passage shows a more urgent entry', async () => {
    await using nats = await startStreams()
    const raiser = new AlertRaiser(nats.bus, PASSAGE_S)
    await raiser.raise(vehicle(0, ['b']), GO_ON)
    expect(await raiser.raise(vehicle(3, ['a', 'b']), GO_ON)).toEqual(['raised', 'named'])
    expect(await raisedFor(nats)).toEqual(['b', 'a b'])
  })

  test('401.4b alerts twice where the first alert is not for all who must know', async () => {
    await using nats = await startStreams()
    const raiser = new AlertRaiser(nats.bus, PASSAGE_S)
    expect(await raiser.raise(vehicle(0, ['covert', 'b', 'c'], ['b']), GO_ON)).toEqual([
      'raised',
      'raised',
      'named',
    ])
    expect(await raisedFor(nats)).toEqual(['covert b c', 'b covert c'])
  })

  test('has the same alerts when its reads come again, to whichever process', async () => {
    await using nats = await startStreams()
    await new AlertRaiser(nats.bus, PASSAGE_S).raise(vehicle(0, ['a', 'b', 'c'], ['c']), GO_ON)
    for (let again = 0; again < 2; again += 1) {
      const next = new AlertRaiser(nats.bus, PASSAGE_S)
      expect(await next.raise(vehicle(0, ['a', 'b', 'c'], ['c']), GO_ON)).toEqual([
        'suppressed',
        'named',
        'suppressed',
      ])
      // What is named is found by its own alert's sake too, once the read has come again.
      expect(await next.raise(vehicle(4, ['b']), GO_ON)).toEqual(['suppressed'])
    }
    expect(await raisedFor(nats)).toEqual(['a b c', 'c a b'])
  })

  test('two raisers at once: each entry has an alert or is named in one', async () => {
    await using nats = await startStreams()
    const raisers = await Promise.all(
      [0, 1].map(async () => new AlertRaiser(await nats.connect(), PASSAGE_S)),
    )
    await Promise.all([
      raisers[0]?.raise(vehicle(0, ['a', 'b']), GO_ON),
      raisers[1]?.raise(vehicle(0, ['b', 'c']), GO_ON),
    ])
    const told = (await raisedFor(nats)).flatMap((alert) => alert.split(' '))
    expect([...new Set(told)].sort()).toEqual(['a', 'b', 'c'])
  })
})
