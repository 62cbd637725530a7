// Just enough of ClickHouse's lexis to tell what a statement is and where its FORMAT stands. Never
// an opinion on its meaning: whatever isn't recognised goes to the engine as it came.
import { refusal } from './errors.ts'

interface Token {
  kind: 'word' | 'quoted' | 'string' | 'sign'
  text: string
  start: number
  end: number
  /** How many brackets stand open before it. */
  depth: number
}

const TOKEN = new RegExp(
  [
    String.raw`(?<space>\s+|--[^\n]*|#[ !][^\n]*|/\*[\s\S]*?\*/)`,
    String.raw`(?<heredoc>\$(?<tag>\w*)\$[\s\S]*?\$\k<tag>\$)`,
    String.raw`(?<string>'(?:[^'\\]|\\[\s\S]|'')*')`,
    '(?<quoted>`(?:[^`\\\\]|\\\\[\\s\\S]|``)*`|"(?:[^"\\\\]|\\\\[\\s\\S]|"")*")',
    String.raw`(?<word>[A-Za-z_0-9$\u0080-\uffff]+)`,
    String.raw`(?<sign>[\s\S])`,
  ].join('|'),
  'y',
)

function* tokensOf(sql: string): Generator<Token> {
  let depth = 0
  let at = 0
  while (at < sql.length) {
    TOKEN.lastIndex = at
    const groups = TOKEN.exec(sql)?.groups
    const end = TOKEN.lastIndex
    if (groups === undefined || end === at) return
    const text = sql.slice(at, end)
    const start = at
    at = end
    if (groups.space !== undefined) continue
    if (text === ')' || text === ']' || text === '}') depth -= 1
    yield { kind: kindOf(groups), text, start, end, depth }
    if (text === '(' || text === '[' || text === '{') depth += 1
  }
}

function kindOf(groups: Record<string, string | undefined>): Token['kind'] {
  if (groups.word !== undefined) return 'word'
  if (groups.quoted !== undefined) return 'quoted'
  return groups.sign === undefined ? 'string' : 'sign'
}

const READS = new Set(['SELECT', 'WITH', 'FROM', 'SHOW', 'DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN'])

/**
 * read: gives rows and leaves its session as it was, so the rows can be streamed and the session
 * used again.
 * insert: INSERT, with its data in the text or to follow.
 * kill: KILL QUERY. other: everything else; it gets a session of its own.
 */
export type Statement =
  | ReadStatement
  | { kind: 'insert' }
  | { kind: 'kill'; sql: string }
  | { kind: 'other' }

export interface ReadStatement {
  kind: 'read'
  /** The text before FORMAT, without a closing semicolon. */
  head: string
  format: string | null
  /** What the text says after its FORMAT under SETTINGS, else empty. */
  settings: string
  /** The names in `{name:Type}`. */
  parameters: Set<string>
}

/** @throws EngineError for several statements in one text, and for INTO OUTFILE */
export function classify(sql: string): Statement {
  const first = firstWord(sql)
  if (first === 'INSERT') return { kind: 'insert' }
  if (first !== '(' && first !== 'KILL' && !READS.has(first)) return { kind: 'other' }
  const tokens = [...tokensOf(sql)]
  while (tokens.at(-1)?.text === ';') tokens.pop()
  if (tokens.some((token) => token.text === ';' && token.depth === 0)) {
    throw refusal(62, 'Syntax error: several statements in one query are not allowed')
  }
  if (first === 'KILL') return { kind: 'kill', sql: rewriteKill(sql, tokens) }
  if (first === 'WITH' && tokens.some((token) => isWord(token, 'INSERT'))) return { kind: 'other' }
  if (tokens.some((token, at) => isWord(token, 'INTO') && isWord(tokens[at + 1], 'OUTFILE'))) {
    throw refusal(48, 'INTO OUTFILE is not allowed here: take the rows from the answer')
  }
  return readStatement(sql, tokens)
}

