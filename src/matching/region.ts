// Issuing states as numbers, for packed records.
import { SYMBOLS } from './look-alikes.ts'
import { unexpected } from './unexpected.ts'

/** Places of a region's code: two letters and up to three letters or digits. */
const REGION_PLACES = 5
const BASE = SYMBOLS.length + 1
const REGION_FORM = /^[A-Z]{2}-[A-Z0-9]{1,3}$/

/**
 * The issuing state as a number: its ISO 3166-2 text without the hyphen, read in base 37 (0 for no
 * character, then 0-9, A-Z), padded to five places.
 * @param region `US-ID`, or '' where it is unknown
 * @returns below 37^5; 0 where it is unknown
 * @throws TypeError where it is no such text
 */
export function regionCode(region: string): number {
  if (region === '') return 0
  if (!REGION_FORM.test(region)) throw unexpected('an ISO 3166-2 code', 'region', region)
  let code = 0
  for (let place = 0; place < REGION_PLACES; place += 1) {
    const char = region[place < 2 ? place : place + 1]
    code = code * BASE + (char === undefined ? 0 : SYMBOLS.indexOf(char) + 1)
  }
  return code
}

/** The text that `regionCode` made the number of; '' for 0. */
export function regionText(code: number): string {
  let text = ''
  for (let rest = code; rest > 0; rest = Math.floor(rest / BASE)) {
    const digit = rest % BASE
    if (digit > 0) text = (SYMBOLS[digit - 1] as string) + text
  }
  return text === '' ? '' : `${text.slice(0, 2)}-${text.slice(2)}`
}
