// What the accuracy bench counts of one engine, and what comes of it.
import type { Model } from '../../src/matching/model.ts'
import { FalseScores, type Limit, limitsOf, Numbers } from './false-scores.ts'
import { RULES, type Rule } from './rules.ts'

/** False matches per read at which the score's recall is told. */
const FALSE_MATCHES_READ = [0.0001, 0.001, 0.01, 0.1, 1, 8]
/** Engines with fewer wrong readings say little. */
const WRONG_READINGS_MIN = 500

/** Recall of wrong readings, 0 to 1, and false matches per read. */
interface Caught {
  recall: number
  fp: number
}

interface Scored {
  /** `fp` is what was asked for, `fp_counted` what passed: no more, but for plates that tie. */
  ours: (Caught & { fp_counted: number })[]
  /** At most as many false matches as the rule has; `fp` is what passed. */
  ours_at_rules: Record<Rule, Caught>
}

export interface EngineResult extends Scored {
  n_reads: number
  n_wrong: number
  rules: Record<Rule, Caught>
  /** Half of the reads tell their state. */
  state_half: Scored
  model: { name: string; version: number }
}

/** `silent`: of reads that never tell their state; `told`, `untold`: of the others, both ways. */
type Part = 'silent' | 'untold' | 'told'

export class EngineTally {
  /** Wrong readings that each rule catches, in the order of `RULES`. */
  readonly rules_caught = new Float64Array(RULES.length)
  /** Decoys that each rule matches. */
  readonly rules_false = new Float64Array(RULES.length)
  readonly #model: Model
  readonly #falses = {
    silent: new FalseScores(),
    untold: new FalseScores(),
    told: new FalseScores(),
  }
  /** Scores of wrong readings with their true plates. */
  readonly #scores = new Numbers()
  readonly #half_scores = new Numbers()
  #reads = 0
  #wrong = 0

  constructor(model: Model) {
    this.#model = model
  }

  /**
   * @param score with the true plate, -Infinity where it is out of reach
   * @param half the same where half of the reads tell their state
   */
  addRead(is_wrong: boolean, score: number, half: number): void {
    this.#reads += 1
    if (!is_wrong) return
    this.#wrong += 1
    this.#scores.push(score)
    this.#half_scores.push(half)
  }

  /** Where scores with decoys go, each of which stands for `weight`. */
  falsesOf(part: Part, weight: number): Numbers {
    return this.#falses[part].of(weight)
  }

  result(): EngineResult {
    const { silent, untold, told } = this.#falses
    const { name, version } = this.#model
    return {
      n_reads: this.#reads,
      n_wrong: this.#wrong,
      rules: byRule((rule) => ({
        recall: this.#share(this.rules_caught[rule] as number),
        fp: this.#perRead(this.rules_false[rule] as number),
      })),
      ...this.#scored([silent, untold], this.#scores),
      state_half: this.#scored([silent, told], this.#half_scores),
      model: { name, version },
    }
  }

  #scored(falses: readonly FalseScores[], scores: Numbers): Scored {
    const wanted = FALSE_MATCHES_READ.map((fp) => fp * this.#reads)
    const order = RULES.map((_, rule) => rule).toSorted(
      (a, b) => (this.rules_false[a] as number) - (this.rules_false[b] as number),
    )
    const at_rules = limitsOf(
      falses,
      order.map((rule) => this.rules_false[rule] as number),
    )
    return {
      ours: limitsOf(falses, wanted).map((limit, at) => {
        const { recall, fp: fp_counted } = this.#caught(limit, scores)
        return { fp: FALSE_MATCHES_READ[at] as number, recall, fp_counted }
      }),
      ours_at_rules: byRule((rule) => this.#caught(at_rules[order.indexOf(rule)] as Limit, scores)),
    }
  }

  #caught({ above, falses }: Limit, scores: Numbers): Caught {
    const caught = scores.sorted().reduce((n, score) => n + (score > above ? 1 : 0), 0)
    return { recall: this.#share(caught), fp: this.#perRead(falses) }
  }

  #share(caught: number): number {
    return this.#wrong === 0 ? 0 : rounded(caught / this.#wrong)
  }

  #perRead(falses: number): number {
    return rounded(falses / this.#reads)
  }
}

function byRule<T>(of: (rule: number) => T): Record<Rule, T> {
  return Object.fromEntries(RULES.map((name, rule) => [name, of(rule)])) as Record<Rule, T>
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

/**
 * Over all engines: how many points of recall the score leads each rule by at the rule's own false
 * matches, where it leads least. Of engines with {@link WRONG_READINGS_MIN} wrong readings, or all
 * where none has so many.
 */
export function summary(results: readonly EngineResult[]): Record<string, number> {
  const told = results.filter(({ n_wrong }) => n_wrong >= WRONG_READINGS_MIN)
  const lead = (rule: Rule) => {
    const leads = (told.length > 0 ? told : results).map(
      ({ rules, ours_at_rules }) => ours_at_rules[rule].recall - rules[rule].recall,
    )
    return Math.round(Math.min(...leads) * 10_000) / 100
  }
  const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0)
  return {
    engines_n: results.length,
    reads: sum(results.map(({ n_reads }) => n_reads)),
    n_wrong: sum(results.map(({ n_wrong }) => n_wrong)),
    lead_edit1_points_min: lead('edit1'),
    lead_classes_edit1_points_min: lead('classes_edit1'),
    lead_classes_points_min: lead('classes'),
    lead_candidate_points_min: lead('candidate'),
  }
}
