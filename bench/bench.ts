// What a bench is: one question, answered by numbers. A file bench/<name>.ts has one as its default
// export: `export default { name, question, fields, run } satisfies Bench`.

export interface BenchOptions {
  /** Standard output's last line is the JSON object's; progress goes to standard error. */
  json: boolean
  /** Seconds instead of minutes: all paths, small numbers. The tests run each bench so. */
  tiny: boolean
  /** Reads per second, where the bench has a rate. */
  rate?: number
  /** A file of real readings, where the bench takes one. */
  readings?: string
  /** Fits on a part of the readings and tests on the others, where the bench has a model. */
  cross_validate?: boolean
  /** Multiplies the bench's size. */
  scale?: number
}

export interface Bench {
  /** The file's name without `.ts`. */
  name: string
  /** One line, ending in a question mark. */
  question: string
  /** The names of the result's fields, units last, separated by commas: each a finite number. */
  fields: string
  run(options: BenchOptions): Promise<Record<string, unknown>>
}
