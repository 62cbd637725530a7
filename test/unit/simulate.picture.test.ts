// Drawn plates. If the bugs return: a picture that no browser shows, that is as large as a read's
// whole message, or that shows another plate than its read.
import jpeg from 'jpeg-js'
import { expect, test } from 'vitest'
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyph } from '../../src/simulate/glyphs.ts'
import { drawPlatePicture, PICTURE_HEIGHT, PICTURE_WIDTH } from '../../src/simulate/picture.ts'

const draw = (plate: string, seed: number) =>
  Buffer.from(drawPlatePicture(plate, 'US-ID', seed)).toString('base64')

test.each([
  ['2TAB123', 'US-ID'],
  ['ABCDEFGHIJKL', 'US-ID'],
  ['3456789', 'US-MT'],
  ['X', 'US-NM'],
])('%s of %s is a JPEG of a few KB', (plate, region) => {
  const bytes = drawPlatePicture(plate, region, 1)
  const picture = jpeg.decode(bytes, { useTArray: true })
  expect([picture.width, picture.height]).toEqual([PICTURE_WIDTH, PICTURE_HEIGHT])
  expect(bytes.length).toBeGreaterThan(2_500)
  expect(bytes.length).toBeLessThan(8_192)
})

test('the same seed draws the same picture, another one another, and so does another plate', () => {
  expect(draw('2TAB123', 1)).toBe(draw('2TAB123', 1))
  expect(draw('2TAB123', 2)).not.toBe(draw('2TAB123', 1))
  expect(draw('2TAB128', 1)).not.toBe(draw('2TAB123', 1))
})

test('ink stands where the characters are', () => {
  const { data } = jpeg.decode(drawPlatePicture('IIIIIII', 'US-TX', 4), { useTArray: true })
  let changes = 0
  let dark = false
  for (let x = 16; x < PICTURE_WIDTH - 16; x++) {
    const at = (Math.round(PICTURE_HEIGHT * 0.53) * PICTURE_WIDTH + x) * 4
    const now = (data[at] as number) < 110
    if (now && !dark) changes++
    dark = now
  }
  expect(changes).toBe(7)
})

test('each letter and digit has a shape of its own, inside its grid', () => {
  const shapes = new Set<string>()
  for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789') {
    const strokes = glyph(char)
    shapes.add(JSON.stringify(strokes))
    for (const [x, y] of strokes.flat()) {
      expect(x >= 0 && x <= GLYPH_WIDTH && y >= 0 && y <= GLYPH_HEIGHT).toBe(true)
    }
  }
  expect(shapes.size).toBe(36)
})
