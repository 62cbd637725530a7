// The layouts that hot lists come in, by name. Each is a streaming parser that knows nothing of
// stores: bytes in, lines out (parsed-line.ts). docs/hotlist-formats.md describes them all.
import { HotplateError } from '../../domain/error.ts'
import { parseCsv, parsePlain } from './csv.ts'
import { type LineParser, parseLines } from './lines.ts'
import { ncicParser } from './ncic.ts'
import { type BadLine, isBad, type NewEntry, type ParsedLine } from './parsed-line.ts'

export interface FormatOptions {
  /** IANA name of the time zone of dates without an offset; UTC where it is not given. */
  zone?: string
  /** ISO 3166-2: entries of other states are skipped. Those without a state stay. */
  states?: readonly string[]
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
      description: 'VEHEXTRT.txt of the FBI, of Pennsylvania and of North Carolina: fixed columns.',
    },
    () => ncicParser({ file_code_at: 0, record_type: false }),
  ),
]

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

function lineFormat(told: Told, parserOf: (options: FormatOptions) => LineParser): ListFormat {
  return format(told, (source, options) => parseLines(source, parserOf(options)))
}

function format(
  told: Told,
  parse: (source: Bytes, options: FormatOptions) => AsyncIterable<ParsedLine>,
): ListFormat {
  return {
    ...told,
    async *parse(source, options = {}) {
      const wanted = options.states === undefined ? null : new Set(options.states)
      try {
        for await (const parsed of parse(source, options)) {
          yield wanted === null ? parsed : ofStates(parsed, wanted)
        }
      } catch (cause) {
        if (cause instanceof HotplateError) throw cause
        const message = `The list can't be read: ${(cause as Error).message}`
        throw new HotplateError('LIST_UNREADABLE', message, { cause })
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
