// Reads in and what became of them: what the tests of the whole way share.
import type { Bus } from '../../src/bus/connection.ts'
import { STREAM } from '../../src/bus/streams.ts'
import type { Alert } from '../../src/domain/alert.ts'
import type { Entry, Profile } from '../../src/domain/hotlist.ts'
import { importList } from '../../src/hotlists/import.ts'
import { openManifests } from '../../src/hotlists/manifest.ts'
import type { RejectRecord } from '../../src/ingest/work.ts'
import { metricOf, type RunningService } from './service.ts'
import { until } from './until.ts'

export interface Sent {
  [name: string]: unknown
}

/** A read that is right in all its parts, unless told otherwise. */
export function makeRead(change: Sent = {}): Sent {
  return { time: new Date().toISOString(), camera: 'pole-1', plate: 'GOOD123', ...change }
}

/** Publishes one message; resolves with its place on READS. */
export async function publish(
  service: RunningService,
  payload: Sent | string | Uint8Array,
  camera = 'pole-1',
): Promise<number> {
  const { js } = await service.bus()
  const plain = typeof payload === 'string' || payload instanceof Uint8Array
  const message = plain ? payload : JSON.stringify(payload)
  return (await js.publish(`reads.v1.${camera}`, message)).seq
}

/** All messages that a stream holds, as text. */
export async function textsOf(bus: Bus, stream: string): Promise<string[]> {
  const { state } = await bus.jsm.streams.info(stream)
  const texts: string[] = []
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
    const message = await bus.jsm.streams.getMessage(stream, { seq }).catch(() => null)
    if (message !== null) texts.push(message.string())
  }
  return texts
}

export async function alertsOf(service: RunningService): Promise<Alert[]> {
  const texts = await textsOf(await service.bus(), STREAM.alerts)
  return texts.map((text) => JSON.parse(text) as Alert)
}

export async function rejectsOf(service: RunningService): Promise<RejectRecord['record'][]> {
  const texts = await textsOf(await service.bus(), STREAM.rejects)
  return texts.map((text) => JSON.parse(text) as RejectRecord['record'])
}

export type Row = Record<string, unknown>

/** Rows of `reads` as FINAL shows them, all columns; `partition` is the day. */
export async function rowsOf(service: RunningService, where = '1'): Promise<Row[]> {
  const { client, database } = service.store()
  const result = await client.query({
    query: `SELECT *, _partition_value.1 AS partition FROM ${database}.reads FINAL
      WHERE ${where} ORDER BY camera, id`,
    format: 'JSONEachRow',
  })
  return result.json<Row>()
}

/** Resolves once everything published so far has been settled. */
export async function settled(service: RunningService): Promise<void> {
  const { jsm } = await service.bus()
  const { state } = await jsm.streams.info(STREAM.reads)
  await until(
    async () => {
      for await (const consumer of jsm.consumers.list(STREAM.reads)) {
        if (!consumer.name.startsWith('ingest-')) continue
        if (consumer.ack_floor.stream_seq >= state.last_seq) return true
      }
      return false
    },
    { ms: 20_000, what: 'the acknowledgement of all reads' },
  )
}

export interface ListedPlate extends Partial<Omit<Entry, 'id'>> {
  plate: string
}

/** Puts a list into force and waits until the service matches against it. */
export async function putInForce(
  service: RunningService,
  name: string,
  plates: readonly ListedPlate[],
  profile: Profile = 'fold+1',
): Promise<void> {
  const entries = plates.map((entry) => ({ reason: 'Test', ...entry }))
  const manifests = await openManifests(await service.bus())
  await importList(service.store(), manifests, { name, category: 'custom', profile, entries })
  const all = await manifests.all()
  const wanted = [...all.values()].reduce((sum, { value }) => sum + value.entries, 0)
  await until(
    async () => metricOf(await service.metrics(), 'hotplate_hotlist_entries') === wanted,
    { what: `the list ${name} in force` },
  )
}
