// What became of made traffic: which reads are not in the store or there twice, which alerts are
// missing, double or foreign.
import type { Bus } from '../../src/bus/connection.ts'
import { STREAM } from '../../src/bus/streams.ts'
import type { Alert } from '../../src/domain/alert.ts'
import type { Store } from '../../src/store/client.ts'
import type { MadeTraffic } from './passages.ts'
import { until } from './until.ts'

/** Names of reads and passages, at most as many as help. */
export interface Outcome {
  reads_lost: string[]
  reads_foreign: string[]
  rows_doubled: number
  alerts_missing: string[]
  alerts_doubled: string[]
  alerts_foreign: string[]
}

export const ALL_WELL: Outcome = {
  reads_lost: [],
  reads_foreign: [],
  rows_doubled: 0,
  alerts_missing: [],
  alerts_doubled: [],
  alerts_foreign: [],
}

const SHOWN_MAX = 20

/** Waits until all that the stream holds is acknowledged and BACKLOG is empty. */
export async function untilSettled(bus: Bus, { ms = 60_000, partitions = 1 } = {}): Promise<void> {
  let last: unknown
  try {
    await until(
      async () => {
        const open: number[] = []
        for await (const info of bus.jsm.consumers.list(STREAM.reads)) {
          if (info.name.startsWith('ingest-')) open.push(info.num_pending + info.num_ack_pending)
        }
        const { state } = await bus.jsm.streams.info(STREAM.backlog)
        last = { open, backlog: state.messages }
        return (
          open.length === partitions && open.every((count) => count === 0) && state.messages === 0
        )
      },
      { ms, every_ms: 50, what: 'all reads acknowledged and an empty BACKLOG' },
    )
  } catch (cause) {
    throw new Error(`Not settled: ${JSON.stringify(last)}`, { cause })
  }
}

export async function outcomeOf(bus: Bus, store: Store, traffic: MadeTraffic): Promise<Outcome> {
  const rows = await storedReads(store)
  const stored = new Set(rows)
  const raised = (await alertsOf(bus)).map((alert) => ({
    passage: traffic.passageOf(alert),
    id: alert.id,
  }))
  const known = raised.flatMap(({ passage }) => (passage === null ? [] : [passage]))
  const alerted = new Set(known)
  const some = (names: Iterable<string>) => [...names].slice(0, SHOWN_MAX)
  return {
    reads_lost: some([...traffic.reads].filter((read) => !stored.has(read))),
    reads_foreign: some([...stored].filter((read) => !traffic.reads.has(read))),
    rows_doubled: rows.length - stored.size,
    alerts_missing: some([...traffic.passages].filter((passage) => !alerted.has(passage))),
    alerts_doubled: some(known.filter((passage, at) => known.indexOf(passage) !== at)),
    alerts_foreign: some(raised.flatMap(({ passage, id }) => (passage === null ? [id] : []))),
  }
}

/** `<camera> <id>` of each row that a query with FINAL shows. */
async function storedReads({ client, database }: Store): Promise<string[]> {
  const result = await client.query({
    query: `SELECT camera, id FROM ${database}.reads FINAL`,
    format: 'JSONCompactEachRow',
  })
  const rows = await result.json<[string, string]>()
  return rows.map(([camera, id]) => `${camera} ${id}`)
}

/** All that stand on the stream, in its order. */
export async function alertsOf(bus: Bus): Promise<Alert[]> {
  const { state } = await bus.jsm.streams.info(STREAM.alerts)
  const alerts: Alert[] = []
  if (state.messages === 0) return alerts
  const consumer = await bus.js.consumers.get(STREAM.alerts)
  const messages = await consumer.consume({ max_messages: 1_000 })
  for await (const message of messages) {
    alerts.push(message.json<Alert>())
    if (message.seq >= state.last_seq) break
  }
  return alerts
}
