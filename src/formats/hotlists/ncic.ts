// The federal extract for plate readers (`VEHEXTRT.txt`) and the states' copies of it: one header
// line, then fixed columns. Letter O stands as zero in codes and in plates; plates keep what the
// file says, for O and 0 tie wherever plates are compared.
//
//   0      10       19      27        37 39  43 45  49  53 56 58     65           100
//   NIC    ORI      date    LIC       LIS LIY LIT VYR VMA VMO VST VCO  record type
import { type FederalColumns, federalEntry } from './federal.ts'
import type { Line, LineParser } from './lines.ts'
import { isBad, type ParsedLine } from './parsed-line.ts'

/** Up to the first character of the plate. */
const LINE_CHARS_MIN = 28

export interface NcicVariant {
  /** Where in the NIC the file code stands. */
  file_code_at: number
  /** Columns 65 to 100 are the record's type in words. */
  record_type: boolean
}

export function ncicParser({ file_code_at, record_type }: NcicVariant): LineParser {
  return {
    parse(line) {
      const parsed = parseRecord(line)
      // Copies without a header line exist: what is a record there is not lost.
      return line.number === 1 && isBad(parsed) ? { line: 1, skipped: 'header' } : parsed
    },
  }

  function parseRecord({ number, text }: Line): ParsedLine {
    if (text.length < LINE_CHARS_MIN) {
      const expected = `at least ${LINE_CHARS_MIN} characters`
      return { line: number, column: 'line', expected, came: `${text.length}` }
    }
    const columns: FederalColumns = {
      file_code: text.charAt(file_code_at),
      NIC: text.slice(0, 10).trim(),
      ORI: text.slice(10, 19).trim(),
      date: text.slice(19, 27).trim(),
      LIC: text.slice(27, 37).trim(),
      LIS: text.slice(37, 39).trim(),
      VYR: text.slice(45, 49).trim(),
      VMA: text.slice(49, 53).trim(),
      VMO: text.slice(53, 56).trim(),
      VST: text.slice(56, 58).trim(),
      VCO: text.slice(58, 65).trim(),
    }
    if (record_type) columns.remark = text.slice(65, 100).trim()
    return federalEntry(number, columns)
  }
}