function readStatement(sql: string, tokens: Token[]): ReadStatement {
  const end = tokens.at(-1)?.end ?? sql.length
  const parameters = new Set<string>()
  let format: Token | undefined
  tokens.forEach((token, at) => {
    const next = tokens[at + 1]
    const after = tokens[at + 2]
    if (token.text === '{' && next?.kind === 'word' && after?.text === ':') {
      parameters.add(next.text)
    }
    const last = after === undefined || isWord(after, 'SETTINGS')
    if (isWord(token, 'FORMAT') && token.depth === 0 && next?.kind === 'word' && last && at > 0) {
      format = token
    }
  })
  if (format === undefined) {
    return { kind: 'read', head: sql.slice(0, end), format: null, settings: '', parameters }
  }
  const at = tokens.indexOf(format)
  const tail = tokens[at + 2]
  return {
    kind: 'read',
    head: sql.slice(0, format.start),
    format: tokens[at + 1]?.text ?? null,
    settings: tail === undefined ? '' : sql.slice(tail.end, end).trim(),
    parameters,
  }
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word
}

/** The engine gives queries ids of its own: the caller's id is kept as the log comment of each. */
function rewriteKill(sql: string, tokens: Token[]): string {
  let rewritten = ''
  let from = 0
  for (const token of tokens) {
    if (token.kind !== 'word' || token.text.toLowerCase() !== 'query_id') continue
    rewritten += `${sql.slice(from, token.start)}Settings['log_comment']`
    from = token.end
  }
  return rewritten + sql.slice(from, tokens.at(-1)?.end)
}

/** The first word in capitals, past comments; the sign itself when it starts with one. */
export function firstWord(sql: string): string {
  return tokensOf(sql).next().value?.text.toUpperCase() ?? ''
}

export interface InsertTarget {
  database: string | null
  table: string
  columns: string[] | null
  /** As in its SETTINGS clause, still in the text's own quotes. */
  settings: [string, string][]
  format: string
}

/**
 * The parts of `INSERT INTO [TABLE] t [(columns)] [SETTINGS …] FORMAT f` with nothing after it.
 * Null for every other INSERT: VALUES, SELECT, functions, data in the text, unusual names.
 */
export function parseInsert(sql: string): InsertTarget | null {
  const reader = new TokenReader([...tokensOf(sql.slice(0, INSERT_CHARS_MAX))])
  if (!reader.word('INSERT') || !reader.word('INTO')) return null
  reader.word('TABLE')
  const first = reader.name()
  const second = reader.sign('.') ? reader.name() : null
  if (first === null) return null
  const columns: string[] = []
  if (reader.sign('(')) {
    do {
      const name = reader.name()
      if (name === null) return null
      columns.push(name)
    } while (reader.sign(','))
    if (!reader.sign(')')) return null
  }
  const settings = reader.word('SETTINGS') ? reader.settings() : []
  if (settings === null || !reader.word('FORMAT')) return null
  const format = reader.name()
  reader.sign(';')
  if (format === null || !reader.done) return null
  return {
    database: second === null ? null : first,
    table: second ?? first,
    columns: columns.length === 0 ? null : columns,
    settings,
    format,
  }
}

const INSERT_CHARS_MAX = 262_144

class TokenReader {
  readonly #tokens: Token[]
  #at = 0

  constructor(tokens: Token[]) {
    this.#tokens = tokens
  }

  get done(): boolean {
    return this.#at === this.#tokens.length
  }

  word(word: string): boolean {
    return this.#take(isWord(this.#tokens[this.#at], word))
  }

  sign(sign: string): boolean {
    return this.#take(this.#tokens[this.#at]?.text === sign)
  }

  name(): string | null {
    const token = this.#tokens[this.#at]
    const text = token?.kind === 'quoted' ? token.text.slice(1, -1) : token?.text
    if (text === undefined || !/^[A-Za-z0-9_]+$/.test(text)) return null
    this.#at += 1
    return text
  }

  settings(): [string, string][] | null {
    const settings: [string, string][] = []
    do {
      const name = this.name()
      const value = this.sign('=') ? this.#tokens[this.#at] : undefined
      if (name === null || value === undefined || value.kind === 'sign') return null
      this.#at += 1
      settings.push([name, value.kind === 'string' ? unquote(value.text) : value.text])
    } while (this.sign(','))
    return settings
  }

  #take(fits: boolean): boolean {
    if (fits) this.#at += 1
    return fits
  }
}

function unquote(literal: string): string {
  return literal
    .slice(1, -1)
    .replaceAll("''", "'")
    .replace(/\\([\s\S])/g, '$1')
}

/** A value as a string literal. */
export function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
