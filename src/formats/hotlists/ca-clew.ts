// California's hot lists (DOJ, CLEW): three files of one layout, `svs.tbl` stolen vehicles,
// `sfr.tbl` felony vehicles, `slr.tbl` plates. A header with the time of writing, fixed columns,
// and a footer with the count of records; without that footer the file was cut off.
//
//   0        8     10     12                     DATE01/05/2026 03:00
//   plate    state county date of the loss       TOTAL RECORD 0000002
import { federalEntry } from './federal.ts'
import type { Line, LineParser } from './lines.ts'
import { badLine, type ParsedLine } from './parsed-line.ts'

const HEADER = /^DATE\s?\d\d\/\d\d\/\d{4} \d\d:\d\d\s*$/
const FOOTER = /^TOTAL RECORDS?\b/
const COUNT = /^TOTAL RECORDS?\s*:?\s*(\d{1,9})\s*$/

/** @param file_code what all of the file is about */
export function californiaParser(file_code: string): LineParser {
  let ended = false
  return {
    parse(line) {
      const { number, text } = line
      if (ended) return badLine(number, 'line', 'nothing after the count of records', text)
      if (number === 1 && HEADER.test(text)) return { line: 1, skipped: 'header' }
      if (!FOOTER.test(text)) return parseRecord(line, file_code)
      ended = true
      const count = COUNT.exec(text)?.[1]
      return { footer: { records: count === undefined ? null : Number(count) } }
    },
    end: () => (ended ? null : { footer: { records: null } }),
  }
}

function parseRecord({ number, text }: Line, file_code: string): ParsedLine {
  if (text.length < 8) return badLine(number, 'line', 'at least 8 characters', text)
  const county = text.slice(10, 12).trim()
  return federalEntry(number, {
    file_code,
    LIC: text.slice(0, 8).trim(),
    LIS: text.slice(8, 10).trim(),
    ...(county === '' ? {} : { agency: `California, county ${county}` }),
    date: text.slice(12, 20).trim(),
    date_forms: ['yyyymmdd', 'mmddyyyy'],
  })
}
