// kill -9 of the service in mid-batch, twenty times at random moments while 50,000 reads flow. A
// bug here shows as a read whose publish was acked and that is nowhere (a message acknowledged
// before its rows were durable), as one that counts twice, or as a dispatcher who is told of one
// vehicle twice or never.
import { expect, test } from 'vitest'
import type { Bus } from '../../src/bus/connection.ts'
import { STREAM } from '../../src/bus/streams.ts'
import { Random } from '../../src/domain/random.ts'
import { ALL_WELL, outcomeOf, untilSettled } from '../helpers/outcome.ts'
import { anySeed, importPlates, makeTraffic, publishAll } from '../helpers/passages.ts'
import { metricOf, type RunningService, startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const READS = 50_000
const KILLS = 20
/** Every fifth kill takes the engines with it. */
const WHOLE_EVERY = 5
const SETTINGS = {
  INGEST__LEASE_MS: '500',
  INGEST__BATCH_MESSAGES_MAX: '100',
  INGEST__ROWS_WAIT_MS_MAX: '100',
}

/** The flow lasts for about as long as the kills. */
const RATE_MESSAGES_S = 800

async function isAtWork(ingest: RunningService): Promise<void> {
  await until(async () => metricOf(await ingest.metrics(), 'hotplate_reads_received_total') > 0, {
    ms: 30_000,
    every_ms: 10,
    what: 'the first read of a life',
  })
}

/** Messages that were given to the process that was just killed, and not acknowledged. */
async function inWork(bus: Bus): Promise<number> {
  let messages = 0
  for await (const { num_ack_pending } of bus.jsm.consumers.list(STREAM.reads)) {
    messages += num_ack_pending
  }
  return messages
}

test('20 kills at random moments: each acked read is stored once, each alert is there once', {
  timeout: 150_000,
}, async () => {
  const seed = anySeed()
  const random = new Random(seed, 2)
  const traffic = makeTraffic({ reads: READS, seed })
  await using engines = await startService({ roles: 'gateway,keeper' })
  const bus = await engines.bus()
  await importPlates(bus, engines.store())
  await using ingest = await startService({ roles: 'ingest', join: engines, settings: SETTINGS })
  const published = publishAll(bus, traffic.messages, RATE_MESSAGES_S)
  const interrupted: number[] = []
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await isAtWork(ingest)
    await new Promise((resolve) => setTimeout(resolve, random.below(300)))
    if (kill % WHOLE_EVERY === 0) {
      await Promise.all([ingest.kill(), engines.kill()])
      await engines.restart()
    } else {
      await ingest.kill()
      interrupted.push(await inWork(bus))
    }
    await ingest.restart()
  }
  await published
  await untilSettled(bus)
  const outcome = await outcomeOf(bus, engines.store(), traffic)
  expect({ seed, ...outcome }).toEqual({ seed, ...ALL_WELL })
  const in_mid_batch = interrupted.filter((messages) => messages > 0).length
  expect(in_mid_batch, 'kills that hit a batch').toBeGreaterThan(interrupted.length / 2)
})
