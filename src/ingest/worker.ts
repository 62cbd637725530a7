// One batch in a worker thread: decode, validate, normalise, match, rows. It touches no network and
// no file. Plain reads are taken natively (scan.ts); what is not plain goes the long way
// (digest.ts), which alone refuses and drops.
import { move, transferableSymbol, valueSymbol, workerData } from 'piscina'
import { type EngineOptions, modelOfCamera, modelsInUse } from '../matching/engines.ts'
import { Judge } from '../matching/judge.ts'
import { loadModel } from '../matching/model.ts'
import { packModel } from '../matching/packed-model.ts'
import { ReadColumns } from '../store/read-columns.ts'
import type { OptionalField, Reject } from './decode.ts'
import { Digest } from './digest.ts'
import { hitsOf } from './hits.ts'
import { BatchScanner } from './scan.ts'
import type { IndexShare, Work, WorkDone } from './work.ts'

export interface WorkerSettings {
  classes: string[]
  engines: EngineOptions
}

const settings = workerData as WorkerSettings
const columns = new ReadColumns()
const scanner = new BatchScanner()
const modelOf = modelOfCamera(settings.engines)
// Ready as the thread starts: no batch waits for them.
const models = modelsInUse(settings.engines).map(loadModel)
for (const model of models) packModel(model)
let judge: { generation: number; judge: Judge } | null = null

function judgeFor(share: IndexShare): Judge {
  if (judge?.generation !== share.generation) {
    const { classes } = settings
    const options = { ...share, classes, models, modelOf }
    judge = { generation: share.generation, judge: new Judge(options) }
  }
  return judge.judge
}

function tally<T extends string>(values: Iterable<[T, number]>): { name: T; count: number }[] {
  const counts = new Map<T, number>()
  for (const [name, count] of values) counts.set(name, (counts.get(name) ?? 0) + count)
  return [...counts].map(([name, count]) => ({ name, count }))
}

function joined(first: Uint8Array, second: Uint8Array | null): Uint8Array {
  if (second === null) return first
  if (first.length === 0) return second
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

/** The worker's task. @returns what to publish and store, and the batch's buffers, transferred. */
export default function run(work: Work): WorkDone {
  const batch = new Digest(work, columns)
  const plain = scanner.scan(work, modelOf)
  plain.leaveTo(batch)
  const rows = joined(plain.block, columns.finish())
  const refused = batch.rejects.map(
    (r) => [r.record.reason as Reject['reason'], 1] as [Reject['reason'], number],
  )
  const done: WorkDone = {
    data: work.batch.data,
    meta: work.batch.meta,
    reads: plain.rows + batch.reads.length + refused.length,
    stored: plain.rows + batch.reads.length,
    generation: work.index?.generation ?? 0,
    rows,
    hits: work.index === null ? [] : hitsOf(judgeFor(work.index), plain, batch),
    images: batch.images,
    rejected: tally(refused).map(({ name, count }) => ({ reason: name, count })),
    dropped: tally(
      [...batch.dropped.values()].map((d) => [d.field, d.count] as [OptionalField, number]),
    ).map(({ name, count }) => ({ field: name, count })),
    rejects: [...batch.rejects, ...batch.droppedRecords()],
    forbidden: [...batch.forbidden].map(([camera, count]) => ({ camera, count })),
    suspect: batch.suspect,
  }
  const buffers = [done.data, done.meta, rows.buffer, ...done.images.map((i) => i.bytes.buffer)]
  return move({ [transferableSymbol]: buffers, [valueSymbol]: done }) as unknown as WorkDone
}
