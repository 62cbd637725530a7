// The federal extract for plate readers (`VEHEXTRT.txt`) and the states' copies of it: one header
// line, then fixed columns. Letter O stands as zero in codes and in plates; plates keep what the
// file says, for O and 0 tie wherever plates are compared.
//
//   0      10       19      27        37 39  43 45  49  53 56 58     65           100
//   NIC    ORI      date    LIC       LIS LIY LIT VYR VMA VMO VST VCO  record type
import { fileCodeOfWords, NO_FILE_CODE } from './codes.ts'
import { type FederalColumns, federalEntry } from './federal.ts'
import { afterHeader, type Line, type LineParser } from './lines.ts'
import { badLine, type ParsedLine } from './parsed-line.ts'

/** Up to the first character of the plate. */
const LINE_CHARS_MIN = 28

interface NcicVariant {
  /** Where in the NIC the file code stands. */
  file_code_at: number
  /** Columns 65 to 100 are the record's type in words, of the state's own records too. */
  record_type: boolean
}

export function ncicParser(variant: NcicVariant): LineParser {
  return afterHeader((line) => parseRecord(line, variant))
}

function parseRecord({ number, text }: Line, variant: NcicVariant): ParsedLine {
  if (text.length < LINE_CHARS_MIN) {
    return badLine(number, 'line', `at least ${LINE_CHARS_MIN} characters`, text)
  }
  const columns: FederalColumns = {
    file_code: text.charAt(variant.file_code_at),
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
  const type = variant.record_type ? text.slice(65, 100).trim() : ''
  if (type === '') return federalEntry(number, columns)
  const code = fileCodeOfWords(type)
  const federal = /\bNCIC$/.test(type)
  const file_code = code === NO_FILE_CODE && federal ? columns.file_code : code
  return federalEntry(number, { ...columns, file_code, reason: type })
}
