// The promise of one alert for a vehicle on several lists: none of them is missed by anybody. Reads
// of drawn vehicles, in any order, delivered again, by raisers that come and go, on a real
// nats-server. Were it broken, an entry would pass a camera and nobody who may know would be told.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AlertRaiser, type Sighting } from '../../src/alerts/raise.ts'
import { ensureStreams, STREAM } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { AlsoListed } from '../../src/domain/alert.ts'
import { Random } from '../../src/domain/random.ts'
import { makeAlert } from '../helpers/alert.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { alertsOf } from '../helpers/outcome.ts'

const PASSAGE_S = 30
const START_MS = Date.UTC(2026, 10, 23, 16)
const GO_ON = new AbortController().signal
const NAMED: Omit<AlsoListed, 'list' | 'id'> = {
  version: 1,
  priority: 2,
  category: 'warrant',
  reason: 'Warrant',
}
/** The most urgent first. */
const LISTS = ['a', 'b', 'c', 'd'] as const

let nats: TestNats
beforeAll(async () => {
  nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({}))
})
afterAll(async () => {
  await nats?.[Symbol.asyncDispose]()
})

interface DrawnRead {
  seconds: number
  lists: string[]
}

/** Which lists' alerts all who may know of another get: drawn, so in no order that lists have. */
type Speaking = ReadonlySet<string>

function vehicleOf({ seconds, lists }: DrawnRead, camera: string, speaking: Speaking): Sighting[] {
  const time_ms = START_MS + seconds * 1_000
  return lists.map((list) => ({
    list,
    entry_id: 'e-1',
    camera,
    time_ms,
    build: (id, others) =>
      makeAlert((alert) => {
        alert.id = id
        alert.read.camera = camera
        alert.read.time = new Date(time_ms).toISOString()
        alert.entry.list = list
        alert.also = others.map((other) => ({ ...NAMED, list: other.list, id: other.entry_id }))
      }),
    speaksFor: (other) => speaking.has(`${list} ${other.list}`),
  }))
}

test('each entry that a read shows has an alert of its passage, or is named in one', async () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = new Random(seed, 7)
    const camera = `cam-${seed}`
    const pairs = LISTS.flatMap((one) => LISTS.map((other) => `${one} ${other}`))
    const speaking: Speaking = new Set(pairs.filter(() => random.below(3) > 0))
    const reads = Array.from({ length: 25 }, (): DrawnRead => {
      const lists = LISTS.filter(() => random.below(2) > 0)
      return { seconds: random.below(100), lists: lists.length > 0 ? lists : ['a'] }
    })
    let raiser = new AlertRaiser(nats.bus, PASSAGE_S)
    for (const [at, read] of reads.entries()) {
      if (random.below(6) === 0) {
        // Killed, and what it had not acknowledged comes again to the next.
        raiser.close()
        raiser = new AlertRaiser(nats.bus, PASSAGE_S)
        const again = reads.slice(Math.max(0, at - 3), at)
        const vehicles = again.map((one) => vehicleOf(one, camera, speaking))
        await raiser.raise(vehicles, GO_ON)
      }
      await raiser.raise([vehicleOf(read, camera, speaking)], GO_ON)
    }
    raiser.close()
    const alerts = await alertsOf(nats.bus)
    const told = (list: string, time_ms: number) =>
      alerts.some(({ entry, also = [], read }) => {
        if (Math.abs(Date.parse(read.time) - time_ms) >= PASSAGE_S * 1_000) return false
        const names = also.some((one) => one.list === list)
        return entry.list === list || (names && speaking.has(`${entry.list} ${list}`))
      })
    const missed = reads.flatMap(({ seconds, lists }) =>
      lists
        .filter((list) => !told(list, START_MS + seconds * 1_000))
        .map((list) => `seed ${seed}: ${list} at ${seconds} s`),
    )
    expect(missed).toEqual([])
    await nats.bus.jsm.streams.purge(STREAM.alerts)
  }
})
