// New York's hot list: a header line, then fixed columns.
//
//   0      10     12         15         16    20
//   plate  state  plate type file code  make  colour
import { federalEntry } from './federal.ts'
import { afterHeader, type LineParser } from './lines.ts'
import { badLine } from './parsed-line.ts'

export function newYorkParser(): LineParser {
  return afterHeader(({ number, text }) => {
    if (text.length < 16) return badLine(number, 'line', 'at least 16 characters', text)
    return federalEntry(number, {
      LIC: text.slice(0, 10).trim(),
      LIS: text.slice(10, 12).trim(),
      file_code: text.charAt(15),
      VMA: text.slice(16, 20).trim(),
      VCO: text.slice(20).trim(),
    })
  })
}
