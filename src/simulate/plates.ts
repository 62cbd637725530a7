// The plates of the simulated network: mostly Idaho's of Twin Falls and its neighbours, some of
// other states.
import { type Random, Weighted } from '../domain/random.ts'
import { COMMON_SHAPES } from '../domain/shapes.ts'

export interface PlateDrawn {
  /** 2 to 8 of A-Z, 0-9 */
  plate: string
  /** ISO 3166-2 */
  region: string
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const DIGITS = '0123456789'
const BOTH = LETTERS + DIGITS

/** `L` a letter, `D` a digit, `*` either; anything in lower case stands for itself. */
export function drawShape(shape: string, random: Random): string {
  let plate = ''
  for (const kind of shape) {
    if (kind === 'L') plate += LETTERS[random.below(26)]
    else if (kind === 'D') plate += DIGITS[random.below(10)]
    else if (kind === '*') plate += BOTH[random.below(36)]
    else plate += kind.toUpperCase()
  }
  return plate
}

/**
 * Idaho writes the county before the serial: Twin Falls 2T, Jerome 2J, Cassia 4C, Minidoka 2M,
 * Ada 1A …
 */
const COUNTIES = new Weighted<string>([
  ['2t', 56],
  ['2j', 11],
  ['4c', 5],
  ['2m', 5],
  ['2g', 4],
  ['5b', 4],
  ['4l', 2],
  ['1a', 6],
  ['2c', 3],
  ['e', 2],
  ['1b', 1],
  ['8b', 1],
])

const SERIALS = new Weighted<string>([
  ['LDDDDD', 30],
  ['LLDDD', 28],
  ['DDDLL', 12],
  ['LDDDD', 16],
  ['DDDDD', 14],
])

const ELSEWHERE = new Weighted(COMMON_SHAPES)

const OTHER_STATES = ['US-CA', 'US-TX', 'US-AZ', 'US-CO', 'US-FL', 'US-MN', 'US-IL', 'US-NM']

// biome-ignore format: a word list reads better in rows
const VANITY_WORDS = [
  'FISH', 'SPUDS', 'BIKER', 'DOGS', 'NURSE', 'COWBY', 'HOTRD', 'IDAHO', 'ELKS',
  'SKIER', 'FARM', 'BOOKS', 'PILOT', 'TRUCK', 'RVLIF', 'GRAN', 'LUVU', 'BASS',
]

type Origin = 'idaho' | 'vanity' | 'elsewhere' | readonly [region: string, ...shapes: string[]]

const ORIGINS = new Weighted<Origin>([
  ['idaho', 74],
  [['US-UT', 'LDDDLL', 'DLDLL', 'DDDLLL'], 6],
  [['US-NV', 'DDDLDD', 'LLLDDD'], 4],
  [['US-OR', 'DDDLLL', 'LLLDDD'], 3],
  [['US-WA', 'LLLDDDD', 'LLLDDDL'], 2],
  [['US-MT', 'DDDDDDL', 'LLLDDD'], 1],
  [['US-WY', 'DDDDDD'], 1],
  ['elsewhere', 7],
  ['vanity', 2],
])

/** One plate, by the mix that a camera in Twin Falls County, Idaho, sees. */
export function drawPlate(random: Random): PlateDrawn {
  const origin = ORIGINS.draw(random)
  if (origin === 'idaho') {
    const county = COUNTIES.draw(random)
    return { plate: drawShape(county + SERIALS.draw(random), random), region: 'US-ID' }
  }
  if (origin === 'elsewhere') {
    return { plate: drawShape(ELSEWHERE.draw(random), random), region: random.pick(OTHER_STATES) }
  }
  if (origin === 'vanity') {
    const plate = random.chance(0.5)
      ? random.pick(VANITY_WORDS) + drawShape('DD', random)
      : drawShape('********'.slice(0, 2 + random.below(7)), random)
    return { plate, region: 'US-ID' }
  }
  const [region, ...shapes] = origin
  return { plate: drawShape(random.pick(shapes), random), region }
}
