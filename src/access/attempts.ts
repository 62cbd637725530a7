// Brakes on guessing a password: failures per user and address, and how many hashes are worked on
// at once.
import { HotplateError } from '../domain/error.ts'

const FAILURES_MAX = 5
const WINDOW_MS = 15 * 60_000
/** Keys remembered; the oldest goes first. */
const KEYS_MAX = 20_000

/**
 * Counts failed sign-ins per (user, address), whether or not there is such a user: five within
 * fifteen minutes of the first, and the pair is refused until those are over. Kept in this process
 * only.
 */
export class Attempts {
  readonly #failures = new Map<string, { count: number; since_ms: number }>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /**
   * Counts an attempt as failed before the password is looked at, so that many at once can't slip
   * through.
   * @returns seconds to wait where this one may not be tried, else 0
   */
  begin(key: string): number {
    const now = this.#now()
    const found = this.#failures.get(key)
    if (found === undefined || now - found.since_ms >= WINDOW_MS) {
      this.#failures.delete(key)
      if (this.#failures.size >= KEYS_MAX) {
        const oldest = this.#failures.keys().next().value
        if (oldest !== undefined) this.#failures.delete(oldest)
      }
      this.#failures.set(key, { count: 1, since_ms: now })
      return 0
    }
    if (found.count >= FAILURES_MAX) return Math.ceil((found.since_ms + WINDOW_MS - now) / 1000)
    found.count += 1
    return 0
  }

  succeeded(key: string): void {
    this.#failures.delete(key)
  }
}

/**
 * At most `running_max` at work, at most `waiting_max` in line; whoever comes then is refused at
 * once.
 */
export class Turnstile {
  readonly #running_max: number
  readonly #waiting_max: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(running_max: number, waiting_max: number) {
    this.#running_max = running_max
    this.#waiting_max = waiting_max
  }

  /** @throws HotplateError BUSY when the line is full */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#running_max) {
      if (this.#waiting.length >= this.#waiting_max) {
        throw new HotplateError('BUSY', 'Too many sign-ins at once: try again in a few seconds')
      }
      // Whoever leaves hands its place over, so the count stays as it is.
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else {
      this.#running += 1
    }
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }
}
