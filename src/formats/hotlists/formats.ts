// The layouts that hot lists come in, by name. Each is a streaming parser that knows nothing of
// stores: bytes in, lines out (parsed-line.ts). docs/hotlist-formats.md describes them all.
import { HotplateError } from '../../domain/error.ts'
import type { DelimitedMapping } from '../../domain/list-layout.ts'
import { californiaParser } from './ca-clew.ts'
import { coloradoParser } from './co-ccic.ts'
import { parseCsv, parsePlain } from './csv.ts'
import { CLOUDRUNNER, FLOCK, GENETEC, parseDelimited, VIGILANT } from './delimited.ts'
import {
  minnesotaParser,
  texasNcicParser,
  texasTcicParser,
  washingtonStolenParser,
} from './federal-csv.ts'
import { illinoisParser } from './il-leads.ts'
import { type LineParser, parseLines } from './lines.ts'
import { ncicParser } from './ncic.ts'
import { parsePois } from './nj-poi.ts'
import { newYorkParser } from './ny.ts'
import { ohioParser } from './oh-leads.ts'
import { type BadLine, isBad, type NewEntry, type ParsedLine, printable } from './parsed-line.ts'
import { alabamaParser, floridaParser, georgiaParser } from './state-rows.ts'

export interface FormatOptions {
  /** IANA name of the time zone of dates without an offset; UTC where it is not given. */
  zone?: string
  /** ISO 3166-2: entries of other states are skipped. Those without a state stay. */
  states?: readonly string[]
  /** For `delimited`. */
  mapping?: DelimitedMapping
  /** Take entries too that not every user of where they come from may see. */
  restricted?: boolean
  /** What counts as expired, or not begun; now where it is not given. */
  now_ms?: number
}

type Bytes = AsyncIterable<Uint8Array>

export interface ListFormat {
  name: string
  title: string
  /** One sentence: who writes such files, and how to tell. */
  description: string
  /**
   * @throws HotplateError LIST_UNREADABLE, and nothing else, where the file as a whole can't be
   * read; a single wrong line is a BadLine
   */
  parse(source: Bytes, options?: FormatOptions): AsyncIterable<ParsedLine>
}

type Told = Omit<ListFormat, 'parse'>

export const FORMATS: readonly ListFormat[] = [
  format(
    {
      name: 'csv',
      title: 'CSV with a header line',
      description: 'Columns plate and reason, and others by name, in any order.',
    },
    parseCsv,
  ),
  format(
    {
      name: 'plain',
      title: 'Plate, state, reason',
      description: 'CSV of these three columns, without a header line.',
    },
    parsePlain,
  ),
  lineFormat(
    {
      name: 'ncic',
      title: 'Federal extract (NCIC)',
      description:
        'VEHEXTRT.txt of the FBI, also of Pennsylvania and North Carolina: fixed columns.',
    },
    () => ncicParser({ file_code_at: 0, record_type: false }),
  ),
  lineFormat(
    {
      name: 'mi',
      title: 'Michigan',
      description: 'The federal extract with the type of each record in words after it.',
    },
    () => ncicParser({ file_code_at: 0, record_type: true }),
  ),
  lineFormat(
    {
      name: 'wa-ncic',
      title: 'Washington, federal extract',
      description: 'As ncic, with the file code as third character.',
    },
    () => ncicParser({ file_code_at: 2, record_type: false }),
  ),
  lineFormat(
    {
      name: 'wa-stolen',
      title: 'Washington, stolen vehicles',
      description: 'CSV of 15 columns, EVS first, remarks last.',
    },
    washingtonStolenParser,
  ),
  lineFormat(
    { name: 'mn-ncic', title: 'Minnesota, federal extract', description: 'CSV of 12 columns.' },
    minnesotaParser,
  ),
  lineFormat(
    { name: 'tx-ncic', title: 'Texas, federal extract', description: 'CSV of 11 columns.' },
    texasNcicParser,
  ),
  lineFormat(
    {
      name: 'tx-tcic',
      title: 'Texas (TCIC)',
      description: 'CSV of 8 columns, the type as second letter of the number.',
    },
    texasTcicParser,
  ),
  lineFormat(
    {
      name: 'ca-svs',
      title: 'California, stolen vehicles',
      description: 'svs.tbl of DOJ CLEW: fixed columns, the count last.',
    },
    () => californiaParser('V'),
  ),
  lineFormat(
    {
      name: 'ca-sfr',
      title: 'California, felony vehicles',
      description: 'sfr.tbl of DOJ CLEW: fixed columns, the count last.',
    },
    () => californiaParser('F'),
  ),
  lineFormat(
    {
      name: 'ca-slr',
      title: 'California, plates',
      description: 'slr.tbl of DOJ CLEW: fixed columns, the count last.',
    },
    () => californiaParser('P'),
  ),
  lineFormat({ name: 'ny', title: 'New York', description: 'Fixed columns.' }, newYorkParser),
  lineFormat(
    { name: 'co-ccic', title: 'Colorado (CCIC)', description: 'Fixed columns, types in words.' },
    coloradoParser,
  ),
  lineFormat(
    {
      name: 'il-leads',
      title: 'Illinois (LEADS)',
      description: 'Fixed columns, then fields by name.',
    },
    illinoisParser,
  ),
  lineFormat(
    {
      name: 'oh-leads',
      title: 'Ohio (LEADS)',
      description: 'Fields parted by spaces; calibration records are skipped.',
    },
    ohioParser,
  ),
  lineFormat(
    { name: 'fl', title: 'Florida', description: 'Columns parted by semicolons.' },
    floridaParser,
  ),
  lineFormat({ name: 'al', title: 'Alabama', description: 'CSV of 9 columns.' }, alabamaParser),
  lineFormat(
    { name: 'ga', title: 'Georgia', description: 'CSV; plate, state and status are one column.' },
    georgiaParser,
  ),
  format(
    {
      name: 'nj-poi',
      title: 'New Jersey, points of interest',
      description: 'JSON of SNAP: records to add, edit or delete.',
    },
    (source, o) => parsePois(source, { zone: 'UTC', now_ms: Date.now(), restricted: false, ...o }),
  ),
  format(
    {
      name: 'delimited',
      title: 'Delimited, by a saved mapping',
      description: 'Any delimiter and columns, by the mapping that is kept with the list.',
    },
    (source, o) => {
      if (o.mapping !== undefined) return delimited(o.mapping)(source, o)
      throw new HotplateError('LIST_MAPPING_MISSING', 'Expected a mapping of columns for delimited')
    },
  ),
  format(
    {
      name: 'genetec',
      title: 'Genetec',
      description: 'State, plate, from, to and number, parted by semicolons.',
    },
    delimited(GENETEC),
  ),
  format(
    {
      name: 'cloudrunner',
      title: 'Genetec Cloudrunner',
      description: 'Plate and state, parted by a semicolon.',
    },
    delimited(CLOUDRUNNER),
  ),
  format(
    {
      name: 'vigilant',
      title: 'Vigilant',
      description: 'CSV with columns hot plate, state and alert.',
    },
    delimited(VIGILANT),
  ),
  format(
    {
      name: 'flock',
      title: 'Flock',
      description: 'CSV with columns caseNumber, plate, reason, state, expiry and note.',
    },
    delimited(FLOCK),
  ),
]

