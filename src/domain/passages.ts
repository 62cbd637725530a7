// Vehicle passages: reads of one entry at one camera within so long of the first are one passage,
// and raise one alert. Time is cut into buckets of that length; an alert is known by the bucket of
// its passage's first read.

export function bucketOf(time_ms: number, passage_ms: number): number {
  return Math.floor(time_ms / passage_ms)
}

/** Whether a read belongs to the passage that began at `start_ms`. */
export function isOfPassage(time_ms: number, start_ms: number, passage_ms: number): boolean {
  return Math.abs(time_ms - start_ms) < passage_ms
}

/** Passages of one entry, read by read in the order of the stream. */
export class Passages {
  readonly #passage_ms: number
  /** Start by camera and bucket. */
  readonly #starts = new Map<string, number>()

  constructor(passage_s: number) {
    this.#passage_ms = passage_s * 1_000
  }

  /** Whether this read is the first of a passage, which then has begun. */
  begins(camera: string, time_ms: number): boolean {
    const bucket = bucketOf(time_ms, this.#passage_ms)
    for (const near of [bucket - 1, bucket, bucket + 1]) {
      const start = this.#starts.get(`${camera}\n${near}`)
      if (start !== undefined && isOfPassage(time_ms, start, this.#passage_ms)) return false
    }
    this.#starts.set(`${camera}\n${bucket}`, time_ms)
    return true
  }
}
