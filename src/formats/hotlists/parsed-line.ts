// What every parser of hot lists gives, line by line: an entry, a line that is wrong, one that is
// left out on purpose, or the count that a file ends with.
import type { Entry } from '../../domain/hotlist.ts'

/** Without an id: the import gives that. */
export type NewEntry = Omit<Entry, 'id'>

/**
 * A wrong line (or, where a layout has no lines, the number of its record). The rest of the file
 * is read on.
 */
export interface BadLine {
  /** From 1. */
  line: number
  /** The layout's own name of the column, or `line` for all of it. */
  column: string
  expected: string
  /** What stood there, quoted and cut to 40 characters, or `nothing`. */
  came: string
  /** Its bytes are no text of the file's encoding: all of the file may be damaged. */
  encoding?: true
}

interface EntryLine {
  line: number
  entry: NewEntry
  /** An incremental file takes this entry off the list. */
  remove?: true
}

/**
 * Why a line is left out on purpose:
 * - `header`: a file's first line that is no entry
 * - `calibration`: a plate that only tests cameras
 * - `no_plate`: a vehicle that is known by other marks only
 * - `other_state`: issued by a state that the list does not want
 * - `expired`, `not_started`: the file itself says that it is not in force now
 * - `no_alerts`: the file itself says that it raises none
 * - `restricted`: not every user of where it comes from may see it
 */
export type SkipReason =
  | 'header'
  | 'calibration'
  | 'no_plate'
  | 'other_state'
  | 'expired'
  | 'not_started'
  | 'no_alerts'
  | 'restricted'

interface SkippedLine {
  line: number
  skipped: SkipReason
}

/**
 * The file's own count of its records, to be held against the lines that came (entries, bad and
 * skipped ones but for headers). Null where the layout ends with a count and the file has none:
 * it was cut off.
 */
interface FooterLine {
  footer: { records: number | null }
}

export type ParsedLine = EntryLine | BadLine | SkippedLine | FooterLine

const CAME_CHARS_MAX = 40

export function badLine(
  line: number,
  column: string,
  expected: string,
  came: string | undefined,
): BadLine {
  const told = came === undefined ? 'nothing' : `"${printable(came.slice(0, CAME_CHARS_MAX))}"`
  return { line, column, expected, came: told }
}

/** What a file says is printed on terminals: what moves a cursor there is shown as a mark. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd')
}

export function isBad(parsed: object): parsed is BadLine {
  return 'expected' in parsed
}
