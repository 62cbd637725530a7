// Which plates a state has, as far as that is known (config/plate-formats.yaml): for hints at
// entries that were typed wrong.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'
import { HotplateError } from '../domain/error.ts'
import { REGION } from '../domain/read.ts'

const FILE = fileURLToPath(new URL('../../config/plate-formats.yaml', import.meta.url))

const formatsSchema = z.strictObject({
  chars_max: z.int().min(1).max(12),
  common: z.record(z.string().regex(REGION), z.array(z.string().regex(/^[LD]{2,12}$/)).min(1)),
})

export interface PlateFormats {
  /** Of any plate of a state of the United States. */
  chars_max: number
  /** By state, ISO 3166-2: what a plate of its usual series fits, O and 0 being one. */
  usual: ReadonlyMap<string, RegExp>
}

/** @throws HotplateError PLATE_FORMATS_INVALID */
export function loadPlateFormats(file: string = FILE): PlateFormats {
  try {
    const { chars_max, common } = formatsSchema.parse(parse(readFileSync(file, 'utf8')))
    const usual = Object.entries(common).map(
      ([region, shapes]) =>
        [region, new RegExp(`^(?:${shapes.map(expressionOf).join('|')})$`)] as const,
    )
    return { chars_max, usual: new Map(usual) }
  } catch (cause) {
    const what = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message
    const message = `Plate formats in ${file}: ${what.replaceAll('\n', ' ')}`
    throw new HotplateError('PLATE_FORMATS_INVALID', message, { cause })
  }
}

/** The federal extract writes the letter O as the digit, and clerks the digit as the letter. */
function expressionOf(shape: string): string {
  return shape.replaceAll('L', '[A-Z0]').replaceAll('D', '[0-9O]')
}
