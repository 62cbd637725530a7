// The letters and digits of a drawn plate as strokes on a grid of 5 by 9 points, somewhat like a
// plate's dies.

export type Stroke = readonly (readonly [x: number, y: number])[]

/** Points as `xy`, x 0 to 4 and y 0 to 8 from the top left; `|` lifts the pen. */
const DRAWN: Readonly<Record<string, string>> = {
  A: '08 20 48|15 35',
  B: '04 34 43 41 30 00 08 38 47 45 34',
  C: '41 30 10 01 07 18 38 47',
  D: '00 08 28 46 42 20 00',
  E: '40 00 08 48|04 34',
  F: '40 00 08|04 34',
  G: '41 30 10 01 07 18 38 47 44 24',
  H: '00 08|40 48|04 44',
  I: '20 28|10 30|18 38',
  J: '40 47 38 18 07',
  K: '00 08|40 05|23 48',
  L: '00 08 48',
  M: '08 00 24 40 48',
  N: '08 00 48 40',
  O: '10 30 41 47 38 18 07 01 10',
  P: '08 00 30 41 43 34 04',
  Q: '10 30 41 47 38 18 07 01 10|25 48',
  R: '08 00 30 41 43 34 04|24 48',
  S: '41 30 10 01 03 14 34 45 47 38 18 07',
  T: '00 40|20 28',
  U: '00 07 18 38 47 40',
  V: '00 28 40',
  W: '00 18 23 38 40',
  X: '00 48|40 08',
  Y: '00 24 40|24 28',
  Z: '00 40 08 48',
  1: '11 20 28|18 38',
  2: '01 10 30 41 43 08 48',
  3: '01 10 30 41 43 34 14|34 45 47 38 18 07',
  4: '38 30 06 46',
  5: '40 00 03 33 44 47 38 18 07',
  6: '41 30 10 01 07 18 38 47 45 34 14 05',
  7: '00 40 18',
  8: '14 03 01 10 30 41 43 34 14 05 07 18 38 47 45 34',
  9: '07 18 38 47 41 30 10 01 03 14 34 43',
}

export const GLYPH_WIDTH = 4
export const GLYPH_HEIGHT = 8

const GLYPHS: Map<string, readonly Stroke[]> = new Map(
  Object.entries(DRAWN).map(([char, drawn]) => [
    char,
    drawn
      .split('|')
      .map((stroke) =>
        stroke.split(' ').map((point) => [Number(point[0]), Number(point[1])] as const),
      ),
  ]),
)

/** A zero is a slimmer O: as on real plates, that is all that tells them apart. */
const ZERO_WIDTH = 0.74
GLYPHS.set(
  '0',
  glyph('O').map((stroke) => stroke.map(([x, y]) => [2 + (x - 2) * ZERO_WIDTH, y] as const)),
)

/** Strokes of A-Z, 0-9; none for anything else. */
export function glyph(char: string): readonly Stroke[] {
  return GLYPHS.get(char) ?? []
}
