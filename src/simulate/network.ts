// The simulated cameras: where they stand, what they are called, and which road leads from one to
// the next.

import { mix } from '../domain/random.ts'
import type { Location } from '../domain/read.ts'

/** Downtown of Twin Falls, Idaho. */
const CENTRE: Location = { lat: 42.5629, lon: -114.4609 }
const METRES_PER_DEGREE = 111_320

/** Most cameras of one network: more than twice those of the largest national system. */
export const CAMERAS_MAX = 25_000

// biome-ignore format: a word list reads better in rows
const STREETS = [
  'pole-line', 'falls', 'filer', 'addison', 'heyburn', 'shoshone', 'kimberly', 'orchard',
  'blue-lakes', 'washington', 'eastland', 'locust', 'caswell', 'harrison', 'grandview', 'hankins',
  'north-college', 'cheney', 'perrine', 'eldridge',
]

export interface Camera {
  id: string
  /** `reads.v1.<id>` */
  subject: string
  location: Location
  /** Its engine sends candidate readings and per-character confidences. */
  candidates: boolean
}

/** Directions of travel, clockwise from north. */
const NORTH = 0
export const EAST = 1
const SOUTH = 2
export const WEST = 3

/**
 * Cameras on a slightly bent grid: a row is a street, its cameras are numbered from west to east.
 *
 *     pole-line-1 ─ pole-line-2 ─ pole-line-3
 *          │             │             │
 *       falls-1 ───── falls-2 ───── falls-3
 */
export class Network {
  readonly cameras: readonly Camera[]
  /** Between two neighbours, in metres. */
  readonly spacing_m: number
  readonly #side: number

  /**
   * @param count 1 to {@link CAMERAS_MAX}
   * @param candidates_share of the cameras have an engine that sends candidate readings, 0 to 1
   */
  constructor(count: number, seed: number, candidates_share: number) {
    this.#side = Math.ceil(Math.sqrt(count))
    this.spacing_m = Math.max(400, 11_000 / this.#side)
    const rows = Math.ceil(count / this.#side)
    this.cameras = Array.from({ length: count }, (_, index) => {
      const row = Math.floor(index / this.#side)
      const column = index % this.#side
      const id = `${streetName(row)}-${column + 1}`
      const bend = (salt: number) => (mix(seed ^ salt, index) / 2 ** 32 - 0.5) * 0.3
      const north_m = ((rows - 1) / 2 - row + bend(1)) * this.spacing_m
      const east_m = (column - (this.#side - 1) / 2 + bend(2)) * this.spacing_m
      return {
        id,
        subject: `reads.v1.${id}`,
        location: offset(north_m, east_m),
        candidates: mix(seed ^ 3, index) / 2 ** 32 < candidates_share,
      }
    })
  }

  /** Index of the next camera in a direction of travel, or -1 where the road leaves the network. */
  next(index: number, direction: number): number {
    const column = index % this.#side
    if (direction === NORTH) return index - this.#side
    if (direction === EAST) {
      return column + 1 < this.#side && index + 1 < this.cameras.length ? index + 1 : -1
    }
    if (direction === SOUTH) {
      return index + this.#side < this.cameras.length ? index + this.#side : -1
    }
    return column > 0 ? index - 1 : -1
  }
}

function streetName(row: number): string {
  const name = STREETS[row % STREETS.length] as string
  const lap = Math.floor(row / STREETS.length)
  return lap === 0 ? name : `${name}-${lap + 1}`
}

function offset(north_m: number, east_m: number): Location {
  const lat = CENTRE.lat + north_m / METRES_PER_DEGREE
  const lon = CENTRE.lon + east_m / (METRES_PER_DEGREE * Math.cos((CENTRE.lat * Math.PI) / 180))
  return { lat: Number(lat.toFixed(5)), lon: Number(lon.toFixed(5)) }
}