export function isListFormat(name: string): boolean {
  return FORMATS.some((candidate) => candidate.name === name)
}

/** @throws HotplateError LIST_FORMAT_UNKNOWN */
export function listFormat(name: string): ListFormat {
  const found = FORMATS.find((candidate) => candidate.name === name)
  if (found === undefined) {
    const names = FORMATS.map((candidate) => candidate.name).join(', ')
    const message = `Expected one of ${names} but received "${name.slice(0, 40)}"`
    throw new HotplateError('LIST_FORMAT_UNKNOWN', message)
  }
  return found
}

/** All of a small list at once: the demo's, a simulation's. */
export async function collectList(
  lines: AsyncIterable<ParsedLine>,
): Promise<{ entries: NewEntry[]; bad: BadLine[] }> {
  const list: { entries: NewEntry[]; bad: BadLine[] } = { entries: [], bad: [] }
  for await (const line of lines) {
    if (isBad(line)) list.bad.push(line)
    else if ('entry' in line) list.entries.push(line.entry)
  }
  return list
}

type Parse = (source: Bytes, options: FormatOptions) => AsyncIterable<ParsedLine>

function delimited(mapping: DelimitedMapping): Parse {
  return (source, options) =>
    parseDelimited(source, mapping, { zone: 'UTC', now_ms: Date.now(), ...options })
}

function lineFormat(told: Told, parserOf: (options: FormatOptions) => LineParser): ListFormat {
  return format(told, (source, options) => parseLines(source, parserOf(options)))
}

function format(told: Told, parse: Parse): ListFormat {
  return {
    ...told,
    async *parse(source, options = {}) {
      const wanted = options.states === undefined ? null : new Set(options.states)
      try {
        for await (const parsed of parse(source, options)) {
          yield wanted === null ? parsed : ofStates(parsed, wanted)
        }
      } catch (cause) {
        const { message } = cause as Error
        // Header lines are quoted in it.
        if (cause instanceof HotplateError) {
          throw new HotplateError(cause.code, printable(message), { cause })
        }
        const told = `The list can't be read: ${printable(message)}`
        throw new HotplateError('LIST_UNREADABLE', told, { cause })
      }
    },
  }
}

function ofStates(parsed: ParsedLine, wanted: ReadonlySet<string>): ParsedLine {
  if (!('entry' in parsed)) return parsed
  const { line, entry } = parsed
  const other = entry.region !== undefined && !wanted.has(entry.region)
  return other ? { line, skipped: 'other_state' } : parsed
}
