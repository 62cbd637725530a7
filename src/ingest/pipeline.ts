// One partition's way from the stream to alerts and rows, for as long as this process holds its
// lease.
//
//   puller ─ message ─► builder ─ batch ─► worker ─ work done ─► alerts, images, rejects
//                                                                    │
//                                      ack ◄─ writer ◄─ row group ◄──┘
//
// Batches are settled in order, so a group of rows covers all messages up to its last one, and its
// acknowledgement is an "ack of all up to here". A batch leaves the builder when it is full, or
// batch_wait_ms_max after its first message. Groups of rows are larger than batches: the store
// wants few large inserts, the console wants its alert now.
//
// An epoch begins with each rewind of the puller. What an earlier epoch still holds is let go, not
// settled: its messages come again, and every effect that it has had already is idempotent.
import type { Msg } from '@nats-io/transport-node'
import type { Piscina } from 'piscina'
import type { Bus } from '../bus/connection.ts'
import type { Config } from '../config/schema.ts'
import type { Generation } from '../hotlists/generation.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { BatchBuilder, type PackedBatch } from './batch.ts'
import { Puller, type StreamPosition } from './puller.ts'
import { shareOf, type Work, type WorkDone } from './work.ts'
import type { RowGroup, RowWriter } from './writer.ts'

export interface PipelineOptions {
  bus: Bus
  config: Config
  pool: Piscina<Work, WorkDone>
  writer: RowWriter
  stream: string
  consumer_prefix: string
  filter_subject?: string
  /** What the next batch is matched against. */
  generation: () => Generation | null
  dayKeys: () => ReadonlyMap<string, string>
  /**
   * Publishes what a batch has found, named by the generation that it was matched against, before
   * its rows count as settled.
   */
  settle: (done: WorkDone, generation: Generation | null, signal: AbortSignal) => Promise<void>
  log: Logger
  metrics: Metrics
}

/** Rows that wait for the writer, in bytes, before no more messages are taken. */
const ROWS_HELD_BYTES_MAX = 64 * 1024 * 1024

/** A group that is worth an insert waits no longer once the reads have paused for as long. */
const QUIET_MS = 50
const QUIET_ROWS_MIN = 1_000

/** Subjects and headers, which count with a message. */
const ENVELOPE_BYTES_MAX = 64 * 1024

class Epoch {
  readonly abort = new AbortController()
  /** Resolves when the latest batch has begun to settle. */
  order: Promise<void> = Promise.resolve()
  /** Resolves when the latest batch has settled and its rows are in a group. */
  tail: Promise<void> = Promise.resolve()
  batches = 0
  group: RowGroup = { chunks: [], rows: 0, bytes: 0 }
  group_last: string | null = null
  group_timer: NodeJS.Timeout | undefined
  quiet_timer: NodeJS.Timeout | undefined
  held_bytes = 0
  /** Groups in order; the longest durable prefix is acknowledged. */
  groups: { last: string; durable: boolean }[] = []
  writes = new Set<Promise<void>>()
}

export class Pipeline {
  #o: PipelineOptions
  #puller: Puller
  #epoch = new Epoch()
  #builder: BatchBuilder | null = null
  #builder_last: string | null = null
  #flush_timer: NodeJS.Timeout | undefined
  #spare: { data: ArrayBuffer; meta: ArrayBuffer }[] = []
  #closed = false

