// Whether what ran kept to its time limit. The engine has a thread that stops what is over its
// limit; now and then the rows so far then come out as if they were all (seen in one of fifty
// queries that were stopped amid their rows: neither error nor mark, `elapsed` over the limit). A
// part taken for the whole is a match that nobody sees, or reads acknowledged and not stored. So
// what took as long as its limit has failed, whatever the engine says.
import { refusal } from './errors.ts'
import type { Query } from './request.ts'

/** Wherever a statement may say it: a subquery's too, to be on the safe side. */
const SAID = /\bmax_execution_time\s*=\s*'?([\d.eE+-]+)/g

export class TimeLimit {
  readonly #limit_s: number
  /** The engine begins to count later, so it stops nothing that is within the limit here. */
  readonly #from_ms = performance.now()

  /** @param text of the statement, or its settings */
  constructor(text: string, { settings }: Pick<Query, 'settings'>, query_s_max: number) {
    const said = [...text.matchAll(SAID)].map(([, seconds]) => Number(seconds))
    const given = Number(settings.get('max_execution_time') ?? query_s_max)
    this.#limit_s = Math.min(query_s_max, ...[given, ...said].filter((seconds) => seconds > 0))
  }

  /** @throws EngineError 159 */
  assertKept(): void {
    const elapsed_s = (performance.now() - this.#from_ms) / 1_000
    if (elapsed_s < this.#limit_s) return
    const times = `elapsed ${elapsed_s.toFixed(3)} s, maximum: ${this.#limit_s} s`
    throw refusal(159, `Timeout exceeded: ${times}; whether the result is whole is unknown`)
  }
}
