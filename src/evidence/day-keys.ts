// A secret for each UTC day: under it the ids of reads without one, and the hashes of rejects, are made. It is destroyed
// with the day's reads, after which nobody can recompute them from a plate and a time.
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, openDocuments } from '../bus/documents.ts'
import { HotplateError } from '../domain/error.ts'
import { DAY_MS, utcDay } from '../domain/time.ts'

const dayKeySchema = z.object({ secret: z.string().length(32) })
type DayKey = z.infer<typeof dayKeySchema>

/** Reads may wait on the stream for its age limit before they are decoded; their days still need a key then. */
const DAYS_BEFORE = 3
const DAYS_AHEAD = 2
const REFRESH_MS = 3_600_000

export function openDayKeys(bus: Bus): Promise<Documents<DayKey>> {
  return openDocuments(bus, 'day_keys', dayKeySchema)
}

/** The keys of all days that a read may fall on, kept current. */
export class DayKeys {
  #documents: Documents<DayKey>
  #retention_days: number
  #keys = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined

  constructor(documents: Documents<DayKey>, retention_days: number) {
    this.#documents = documents
    this.#retention_days = retention_days
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
    for (let ahead = -(this.#retention_days + DAYS_BEFORE); ahead <= DAYS_AHEAD; ahead += 1) {
      const day = utcDay(now_ms + ahead * DAY_MS)
      keys.set(day, known.get(day)?.value.secret ?? (await this.#make(day)))
    }
    this.#keys = keys
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
