// The demo's cast: when a listed vehicle passes, which one, and how it is misread, so that a
// newcomer sees every kind of match.
import type { Profile } from '../domain/hotlist.ts'
import { isPattern } from '../domain/plate.ts'
import { Random } from '../domain/random.ts'
import { foldTable, SYMBOLS } from '../matching/look-alikes.ts'
import type { StagedVehicle } from './demo-list.ts'
import type { MadeRead, PictureOf, ReadSource } from './messages.ts'
import type { ReadingKind } from './misread.ts'
import { listedVehicle } from './vehicles.ts'

export interface StageOptions {
  seed: number
  listed: readonly StagedVehicle[]
  first_within_s: number
}

const GAP_S_MIN = 20
const GAP_S_MAX = 40
/** Vehicles that are asked whether they can be misread in the way that is next. */
const ATTEMPTS_MAX = 200

/** How it is read, or that only a part of its plate is listed. */
type StageKind = ReadingKind | 'partial'

const MISREAD: readonly ReadingKind[] = [
  'look_alike',
  'o_zero',
  'substitution',
  'deletion',
  'candidate',
  'exact',
  'look_alike',
]
const KINDS: readonly StageKind[] = [...MISREAD, 'partial']

/** What each profile still alerts on. */
const WITHIN: Readonly<Record<Profile, readonly ReadingKind[]>> = {
  exact: ['exact', 'o_zero'],
  fold: ['exact', 'o_zero', 'look_alike', 'candidate'],
  'fold+1': MISREAD,
  'fold+2': MISREAD,
}

export class Stage {
  readonly #random: Random
  readonly #options: StageOptions
  #due_ms: number
  /** The first passes as it is: nothing may keep the first alert from coming. */
  #kinds: StageKind[] = ['partial', 'exact']

  constructor(options: StageOptions) {
    this.#options = options
    this.#random = new Random(options.seed, 83)
    this.#due_ms = options.first_within_s * 1_000 * 0.6
  }

  /** The read of the vehicle that is due, or null. @param now_ms since the start */
  next(
    source: ReadSource,
    now_ms: number,
    time_ms: number,
    picture: PictureOf | undefined,
  ): MadeRead | null {
    if (now_ms < this.#due_ms || this.#options.listed.length === 0) return null
    this.#due_ms = now_ms + this.#random.between(GAP_S_MIN, GAP_S_MAX) * 1_000
    const kind = this.#kinds.pop() ?? 'exact'
    if (this.#kinds.length === 0) this.#kinds = this.#random.shuffle([...KINDS])
    const pool = this.#pool(kind)
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const listed = this.#random.pick(pool)
      // Where no plate can be misread so, the last vehicle asked passes as it is.
      const asked = attempt === ATTEMPTS_MAX - 1 || kind === 'partial' ? 'exact' : kind
      if (!WITHIN[listed.profile ?? 'fold+1'].includes(asked)) continue
      const vehicle = listedVehicle(this.#options.seed, listed)
      const made = source.staged(vehicle, asked, time_ms, picture)
      if (made !== null) return made
    }
    return null
  }

  #pool(kind: StageKind): readonly StagedVehicle[] {
    const { listed } = this.#options
    const pool = listed.filter(({ plate }) => isPattern(plate) === (kind === 'partial'))
    return pool.length > 0 ? pool : listed
  }
}

/**
 * Tells plates within one edit of a listed one, or of a listed pattern, look-alikes folded. Idaho
 * numbers its plates densely: on 2,000 entries chance neighbours would outnumber the listed
 * vehicles by far, and a demo of wrong alerts shows little.
 */
export function nearListed(
  listed: readonly { plate: string }[],
  classes: readonly string[],
): (plate: string) => boolean {
  const fold = classFolder(classes)
  const near = new Set<string>()
  const patterns: RegExp[] = []
  for (const { plate } of listed) {
    if (isPattern(plate)) patterns.push(asExpression(fold(plate)))
    else for (const key of neighbourhood(fold(plate))) near.add(key)
  }
  return (plate) => {
    const folded = fold(plate)
    return (
      neighbourhood(folded).some((key) => near.has(key)) ||
      patterns.some((pattern) => pattern.test(folded))
    )
  }
}

function asExpression(pattern: string): RegExp {
  return new RegExp(`^${pattern.replaceAll('?', '.').replaceAll('*', '.*')}$`)
}

/** The plate and each form of it with one character less: two plates one edit apart share one. */
function neighbourhood(plate: string): string[] {
  const keys = [plate]
  for (let at = 0; at < plate.length; at++) keys.push(plate.slice(0, at) + plate.slice(at + 1))
  return keys
}

/** Writes plates with one character for each class of look-alikes. */
export function classFolder(classes: readonly string[]): (plate: string) => string {
  const table = foldTable(classes)
  const folded = new Map(
    [...SYMBOLS].map((char, n) => [char, SYMBOLS[table[n] as number] as string]),
  )
  return (plate) => {
    let text = ''
    for (const char of plate) text += folded.get(char) ?? char
    return text
  }
}
