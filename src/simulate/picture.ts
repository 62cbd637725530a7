// Draws the crop of a number plate as a camera sends it: the vehicle's true characters, slightly
// tilted, soft and noisy.
import jpeg from 'jpeg-js'
import { mix, Random } from '../domain/random.ts'
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyph } from './glyphs.ts'
import type { PictureOf } from './messages.ts'

export const PICTURE_WIDTH = 240
export const PICTURE_HEIGHT = 120

const JPEG_QUALITY = 62
/** Plates whose picture is kept for their next read. */
const PICTURES_KEPT_MAX = 500

type Colour = readonly [red: number, green: number, blue: number]

interface Design {
  name: string
  ink: Colour
  /** Of the plate's ground, from the top to the bottom. */
  top: Colour
  middle: Colour
  bottom: Colour
  mountains: boolean
}

const WHITE: Colour = [240, 241, 240]
const NAVY: Colour = [24, 34, 92]
const MOUNTAIN: Colour = [98, 126, 168]
const RIM: Colour = [120, 124, 136]

/** Idaho's counties by initial and number; Kootenai, Elmore and a few others have no number. */
const COUNTY = /^(?:\d[A-Z]|[EIKNOSVW])(?=[A-Z]{0,2}\d{2})/

const DESIGNS: Readonly<Record<string, Design>> = {
  'US-ID': design('IDAHO', NAVY, [206, 96, 88], WHITE, [188, 208, 234], true),
  'US-UT': design('UTAH', [30, 30, 34], [240, 214, 170], WHITE, [226, 170, 120], true),
  'US-NV': design('NEVADA', [26, 40, 96], [186, 202, 226], WHITE, [206, 190, 214], true),
  'US-OR': design('OREGON', NAVY, [214, 218, 240], WHITE, [206, 220, 200], true),
  'US-WA': design('WASHINGTON', NAVY, [226, 234, 246], WHITE, [196, 212, 236], true),
  'US-WY': design('WYOMING', [60, 34, 24], [176, 204, 232], WHITE, [214, 190, 150], true),
  'US-MT': design('MONTANA', WHITE, [34, 58, 118], [34, 58, 118], [26, 46, 98], false),
  'US-CA': design('CALIFORNIA', [28, 44, 116], WHITE, WHITE, WHITE, false),
  'US-TX': design('TEXAS', [24, 24, 28], WHITE, WHITE, WHITE, false),
}
const OTHER = design('', [30, 44, 84], [222, 230, 238], WHITE, [226, 230, 222], false)

function design(
  name: string,
  ink: Colour,
  top: Colour,
  middle: Colour,
  bottom: Colour,
  mountains: boolean,
): Design {
  return { name, ink, top, middle, bottom, mountains }
}

/**
 * @param plate 1 to 12 of A-Z, 0-9
 * @param region ISO 3166-2: its colours, where the simulator knows them
 * @param seed of the tilt, the light and the noise
 * @returns a JPEG of 240 by 120 pixels, 3 to 8 KB
 */
export function drawPlatePicture(plate: string, region: string, seed: number): Uint8Array {
  const random = new Random(seed, 51)
  const sheet = new Sheet(DESIGNS[region] ?? OTHER, random)
  sheet.drawGround()
  sheet.drawName()
  sheet.drawPlate(plate, region)
  const data = sheet.photograph()
  const picture = jpeg.encode({ width: PICTURE_WIDTH, height: PICTURE_HEIGHT, data }, JPEG_QUALITY)
  return picture.data
}

/** Distances on the flat plate, in pixels of the picture before the tilt. */
const EDGE = { left: 12, top: 8, right: 228, bottom: 112, corner: 9 }
const PLATE_TOP = 36
const PLATE_HEIGHT = 56
const PLATE_STROKE = 3.5
const NAME_TOP = 15
const NAME_HEIGHT = 11
const NAME_STROKE = 0.9
/** How far the tilt moves a point of the plate, in pixels. */
const TILT_MAX = 5

class Sheet {
  readonly #design: Design
  readonly #random: Random
  readonly #pixels = new Float32Array(PICTURE_WIDTH * PICTURE_HEIGHT * 3)
  readonly #shear: number
  readonly #rise: number

