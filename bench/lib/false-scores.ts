// Scores of false matches, and how many true ones are caught when so many false ones are let pass.

/** Numbers that are only ever added, sorted when they are asked for. */
export class Numbers {
  #values = new Float64Array(1_024)
  #count = 0
  #is_sorted = true

  push(value: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#count * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#count] = value
    this.#count += 1
    this.#is_sorted = false
  }

  sorted(): Float64Array {
    const values = this.#values.subarray(0, this.#count)
    if (!this.#is_sorted) values.sort()
    this.#is_sorted = true
    return values
  }
}

/** Scores by how many plates each stands for, where a sample was scored. */
export class FalseScores {
  readonly #by_weight = new Map<number, Numbers>()

  /** @returns where to add scores of this weight */
  of(weight: number): Numbers {
    const known = this.#by_weight.get(weight)
    if (known) return known
    const fresh = new Numbers()
    this.#by_weight.set(weight, fresh)
    return fresh
  }

  runs(): { weight: number; scores: Float64Array }[] {
    return [...this.#by_weight].map(([weight, numbers]) => ({ weight, scores: numbers.sorted() }))
  }
}

export interface Limit {
  /** Scores above it alert. */
  above: number
  /** False matches above it. */
  falses: number
}

/**
 * The lowest limit that lets at most so many false matches pass. Equal scores pass or fail
 * together, so that fewer may pass than allowed. What is +Infinity alerts whatever the limit, so
 * that more may pass than allowed: the limit is then above all finite scores.
 * @param allowed ascending
 */
export function limitsOf(parts: readonly FalseScores[], allowed: readonly number[]): Limit[] {
  const runs = parts.flatMap((part) =>
    part.runs().map((run) => ({ ...run, at: run.scores.length })),
  )
  const top = () =>
    Math.max(Number.NEGATIVE_INFINITY, ...runs.map(({ scores, at }) => scores[at - 1] ?? -Infinity))
  const takeEqual = (score: number, is_kept: boolean): number => {
    let weight = 0
    for (const run of runs) {
      let at = run.at
      while (at > 0 && run.scores[at - 1] === score) at -= 1
      weight += (run.at - at) * run.weight
      if (is_kept) run.at = at
    }
    return weight
  }
  let falses = takeEqual(Number.POSITIVE_INFINITY, true)
  return allowed.map((most) => {
    for (;;) {
      const score = top()
      if (score === Number.NEGATIVE_INFINITY) return { above: score, falses }
      if (falses > most) return { above: Number.MAX_VALUE, falses }
      if (falses + takeEqual(score, false) > most) return { above: score, falses }
      falses += takeEqual(score, true)
    }
  })
}
