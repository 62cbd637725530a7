// What the matcher's bench searches: lists and reads of plates as they are across the country, and
// the folded strings that its peers are given.

import { Random, Weighted } from '../../src/domain/random.ts'
import { COMMON_SHAPES } from '../../src/domain/shapes.ts'
import { SYMBOLS } from '../../src/matching/look-alikes.ts'
import { PLATE_RECORD_BYTES, packPlate } from '../../src/matching/record.ts'
import { drawShape } from '../../src/simulate/plates.ts'

/** `vanity` is 2 to 8 of anything. */
const SHAPES = new Weighted<string>([...COMMON_SHAPES, ['vanity', 6]])
const NOISY_SHARE = 0.05
const CHARS_MAX = 12

function drawPlate(random: Random): string {
  const shape = SHAPES.draw(random)
  return drawShape(shape === 'vanity' ? '*'.repeat(2 + random.below(7)) : shape, random)
}

/** Different plates. */
export function drawList(entries: number, seed: number): string[] {
  const random = new Random(seed)
  const plates = new Set<string>()
  while (plates.size < entries) plates.add(drawPlate(random))
  return [...plates]
}

/** Parts of plates as officers have them: the first three, the last three, or one left open. */
export function drawPatterns(count: number, seed: number): string[] {
  const random = new Random(seed)
  return Array.from({ length: count }, (_, i) => {
    const plate = drawShape(random.pick(COMMON_SHAPES)[0], random)
    const at = random.below(plate.length)
    if (i % 3 === 0) return `${plate.slice(0, 4)}*`
    if (i % 3 === 1) return `*${plate.slice(-4)}`
    return `${plate.slice(0, at)}?${plate.slice(at + 1)}`
  })
}

/**
 * Random traffic; one in twenty a copy from the list with one mistake: eight in ten a look-alike
 * (where the plate has one), one an insertion, one a deletion.
 */
export function drawReads(
  count: number,
  list: readonly string[],
  classes: readonly string[],
  seed: number,
): string[] {
  const random = new Random(seed)
  return Array.from({ length: count }, () =>
    random.chance(NOISY_SHARE) ? misread(random.pick(list), classes, random) : drawPlate(random),
  )
}

function misread(plate: string, classes: readonly string[], random: Random): string {
  const at = random.below(plate.length)
  const [before, after] = [plate.slice(0, at), plate.slice(at)]
  const kind = random.below(10)
  if (kind === 8 && plate.length < CHARS_MAX) return before + random.pick([...SYMBOLS]) + after
  if (kind === 9 && plate.length > 1) return before + after.slice(1)
  const look_alikes = classes.find((members) => members.includes(plate[at] as string))
  return before + random.pick([...(look_alikes ?? SYMBOLS)]) + after.slice(1)
}

/** Each class as its first character. */
export function folder(classes: readonly string[]): (plate: string) => string {
  const first = new Map<string, string>()
  for (const members of classes) {
    for (const member of members) first.set(member, members[0] as string)
  }
  return (plate) => Array.from(plate, (char) => first.get(char) ?? char).join('')
}

export function packReads(reads: readonly string[]): Uint8Array {
  const records = new Uint8Array(reads.length * PLATE_RECORD_BYTES)
  reads.forEach((plate, record) => {
    packPlate(records, record, plate, false)
  })
  return records
}