  constructor(look: Design, random: Random) {
    this.#design = look
    this.#random = random
    this.#shear = random.between(-0.07, 0.07)
    this.#rise = random.between(-0.035, 0.035)
  }

  /** Bumper, plate, mountains, bolts. */
  drawGround(): void {
    const { top, middle, bottom, mountains } = this.#design
    const phase = this.#random.between(0, 6)
    for (let y = 0; y < PICTURE_HEIGHT; y++) {
      const body = 44 + (26 * y) / PICTURE_HEIGHT
      for (let x = 0; x < PICTURE_WIDTH; x++) {
        const at = (y * PICTURE_WIDTH + x) * 3
        const u = x + this.#shear * (y - PICTURE_HEIGHT / 2)
        const v = y + this.#rise * (x - PICTURE_WIDTH / 2)
        const down = (v - EDGE.top) / (EDGE.bottom - EDGE.top)
        this.#mix(at, middle, 1)
        if (down < 0.35) this.#mix(at, top, clamp(1 - down / 0.35))
        if (down > 0.6) this.#mix(at, bottom, clamp((down - 0.6) / 0.4))
        if (mountains && down > 0.68) {
          const ridge = 0.8 + 0.06 * Math.sin(u / 17 + phase) + 0.035 * Math.sin(u / 6.1 + phase)
          if (down > ridge) this.#mix(at, MOUNTAIN, 0.55)
        }
        const outside = cornerDistance(u, v)
        // A darker rim of a pixel or two, then the bumper.
        if (outside < -4) continue
        this.#mix(at, RIM, 0.6 * clamp(1 - Math.abs(outside + 2.2) / 1.6))
        this.#mix(at, [body, body + 2, body + 6], clamp(outside + 0.5))
      }
    }
    for (const u of [EDGE.left + 40, EDGE.right - 40]) {
      this.#stroke([[u, EDGE.top + 9]], 3.2, [92, 94, 100])
      this.#stroke([[u - 0.8, EDGE.top + 8.2]], 1.2, [190, 192, 196])
    }
  }

  drawName(): void {
    this.#drawText(this.#design.name, 120, NAME_TOP, NAME_HEIGHT, 5.5, NAME_STROKE, 3.5)
  }

  drawPlate(plate: string, region: string): void {
    // Idaho sets the county apart: 2T A1234.
    const county = region === 'US-ID' ? (COUNTY.exec(plate)?.[0].length ?? 0) : 0
    const text = county > 0 ? `${plate.slice(0, county)} ${plate.slice(county)}` : plate
    const room = (EDGE.right - EDGE.left - 22) / text.length
    const width = Math.min(25, room * 0.74)
    const gap = Math.min(9, room * 0.26)
    const thick = Math.min(PLATE_STROKE, width * 0.16)
    this.#drawText(text, 120, PLATE_TOP, PLATE_HEIGHT, width, thick, gap)
  }

  /** Soft focus, light and noise; RGBA bytes. */
  photograph(): Uint8Array {
    const random = this.#random
    const light = random.between(0.78, 1.04)
    const slope = random.between(-0.12, 0.12)
    const row = PICTURE_WIDTH * 3
    this.#soften(3)
    if (random.chance(0.35)) this.#soften(3)
    this.#soften(row)
    const data = new Uint8Array(PICTURE_WIDTH * PICTURE_HEIGHT * 4)
    for (let pixel = 0; pixel < PICTURE_WIDTH * PICTURE_HEIGHT; pixel++) {
      const shade = light * (1 + slope * ((pixel % PICTURE_WIDTH) / PICTURE_WIDTH - 0.5))
      const grain = (random.unit() + random.unit() - 1) * 7
      for (let channel = 0; channel < 3; channel++) {
        const value = (this.#pixels[pixel * 3 + channel] as number) * shade + grain
        data[pixel * 4 + channel] = Math.max(0, Math.min(255, value))
      }
      data[pixel * 4 + 3] = 255
    }
    return data
  }

  #drawText(
    text: string,
    centre: number,
    top: number,
    height: number,
    width: number,
    thick: number,
    gap: number,
  ): void {
    let left = centre - (text.length * (width + gap) - gap) / 2
    for (const char of text) {
      // A gap between groups is half a character.
      for (const stroke of glyph(char)) {
        const points = stroke.map(
          ([x, y]) =>
            [left + (x / GLYPH_WIDTH) * width, top + (y / GLYPH_HEIGHT) * height] as const,
        )
        this.#stroke(points, thick, this.#design.ink)
      }
      left += width + gap
    }
  }

