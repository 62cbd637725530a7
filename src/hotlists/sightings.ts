// What one entry would have done on the reads that are kept: every read in reach is found in the
// store and judged as matching judges it, with the models of its camera and the threshold of the
// list, and passages are told apart as alerts are. What the store gives in part is no answer.
import { ClickHouseError } from '@clickhouse/client'
import type { Config } from '../config/schema.ts'
import type { PlateMatch } from '../domain/alert.ts'
import { HotplateError } from '../domain/error.ts'
import type { Profile } from '../domain/hotlist.ts'
import { Passages } from '../domain/passages.ts'
import { isPattern } from '../domain/plate.ts'
import { retentionCutoff } from '../domain/time.ts'
import { modelOfCamera, modelsInUse } from '../matching/engines.ts'
import { buildIndex } from '../matching/index-block.ts'
import { Judge } from '../matching/judge.ts'
import { foldTable, loadLookAlikes, SYMBOLS } from '../matching/look-alikes.ts'
import { loadModel, type Model } from '../matching/model.ts'
import { packEntries } from '../matching/record.ts'
import { LOG_ODDS_ALL, thresholdsOf } from '../matching/threshold.ts'
import type { Store } from '../store/client.ts'
import {
  type FoundRead,
  type ReadName,
  type ReadSearch,
  readKey,
  searchReads,
  standingPrecedences,
} from '../store/read-search.ts'

export interface SearchedEntry {
  /** Folded plate or pattern. */
  plate: string
  /** ISO 3166-2 */
  region?: string
  profile: Profile
  /** Least log odds of an alert. */
  log_odds_min: number
}

/** A read that would have matched. */
export interface PastSighting {
  camera: string
  read_id: string
  /** epoch ms */
  time_ms: number
  plate: string
  /** '' where it is unknown */
  region: string
  match: Pick<PlateMatch, 'class' | 'cost' | 'posterior' | 'state' | 'candidate'>
  /** The first of its passage: it would have raised the alert. */
  alerts: boolean
}

export interface Sightings {
  /** Reads later than this were searched. epoch ms */
  after_ms: number
  until_ms: number
  /** Reads that were judged. */
  in_reach: number
  /** In the order in which the stream had them. */
  sightings: PastSighting[]
}

export interface SightingsOptions {
  store: Store
  config: Pick<Config, 'matching' | 'alerts' | 'retention' | 'clickhouse'>
  now?: () => number
  /** Reads judged and reads that match, at most: whatever has more is refused as too wide. */
  in_reach_max?: number
  hits_max?: number
  seconds_max?: number
}

/** Policy 401.5a keeps no more. */
const DAYS_MAX = 30
const IN_REACH_MAX = 500_000
const HITS_MAX = 100_000
const SECONDS_MAX = 20
/** A search takes all cores that the engine has: they go one after the other. */
const WAITING_MAX = 8
const TIME_IS_UP = '159'
const MEMORY_IS_UP = '241'

interface Hit extends Omit<PastSighting, 'alerts'> {
  received_ms: number
  precedence: string
}

