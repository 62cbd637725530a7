// The pace of publishing: a token bucket on the monotonic clock, small enough to leave no burst.
import { setTimeout as delay } from 'node:timers/promises'

/** What a stall left unsent is made up for, up to this much; the rest is dropped. */
const DEBT_MS_MAX = 1_000
/** It is made up for at twice the rate, in ticks of at most this: never in one burst. */
const TICK_WORTH_MS_MAX = 20
const CATCH_UP = 2
/** A timer can't be finer. */
const TICK_MS_MIN = 1
const TICK_MS_MAX = 250

export class Pace {
  readonly #now: () => number
  #rate_s: number
  #tokens = 0
  #last_ms: number

  /** @param rate_s tokens a second, above 0 */
  constructor(rate_s: number, now: () => number = () => performance.now()) {
    this.#now = now
    this.#rate_s = rate_s
    this.#last_ms = now()
  }

  /** Takes the whole tokens that are due, after a stall a part of them. */
  take(): number {
    const elapsed_ms = Math.min(this.#earn(), TICK_WORTH_MS_MAX)
    const at_once = Math.max(1, Math.ceil((elapsed_ms / 1_000) * this.#rate_s * CATCH_UP))
    const due = Math.min(Math.floor(this.#tokens), at_once)
    this.#tokens -= due
    return due
  }

  /** From now on. */
  setRate(rate_s: number): void {
    this.#earn()
    this.#rate_s = rate_s
  }

  /** Time until the next token, within what a timer can do. */
  wait_ms(): number {
    const until_ms = ((1 - this.#tokens) / this.#rate_s) * 1_000
    return Math.min(TICK_MS_MAX, Math.max(TICK_MS_MIN, Math.ceil(until_ms)))
  }

  /** @returns time since the last call, in ms */
  #earn(): number {
    const now_ms = this.#now()
    const elapsed_ms = now_ms - this.#last_ms
    this.#last_ms = now_ms
    // At least two tokens, so that slow rates lose none to a late timer.
    const tokens_max = Math.max(2, (this.#rate_s * DEBT_MS_MAX) / 1_000)
    this.#tokens = Math.min(this.#tokens + (elapsed_ms / 1_000) * this.#rate_s, tokens_max)
    return elapsed_ms
  }
}

/** Waits, or returns at once when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined)
}
