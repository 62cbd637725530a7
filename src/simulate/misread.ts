// What a reading engine makes of a plate: mostly the plate, sometimes not, as the confusion model
// has it.
import { PLATE_CHARS_MAX } from '../domain/plate.ts'
import { Random, Weighted } from '../domain/random.ts'

/** The part of a confusion model (config/models/) that misreads are drawn from. */
export interface ConfusionTable {
  /** Probability of each reading of a true character; the character itself may stand among them. */
  substitution: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Probability that a true character is not read at all. */
  deletion: Readonly<Record<string, number>>
  /** Probability that a reading has this character besides the plate's own. */
  insertion: Readonly<Record<string, number>>
  /**
   * Where inserted characters stand: before the first, between two, after the last; adds up to 1.
   */
  insertion_at: Readonly<{ start: number; inside: number; end: number }>
}

/** What is to be drawn: the plate as it is, any misread, or a given kind (for the demo). */
export const READING_KINDS = [
  'exact',
  'o_zero',
  'look_alike',
  'substitution',
  'deletion',
  'candidate',
  'any_misread',
] as const
export type ReadingKind = (typeof READING_KINDS)[number]

export interface CandidateReading {
  plate: string
  /** thousandths */
  confidence: number
}

export interface Reading {
  plate: string
  /** thousandths */
  confidence: number
  /** hundredths, one per character */
  chars: number[]
  /** Other readings, best first, without the reading itself. */
  candidates: CandidateReading[]
}

/** A rarer edit may cost too much to alert: no example to show a newcomer. */
const EDIT_PROBABILITY_MIN = 0.008

/** Of plates much shorter, one edit makes another vehicle's. */
const EDITED_CHARS_MIN = 6

interface Doubt {
  /** Sum over all readings but the true one. */
  total: number
  readings: Weighted<string> | null
}

type EditKind = 'substitution' | 'deletion'
type Edit = readonly [at: number, removed: number, inserted: string]

export class Misreader {
  readonly #table: ConfusionTable
  readonly #classes: readonly string[]
  readonly #random: Random
  readonly #doubts = new Map<string, Doubt>()
  readonly #inserted: Weighted<string>

