// The vehicles of the simulated network: a population whose members come back, some of them daily.

import { mix, Random, Weighted } from '../domain/random.ts'
import type { VehicleSeen } from '../domain/read.ts'
import { drawPlate, drawShape } from './plates.ts'

export interface Vehicle {
  plate: string
  region: string
  vehicle: VehicleSeen
}

/** A vehicle that the simulated traffic is to contain because a list has its plate. */
export interface ListedVehicle {
  plate: string
  region?: string
  vehicle?: VehicleSeen
}

const MODELS = new Weighted<readonly [make: string, model: string, type: string]>([
  [['ford', 'f-150', 'truck'], 10],
  [['chevrolet', 'silverado', 'truck'], 9],
  [['ram', '1500', 'truck'], 8],
  [['gmc', 'sierra', 'truck'], 4],
  [['toyota', 'tacoma', 'truck'], 4],
  [['ford', 'f-250', 'truck'], 3],
  [['toyota', 'rav4', 'suv'], 5],
  [['subaru', 'outback', 'suv'], 5],
  [['honda', 'cr-v', 'suv'], 5],
  [['jeep', 'grand cherokee', 'suv'], 4],
  [['ford', 'explorer', 'suv'], 4],
  [['chevrolet', 'tahoe', 'suv'], 3],
  [['nissan', 'rogue', 'suv'], 3],
  [['subaru', 'forester', 'suv'], 3],
  [['kia', 'sorento', 'suv'], 2],
  [['hyundai', 'tucson', 'suv'], 2],
  [['toyota', 'camry', 'sedan'], 5],
  [['honda', 'accord', 'sedan'], 4],
  [['honda', 'civic', 'sedan'], 4],
  [['toyota', 'corolla', 'sedan'], 4],
  [['nissan', 'altima', 'sedan'], 4],
  [['hyundai', 'elantra', 'sedan'], 3],
  [['ford', 'fusion', 'sedan'], 2],
  [['chevrolet', 'malibu', 'sedan'], 2],
  [['toyota', 'sienna', 'van'], 2],
  [['honda', 'odyssey', 'van'], 2],
  [['dodge', 'grand caravan', 'van'], 2],
  [['ford', 'transit', 'van'], 2],
  [['harley-davidson', 'street glide', 'motorcycle'], 1],
  [['freightliner', 'cascadia', 'semi'], 2],
  [['kenworth', 't680', 'semi'], 1],
])

const COLORS = new Weighted<string>([
  ['white', 26],
  ['black', 19],
  ['gray', 18],
  ['silver', 14],
  ['red', 9],
  ['blue', 8],
  ['green', 2],
  ['brown', 2],
  ['tan', 1],
  ['yellow', 1],
])

const YEAR_NEWEST = 2026

export function drawVehicle(random: Random): VehicleSeen {
  const [make, model, type] = MODELS.draw(random)
  // Most cars on the road are younger than 15 years; a few are much older.
  const age_years = Math.floor(random.chance(0.9) ? random.between(0, 15) : random.between(15, 35))
  return { make, model, color: COLORS.draw(random), type, year: YEAR_NEWEST - age_years }
}

/**
 * Vehicle number `index` of the population that `seed` stands for. Nothing is stored: the number
 * alone decides, so that a population of millions costs no memory, and the same vehicle looks the
 * same whenever it returns.
 */
export function vehicleAt(seed: number, index: number): Vehicle {
  const random = new Random(mix(seed, index), index)
  const { plate, region } = drawPlate(random)
  return { plate, region, vehicle: drawVehicle(random) }
}

/** Most plates have so many. */
const PLATE_CHARS = 7
/** Draws of a vehicle of the make that is listed. */
const ATTEMPTS_MAX = 100

/** A listed plate as a vehicle on the road: what its list leaves open is drawn. */
export function listedVehicle(seed: number, listed: ListedVehicle): Vehicle {
  let hash = seed
  for (const char of listed.plate) hash = mix(hash, char.charCodeAt(0))
  const random = new Random(hash, 1)
  let drawn = drawVehicle(random)
  const { make, model } = listed.vehicle ?? {}
  if (make !== undefined && model === undefined) {
    // A make that this network doesn't have keeps the model that was drawn last.
    for (let n = 0; n < ATTEMPTS_MAX && drawn.make !== make; n++) drawn = drawVehicle(random)
  }
  return {
    plate: fillPattern(listed.plate, random),
    region: listed.region ?? 'US-ID',
    vehicle: { ...drawn, ...listed.vehicle },
  }
}

/** A plate that a pattern fits, with digits for what it leaves open. */
function fillPattern(pattern: string, random: Random): string {
  const open_chars = Math.max(0, PLATE_CHARS - pattern.replaceAll('*', '').length)
  const digits = (count: number) => drawShape('D'.repeat(count), random)
  return pattern
    .replace('*', () => digits(open_chars))
    .replaceAll('*', '')
    .replaceAll('?', () => digits(1))
}
