// Reads that may be of one plate or pattern, out of all that are kept: a question to ClickHouse
// that leaves out nothing in reach and lets a little more through, for whoever judges them.
import type { Candidate } from '../domain/read.ts'
import type { Store } from './client.ts'
import { quote } from './embedded/sql.ts'
import { formatDateTime } from './time.ts'

export interface ReadSearch {
  /** A plate, or a pattern: `?` one character, `*` any run. */
  plate: string
  /** Characters that count as others: each of `from` as the one at its place in `to`. */
  fold: { from: string; to: string }
  /** Substitutions, insertions and deletions besides; none of patterns. */
  edits: number
  /** Whether a read is found by its candidate readings too, which have to fit without edits. */
  candidates: boolean
}

/** A read as it is judged; found by a pattern, without confidences of characters and candidates. */
export interface FoundRead {
  camera: string
  id: string
  /** epoch ms, as below */
  time_ms: number
  received_ms: number
  plate: string
  region: string
  confidence: number | null
  char_confidence: number[] | null
  candidates: Candidate[] | null
  /** Among reads of one camera and id the greatest stands; 20 digits, to be compared as text. */
  precedence: string
}

export interface SearchLimits {
  /** Rows answered at most. */
  rows_max: number
  seconds_max: number
  signal?: AbortSignal
}

/** What fits a pattern is not weighed: nobody needs the confidences, which cost a quarter more. */
function columnsOf(search: ReadSearch): string {
  const unpacked = isOpen(search.plate)
    ? "CAST([], 'Array(Float32)'), candidates.plate, CAST([], 'Array(Float32)')"
    : 'char_confidence, candidates.plate, candidates.confidence'
  return `camera, id, toUnixTimestamp64Milli(time), toUnixTimestamp64Milli(received_at), plate,
    region, confidence, ${unpacked}, leftPad(toString(precedence), 20, '0')`
}

type Row = [
  camera: string,
  id: string,
  time_ms: number | string,
  received_ms: number | string,
  plate: string,
  region: string,
  confidence: number | null,
  char_confidence: number[],
  candidate_plates: string[],
  candidate_confidences: number[],
  precedence: string,
]

/**
 * Reads of a time later than `after_ms`, in no order, some at a time. Of reads that were sent twice
 * each version that fits comes: see {@link standingPrecedences}.
 * @throws ClickHouseError or a connection's error
 */
export async function* searchReads(
  { client, database }: Store,
  search: ReadSearch,
  after_ms: number,
  limits: SearchLimits,
): AsyncGenerator<FoundRead[]> {
  const after = `time > toDateTime64(${quote(formatDateTime(after_ms))}, 3, 'UTC')`
  const parts = conditionsOf(search, after).map(
    (condition) => `SELECT ${columnsOf(search)} FROM ${database}.reads ${condition}`,
  )
  const result = await client.query({
    query: `SELECT * FROM (${parts.join('\nUNION ALL\n')}) LIMIT ${limits.rows_max}`,
    format: 'JSONCompactEachRow',
    clickhouse_settings: { max_execution_time: limits.seconds_max },
    ...(limits.signal ? { abort_signal: limits.signal } : {}),
  })
  for await (const rows of result.stream()) {
    yield rows.map((row) => foundRead(row.json() as Row))
  }
}

/** Each read is found by one of these. PREWHERE: left to choose, the engine unpacks more first. */
function conditionsOf(search: ReadSearch, after: string): string[] {
  const plates = platesFit(search)
  if (!search.candidates) return [`PREWHERE ${after} AND ${plates}`]
  const others = candidatesFit(search)
  // All candidates have to be unpacked anyway.
  if (isOpen(search.plate)) return [`PREWHERE ${after} AND (${plates} OR ${others})`]
  // The filter on candidates is of no use where the plate may fit instead.
  return [`PREWHERE ${after} AND ${plates}`, `WHERE ${after} AND ${others} AND NOT (${plates})`]
}

function foundRead(row: Row): FoundRead {
  const [camera, id, time_ms, received_ms, plate, region, confidence, characters, , , precedence] =
    row
  const candidates = row[8].map((text, at) => ({ plate: text, confidence: row[9][at] ?? 0 }))
  return {
    camera,
    id,
    time_ms: Number(time_ms),
    received_ms: Number(received_ms),
    plate,
    region,
    confidence,
    char_confidence: characters.length === 0 ? null : characters,
    candidates: candidates.length === 0 ? null : candidates,
    precedence,
  }
}

