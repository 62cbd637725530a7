// Matching as one process has it, for benches of lists: its lists, its pool of workers, and how
// soon all of them have a change.
import type { Bus } from '../../src/bus/connection.ts'
import type { Config } from '../../src/config/schema.ts'
import { ActiveLists } from '../../src/hotlists/active.ts'
import { addCustom, stepCustom } from '../../src/hotlists/custom-changes.ts'
import type { Generation } from '../../src/hotlists/generation.ts'
import type { Manifests } from '../../src/hotlists/manifest.ts'
import { BatchBuilder } from '../../src/ingest/batch.ts'
import { startPool } from '../../src/ingest/ingest.ts'
import { shareOf, type WorkDone } from '../../src/ingest/work.ts'
import { loadLookAlikes } from '../../src/matching/look-alikes.ts'
import type { Store } from '../../src/store/client.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { ANN, customGround, drafted, revoked, SUE } from '../../test/helpers/custom.ts'

export interface MatchingGround {
  bus: Bus
  config: Config
  manifests: Manifests
  data_dir: string
}

const SINGLE_ROUNDS = 20

/** Lists and workers of one process, as the role `ingest` has them. */
export class Matching {
  readonly lists: ActiveLists
  readonly #config: Config
  readonly #pool: ReturnType<typeof startPool>
  #seq = 0

  constructor({ config, manifests, data_dir }: MatchingGround, store: Store) {
    const classes = [...loadLookAlikes()]
    this.#config = config
    this.#pool = startPool(config, classes)
    this.lists = new ActiveLists({
      store,
      manifests,
      data_dir,
      classes,
      matching: config.matching,
      log: createLog('error'),
      onSwap: () => {},
    })
  }

  get workers(): number {
    return this.#config.ingest.workers
  }

  get generation(): Generation {
    return this.lists.current as Generation
  }

  /** One batch through a worker, matched against what is in force as it is sent. */
  match(payload: Uint8Array): Promise<WorkDone> {
    const { ingest, retention } = this.#config
    const meta = new ArrayBuffer(BatchBuilder.metaBytes(1))
    const builder = new BatchBuilder(new ArrayBuffer(payload.length), meta)
    this.#seq += 1
    builder.add(payload, 'reads.v1.pole-1', this.#seq, Date.now())
    const work = {
      batch: builder.finish(),
      index: this.lists.current && shareOf(this.lists.current),
      day_keys: new Map<string, string>(),
      message_bytes_max: ingest.message_bytes_max,
      reads_per_message_max: ingest.reads_per_message_max,
      image_bytes_max: ingest.image_bytes_max,
      retention_days: retention.days,
    }
    return this.#pool.run(work)
  }

  async stop(): Promise<void> {
    await this.lists.stop()
    await this.#pool.destroy()
  }
}

/** A message of reads of these plates. */
export function messageOf(plates: readonly string[]): Uint8Array {
  const time = new Date().toISOString()
  const lines = plates.map((plate, at) =>
    JSON.stringify({ id: `read-${at}`, time, camera: 'pole-1', plate, confidence: 0.9 }),
  )
  return Buffer.from(lines.join('\n'))
}

/** A batch for each worker, until each of those sent together has hit the plate, or none has. */
export async function onAllWorkers(matching: Matching, plate: string, hit = true): Promise<void> {
  const message = messageOf([plate])
  for (;;) {
    const sent = Array.from({ length: matching.workers }, () => matching.match(message))
    const done = await Promise.all(sent)
    if (done.every(({ hits }) => hits.length > 0 === hit)) return
  }
}

/** Approved and revoked as people do it: from the second person's word to all workers. */
export async function measureSingle(
  { bus, manifests }: MatchingGround,
  matching: Matching,
  list: string,
): Promise<{ activate_ms: number; revoke_ms: number }> {
  const custom = await customGround(bus, manifests)
  const active: number[] = []
  const silent: number[] = []
  for (let round = 0; round < SINGLE_ROUNDS; round += 1) {
    const plate = `9URG${String.fromCharCode(65 + round)}99`
    const entry = drafted({ plate, profile: 'exact' })
    const { id } = (await addCustom(custom, ANN, list, entry, true)).value.entry
    const from_ms = performance.now()
    await stepCustom(custom, SUE, { list, id, action: 'approve' })
    await onAllWorkers(matching, plate)
    active.push(performance.now() - from_ms)
    const again_ms = performance.now()
    await revoked(custom, list, id)
    await onAllWorkers(matching, plate, false)
    silent.push(performance.now() - again_ms)
  }
  custom.stop()
  return { activate_ms: Math.max(...active), revoke_ms: Math.max(...silent) }
}
