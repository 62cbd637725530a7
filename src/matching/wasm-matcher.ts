// Matcher and judge of the addon (native.ts), on WebAssembly.
import { PLATE_CHARS_MAX } from '../domain/plate.ts'
import { unexpected } from './unexpected.ts'
import { Room } from './wasm.ts'
import {
  badRecord,
  bytesOf,
  doublesOf,
  EVIDENCE_BYTES,
  integerOf,
  READ_BYTES,
  recordsOf,
  refused,
  wordsOf,
} from './wasm-arguments.ts'
import { openBlock } from './wasm-index.ts'

const ORIGIN_WORDS = 2
const JUDGED_WORDS = 8
const JUDGED_DOUBLES = 4
const PLACE_WORDS = 3

/** By the numbers of hotplate::MatchStatus. */
const MATCH_DONE = 0
const MATCH_BAD_RECORD = 1
const MATCH_TOO_MANY_HITS = 2

const READ_RECORD = 'a packed plate of 1 to 12 of A-Z and 0-9'
const READ_PLATE = '1 to 12 of A-Z and 0-9'

export class WasmMatcher {
  readonly kernels = 'plain'
  readonly #room = new Room()
  readonly #record = new Uint8Array(READ_BYTES)

  constructor(source: Uint8Array | string, kernels?: string) {
    openBlock(this.#room, source, false, 'source')
    if (kernels !== undefined && kernels !== 'plain') {
      throw unexpected('plain, avx2 or avx512, if the machine has it', 'kernels', kernels)
    }
    this.#room.call.make_matcher(0)
  }

  get touched(): number {
    return this.#room.call.touched()
  }

  match(records: Uint8Array, count: number, target: Uint32Array): number {
    const status = this.#search(recordsOf(records, count, READ_BYTES, 'records'))
    refuseSearch(status, this.#room)
    return this.take(target)
  }

  find(plate: string): number | undefined {
    if (typeof plate !== 'string') throw unexpected('a string', 'plate', plate)
    const { length } = plate
    if (length > PLATE_CHARS_MAX) throw unexpected(READ_PLATE, 'plate', plate)
    this.#record.fill(0)
    this.#record[0] = length
    for (let i = 0; i < length; i += 1) {
      const code = plate.charCodeAt(i)
      if (code > 127) throw unexpected(READ_PLATE, 'plate', plate)
      this.#record[1 + i] = code
    }
    const status = this.#search(this.#record)
    if (status === MATCH_BAD_RECORD) throw unexpected(READ_PLATE, 'plate', plate)
    refuseSearch(status, this.#room)
    return this.#room.call.hits_count() || undefined
  }

  take(target: Uint32Array): number {
    const count = this.#room.call.hits_count()
    if (count === 0) return 0
    const pairs = Math.min(count, Math.floor(wordsOf(target, 'target').length / 2))
    const hits = this.#room.words(this.#room.call.hits(), pairs * 2)
    for (let at = 0; at < hits.length; at += 2) {
      target[at] = hits[at + 1] as number
      target[at + 1] = hits[at] as number
    }
    return count
  }

  #search(records: Uint8Array): number {
    const [at = 0] = this.#room.place(records)
    return this.#room.call.match(at, records.length)
  }
}

function refuseSearch(status: number, room: Room): void {
  if (status === MATCH_BAD_RECORD) throw badRecord(READ_RECORD, 'records', room.call.bad_record())
  if (status === MATCH_TOO_MANY_HITS) {
    const max = 2 ** 24
    throw new RangeError(
      `Expected at most ${max} hits for records but received more of type number`,
    )
  }
  if (status !== MATCH_DONE) {
    throw new Error(
      'Expected an unchanged index block for source but received other bytes of type object',
    )
  }
}

/** By the numbers of hotplate::JudgeStatus. */
const JUDGE_DONE = 0
const JUDGE_BAD_ORIGIN = 1
const JUDGE_BAD_MODEL = 2
const JUDGE_BAD_LIST = 3

export class WasmJudge {
  readonly #room = new Room()

  constructor(
    base: Uint8Array | string,
    overlay: Uint8Array | null,
    removed: Uint32Array,
    models: readonly Uint8Array[],
    log_odds_min: Float64Array,
  ) {
    const { call } = this.#room
    openBlock(this.#room, base, false, 'base')
    call.make_matcher(0)
    this.#addScorers(models)
    if (overlay !== null) {
      openBlock(this.#room, overlay, false, 'overlay')
      call.make_matcher(1)
    }
    if (wordsOf(removed, 'removed').some((entry, i) => entry < (removed[i - 1] ?? 0))) {
      throw unexpected('ascending numbers', 'removed', removed)
    }
    const arrays = [removed, doublesOf(log_odds_min, 'log_odds_min')] as const
    const [removed_at = 0, least_at = 0] = this.#room.place(...arrays)
    call.make_judge(removed_at, removed.length, least_at, log_odds_min.length)
  }

  #addScorers(models: readonly Uint8Array[]): void {
    if (!Array.isArray(models)) throw unexpected('an array of packed models', 'models', models)
    for (const model of models as readonly Uint8Array[]) {
      const [at = 0] = this.#room.place(bytesOf(model, 'models'))
      if (this.#room.call.add_scorer(at, model.length) === 0) {
        throw unexpected('packed models of this version', 'models', model)
      }
    }
  }

  judge(records: Uint8Array, evidence: Uint8Array, origins: Int32Array, count: number) {
    const { call } = this.#room
    const reads = recordsOf(records, count, READ_BYTES, 'records')
    const told = recordsOf(evidence, count, EVIDENCE_BYTES, 'evidence')
    if (!(origins instanceof Int32Array)) throw unexpected('an Int32Array', 'origins', origins)
    if (origins.length < count * ORIGIN_WORDS) {
      throw unexpected(`${count * ORIGIN_WORDS} numbers`, 'origins', origins)
    }
    const of_reads = origins.subarray(0, count * ORIGIN_WORDS)
    const [reads_at = 0, told_at = 0, origins_at = 0] = this.#room.place(reads, told, of_reads)
    const status = call.judge(reads_at, reads.length, told_at, told.length, origins_at)
    if (status !== JUDGE_DONE) this.#refuse(status)
    const hits = call.judged_count()
    if (hits === 0) return null
    const words = this.#room.words(call.judged(), hits * JUDGED_WORDS)
    const doubles = this.#room.doubles(call.judged(), hits * JUDGED_DOUBLES)
    const places = new Uint32Array(hits * PLACE_WORDS)
    const weights = new Float64Array(hits * 2)
    for (let hit = 0; hit < hits; hit += 1) {
      const word = hit * JUDGED_WORDS
      places.set(words.subarray(word, word + PLACE_WORDS), hit * PLACE_WORDS)
      const double = hit * JUDGED_DOUBLES + 2
      weights.set(doubles.subarray(double, double + 2), hit * 2)
    }
    return { places, weights }
  }

  listed(entry: number): { plate: string; region: number; list: number } {
    const { call } = this.#room
    const entries = call.judge_entries()
    if (entries === 0) throw unexpected('an entry of the index', 'entry', entry)
    const at = call.listed(integerOf(entry, entries - 1, 'entry'))
    const plate = this.#room.bytes(at, PLATE_CHARS_MAX)
    const end = plate.indexOf(0)
    const view = new DataView(plate.buffer, at + PLATE_CHARS_MAX)
    return {
      plate: Buffer.from(plate).toString('latin1', 0, end < 0 ? PLATE_CHARS_MAX : end),
      region: view.getUint32(0, true),
      list: view.getUint16(4, true),
    }
  }

  #refuse(status: number): never {
    const { call } = this.#room
    const received = `another in record ${call.bad_record()} of type number`
    switch (status) {
      case JUDGE_BAD_ORIGIN:
        throw refused('the records of a read together, its own first', 'origins', received)
      case JUDGE_BAD_MODEL:
        throw refused('numbers of models that there are', 'evidence', received)
      case JUDGE_BAD_LIST: {
        const expected = 'a number for each list of the index'
        throw refused(expected, 'log_odds_min', 'fewer of type object')
      }
    }
    refuseSearch(call.search_status(), this.#room)
    throw new Error(`Judge's status ${status} of a search without one`)
  }
}
