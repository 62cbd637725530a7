// Look-alike classes: which characters count as one, and the table of them for the native matcher.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'
import { HotplateError } from '../domain/error.ts'
import { unexpected } from './unexpected.ts'

/** Characters by symbol number: the order is the native matcher's too. */
export const SYMBOLS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const LOOK_ALIKES_FILE = fileURLToPath(new URL('../../config/look-alikes.yaml', import.meta.url))

const fileSchema = z.strictObject({
  classes: z.array(z.coerce.string().regex(/^[A-Z0-9]{2,36}$/)).max(18),
})

/**
 * The classes of config/look-alikes.yaml, or of another file of that form.
 * @throws HotplateError LOOK_ALIKES_INVALID
 */
export function loadLookAlikes(file: string = LOOK_ALIKES_FILE): readonly string[] {
  try {
    const { classes } = fileSchema.parse(parse(readFileSync(file, 'utf8'), { schema: 'failsafe' }))
    foldTable(classes)
    return classes
  } catch (cause) {
    const what = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message
    throw new HotplateError(
      'LOOK_ALIKES_INVALID',
      `Look-alike classes in ${file}: ${what.replaceAll('\n', ' ')}`,
      { cause },
    )
  }
}

/**
 * @param classes each a string of characters that count as one, `0ODQ`
 * @returns 36 bytes: for each symbol the number of the one that stands for its class; O and 0 are
 * always of one class
 * @throws TypeError where a character is not A-Z, 0-9 or stands in two classes
 */
export function foldTable(classes: readonly string[]): Uint8Array {
  const table = Uint8Array.from(SYMBOLS, (_, symbol) => symbol)
  const seen = new Set<string>()
  for (const look_alikes of classes) {
    const members = /[O0]/.test(look_alikes) ? `${look_alikes}0O` : look_alikes
    const symbols = new Set(members)
    const first = SYMBOLS.indexOf([...symbols].toSorted()[0] ?? '')
    for (const member of symbols) {
      const symbol = SYMBOLS.indexOf(member)
      if (symbol < 0) throw unexpected('characters A-Z and 0-9', 'classes', look_alikes)
      if (seen.has(member)) throw unexpected(`${member} in one class`, 'classes', classes)
      seen.add(member)
      table[symbol] = first
    }
  }
  table[SYMBOLS.indexOf('O')] = table[SYMBOLS.indexOf('0')] as number
  return table
}
