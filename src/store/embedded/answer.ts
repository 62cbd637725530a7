// One answer of ClickHouse's HTTP interface: headers, rows with back pressure, and exceptions
// before or after the first row.
import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import { constants, createGzip, type Gzip } from 'node:zlib'
import { type EngineError, refusal } from './errors.ts'

/**
 * Rows are held back to this size or time, so that most errors and summaries still make it into the
 * headers.
 */
const HELD_BYTES_MAX = 64 * 1024
const HELD_MS_MAX = 200
/** With wait_end_of_query everything is held. */
const HELD_WHOLE_BYTES_MAX = 64 * 1024 * 1024

export interface Summary {
  read_rows?: number
  read_bytes?: number
  written_rows?: number
  written_bytes?: number
  elapsed_s?: number
}

/**
 * An answer is always in one of these modes:
 *
 * held: nothing is sent. Too much or too old: flowing (with wait_end_of_query: an error). `end` and
 *   `fail` send everything with the right status and summary: over.
 * flowing: status 200 is out, rows go as they come. `fail` writes the exception block that clients
 *   look for at the end of the text, then breaks the connection off, so that nobody takes the rows
 *   for all of them: over.
 * over: nothing more is written.
 */
export class Answer {
  mode: 'held' | 'flowing' | 'over' = 'held'
  readonly #response: ServerResponse
  readonly #version: string
  readonly #whole: boolean
  readonly #gzip: Gzip | null
  readonly #tag = randomBytes(8).toString('hex')
  #held: Buffer[] = []
  #held_bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    response: ServerResponse,
    {
      version,
      id,
      whole,
      compress,
    }: { version: string; id: string; whole: boolean; compress: boolean },
  ) {
    this.#response = response
    this.#version = version
    this.#whole = whole
    this.#gzip = compress ? createGzip({ level: constants.Z_BEST_SPEED }) : null
    response.setHeader('X-ClickHouse-Query-Id', cleanHeader(id))
    response.setHeader('X-ClickHouse-Server-Display-Name', 'hotplate')
    response.setHeader('X-ClickHouse-Timezone', 'UTC')
  }

  set format(format: string) {
    const json = format.startsWith('JSON') && !format.includes('EachRow')
    this.#response.setHeader('X-ClickHouse-Format', cleanHeader(format))
    this.#response.setHeader(
      'Content-Type',
      json ? 'application/json; charset=UTF-8' : 'text/plain; charset=UTF-8',
    )
  }

  /**
   * False: wait for `drained` before the next. @throws EngineError 396 when a whole answer grows
   * too large
   */
  write(part: Buffer): boolean {
    if (this.mode === 'over') return true
    if (this.mode === 'flowing') return this.#target.write(part)
    this.#held.push(part)
    this.#held_bytes += part.length
    if (this.#whole) {
      if (this.#held_bytes <= HELD_WHOLE_BYTES_MAX) return true
      throw refusal(
        396,
        `Expected an answer of at most ${HELD_WHOLE_BYTES_MAX} bytes with wait_end_of_query`,
      )
    }
    this.#timer ??= setTimeout(() => this.#flow(), HELD_MS_MAX)
    return this.#held_bytes < HELD_BYTES_MAX ? true : this.#flow()
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#target.off('drain', done)
        this.#response.off('close', done)
        resolve()
      }
      this.#target.once('drain', done)
      this.#response.once('close', done)
    })
  }

  end(summary: Summary): void {
    if (this.mode === 'over') return
    if (this.mode === 'held') {
      this.#response.setHeader('X-ClickHouse-Summary', summaryOf(summary))
      if (this.#gzip === null) this.#response.setHeader('Content-Length', this.#held_bytes)
      this.#flow()
    }
    this.mode = 'over'
    this.#target.end()
  }

  fail(error: EngineError): void {
    if (this.mode === 'over') return
    const text = `${error.text} (version ${this.#version})\n`
    if (this.mode === 'held') this.#sendError(error, text)
    else this.#breakOff(text)
    this.mode = 'over'
  }

  #sendError(error: EngineError, text: string): void {
    clearTimeout(this.#timer)
    this.#held = []
    const response = this.#response
    response.statusCode = error.status
    response.setHeader('X-ClickHouse-Exception-Code', error.code)
    response.setHeader('X-ClickHouse-Summary', summaryOf({}))
    response.setHeader('Content-Type', 'text/plain; charset=UTF-8')
    // A body that nobody read is not drained: the connection goes with it.
    if (!response.req.complete) response.setHeader('Connection', 'close')
    response.end(text)
  }

  #breakOff(text: string): void {
    const bytes = Buffer.byteLength(text)
    const marker = '__exception__'
    const block = `\r\n${marker}\r\n${this.#tag}\r\n${text}${bytes} ${this.#tag}\r\n${marker}\r\n`
    const response = this.#response
    if (this.#gzip !== null) this.#gzip.end(block)
    else response.write(block, () => response.destroy())
  }

  get #target(): Writable {
    return this.#gzip ?? this.#response
  }

  #flow(): boolean {
    clearTimeout(this.#timer)
    if (this.mode !== 'held') return true
    this.mode = 'flowing'
    this.#response.statusCode = 200
    if (!this.#response.hasHeader('X-ClickHouse-Summary')) {
      this.#response.setHeader('X-ClickHouse-Summary', summaryOf({}))
    }
    this.#response.setHeader('X-ClickHouse-Exception-Tag', this.#tag)
    if (this.#gzip !== null) {
      this.#response.setHeader('Content-Encoding', 'gzip')
      this.#gzip.pipe(this.#response)
    }
    this.#response.flushHeaders()
    let more = true
    for (const part of this.#held.splice(0)) more = this.#target.write(part)
    return more
  }
}

/** Numbers as text, as ClickHouse gives them. */
function summaryOf(summary: Summary): string {
  const { read_rows = 0, read_bytes = 0, written_rows = 0, written_bytes = 0 } = summary
  return JSON.stringify({
    read_rows: String(read_rows),
    read_bytes: String(read_bytes),
    written_rows: String(written_rows),
    written_bytes: String(written_bytes),
    total_rows_to_read: '0',
    result_rows: String(written_rows),
    result_bytes: String(written_bytes),
    elapsed_ns: String(Math.round((summary.elapsed_s ?? 0) * 1e9)),
  })
}

function cleanHeader(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
}