  /** @param classes look-alikes, each a string of characters that count as one */
  constructor(table: ConfusionTable, seed: number, classes: readonly string[]) {
    this.#table = table
    this.#classes = classes
    this.#random = new Random(seed, 23)
    this.#inserted = new Weighted(Object.entries(table.insertion))
    for (const [char, readings] of Object.entries(table.substitution)) {
      const pairs = Object.entries(readings).filter(([read]) => read !== char)
      const weighted = new Weighted(pairs)
      this.#doubts.set(char, {
        total: weighted.total,
        readings: weighted.total > 0 ? weighted : null,
      })
    }
  }

  /**
   * @param truth folded plate
   * @param kind see {@link READING_KINDS}
   * @param with_candidates the engine sends candidate readings
   * @returns null where this plate can't be misread in the way asked for
   */
  draw(truth: string, kind: ReadingKind, with_candidates: boolean): Reading | null {
    const plate = this.#plateRead(truth, kind)
    if (plate === null) return null
    const chars = this.#charConfidences(truth, plate)
    let sum = 0
    let least = 100
    for (const percent of chars) {
      sum += percent
      if (percent < least) least = percent
    }
    const confidence = Math.round(((sum / chars.length) * 0.6 + least * 0.4) * 10)
    const candidates =
      with_candidates || kind === 'candidate'
        ? this.#candidates(truth, plate, chars, confidence, kind)
        : []
    return { plate, confidence, chars, candidates }
  }

  #plateRead(truth: string, kind: ReadingKind): string | null {
    switch (kind) {
      case 'exact':
        return truth
      case 'any_misread':
        return this.#misread(truth)
      case 'o_zero':
        return this.#exchange(truth, (true_char) =>
          true_char === 'O' ? ['0'] : true_char === '0' ? ['O'] : [],
        )
      case 'look_alike':
        return this.#exchange(truth, (char) => this.#lookAlikes(char))
      case 'substitution':
      case 'deletion':
        return this.#likelyEdit(truth, kind)
      case 'candidate':
        return this.#farMisread(truth)
    }
  }

  /** One to three edits, each as likely as the model has it at each place. */
  #misread(truth: string): string {
    const many = this.#random.unit()
    const edits = many < 0.74 ? 1 : many < 0.94 ? 2 : 3
    for (let attempt = 0; attempt < 8; attempt++) {
      let plate = truth
      for (let n = 0; n < edits; n++) plate = this.#editOnce(plate)
      if (plate !== truth) return plate
    }
    return truth
  }

  #editOnce(plate: string): string {
    const inserting = plate.length < PLATE_CHARS_MAX ? this.#inserted.total : 0
    let total = inserting
    for (const char of plate) total += this.#weightOf(char, plate.length)
    let at = this.#random.unit() * total
    if (at < inserting) {
      const slot = this.#insertionSlot(plate.length)
      return apply(plate, [slot, 0, this.#inserted.draw(this.#random)])
    }
    at -= inserting
    for (let place = 0; place < plate.length; place++) {
      const char = plate[place] as string
      const weight = this.#weightOf(char, plate.length)
      if (at >= weight) {
        at -= weight
        continue
      }
      const readings = this.#doubts.get(char)?.readings
      const substituted = this.#doubts.get(char)?.total ?? 0
      if (at < substituted && readings) return apply(plate, [place, 1, readings.draw(this.#random)])
      return apply(plate, [place, 1, ''])
    }
    return plate
  }

  #insertionSlot(length: number): number {
    const { start, end } = this.#table.insertion_at
    const at = this.#random.unit()
    if (at < start || length < 2) return 0
    return at < start + end ? length : 1 + this.#random.below(length - 1)
  }

  #weightOf(char: string, length: number): number {
    const deletion = length > 3 ? (this.#table.deletion[char] ?? 0) : 0
    return (this.#doubts.get(char)?.total ?? 0) + deletion
  }

  /**
   * Replaces one character by one that `options` gives for it, or null where no character has
   * any.
   */
  #exchange(truth: string, options: (char: string) => readonly string[]): string | null {
    const edits: Edit[] = []
    for (let at = 0; at < truth.length; at++) {
      for (const other of options(truth[at] as string)) edits.push([at, 1, other])
    }
    return edits.length === 0 ? null : apply(truth, this.#random.pick(edits))
  }

  /**
   * One edit of a kind that is no look-alike, among the likely ones, in proportion to its
   * probability.
   */
  #likelyEdit(truth: string, kind: EditKind): string | null {
    if (truth.length < EDITED_CHARS_MIN || truth.length >= PLATE_CHARS_MAX) return null
    const { substitution, deletion } = this.#table
    const edits = [...truth].flatMap((char, at): [Edit, number][] => {
      if (kind === 'deletion') return [[[at, 1, ''], deletion[char] ?? 0]]
      const alike = this.#sameClass(char)
      return Object.entries(substitution[char] ?? {})
        .filter(([read]) => !alike.includes(read))
        .map(([read, p]) => [[at, 1, read], p])
    })
    const likely = edits.filter(([, p]) => p >= EDIT_PROBABILITY_MIN)
    return likely.length === 0 ? null : apply(truth, new Weighted(likely).draw(this.#random))
  }

  /** Two edits that are no look-alikes, so that only the candidate list can tell the plate. */
  #farMisread(truth: string): string | null {
    const once = this.#likelyEdit(truth, 'substitution') ?? this.#likelyEdit(truth, 'deletion')
    const twice = once === null ? null : this.#likelyEdit(once, 'deletion')
    return twice === null || this.#withinOneEdit(truth, twice) ? null : twice
  }

  #charConfidences(truth: string, plate: string): number[] {
    const random = this.#random
    // One read in ten is of a dirty plate, or in bad light.
    const poor = random.chance(0.1) ? random.between(0.05, 0.25) : 0
    const prefix = commonPrefix(truth, plate)
    const suffix = commonSuffix(truth, plate, prefix)
    const chars: number[] = []
    for (let at = 0; at < plate.length; at++) {
      const wrong = at >= prefix && at < plate.length - suffix && plate !== truth
      const doubt = Math.min(0.5, this.#doubts.get(plate[at] as string)?.total ?? 0)
      let value = 0.995 - random.unit() * (0.03 + doubt * 0.5) - poor * random.unit()
      // Engines saturate on blurred pictures: now and then a wrong character is sure of itself.
      if (wrong && !random.chance(0.1)) value = random.between(0.42, 0.86)
      chars.push(Math.max(5, Math.round(value * 100)))
    }
    return chars
  }

  #candidates(
    truth: string,
    plate: string,
    chars: readonly number[],
    confidence: number,
    kind: ReadingKind,
  ): CandidateReading[] {
    const random = this.#random
    const wrong = plate !== truth
    const plates: string[] = []
    // Most clear reads leave no second reading above the engine's threshold.
    const others = wrong || confidence < 930 ? 1 + random.below(4) : random.below(2)
    for (let n = 0; n < others; n++) {
      const other = this.#secondReading(plate, chars)
      if (other !== truth && other !== plate && !plates.includes(other)) plates.push(other)
    }
    if (kind === 'candidate' || (wrong && kind === 'any_misread' && random.chance(0.52))) {
      const rank = random.unit()
      const place = kind === 'candidate' || rank < 0.62 ? 0 : rank < 0.8 ? 1 : 2 + random.below(3)
      plates.splice(Math.min(place, plates.length), 0, truth)
    }
    let next = confidence
    return plates.map((candidate) => {
      next = Math.max(1, Math.round(next * random.between(0.55, 0.94)))
      return { plate: candidate, confidence: next }
    })
  }

  /** The reading with its most doubtful character, or another, read in another way. */
  #secondReading(plate: string, chars: readonly number[]): string {
    const random = this.#random
    let at = random.below(plate.length)
    if (random.chance(0.7)) {
      for (let n = 0; n < chars.length; n++) {
        if ((chars[n] as number) < (chars[at] as number)) at = n
      }
    }
    const readings = this.#doubts.get(plate[at] as string)?.readings
    return readings ? apply(plate, [at, 1, readings.draw(random)]) : plate.slice(0, -1) || plate
  }

  #sameClass(char: string): string {
    return this.#classes.find((members) => members.includes(char)) ?? char
  }

  /** The other members of its class, without the pair O and 0. */
  #lookAlikes(char: string): string[] {
    const pair = char === 'O' || char === '0' ? 'O0' : char
    return [...this.#sameClass(char)].filter((other) => !pair.includes(other))
  }

  #withinOneEdit(a: string, b: string): boolean {
    const fold = (plate: string) => [...plate].map((char) => this.#sameClass(char)[0]).join('')
    const x = fold(a)
    const y = fold(b)
    if (Math.abs(x.length - y.length) > 1) return false
    const prefix = commonPrefix(x, y)
    return Math.max(x.length, y.length) - prefix - commonSuffix(x, y, prefix) <= 1
  }
}

function apply(plate: string, [at, removed, inserted]: Edit): string {
  return plate.slice(0, at) + inserted + plate.slice(at + removed)
}

function commonPrefix(a: string, b: string): number {
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length]) length++
  return length
}

function commonSuffix(a: string, b: string, prefix: number): number {
  const most = Math.min(a.length, b.length) - prefix
  let length = 0
  while (length < most && a[a.length - 1 - length] === b[b.length - 1 - length]) length++
  return length
}
