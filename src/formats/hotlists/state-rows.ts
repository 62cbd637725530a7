// Hot lists of states in rows that are not the federal system's: Florida (parted by `;`), Alabama
// and Georgia (CSV). The type of each record is in words, and shown as the reason.
import { fileCodeOfWords } from './codes.ts'
import { type FederalColumns, federalEntry } from './federal.ts'
import { afterHeader, type Line, type LineParser } from './lines.ts'
import { badLine, type ParsedLine } from './parsed-line.ts'
import { splitFields } from './split.ts'

/** Up to the issuing state; type and updated stand after it. */
const FLORIDA_COLUMNS_MIN = 13

/** `type;ORI;agency;OCA;OAN;PCN;NIC;date;…;…;LIC;LIY;LIS;LIT;updated;…` */
export function floridaParser(): LineParser {
  return afterHeader((line) =>
    parseRow(line, ';', FLORIDA_COLUMNS_MIN, (fields) => {
      const [type = '', ORI = '', agency = '', OCA, OAN, PCN, NIC = '', date = ''] = fields
      return {
        type,
        ORI,
        agency,
        case: OCA || OAN || PCN || '',
        NIC,
        date,
        date_forms: ['yyyymmdd', 'mm/dd/yyyy', 'iso'],
        LIC: fields[10] ?? '',
        LIS: fields[12] ?? '',
      }
    }),
  )
}

/** `plate,,VIN,make,model,colour,year,type,state` */
export function alabamaParser(): LineParser {
  return {
    parse: (line) =>
      parseRow(line, ',', 9, (fields) => {
        const [LIC = '', , VIN = '', VMA, VMO, VCO, VYR, type = '', LIS = ''] = fields
        return { type, LIC, LIS, VIN, VMA, VMO, VCO, VYR }
      }),
  }
}

/** Plate in 8 characters, state in 2, `#`, a digit, status. */
const GEORGIA_FUSED = /^(.{8})([A-Z0-9]{2})#\d?([A-Z].*)$/

/** `plate(8)state(2)#status,make,year,model,colour` */
export function georgiaParser(): LineParser {
  return {
    parse: (line) =>
      parseRow(line, ',', 1, ([fused = '', VMA, VYR, VMO, VCO]) => {
        const [, LIC, LIS, type] = GEORGIA_FUSED.exec(fused) ?? []
        if (LIC === undefined || LIS === undefined || type === undefined) {
          return badLine(line.number, 'plate', 'plate in 8 characters, state, # and status', fused)
        }
        return { type, LIC: LIC.trim(), LIS, VMA, VYR, VMO, VCO }
      }),
  }
}

type Columns = Omit<FederalColumns, 'file_code' | 'reason' | 'VMA' | 'VMO' | 'VCO' | 'VYR'> & {
  [trait in 'VMA' | 'VMO' | 'VCO' | 'VYR']?: string | undefined
} & { type: string }

function parseRow(
  { number, text }: Line,
  delimiter: string,
  columns_min: number,
  columnsOf: (fields: string[]) => Columns | ReturnType<typeof badLine>,
): ParsedLine {
  const fields = splitFields(text, delimiter)
  if (fields === null) return badLine(number, 'line', 'closed quotes', text)
  if (fields.length < columns_min) {
    const expected = `at least ${columns_min} columns`
    return badLine(number, 'line', expected, `${fields.length} columns`)
  }
  const columns = columnsOf(fields)
  if ('expected' in columns) return columns
  const { type, VMA = '', VMO = '', VCO = '', VYR = '', ...rest } = columns
  if (type === '') return badLine(number, 'type', 'the type of the record in words', type)
  const file_code = fileCodeOfWords(type)
  return federalEntry(number, { ...rest, VMA, VMO, VCO, VYR, file_code, reason: type })
}
