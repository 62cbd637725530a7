// Ids of entries (entryId: 16 hex digits) that were seen, millions of them, in 8 bytes each: two
// typed arrays with open addressing, at most half full.

const ROOM_MIN = 1_024

export class IdSet {
  #high = new Uint32Array(ROOM_MIN)
  #low = new Uint32Array(ROOM_MIN)
  #size = 0
  /** The id of all zeros is what an empty place looks like. */
  #zero = false

  get size(): number {
    return this.#size + (this.#zero ? 1 : 0)
  }

  /** @returns whether the id is new */
  add(id: string): boolean {
    const high = halfOf(id, 0)
    const low = halfOf(id, 8)
    if (high === 0 && low === 0) {
      const is_new = !this.#zero
      this.#zero = true
      return is_new
    }
    if (2 * (this.#size + 1) > this.#low.length) this.#grow()
    const is_new = this.#put(high, low)
    if (is_new) this.#size += 1
    return is_new
  }

  #put(high: number, low: number): boolean {
    const mask = this.#low.length - 1
    for (let at = low & mask; ; at = (at + 1) & mask) {
      if (this.#low[at] === low && this.#high[at] === high) return false
      if (this.#low[at] === 0 && this.#high[at] === 0) {
        this.#low[at] = low
        this.#high[at] = high
        return true
      }
    }
  }

  #grow(): void {
    const [high, low] = [this.#high, this.#low]
    this.#high = new Uint32Array(2 * high.length)
    this.#low = new Uint32Array(2 * low.length)
    for (let at = 0; at < low.length; at += 1) {
      const [h, l] = [high[at] as number, low[at] as number]
      if (h !== 0 || l !== 0) this.#put(h, l)
    }
  }
}

/** Eight hex digits as a number. */
function halfOf(id: string, from: number): number {
  let half = 0
  for (let at = from; at < from + 8; at += 1) {
    const code = id.charCodeAt(at)
    half = (half << 4) | (code < 58 ? code - 48 : code - 87)
  }
  return half >>> 0
}
