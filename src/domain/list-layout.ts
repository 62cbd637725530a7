// How a list's files are laid out: the name of a layout (formats/hotlists/formats.ts), and, for
// delimited files that no layout has, which of their columns are which of ours.

/** `iso` is a day or a moment of ISO 8601; the others are days. */
export const DATE_FORMS = ['iso', 'yyyymmdd', 'mmddyyyy', 'mm/dd/yyyy', 'dd/mm/yyyy'] as const
export type DateForm = (typeof DATE_FORMS)[number]

/** What an entry can be given by columns of text. */
export const ENTRY_COLUMNS = [
  'plate',
  'reason',
  'state',
  'case',
  'make',
  'model',
  'color',
  'type',
  'year',
  'profile',
  'purpose',
  'expires_at',
  'instructions',
  'cautions',
  'contact',
  'agency',
  'entered_on',
  'source_id',
  'file_code',
  'vin',
] as const
export type EntryColumn = (typeof ENTRY_COLUMNS)[number]

/** A column of the file: what its header says in any case, or its number from 1. */
export type FileColumn = string | number

export interface DelimitedMapping {
  /** One character. */
  delimiter: string
  /** One character; null where none quotes. */
  quote: string | null
  /** Whether the first row says what the columns are. */
  header: boolean
  columns: {
    [column in EntryColumn | 'starts_at']?: FileColumn
  }
  /** What holds where a row says nothing. */
  constants?: { [column in EntryColumn]?: string }
  /** How days are written; `iso` where it is not said. */
  dates?: DateForm
  /**
   * How issuing states are written: `iso` also two letters of the United States (so where it is not
   * said), `federal` by the codes of NCIC, `names` in words, or a table from theirs to ISO 3166-2.
   */
  states?: 'iso' | 'federal' | 'names' | { [theirs: string]: string }
  /** A row with one of these words takes its entry off the list. */
  remove?: { column: FileColumn; words: string[] }
}

export interface FileLayout {
  name: string
  /** For `delimited`. */
  mapping?: DelimitedMapping
  /** IANA name: where days begin and end for whoever writes the files; UTC where it is not said. */
  zone?: string
  /** ISO 3166-2: entries of other states are skipped. Those without a state stay. */
  states?: string[]
}