  constructor(options: PipelineOptions) {
    this.#o = options
    const { ingest, nats } = options.config
    this.#puller = new Puller({
      bus: options.bus,
      stream: options.stream,
      consumer_prefix: options.consumer_prefix,
      ...(options.filter_subject ? { filter_subject: options.filter_subject } : {}),
      ack_pending_max: ingest.ack_pending_max,
      pull_messages_max: ingest.batch_messages_max,
      // A message larger than what is asked for would never come, and none behind it.
      pull_bytes_max: Math.max(ingest.pull_bytes_max, nats.payload_bytes_max + ENVELOPE_BYTES_MAX),
      log: options.log,
      onMessage: (message, position) => this.#add(message, position),
      onRewind: () => this.#newEpoch(),
    })
  }

  open(): Promise<void> {
    return this.#puller.open()
  }

  lag(): Promise<number> {
    return this.#puller.lag()
  }

  /** Stops taking messages, settles what is in work within `ms_max`, then lets go of the rest. */
  async close(ms_max: number): Promise<void> {
    this.#closed = true
    this.#puller.close()
    const epoch = this.#epoch
    this.#submit()
    const settled = epoch.tail.then(() => {
      this.#flushGroup(epoch)
      return Promise.all(epoch.writes)
    })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, ms_max)
    })
    await Promise.race([settled.catch(() => undefined), late])
    clearTimeout(timer)
    this.#letGo(epoch)
  }

  #newEpoch(): void {
    this.#letGo(this.#epoch)
    this.#epoch = new Epoch()
    this.#builder = null
    clearTimeout(this.#flush_timer)
    this.#puller.resume()
  }

  #letGo(epoch: Epoch): void {
    clearTimeout(epoch.group_timer)
    clearTimeout(epoch.quiet_timer)
    epoch.abort.abort(new Error('The partition was let go'))
  }

  #add(message: Msg, position: StreamPosition): void {
    const payload = message.data
    if (this.#builder !== null && !this.#builder.fits(payload.length)) this.#submit()
    if (this.#builder === null) {
      this.#builder = this.#newBuilder(payload.length)
      this.#flush_timer = setTimeout(() => this.#submit(), this.#o.config.ingest.batch_wait_ms_max)
    }
    this.#builder.add(payload, message.subject, position.seq, position.received_ms)
    this.#builder_last = message.reply as string
    if (this.#builder.messages >= this.#builder.messages_max) this.#submit()
  }

  #newBuilder(bytes: number): BatchBuilder {
    const { batch_messages_max, batch_bytes_max } = this.#o.config.ingest
    if (bytes > batch_bytes_max) {
      return new BatchBuilder(new ArrayBuffer(bytes), new ArrayBuffer(BatchBuilder.metaBytes(1)))
    }
    const spare = this.#spare.pop() ?? {
      data: new ArrayBuffer(batch_bytes_max),
      meta: new ArrayBuffer(BatchBuilder.metaBytes(batch_messages_max)),
    }
    return new BatchBuilder(spare.data, spare.meta)
  }

  #submit(): void {
    clearTimeout(this.#flush_timer)
    if (this.#builder === null) return
    const batch = this.#builder.finish()
    const last = this.#builder_last as string
    this.#builder = null
    const epoch = this.#epoch
    epoch.batches += 1
    const generation = this.#o.generation()
    const work = this.#work(batch, generation)
    const done = this.#o.pool.run(work, { transferList: [batch.data, batch.meta] })
    const settled = epoch.order.then(() => this.#settle(epoch, done, generation))
    epoch.order = settled.then(() => undefined)
    epoch.tail = epoch.tail.then(async () =>
      this.#group(epoch, await (await settled).effects, last),
    )
    // Their end is waited for in their turn; without this a rejection before it would count as
    // unhandled.
    for (const promise of [done, settled, epoch.order]) promise.catch(() => undefined)
    epoch.tail.catch((error: unknown) => this.#failed(epoch, error))
    this.#adjustPull(epoch)
  }

  #work(batch: PackedBatch, generation: Generation | null): Work {
    const { ingest, retention } = this.#o.config
    return {
      batch,
      index: generation && shareOf(generation),
      day_keys: this.#o.dayKeys(),
      message_bytes_max: ingest.message_bytes_max,
      reads_per_message_max: ingest.reads_per_message_max,
      image_bytes_max: ingest.image_bytes_max,
      retention_days: retention.days,
    }
  }

  /**
   * Begins what a batch has to have published, in the order of the batches; the answer is wrapped,
   * so that the next batch begins its own without waiting for the stream's word on this one's.
   */
  async #settle(
    epoch: Epoch,
    pending: Promise<WorkDone>,
    generation: Generation | null,
  ): Promise<{ effects: Promise<WorkDone> }> {
    const done = await pending
    epoch.abort.signal.throwIfAborted()
    if (done.data.byteLength === this.#o.config.ingest.batch_bytes_max) {
      this.#spare.push({ data: done.data, meta: done.meta })
    }
    this.#o.metrics.readsReceived.inc(done.reads)
    const effects = this.#o.settle(done, generation, epoch.abort.signal).then(() => done)
    effects.catch(() => undefined)
    return { effects }
  }

  #group(epoch: Epoch, done: WorkDone, last: string): void {
    epoch.abort.signal.throwIfAborted()
    epoch.batches -= 1
    const { rows_per_insert_max, rows_bytes_max, rows_wait_ms_max } = this.#o.config.ingest
    if (epoch.group.bytes + done.rows.length > rows_bytes_max) this.#flushGroup(epoch)
    const group = epoch.group
    if (done.rows.length > 0) group.chunks.push({ blocks: done.rows, rows: done.stored })
    group.rows += done.stored
    group.bytes += done.rows.length
    epoch.held_bytes += done.rows.length
    epoch.group_last = last
    if (group.rows >= rows_per_insert_max) this.#flushGroup(epoch)
    else epoch.group_timer ??= setTimeout(() => this.#flushGroup(epoch), rows_wait_ms_max)
    clearTimeout(epoch.quiet_timer)
    if (group.rows >= QUIET_ROWS_MIN) {
      epoch.quiet_timer = setTimeout(() => this.#flushGroup(epoch), QUIET_MS)
    }
    this.#adjustPull(epoch)
  }

  #flushGroup(epoch: Epoch): void {
    clearTimeout(epoch.group_timer)
    clearTimeout(epoch.quiet_timer)
    epoch.group_timer = undefined
    const last = epoch.group_last
    if (last === null) return
    const group = epoch.group
    epoch.group = { chunks: [], rows: 0, bytes: 0 }
    epoch.group_last = null
    const mark = { last, durable: false }
    epoch.groups.push(mark)
    const written = this.#write(epoch, group, mark)
      .catch((error: unknown) => this.#failed(epoch, error))
      .finally(() => epoch.writes.delete(written))
    epoch.writes.add(written)
  }

  async #write(
    epoch: Epoch,
    group: RowGroup,
    mark: { last: string; durable: boolean },
  ): Promise<void> {
    if (group.rows > 0) await this.#o.writer.write(group, epoch.abort.signal)
    mark.durable = true
    epoch.held_bytes -= group.bytes
    let acknowledge: string | null = null
    while (epoch.groups[0]?.durable) acknowledge = (epoch.groups.shift() as typeof mark).last
    if (acknowledge !== null && !epoch.abort.signal.aborted) this.#o.bus.nc.publish(acknowledge)
    this.#adjustPull(epoch)
  }

  #adjustPull(epoch: Epoch): void {
    if (epoch !== this.#epoch || this.#closed) return
    const full =
      epoch.batches >= this.#o.config.ingest.batches_in_work_max ||
      epoch.held_bytes > ROWS_HELD_BYTES_MAX
    if (full) this.#puller.pause()
    else this.#puller.resume()
  }

  #failed(epoch: Epoch, error: unknown): void {
    if (epoch !== this.#epoch || epoch.abort.signal.aborted || this.#closed) return
    this.#o.log.error({ err: error }, 'A batch failed; its messages are taken again.')
    epoch.abort.abort(error)
    setTimeout(() => void this.#puller.rewind('A batch failed'), 500)
  }
}
