// Which partitions this process pulls: it asks for the lease of each, so that none waits for longer
// than a lease when a process dies; and where it holds more than its share while another holds less
// than its own, it gives one away.
//
// Processes know of each other by a document each, written anew every beat (a lease's length). One
// counts only when its document has moved since the last beat: for the sake of a dead one nothing
// is given away. What was given away is not asked for during one beat, which is six looks of the
// others.
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, openDocuments, type Revisioned } from '../bus/documents.ts'
import { holdLease, type Lease } from '../bus/lease.ts'
import type { Logger } from '../telemetry/log.ts'

export interface ShareOptions {
  bus: Bus
  partitions: number
  lease_ms: number
  /** Who asks; the next life of a process is another. */
  holder: string
  log: Logger
  /**
   * Pulls a partition until `signal` aborts. `leaving` tells then whether the process goes of its
   * own will, and may finish what it holds, or has lost the lease.
   */
  onGained: (partition: number, signal: AbortSignal, leaving: () => boolean) => Promise<void>
}

export interface PartitionShare {
  stop(): Promise<void>
}

const BUCKET = 'ingest_members'
const memberSchema = z.object({ held: z.int().min(0) })
type Member = z.infer<typeof memberSchema>
/** Beats after which the server forgets a process that doesn't write any more. */
const FORGOTTEN_BEATS = 3

/** @throws HotplateError BUS_UNAVAILABLE */
export async function sharePartitions(o: ShareOptions): Promise<PartitionShare> {
  const share = new Share(o)
  await share.start()
  return share
}

class Share implements PartitionShare {
  readonly #o: ShareOptions
  readonly #leases = new Map<number, Lease>()
  readonly #leaving = new Set<number>()
  #members: Documents<Member> | null = null
  #seen = new Map<string, number>()
  #beat: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #stopping = false

  constructor(options: ShareOptions) {
    this.#o = options
  }

  async start(): Promise<void> {
    const { bus, partitions, lease_ms } = this.#o
    if (partitions > 1) {
      const ttl_ms = FORGOTTEN_BEATS * lease_ms
      this.#members = await openDocuments(bus, BUCKET, memberSchema, { ttl_ms })
    }
    const all = Array.from({ length: partitions }, (_, partition) => partition)
    await Promise.all(all.map((partition) => this.#ask(partition)))
    if (partitions > 1) this.#next()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#timer)
    await this.#beat
    for (const partition of this.#leases.keys()) this.#leaving.add(partition)
    await Promise.all([...this.#leases.values()].map((lease) => lease.stop()))
    await this.#members?.purge(this.#o.holder).catch(() => undefined)
  }

  async #ask(partition: number): Promise<void> {
    const { bus, holder, lease_ms, log, onGained } = this.#o
    this.#leaving.delete(partition)
    const lease = await holdLease(bus, {
      key: `ingest-${partition}`,
      holder,
      lease_ms,
      log,
      onGained: (signal) => onGained(partition, signal, () => this.#leaving.has(partition)),
    })
    this.#leases.set(partition, lease)
  }

  #next(): void {
    if (this.#stopping) return
    this.#timer = setTimeout(() => {
      this.#beat = this.#balance()
        .catch((error: unknown) => {
          this.#o.log.debug({ err: error }, 'The partitions could not be shared out.')
        })
        .finally(() => this.#next())
    }, this.#o.lease_ms)
  }

  async #balance(): Promise<void> {
    const { partitions, holder, log } = this.#o
    const members = this.#members as Documents<Member>
    for (let partition = 0; partition < partitions; partition += 1) {
      // Given away at the last beat: from now on this process stands by for it.
      if (!this.#leases.has(partition)) await this.#ask(partition)
    }
    const held = [...this.#leases].filter(([, lease]) => lease.held).map(([number]) => number)
    const known = await members.all()
    await put(members, holder, { held: held.length }, known.get(holder))
    const others = this.#alive(known)
    const least = Math.floor(partitions / (others.length + 1))
    const most = Math.ceil(partitions / (others.length + 1))
    const last = held.at(-1)
    if (last === undefined || held.length <= least) return
    if (!others.some((other) => other.held < (held.length > most ? most : least))) return
    log.info({ partition: last }, 'A partition is given to another process.')
    this.#leaving.add(last)
    await this.#leases.get(last)?.stop()
    this.#leases.delete(last)
  }

  /** The other processes whose documents have moved since the last beat. */
  #alive(known: ReadonlyMap<string, Revisioned<Member>>): Member[] {
    const before = this.#seen
    this.#seen = new Map([...known].map(([name, { revision }]) => [name, revision]))
    return [...known].flatMap(([name, { value, revision }]) => {
      const moved = before.has(name) && before.get(name) !== revision
      return moved && name !== this.#o.holder ? [value] : []
    })
  }
}

async function put(
  members: Documents<Member>,
  name: string,
  member: Member,
  known: Revisioned<Member> | undefined,
): Promise<void> {
  if (known) await members.update(name, member, known.revision)
  else await members.create(name, member)
}
