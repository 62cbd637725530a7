// Illinois' hot list (LEADS): fixed columns, then what the type of the record brings.
//
//   0      8      10          12      STOLEN: `VYR/14 VMA/FORD VMO/FOC VST/4D VCO/WHI DOT/… LDS/…`
//   plate  state  plate type  type    WANTED, MISSING: the person up to 81, then the LEADS number
//
// Of the person nothing is kept: name, sex, race and birth are no business of a plate reader
// (policy 401.7); whoever has the number finds them in LEADS.
import { type FederalColumns, federalEntry } from './federal.ts'
import type { Line, LineParser } from './lines.ts'
import { badLine } from './parsed-line.ts'

const TYPES: Readonly<Record<string, string>> = { STOLEN: 'V', MISSING: 'M', WANTED: 'W' }

export function illinoisParser(): LineParser {
  return {
    parse({ number, text }: Line) {
      const type = /^[A-Z]+/.exec(text.slice(12, 19))?.[0] ?? ''
      const file_code = TYPES[type]
      if (file_code === undefined) {
        return badLine(number, 'type', Object.keys(TYPES).join(', '), text.slice(12, 19).trim())
      }
      return federalEntry(number, {
        LIC: text.slice(0, 8).trim(),
        LIS: text.slice(8, 10).trim(),
        file_code,
        ...(type === 'STOLEN' ? stolen(text.slice(18)) : person(text.slice(81))),
      })
    },
  }
}

function stolen(tail: string): Partial<FederalColumns> {
  const field = (name: string) => new RegExp(`\\b${name}/(\\S+)`).exec(tail)?.[1] ?? ''
  const year = field('VYR')
  return {
    // Two digits: no car on the road is of the next century.
    VYR: /^\d\d$/.test(year) ? `${Number(year) > 50 ? 19 : 20}${year}` : year,
    VMA: field('VMA'),
    VMO: field('VMO'),
    VST: field('VST'),
    VCO: field('VCO'),
    NIC: field('LDS'),
  }
}

function person(tail: string): Partial<FederalColumns> {
  const number = /[A-Z0-9]+\s*$/.exec(tail)?.[0].trim() ?? ''
  return { NIC: number }
}