export class SightingsFinder {
  readonly #o: SightingsOptions
  readonly #classes = loadLookAlikes()
  readonly #models: Model[]
  readonly #modelOf: (camera: string) => number
  #waiting = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: SightingsOptions) {
    this.#o = options
    this.#models = modelsInUse(options.config.matching).map(loadModel)
    this.#modelOf = modelOfCamera(options.config.matching)
  }

  /**
   * Sightings of the last thirty days, or of the retention time where that is shorter.
   * @throws HotplateError ENTRY_TOO_WIDE, SEARCH_TOO_SLOW, STORE_UNAVAILABLE, BUSY
   */
  async find(entry: SearchedEntry, signal?: AbortSignal): Promise<Sightings> {
    if (this.#waiting >= WAITING_MAX) {
      throw new HotplateError('BUSY', `${WAITING_MAX} searches of reads wait already`)
    }
    this.#waiting += 1
    const turn = this.#turn.then(() => this.#search(entry, signal))
    this.#turn = turn.catch(() => undefined)
    try {
      return await turn
    } finally {
      this.#waiting -= 1
    }
  }

  /** The threshold that a budget comes to on a list of this entry alone. */
  thresholdAlone(entry: Omit<SearchedEntry, 'log_odds_min'>, budget_per_million: number): number {
    const { base, records } = this.#indexOf(entry)
    const [threshold] = thresholdsOf({
      source: base,
      records,
      count: 1,
      budgets_per_million: [budget_per_million],
      classes: this.#classes,
      models: this.#models,
    })
    return threshold?.log_odds_min ?? LOG_ODDS_ALL
  }

  #indexOf({ plate, region, profile }: Omit<SearchedEntry, 'log_odds_min'>) {
    const entries = [{ plate, profile, region }]
    const { edit_chars_min } = this.#o.config.matching
    const base = buildIndex(entries, { classes: this.#classes, edit_chars_min })
    return { base, records: packEntries(entries) }
  }

  async #search(entry: SearchedEntry, signal: AbortSignal | undefined): Promise<Sightings> {
    signal?.throwIfAborted()
    const { config, now = Date.now } = this.#o
    const until_ms = now()
    const after_ms = retentionCutoff(until_ms, Math.min(config.retention.days, DAYS_MAX))
    const seconds_max = Math.min(this.#o.seconds_max ?? SECONDS_MAX, config.clickhouse.query_s_max)
    const limits = { seconds_max, ...(signal === undefined ? {} : { signal }) }
    try {
      const { hits, in_reach } = await this.#judged(entry, after_ms, limits)
      const standing = await inTime(seconds_max, () =>
        standingPrecedences(this.#o.store, namesOf(hits), limits),
      )
      return { after_ms, until_ms, in_reach, sightings: this.#inOrder(hits, standing) }
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason
      throw explained(error, entry, seconds_max)
    }
  }

  async #judged(
    entry: SearchedEntry,
    after_ms: number,
    limits: { seconds_max: number; signal?: AbortSignal },
  ): Promise<{ hits: Map<string, Hit>; in_reach: number }> {
    const { in_reach_max = IN_REACH_MAX, hits_max = HITS_MAX, store } = this.#o
    const judge = this.#judgeOf(entry)
    const hits = new Map<string, Hit>()
    let in_reach = 0
    const search = this.searchOf(entry)
    await inTime(limits.seconds_max, async () => {
      const rows_max = in_reach_max + 1
      for await (const reads of searchReads(store, search, after_ms, { ...limits, rows_max })) {
        in_reach += reads.length
        for (const { read: number, match } of judge.match(reads)) {
          const read = reads[number] as FoundRead
          const key = readKey(read)
          const known = hits.get(key)
          if (known === undefined || known.precedence < read.precedence) {
            hits.set(key, hitOf(read, match))
          }
        }
        if (in_reach > in_reach_max) throw tooWide(entry, 'in its reach', in_reach_max)
        if (hits.size > hits_max) throw tooWide(entry, 'that match it', hits_max)
      }
    })
    return { hits, in_reach }
  }

  #judgeOf(entry: SearchedEntry): Judge {
    return new Judge({
      base: this.#indexOf(entry).base,
      overlay: null,
      removed: new Uint32Array(),
      log_odds_min: Float64Array.of(entry.log_odds_min),
      classes: this.#classes,
      models: this.#models,
      modelOf: this.#modelOf,
    })
  }

  /** All that the matcher can find for an entry (native/reference), and a little more. */
  searchOf({ plate, profile }: Pick<SearchedEntry, 'plate' | 'profile'>): ReadSearch {
    const { edit_chars_min } = this.#o.config.matching
    const long = !isPattern(plate) && plate.length >= edit_chars_min
    const edits = { exact: 0, fold: 0, 'fold+1': 1, 'fold+2': 2 }[profile]
    return {
      plate,
      fold: profile === 'exact' ? { from: 'O', to: '0' } : foldPairs(this.#classes),
      edits: long ? edits : 0,
      candidates: profile !== 'exact',
    }
  }

  #inOrder(hits: ReadonlyMap<string, Hit>, standing: ReadonlyMap<string, string>): PastSighting[] {
    const passages = new Passages(this.#o.config.alerts.passage_s)
    return [...hits]
      .filter(([key, { precedence }]) => standing.get(key) === precedence)
      .map(([, hit]) => hit)
      .toSorted((a, b) => a.received_ms - b.received_ms || (a.precedence > b.precedence ? -1 : 1))
      .map(({ camera, read_id, time_ms, plate, region, match }) => {
        const alerts = passages.begins(camera, time_ms)
        return { camera, read_id, time_ms, plate, region, match, alerts }
      })
  }
}

/** Look-alike classes as the store's `translate` takes them. */
export function foldPairs(classes: readonly string[]): ReadSearch['fold'] {
  const table = foldTable(classes)
  const folded = [...SYMBOLS].filter((_, symbol) => table[symbol] !== symbol)
  const to = folded.map((char) => SYMBOLS[table[SYMBOLS.indexOf(char)] as number])
  return { from: folded.join(''), to: to.join('') }
}

function hitOf(read: FoundRead, match: PlateMatch): Hit {
  const { camera, id, time_ms, received_ms, plate, region, precedence } = read
  const { class: kind, cost, posterior, state, candidate } = match
  const told = { class: kind, cost, posterior, state }
  return {
    camera,
    read_id: id,
    time_ms,
    received_ms,
    plate,
    region,
    precedence,
    match: candidate === undefined ? told : { ...told, candidate },
  }
}

function* namesOf(hits: ReadonlyMap<string, Hit>): Generator<ReadName> {
  for (const { camera, read_id } of hits.values()) yield { camera, id: read_id }
}

/** An answer that took as long as it may is one that may have been cut. */
async function inTime<T>(seconds_max: number, work: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  const result = await work()
  if (performance.now() - begun >= seconds_max * 1_000) throw tooSlow(seconds_max)
  return result
}

function explained(error: unknown, entry: SearchedEntry, seconds_max: number): unknown {
  if (error instanceof HotplateError) return error
  if (error instanceof ClickHouseError && error.code === TIME_IS_UP) return tooSlow(seconds_max)
  if (error instanceof ClickHouseError && error.code === MEMORY_IS_UP) {
    return tooWide(entry, 'in its reach', 'no more reads than the store has memory for', error)
  }
  const message = 'The reads of the last days can not be searched now'
  return new HotplateError('STORE_UNAVAILABLE', message, { cause: error })
}

function tooSlow(seconds_max: number): HotplateError {
  const message = `Expected the store to answer within ${seconds_max} s: it is too busy, try again`
  return new HotplateError('SEARCH_TOO_SLOW', message)
}

function tooWide(
  { plate, profile }: SearchedEntry,
  which: string,
  most: number | string,
  cause?: unknown,
): HotplateError {
  const count = typeof most === 'number' ? `at most ${most.toLocaleString('en')} reads` : most
  return new HotplateError(
    'ENTRY_TOO_WIDE',
    `Expected ${count} ${which} in the last days but ${plate} (${profile}) has more: ` +
      'give more of its characters, or a narrower profile',
    cause === undefined ? {} : { cause },
  )
}
