// Ohio's hot list (LEADS): fields parted by single spaces, an empty one by two of them. Two layouts
// in one file, which share their beginning:
//
//   operation LIC LIS date date VMA VMO VYR VCO  and then  a number, and the NIC
//                                                 or        `0H STOLEN VEHICLE` and its like
//
// Calibration records have plates that only test cameras: they are no entries. Which of the two
// dates ends the plate's validity is told differently from place to place, so that neither is kept.
import { type FederalColumns, federalEntry } from './federal.ts'
import type { Line, LineParser } from './lines.ts'
import { badLine, type ParsedLine } from './parsed-line.ts'

const CALIBRATION = /\b[0O]H LPR CALIBRATION RECORD\b/
const STATE_TYPES: readonly (readonly [words: RegExp, code: string, reason: string])[] = [
  [/^[0O]H STOLEN VEHICLE$/, 'V', 'Stolen vehicle, Ohio'],
  [/^[0O]H MISSING( PERSON)?$/, 'M', 'Missing person, Ohio'],
  [/^[0O]H WARRANT( SUPP)?$/, 'W', 'Warrant, Ohio'],
]
const DATE = /^(|\d\d\/\d\d\/\d{4})$/
const SHARED = 9

export function ohioParser(): LineParser {
  return { parse: parseRecord }
}

function parseRecord({ number, text }: Line): ParsedLine {
  if (CALIBRATION.test(text)) return { line: number, skipped: 'calibration' }
  const fields = text.trimEnd().split(' ')
  const tail = fields.slice(SHARED)
  const [operation = '', LIC = '', LIS = '', first = '', second = ''] = fields
  const [VMA = '', VMO = '', VYR = '', VCO = ''] = fields.slice(5)
  if (!/^\d$/.test(operation)) return badLine(number, 'operation', 'a digit', operation)
  for (const date of [first, second]) {
    if (!DATE.test(date)) return badLine(number, 'date', 'a day, mm/dd/yyyy', date)
  }
  const type = typeOf(tail)
  if (type === null) {
    const expected = 'two numbers, or 0H and the type of the record'
    return badLine(number, 'type', expected, tail.join(' '))
  }
  return federalEntry(number, { LIC, LIS, VMA, VMO, VYR, VCO, ...type })
}

function typeOf(tail: string[]): Pick<FederalColumns, 'file_code' | 'reason' | 'NIC'> | null {
  const words = tail.join(' ').trim()
  const own = STATE_TYPES.find(([pattern]) => pattern.test(words))
  if (own !== undefined) return { file_code: own[1], reason: own[2] }
  const NIC = tail[1] ?? ''
  return tail.length === 2 && /^[A-Z]\d{6,9}$/.test(NIC) ? { file_code: NIC.charAt(0), NIC } : null
}
