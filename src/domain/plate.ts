// A licence plate as text: how what a camera or a clerk writes becomes the form that is stored and
// matched.

/** Longest plate after folding, in characters (interfaces: 1 to 12 of A-Z, 0-9). */
export const PLATE_CHARS_MAX = 12

const FOLDED = /^[A-Z0-9]{1,12}$/
/** Only these fold: `ß`, `ı` and their like have an upper case of ASCII letters too. */
const FOLDABLE = /^[A-Za-z0-9]{1,12}$/
const DROPPED = /[\s-]+/g

/**
 * Folds case and drops spaces and hyphens.
 * @returns the folded plate (1 to 12 of A-Z, 0-9), or null where the text is no such plate.
 */
export function foldPlate(text: string): string | null {
  if (FOLDED.test(text)) return text
  // 64 bounds the work on hostile input: no plate with its separators is longer.
  if (text.length > 64) return null
  const characters = text.replace(DROPPED, '')
  return FOLDABLE.test(characters) ? characters.toUpperCase() : null
}

/**
 * The letter O as the digit zero: the federal extract writes it so, therefore both always tie
 * (NCIC data store convention; see ARCHITECTURE.md, "O and 0").
 */
export function zeroFold(plate: string): string {
  return plate.replaceAll('O', '0')
}

const PATTERN = /^[A-Za-z0-9?*]{1,12}$/
/** Fewer known characters fit a good part of all traffic. */
const PATTERN_CHARS_MIN = 2

/** Whether an entry's folded text is a pattern (`?` one character, `*` any run) and not a plate. */
export function isPattern(text: string): boolean {
  return text.includes('?') || text.includes('*')
}

/**
 * As {@link foldPlate}, for entries: patterns too, with at least two characters that are known.
 * Runs of `*` become one.
 */
export function foldEntryPlate(text: string): string | null {
  if (text.length > 64 || !isPattern(text)) return foldPlate(text)
  const characters = text.replace(DROPPED, '').replace(/\*+/g, '*')
  const known = characters.replace(/[?*]/g, '').length
  return PATTERN.test(characters) && known >= PATTERN_CHARS_MIN ? characters.toUpperCase() : null
}
