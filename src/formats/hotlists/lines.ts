// Lines of text out of bytes as they stream in, for layouts of fixed columns and of one record a
// line. A chunk becomes one string and lines are slices of it: nothing is copied per field, and no
// more is held than a chunk and a line. Columns count bytes, so a byte beyond ASCII, which would
// shift what follows, makes its line a bad one.
import { HotplateError } from '../../domain/error.ts'
import { type BadLine, badLine, isBad, type ParsedLine } from './parsed-line.ts'

export interface Line {
  /** From 1; blank lines count. */
  number: number
  /** Without its end (LF or CRLF), printable ASCII and tabs alone. */
  text: string
}

/** The parser of one file, line by line: made anew for each file, because it may remember. */
export interface LineParser {
  parse(line: Line): ParsedLine | null
  /** After the last line. */
  end?(): ParsedLine | null
}

/**
 * For layouts whose first line is a header that says nothing. Copies without one exist: what is a
 * record there is not lost.
 */
export function afterHeader(parse: (line: Line) => ParsedLine): LineParser {
  return {
    parse(line) {
      const parsed = parse(line)
      return line.number === 1 && isBad(parsed) ? { line: 1, skipped: 'header' } : parsed
    },
  }
}

/** No layout has lines that long. */
const LINE_CHARS_MAX = 4_096
const NOT_PLAIN = /[^\t\x20-\x7e]/
const NOT_PLAIN_IN_CHUNK = /[^\t\n\r\x20-\x7e]/
/** The UTF-8 byte order mark, byte by byte. */
const BOM = '\u00ef\u00bb\u00bf'
/** Of a longer line no more is held: with a mark and a carriage return off it is too long still. */
const BEGUN_CHARS_MAX = LINE_CHARS_MAX + BOM.length + 2
const UTF_16 = /^(\u00ff\u00fe|\u00fe\u00ff)/
/** Some hosts end a text file with Ctrl-Z. */
const END_OF_FILE = '\u001a'

/** @throws HotplateError LIST_UNREADABLE where the file is UTF-16 */
export async function* parseLines(
  source: AsyncIterable<Uint8Array>,
  parser: LineParser,
): AsyncGenerator<ParsedLine> {
  const cutter = new LineCutter()
  for await (const chunk of source) {
    for (const line of cutter.feed(chunk)) {
      const parsed = 'expected' in line ? line : parser.parse(line)
      if (parsed !== null) yield parsed
    }
  }
  const last = cutter.end()
  const parsed = last === null || 'expected' in last ? last : parser.parse(last)
  if (parsed !== null) yield parsed
  const end = parser.end?.() ?? null
  if (end !== null) yield end
}

class LineCutter {
  #number = 0
  /** The beginning of a line whose end has not come. */
  #begun = ''
  #begun_is_plain = true

  end(): Line | BadLine | null {
    return this.#begun === END_OF_FILE ? null : this.#take('', true)
  }

  *feed(chunk: Uint8Array): Generator<Line | BadLine> {
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
    const plain = !NOT_PLAIN_IN_CHUNK.test(text)
    let from = 0
    for (let to = text.indexOf('\n'); to !== -1; to = text.indexOf('\n', from)) {
      const line = this.#take(text.slice(from, to), plain)
      if (line !== null) yield line
      from = to + 1
    }
    if (from === text.length) return
    this.#begun += text.slice(from, from + BEGUN_CHARS_MAX - this.#begun.length)
    this.#begun_is_plain &&= plain
  }

  #take(rest: string, rest_is_plain: boolean): Line | BadLine | null {
    let text = this.#begun === '' ? rest : this.#begun + rest
    let plain = this.#begun_is_plain && rest_is_plain
    this.#begun = ''
    this.#begun_is_plain = true
    this.#number += 1
    if (text.endsWith('\r')) text = text.slice(0, -1)
    if (this.#number === 1 && !plain) {
      if (UTF_16.test(text)) {
        throw new HotplateError('LIST_UNREADABLE', 'Expected ASCII or UTF-8 but received UTF-16')
      }
      if (text.startsWith(BOM)) text = text.slice(BOM.length)
    }
    if (text.length > LINE_CHARS_MAX) {
      return badLine(this.#number, 'line', `at most ${LINE_CHARS_MAX} characters`, text)
    }
    // A carriage return is plain in a chunk and not in a line.
    plain &&= !text.includes('\r')
    return plain || !NOT_PLAIN.test(text) ? this.#line(text) : this.#notPlain(text)
  }

  #line(text: string): Line | null {
    return text.trim() === '' ? null : { number: this.#number, text }
  }

  #notPlain(text: string): BadLine {
    const at = text.search(NOT_PLAIN)
    const byte = text.charCodeAt(at)
    return {
      line: this.#number,
      column: `character ${at + 1}`,
      expected: 'printable ASCII',
      came: `byte 0x${byte.toString(16).padStart(2, '0')}`,
      encoding: true,
    }
  }
}
