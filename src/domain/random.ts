// Chance under a seed: the same seed gives the same network, traffic and misreads on every machine.

/**
 * sfc32 (Small Fast Counter, public domain): 128 bits of state, far more than a simulation uses
 * up.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /**
   * @param stream keeps generators of one seed apart: the vehicle drawer's from the misread
   * drawer's
   */
  constructor(seed: number, stream = 0) {
    this.#a = seed | 0
    this.#b = stream | 0
    this.#c = Math.trunc(seed / 0x1_0000_0000) ^ 0x9e37_79b9
    for (let round = 0; round < 12; round++) this.u32()
  }

  /** 0 to 2³² - 1 */
  u32(): number {
    const out = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + out) | 0
    return out >>> 0
  }

  /** At least 0, below 1. */
  unit(): number {
    return this.u32() / 0x1_0000_0000
  }

  /** A whole number from 0, below `end`. */
  below(end: number): number {
    return Math.floor(this.unit() * end)
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.unit()
  }

  chance(share: number): boolean {
    return this.unit() < share
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  /** In place (Fisher and Yates). */
  shuffle<T>(items: T[]): T[] {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.below(last + 1)
      const kept = items[last] as T
      items[last] = items[other] as T
      items[other] = kept
    }
    return items
  }
}

/** Draws items in proportion to their weights. */
export class Weighted<T> {
  readonly items: readonly T[]
  readonly total: number
  readonly #ends: number[] = []

  /** @param pairs items with their weights, 0 or more */
  constructor(pairs: readonly (readonly [T, number])[]) {
    let sum = 0
    for (const [, weight] of pairs) {
      sum += weight
      this.#ends.push(sum)
    }
    this.items = pairs.map(([item]) => item)
    this.total = sum
  }

  draw(random: Random): T {
    const at = random.unit() * this.total
    let index = 0
    while (index < this.#ends.length - 1 && (this.#ends[index] as number) <= at) index++
    return this.items[index] as T
  }
}

/** 32 well-mixed bits of two numbers (the finisher of MurmurHash3). */
export function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(b + 0x7f4a_7c15, 0xc2b2_ae35)
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35)
  return (h ^ (h >>> 16)) >>> 0
}