  /** A line through points of the flat plate, with round ends; one point is a dot. */
  #stroke(points: readonly (readonly [number, number])[], thick: number, colour: Colour): void {
    for (let n = 0; n < Math.max(1, points.length - 1); n++) {
      const from = points[n] as readonly [number, number]
      const to = points[n + 1] ?? from
      const [y_low, y_high] = span(from[1], to[1], thick + 1 + TILT_MAX, PICTURE_HEIGHT)
      const [x_low, x_high] = span(from[0], to[0], thick + 1 + TILT_MAX, PICTURE_WIDTH)
      for (let y = y_low; y <= y_high; y++) {
        for (let x = x_low; x <= x_high; x++) {
          const u = x + this.#shear * (y - PICTURE_HEIGHT / 2)
          const v = y + this.#rise * (x - PICTURE_WIDTH / 2)
          const cover = thick + 0.5 - segmentDistance(u, v, from, to)
          if (cover > 0) this.#mix((y * PICTURE_WIDTH + x) * 3, colour, Math.min(1, cover))
        }
      }
    }
  }

  /** A blur of three values, `step` apart. */
  #soften(step: number): void {
    const pixels = this.#pixels
    const sharp = pixels.slice()
    for (let at = step; at < pixels.length - step; at++) {
      pixels[at] =
        0.3 * (sharp[at - step] as number) +
        0.4 * (sharp[at] as number) +
        0.3 * (sharp[at + step] as number)
    }
  }

  #mix(at: number, colour: Colour, share: number): void {
    const pixels = this.#pixels
    for (let channel = 0; channel < 3; channel++) {
      const before = pixels[at + channel] as number
      pixels[at + channel] = before + ((colour[channel] as number) - before) * share
    }
  }
}

function span(a: number, b: number, margin: number, end: number): [low: number, high: number] {
  return [
    Math.max(0, Math.floor(Math.min(a, b) - margin)),
    Math.min(end - 1, Math.ceil(Math.max(a, b) + margin)),
  ]
}

/** Distance to the rounded edge of the plate; negative inside. */
function cornerDistance(u: number, v: number): number {
  const { left, top, right, bottom, corner } = EDGE
  const x = Math.abs(u - (left + right) / 2) - (right - left) / 2 + corner
  const y = Math.abs(v - (top + bottom) / 2) - (bottom - top) / 2 + corner
  return Math.hypot(Math.max(x, 0), Math.max(y, 0)) + Math.min(Math.max(x, y), 0) - corner
}

function segmentDistance(
  x: number,
  y: number,
  from: readonly [number, number],
  to: readonly [number, number],
): number {
  const dx = to[0] - from[0]
  const dy = to[1] - from[1]
  const length = dx * dx + dy * dy
  const along = length === 0 ? 0 : clamp(((x - from[0]) * dx + (y - from[1]) * dy) / length)
  const away_x = x - from[0] - along * dx
  const away_y = y - from[1] - along * dy
  return Math.sqrt(away_x * away_x + away_y * away_y)
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value))
}

export interface PictureBookOptions {
  seed: number
  /** Share of reads that come with a picture, 0 to 1. */
  share: number
  /** Reads of listed vehicles always do. */
  listed_always: boolean
}

/** Pictures as they go into reads: Base64, drawn once for a plate that comes back soon. */
export function pictureBook({ seed, share, listed_always }: PictureBookOptions): PictureOf {
  const random = new Random(seed, 61)
  const kept = new Map<string, string>()
  let drawn = 0
  return (plate, region, listed) => {
    if (!random.chance(share) && !(listed_always && listed)) return null
    const known = kept.get(plate)
    if (known !== undefined) return known
    const bytes = drawPlatePicture(plate, region, mix(seed, drawn++))
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
    if (kept.size >= PICTURES_KEPT_MAX) kept.delete(kept.keys().next().value as string)
    kept.set(plate, text)
    return text
  }
}