/** Classes as they are written in the index `candidates_folded` (sql/000006.sql). */
export function foldedCandidates(fold: ReadSearch['fold']): string {
  return `splitByChar(',', ${joinedCandidates(fold)})`
}

function joinedCandidates({ from, to }: ReadSearch['fold']): string {
  const joined = "arrayStringConcat(candidates.plate, ',')"
  return `translate(${joined}, ${quote(from)}, ${quote(to)})`
}

function platesFit({ plate, fold, edits }: ReadSearch): string {
  const folded = `translate(plate, ${quote(fold.from)}, ${quote(fold.to)})`
  const wanted = foldText(plate, fold)
  if (isOpen(plate)) {
    const open = wanted.replaceAll('?', '.').replaceAll('*', '.*')
    return `match(${folded}, ${quote(`^${open}$`)})`
  }
  if (edits === 0) return `${folded} = ${quote(wanted)}`
  const { length } = wanted
  const near = `length(plate) BETWEEN ${length - edits} AND ${length + edits}`
  // So many edits leave one of so many pieces and one whole: cheaper to look for than a distance.
  const pieces = piecesOf(wanted, edits + 1)
    .map(quote)
    .join(', ')
  const distance = `editDistance(${folded}, ${quote(wanted)}) <= ${edits}`
  return `${near} AND multiSearchAny(${folded}, [${pieces}]) AND ${distance}`
}

function candidatesFit({ plate, fold }: ReadSearch): string {
  const wanted = foldText(plate, fold)
  if (!isOpen(plate)) return `has(${foldedCandidates(fold)}, ${quote(wanted)})`
  const open = wanted.replaceAll('?', '[^,]').replaceAll('*', '[^,]*')
  return `match(${joinedCandidates(fold)}, ${quote(`(^|,)${open}(,|$)`)})`
}

function isOpen(plate: string): boolean {
  return /[?*]/.test(plate)
}

function piecesOf(text: string, count: number): string[] {
  const cut = (piece: number) => Math.floor((piece * text.length) / count)
  return Array.from({ length: count }, (_, piece) => text.slice(cut(piece), cut(piece + 1)))
}

function foldText(text: string, { from, to }: ReadSearch['fold']): string {
  return text.replace(/./g, (char) => {
    const at = from.indexOf(char)
    return at < 0 ? char : (to[at] as string)
  })
}

/** Of one question; the engine takes statements of up to 16 MiB. */
const QUESTION_BYTES_MAX = 4 * 1024 * 1024

/** What a read is known by. */
export type ReadName = Pick<FoundRead, 'camera' | 'id'>

/**
 * Of each of these reads the greatest precedence that is kept, by {@link readKey}: a read sent
 * twice stands as it came first, whichever version was found.
 * @throws ClickHouseError or a connection's error
 */
export async function standingPrecedences(
  { client, database }: Store,
  reads: Iterable<ReadName>,
  limits: Omit<SearchLimits, 'rows_max'>,
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const question of questionsOf(reads)) {
    const result = await client.query({
      query: `SELECT camera, id, leftPad(toString(max(precedence)), 20, '0')
        FROM ${database}.reads ${question} GROUP BY camera, id`,
      format: 'JSONCompactEachRow',
      clickhouse_settings: {
        max_execution_time: limits.seconds_max,
        max_query_size: String(2 * QUESTION_BYTES_MAX),
      },
      ...(limits.signal ? { abort_signal: limits.signal } : {}),
    })
    for await (const rows of result.stream()) {
      for (const row of rows) {
        const [camera, id, precedence] = row.json() as [string, string, string]
        found.set(readKey({ camera, id }), precedence)
      }
    }
  }
  return found
}

/** By ids first: a set of pairs, asked of every read, costs the store three times as much. */
function* questionsOf(reads: Iterable<ReadName>): Generator<string> {
  let some: ReadName[] = []
  let bytes = 0
  const question = () => {
    const ids = some.map(({ id }) => quote(id)).join(', ')
    const pairs = some.map(({ camera, id }) => `(${quote(camera)}, ${quote(id)})`).join(', ')
    return `PREWHERE id IN (${ids}) WHERE (camera, id) IN (${pairs})`
  }
  for (const read of reads) {
    some.push(read)
    bytes += 2 * read.id.length + read.camera.length + 12
    if (bytes < QUESTION_BYTES_MAX) continue
    yield question()
    some = []
    bytes = 0
  }
  if (some.length > 0) yield question()
}

export function readKey({ camera, id }: ReadName): string {
  return `${camera}\n${id}`
}
