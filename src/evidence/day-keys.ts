// A secret for each UTC day: under it the ids of reads without one, and the hashes of rejects, are
// made. It is destroyed with the day's reads, after which nobody can recompute them from a plate
// and a time.
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, openDocuments } from '../bus/documents.ts'
import { HotplateError } from '../domain/error.ts'
import { DAY_MS, utcDay } from '../domain/time.ts'

const dayKeySchema = z.object({ secret: z.string().length(32) })
type DayKey = z.infer<typeof dayKeySchema>

const DAYS_AHEAD = 2
const REFRESH_MS = 3_600_000

export function openDayKeys(bus: Bus): Promise<Documents<DayKey>> {
  return openDocuments(bus, 'day_keys', dayKeySchema)
}

/** The keys of all days that a read may fall on, kept current. */
export class DayKeys {
  #documents: Documents<DayKey>
  #days_before: number
  #keys = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined

  /** A read may wait on the stream for that stream's age limit; its day still needs a key then. */
  constructor(documents: Documents<DayKey>, retention_days: number, waiting_hours_max: number) {
    this.#documents = documents
    this.#days_before = retention_days + Math.ceil(waiting_hours_max / 24) + 1
  }

  get current(): ReadonlyMap<string, string> {
    return this.#keys
  }

  /** Makes the missing keys now, and again each hour. */
  async start(onError: (error: unknown) => void): Promise<void> {
    await this.#ensure(Date.now())
    this.#timer = setInterval(() => {
      this.#ensure(Date.now()).catch(onError)
    }, REFRESH_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #ensure(now_ms: number): Promise<void> {
    const known = await this.#documents.all()
    const keys = new Map<string, string>()
    for (let ahead = -this.#days_before; ahead <= DAYS_AHEAD; ahead += 1) {
      const day = utcDay(now_ms + ahead * DAY_MS)
      keys.set(day, known.get(day)?.value.secret ?? (await this.#make(day)))
    }
    this.#keys = keys
    // Retention destroys the keys of days that held reads; this, those of days without.
    const [oldest] = keys.keys()
    for (const day of known.keys()) {
      if (oldest !== undefined && day < oldest) await this.#documents.purge(day)
    }
  }

  async #make(day: string): Promise<string> {
    const secret = randomBytes(16).toString('hex')
    try {
      await this.#documents.create(day, { secret })
      return secret
    } catch (error) {
      // Another process was first; all must use the same one.
      const other = await this.#documents.get(day)
      if (other) return other.value.secret
      throw new HotplateError('DAY_KEY_MISSING', `The key of ${day} can't be made`, {
        cause: error,
      })
    }
  }
}
