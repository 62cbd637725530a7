// The records of one JSON array as they stream in: `{"NAME":[{…},{…}]}`. Each record is cut out by
// its braces and parsed by itself, so that no more is held than one of them.
import { HotplateError } from '../../domain/error.ts'

export type JsonRecord = { readonly [name: string]: unknown }

/** A record; or the text between its braces, where that is no JSON or is longer than any record. */
export type JsonItem = { record: JsonRecord } | { broken: string }

const RECORD_BYTES_MAX = 65_536
const DEPTH_MAX = 32
const NAME_CHARS_MAX = 64

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN = 0x7b
const CLOSE = 0x7d
const BOM = [0xef, 0xbb, 0xbf]

/**
 * @param name of the array in the document's outermost object
 * @throws HotplateError LIST_UNREADABLE where the document is something else, or is cut off
 */
export async function* jsonRecords(
  source: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<JsonItem> {
  const cutter = new RecordCutter(name)
  for await (const chunk of source) yield* cutter.feed(chunk)
  cutter.end()
}

class RecordCutter {
  readonly #wanted: string
  #at = 0
  #depth = 0
  #in_string = false
  #escaped = false
  /** The string that the outermost object's last colon came after. */
  #name = ''
  #string = ''
  #list: 'before' | 'within' | 'after' = 'before'
  /** Within the list: whether a comma must come before the next record. */
  #comma_due = false
  #parts: Uint8Array[] = []
  #bytes = 0

  constructor(name: string) {
    this.#wanted = name
  }

  *feed(chunk: Uint8Array): Generator<JsonItem> {
    let begin = 0
    for (let i = 0; i < chunk.length; i += 1) {
      const byte = chunk[i] as number
      const before = this.#inRecord()
      this.#step(byte)
      if (!before && this.#inRecord()) begin = i
      if (before && !this.#inRecord()) {
        this.#keep(chunk.subarray(begin, i + 1))
        yield this.#take()
      }
    }
    if (this.#inRecord()) this.#keep(chunk.subarray(begin))
  }

  end(): void {
    if (this.#depth === 0 && this.#list === 'after') return
    throw unreadable('a whole document', 'one that is cut off')
  }

  #inRecord(): boolean {
    return this.#list === 'within' && this.#depth > 2
  }

  #step(byte: number): void {
    this.#at += 1
    if (this.#in_string) this.#stepInString(byte)
    else if (byte === QUOTE) this.#open('string')
    else if (byte === OPEN) this.#open('object')
    else if (byte === OPEN_LIST) this.#open('list')
    else if (byte === CLOSE || byte === CLOSE_LIST) this.#close(byte)
    else if (byte === COLON && this.#depth === 1) this.#name = this.#string
    else if (byte === COMMA && this.#atRecords()) {
      if (!this.#comma_due) throw unreadable('a record', 'a comma')
      this.#comma_due = false
    } else if (!isSpace(byte) && (this.#depth === 0 || this.#atRecords())) {
      if (this.#at <= 3 && byte === BOM[this.#at - 1]) return
      throw unreadable('an object', `byte 0x${byte.toString(16)}`)
    }
  }

  #atRecords(): boolean {
    return this.#list === 'within' && this.#depth === 2
  }

  #stepInString(byte: number): void {
    if (this.#escaped) this.#escaped = false
    else if (byte === BACKSLASH) this.#escaped = true
    else if (byte === QUOTE) {
      this.#in_string = false
      return
    }
    if (this.#depth === 1 && this.#string.length <= NAME_CHARS_MAX) {
      this.#string += String.fromCharCode(byte)
    }
  }

  #open(what: 'string' | 'object' | 'list'): void {
    if (this.#depth === 0 && (what !== 'object' || this.#list === 'after')) {
      throw unreadable(this.#list === 'after' ? 'the end' : 'an object', `a ${what}`)
    }
    if (this.#atRecords()) {
      if (what !== 'object') throw unreadable('an object', `a ${what}`)
      if (this.#comma_due) throw unreadable('a comma', 'a record')
    }
    if (what === 'string') {
      this.#in_string = true
      this.#string = ''
      return
    }
    this.#depth += 1
    if (this.#depth > DEPTH_MAX) throw unreadable(`at most ${DEPTH_MAX} levels`, 'more')
    if (what === 'list' && this.#depth === 2 && this.#name === this.#wanted) {
      if (this.#list !== 'before') throw unreadable(`one list ${this.#wanted}`, 'a second one')
      this.#list = 'within'
    }
  }

  #close(byte: number): void {
    if (this.#depth === 0) throw unreadable('an object', 'its end')
    if (this.#atRecords()) {
      if (byte !== CLOSE_LIST) throw unreadable('the end of the list', 'that of an object')
      this.#list = 'after'
    }
    this.#depth -= 1
    if (this.#list === 'within') this.#comma_due = true
    if (this.#depth === 0 && this.#list !== 'after') {
      throw unreadable(`a list ${this.#wanted}`, 'none')
    }
  }

  #keep(part: Uint8Array): void {
    this.#bytes += part.length
    if (this.#bytes > RECORD_BYTES_MAX) this.#parts = []
    // A copy: the chunk's memory is the source's to use again.
    else this.#parts.push(part.slice())
  }

  #take(): JsonItem {
    const [parts, bytes] = [this.#parts, this.#bytes]
    this.#parts = []
    this.#bytes = 0
    if (bytes > RECORD_BYTES_MAX) return { broken: `${bytes} bytes` }
    const text = Buffer.concat(parts).toString('utf8')
    try {
      return { record: JSON.parse(text) as JsonRecord }
    } catch {
      return { broken: text }
    }
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function unreadable(expected: string, came: string): HotplateError {
  return new HotplateError(
    'LIST_UNREADABLE',
    `The list can't be read: expected ${expected} but found ${came}`,
  )
}
