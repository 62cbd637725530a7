// A bounded number at work, a bounded number waiting, and a clear refusal for the rest.
import { refusal } from './errors.ts'

export interface GateOptions<T> {
  /** What is shared out, one to each at work. */
  places: T[]
  waiting_max: number
  wait_ms_max: number
  /** For the refusal: `queries`, `inserts`. */
  what: string
}

interface Waiter<T> {
  take: (place: T) => void
  refuse: (error: Error) => void
}

export class Gate<T> {
  readonly #options: GateOptions<T>
  readonly #free: T[]
  readonly #waiting = new Set<Waiter<T>>()

  constructor(options: GateOptions<T>) {
    this.#options = options
    this.#free = [...options.places]
  }

  get idle(): boolean {
    return this.#free.length === this.#options.places.length
  }

  /**
   * @throws EngineError 202 when too many wait, or the wait is too long; the signal's reason when
   * it aborts
   */
  async with<R>(signal: AbortSignal, work: (place: T) => Promise<R>): Promise<R> {
    const place = await this.#enter(signal)
    try {
      return await work(place)
    } finally {
      this.#leave(place)
    }
  }

  #enter(signal: AbortSignal): Promise<T> {
    const free = this.#free.pop()
    if (free !== undefined) return Promise.resolve(free)
    const { what, waiting_max, wait_ms_max, places } = this.#options
    if (this.#waiting.size >= waiting_max) {
      return Promise.reject(
        refusal(
          202,
          `Too many simultaneous ${what}: ${places.length} run and ${waiting_max} wait already`,
        ),
      )
    }
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', aborted)
        this.#waiting.delete(waiter)
      }
      const waiter: Waiter<T> = {
        take: (place) => {
          settle()
          resolve(place)
        },
        refuse: (error) => {
          settle()
          reject(error)
        },
      }
      const aborted = () => waiter.refuse(refusal(210, 'The caller went away'))
      const late = `Too many simultaneous ${what}: none ended within ${wait_ms_max} ms`
      const timer = setTimeout(() => waiter.refuse(refusal(202, late)), wait_ms_max)
      signal.addEventListener('abort', aborted, { once: true })
      this.#waiting.add(waiter)
      if (signal.aborted) aborted()
    })
  }

  #leave(place: T): void {
    const [next] = this.#waiting
    if (next === undefined) this.#free.push(place)
    else next.take(place)
  }
}
