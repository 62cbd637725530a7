// The simulated traffic: vehicles on journeys past several cameras, some standing in view, some
// on a list.

import { Random } from '../domain/random.ts'
import { EAST, type Network, WEST } from './network.ts'
import { type ListedVehicle, listedVehicle, type Vehicle, vehicleAt } from './vehicles.ts'

export interface Sighting {
  vehicle: Vehicle
  /** Index into {@link Network.cameras}. */
  camera: number
  /** degrees, 0 to 359 */
  heading: number
  lane: number
  /** The vehicle was put on the road because a list has its plate. */
  listed: boolean
}

interface Journey extends Sighting {
  direction: number
  /** Stands in view since its last sighting. */
  standing: boolean
  due_ms: number
}

export interface TrafficOptions {
  seed: number
  /** Different vehicles that live in or pass the city. */
  vehicles: number
  listed: readonly ListedVehicle[]
  /** Of all journeys, 0 to 1. */
  listed_share: number
  /** Unlisted vehicles with these plates stay off the road. */
  avoided?: (plate: string) => boolean
}

/** Vehicles between two cameras at one time; beyond it a vehicle turns off into a side road. */
const JOURNEYS_MAX = 65_536

/** Draws of a vehicle that is not avoided. */
const ATTEMPTS_MAX = 20

const SPEED_M_S_MIN = 9
const SPEED_M_S_MAX = 20

/**
 * Gives one sighting after another at the moments that the caller's pace asks for: a vehicle that
 * is due at its next camera first, else a new journey. The rate is thus the caller's exactly, and
 * the mix of first and later sightings finds its own level.
 */
export class Traffic {
  readonly #network: Network
  readonly #options: TrafficOptions
  readonly #random: Random
  /** Binary heap, the next that is due at its root. */
  readonly #journeys: Journey[] = []

  constructor(network: Network, options: TrafficOptions) {
    this.#network = network
    this.#options = options
    this.#random = new Random(options.seed, 11)
  }

  /** @param now_ms never less than in the call before */
  next(now_ms: number): Sighting {
    const root = this.#journeys[0]
    const journey = root !== undefined && root.due_ms <= now_ms ? this.#pop() : this.#depart()
    const sighting: Sighting = {
      vehicle: journey.vehicle,
      camera: journey.camera,
      heading: (journey.direction * 90 + 352 + this.#random.below(17)) % 360,
      lane: journey.lane,
      listed: journey.listed,
    }
    this.#goOn(journey, now_ms)
    return sighting
  }

  #depart(): Journey {
    const random = this.#random
    const { listed, listed_share, seed } = this.#options
    const is_listed = listed.length > 0 && random.chance(listed_share)
    const vehicle = is_listed ? listedVehicle(seed, random.pick(listed)) : this.#anyVehicle()
    return {
      vehicle,
      camera: random.below(this.#network.cameras.length),
      direction: random.below(4),
      heading: 0,
      lane: 1 + random.below(2),
      listed: is_listed,
      standing: false,
      due_ms: 0,
    }
  }

  #anyVehicle(): Vehicle {
    const { avoided, seed, vehicles } = this.#options
    for (let attempt = 1; ; attempt++) {
      // The square makes few vehicles frequent: 1 % of them make a tenth of the journeys.
      const vehicle = vehicleAt(seed, Math.floor(vehicles * this.#random.unit() ** 2))
      if (attempt === ATTEMPTS_MAX || !avoided?.(vehicle.plate)) return vehicle
    }
  }

  #goOn(journey: Journey, now_ms: number): void {
    const random = this.#random
    if (this.#journeys.length >= JOURNEYS_MAX) return
    if (random.chance(journey.standing ? 0.6 : 0.06)) {
      journey.standing = true
      journey.due_ms = now_ms + random.between(300, 2_000)
      this.#push(journey)
      return
    }
    if (random.chance(0.38)) return
    const turn = random.unit()
    if (turn > 0.85) journey.direction = (journey.direction + EAST) % 4
    else if (turn > 0.7) journey.direction = (journey.direction + WEST) % 4
    const camera = this.#network.next(journey.camera, journey.direction)
    if (camera < 0) return
    journey.camera = camera
    journey.standing = false
    const speed_m_s = random.between(SPEED_M_S_MIN, SPEED_M_S_MAX)
    journey.due_ms = now_ms + (this.#network.spacing_m / speed_m_s) * 1_000
    this.#push(journey)
  }

  #push(journey: Journey): void {
    const heap = this.#journeys
    let at = heap.length
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above] as Journey
      if (parent.due_ms <= journey.due_ms) break
      heap[at] = parent
      at = above
    }
    heap[at] = journey
  }

  #pop(): Journey {
    const heap = this.#journeys
    const root = heap[0] as Journey
    const last = heap.pop() as Journey
    if (heap.length === 0) return root
    let at = 0
    for (;;) {
      let below = at * 2 + 1
      if (below >= heap.length) break
      const right = heap[below + 1]
      if (right !== undefined && right.due_ms < (heap[below] as Journey).due_ms) below++
      const child = heap[below] as Journey
      if (child.due_ms >= last.due_ms) break
      heap[at] = child
      at = below
    }
    heap[at] = last
    return root
  }
}

/** Traffic by the hour of the local day, 00 to 23, as shares of its mean. */
// biome-ignore format: 24 numbers read better in rows
const BY_HOUR = [
  0.22, 0.15, 0.13, 0.14, 0.24, 0.52, 0.94, 1.4, 1.32, 1.16, 1.2, 1.32, 1.42, 1.38, 1.46, 1.66,
  1.84, 1.88, 1.5, 1.22, 1.02, 0.86, 0.62, 0.4,
]
const BY_HOUR_MEAN = BY_HOUR.reduce((sum, factor) => sum + factor) / BY_HOUR.length

const LOCAL_HOUR = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/Boise',
  hour: 'numeric',
  minute: 'numeric',
  hourCycle: 'h23',
})

/** How busy the roads are at a moment, 1 on the day's average; hours blend into one another. */
export function hourFactor(time_ms: number): number {
  const [hour = 0, minute = 0] = LOCAL_HOUR.format(time_ms).split(':').map(Number)
  const here = BY_HOUR[hour] as number
  const next = BY_HOUR[(hour + 1) % 24] as number
  return (here + ((next - here) * minute) / 60) / BY_HOUR_MEAN
}
