// What the engine and this server refuse with: ClickHouse's codes, the text that its clients parse,
// the HTTP status.

/**
 * An error as a ClickHouse server gives it: the client makes a `ClickHouseError` of it, with code
 * and type.
 */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: number
  /** The whole text, as `Code: 47. DB::Exception: … (UNKNOWN_IDENTIFIER)`. */
  readonly text: string
  readonly status: number

  constructor(code: number, text: string, status?: number) {
    super(text)
    this.code = code
    this.text = text
    this.status = status ?? statusOf(code)
  }
}

const TYPES = {
  36: 'BAD_ARGUMENTS',
  48: 'NOT_IMPLEMENTED',
  62: 'SYNTAX_ERROR',
  159: 'TIMEOUT_EXCEEDED',
  164: 'READONLY',
  202: 'TOO_MANY_SIMULTANEOUS_QUERIES',
  210: 'NETWORK_ERROR',
  216: 'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING',
  236: 'ABORTED',
  307: 'TOO_MANY_BYTES',
  354: 'ZLIB_INFLATE_FAILED',
  396: 'TOO_MANY_ROWS_OR_BYTES',
  516: 'AUTHENTICATION_FAILED',
} as const

/** An error of this server's own, under one of ClickHouse's codes. */
export function refusal(code: keyof typeof TYPES, sentence: string, status?: number): EngineError {
  return new EngineError(
    code,
    `Code: ${code}. DB::Exception: ${sentence}. (${TYPES[code]})`,
    status,
  )
}

/**
 * Whatever the engine's binding threw, as an EngineError; code 1002 (UNKNOWN_EXCEPTION) when it has
 * none.
 */
export function asEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error
  const text = error instanceof Error ? error.message : String(error)
  const code = /^Code: (\d+)\b/.exec(text)?.[1]
  if (code !== undefined) return new EngineError(Number(code), text)
  return new EngineError(1002, `Code: 1002. DB::Exception: ${text} (UNKNOWN_EXCEPTION)`)
}

const STATUS = new Map<number, number>([
  // Text that can't be parsed, wrong arguments and types.
  ...[
    6, 8, 15, 25, 26, 27, 36, 38, 41, 44, 53, 62, 72, 117, 167, 168, 321, 376, 427, 441, 675, 676,
  ].map((code): [number, number] => [code, 400]),
  // Names that aren't there: column, table, function, type, storage, database, setting, format,
  // role…
  ...[46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 511].map((code): [number, number] => [code, 404]),
  [194, 401],
  [192, 403],
  [193, 403],
  [497, 403],
  [516, 403],
  [159, 408],
  [216, 409],
  [307, 413],
  [48, 501],
  [76, 503],
  [202, 503],
  [236, 503],
  [439, 503],
])

function statusOf(code: number): number {
  return STATUS.get(code) ?? 500
}
