// The federal extract's columns as comma separated values, as some states pass them on: Minnesota
// (12 columns), Texas for NCIC (11) and for its own TCIC (8), Washington's stolen vehicles (15).
import { type FederalColumns, federalEntry } from './federal.ts'
import { afterHeader, type LineParser } from './lines.ts'
import { badLine } from './parsed-line.ts'
import { splitFields } from './split.ts'

type Column = keyof FederalColumns | null

interface CsvLayout {
  /** In the file's order; null for what is not kept. */
  columns: readonly Column[]
  /** Commas in the last column are part of it. */
  open_end?: boolean
  /** Adds the file code; it is the first letter of the NIC where there is no such function. */
  refine?: (columns: FederalColumns) => FederalColumns
}

const MINNESOTA: CsvLayout = {
  columns: ['NIC', 'ORI', 'date', 'LIC', 'LIS', null, null, 'VYR', 'VMA', 'VMO', 'VST', 'VCO'],
}

const TEXAS_NCIC: CsvLayout = {
  columns: ['NIC', 'ORI', 'date', 'LIC', 'LIS', null, 'VYR', 'VMA', 'VMO', 'VST', 'VCO'],
}

/** The state's own letters; T and Y have no federal file, and T is another there. */
const TCIC_CODES: Readonly<Record<string, readonly [code: string, reason?: string]>> = {
  E: ['L'],
  O: ['H'],
  '0': ['H'],
  T: ['TX-T', 'Threat against a peace officer'],
  Y: ['TX-Y', 'Child safety check'],
}

const TEXAS_TCIC: CsvLayout = {
  columns: ['NIC', 'LIC', 'LIS', 'VYR', 'VMA', 'VMO', 'VST', 'VCO'],
  refine: (columns) => {
    const letter = columns.NIC?.charAt(1) ?? ''
    const [file_code, reason] = TCIC_CODES[letter] ?? [letter]
    return { ...columns, file_code, ...(reason === undefined ? {} : { reason }) }
  },
}

/** Keys of the messages that entered the records. */
const MESSAGE_KEYS: readonly (readonly [key: RegExp, code: string])[] = [
  [/^EV/, 'V'],
  [/^EL/, 'P'],
  [/^EF/, 'F'],
]

const WASHINGTON: CsvLayout = {
  columns: [
    'NIC',
    'ORI',
    'LIC',
    'LIS',
    null,
    null,
    'VIN',
    'VYR',
    'VMA',
    'VMO',
    'VST',
    'VCO',
    'date',
    'case',
    'remark',
  ],
  open_end: true,
  refine: ({ NIC = '', ...columns }) => {
    const file_code = MESSAGE_KEYS.find(([key]) => key.test(NIC))?.[1] ?? NIC
    return { ...columns, file_code, date_forms: ['mm/dd/yyyy', 'yyyymmdd', 'iso'] }
  },
}

export const minnesotaParser = (): LineParser => csvParser(MINNESOTA)
export const texasNcicParser = (): LineParser => csvParser(TEXAS_NCIC)
export const texasTcicParser = (): LineParser => csvParser(TEXAS_TCIC)
export const washingtonStolenParser = (): LineParser => csvParser(WASHINGTON)

function csvParser({ columns: names, open_end = false, refine = byNic }: CsvLayout): LineParser {
  return afterHeader(({ number, text }) => {
    const all = splitFields(text, ',')
    if (all === null) return badLine(number, 'line', 'closed quotes', text)
    const count = names.length
    const fields = open_end ? [...all.slice(0, count - 1), all.slice(count - 1).join(', ')] : all
    if (fields.length !== count || (open_end && all.length < count - 1)) {
      return badLine(number, 'line', `${count} columns`, `${all.length} columns`)
    }
    const columns: FederalColumns = { file_code: '', LIC: '', LIS: '' }
    names.forEach((name, column) => {
      if (name !== null && name !== 'date_forms') columns[name] = fields[column] ?? ''
    })
    return federalEntry(number, refine(columns))
  })
}

function byNic(columns: FederalColumns): FederalColumns {
  return { ...columns, file_code: columns.NIC?.charAt(0) ?? '' }
}
