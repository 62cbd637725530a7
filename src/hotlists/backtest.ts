// The back-test of an entry: before it is approved, a supervisor sees what it would have done on
// the last thirty days.
import type { Config } from '../config/schema.ts'
import { HotplateError } from '../domain/error.ts'
import { LIST_NAME, type Profile } from '../domain/hotlist.ts'
import { utcDay } from '../domain/time.ts'
import type { PastSighting, Sightings, SightingsFinder } from './sightings.ts'
import type { Thresholds } from './thresholds.ts'

export interface BacktestRequest {
  /** Folded plate or pattern. */
  plate: string
  /** ISO 3166-2 */
  region?: string
  profile: Profile
  /** The list that it is to be on: whose threshold holds. */
  list?: string
  /** Without a list in force; the setting by default. */
  false_alerts_per_million_max?: number
}

interface Counted {
  /** Reads that would have matched. */
  reads: number
  /** Passages among them: alerts. */
  alerts: number
}

export interface BacktestPlate extends Counted {
  /** As it was read. */
  plate: string
  /** Of its likeliest read, as all below. ISO 3166-2, '' where it is unknown */
  region: string
  class: PastSighting['match']['class']
  cost: number
  posterior: number
  state: PastSighting['match']['state']
  /** The engine's other reading that matched. */
  candidate?: string
}

export interface BacktestReport extends Counted {
  entry: { plate: string; region?: string; profile: Profile }
  threshold: {
    log_odds_min: number
    budget_per_million: number
    /** The list whose threshold it is; null where it was worked out for the entry alone. */
    list: string | null
  }
  /** Reads later than this, up to `until`. ISO 8601 UTC, ms */
  after: string
  until: string
  /** Reads that were near enough to be weighed. */
  in_reach: number
  /** The ones with most alerts, at most {@link ROWS_MAX}; all are counted. */
  plates: BacktestPlate[]
  plates_total: number
  cameras: (Counted & { camera: string })[]
  cameras_total: number
  /** UTC days with a match, ascending. */
  days: (Counted & { day: string })[]
  seconds: number
}

export interface BacktestOptions {
  finder: Pick<SightingsFinder, 'find' | 'thresholdAlone'>
  thresholds: Pick<Thresholds, 'get'>
  config: Pick<Config, 'matching'>
}

const ROWS_MAX = 1_000

/**
 * @throws HotplateError ENTRY_TOO_WIDE, SEARCH_TOO_SLOW, STORE_UNAVAILABLE, BUS_UNAVAILABLE, BUSY
 */
export async function backtest(
  o: BacktestOptions,
  { plate, region, profile, ...request }: BacktestRequest,
  signal?: AbortSignal,
): Promise<BacktestReport> {
  const begun = performance.now()
  const entry = { plate, profile, ...(region === undefined ? {} : { region }) }
  const threshold = await thresholdFor(o, entry, request)
  const searched = { ...entry, log_odds_min: threshold.log_odds_min }
  const { sightings, ...found } = await o.finder.find(searched, signal)
  return {
    entry,
    threshold,
    ...describe(found),
    ...count(sightings),
    ...platesOf(sightings),
    ...camerasOf(sightings),
    days: daysOf(sightings),
    seconds: (performance.now() - begun) / 1_000,
  }
}

/**
 * The threshold that an entry of a list is held against: of the list in force, as matching has it,
 * else of the entry alone.
 */
export async function thresholdFor(
  { finder, thresholds, config }: BacktestOptions,
  entry: BacktestReport['entry'],
  { list, false_alerts_per_million_max }: Omit<BacktestRequest, 'plate' | 'region' | 'profile'>,
): Promise<BacktestReport['threshold']> {
  if (list !== undefined && !LIST_NAME.test(list)) {
    throw new HotplateError('LIST_NAME_INVALID', 'Expected 1 to 64 of a-z, 0-9 and - for the list')
  }
  const in_force = list === undefined ? null : await thresholds.get(list)
  if (in_force !== null && list !== undefined) {
    const { budget_per_million } = in_force.value
    // As in generation.ts: a list is held to the stricter one of its version and its own entries.
    const alone = finder.thresholdAlone(entry, budget_per_million)
    return { log_odds_min: Math.max(in_force.value.log_odds_min, alone), budget_per_million, list }
  }
  const budget_per_million =
    false_alerts_per_million_max ?? config.matching.false_alerts_per_million_max
  const log_odds_min = finder.thresholdAlone(entry, budget_per_million)
  return { log_odds_min, budget_per_million, list: null }
}

function describe({ after_ms, until_ms, in_reach }: Omit<Sightings, 'sightings'>) {
  return {
    after: new Date(after_ms).toISOString(),
    until: new Date(until_ms).toISOString(),
    in_reach,
  }
}

function count(sightings: readonly PastSighting[]): Counted {
  return { reads: sightings.length, alerts: sightings.filter(({ alerts }) => alerts).length }
}

function platesOf(sightings: readonly PastSighting[]) {
  const groups = Map.groupBy(sightings, ({ plate }) => plate)
  const plates = [...groups].map(([plate, some]): BacktestPlate => {
    const likeliest = some.reduce((a, b) => (b.match.posterior > a.match.posterior ? b : a))
    return { plate, ...count(some), region: likeliest.region, ...likeliest.match }
  })
  return { plates: most(plates, ({ plate }) => plate), plates_total: plates.length }
}

function camerasOf(sightings: readonly PastSighting[]) {
  const groups = Map.groupBy(sightings, ({ camera }) => camera)
  const cameras = [...groups].map(([camera, some]) => ({ camera, ...count(some) }))
  return { cameras: most(cameras, ({ camera }) => camera), cameras_total: cameras.length }
}

function daysOf(sightings: readonly PastSighting[]) {
  const groups = Map.groupBy(sightings, ({ time_ms }) => utcDay(time_ms))
  return [...groups]
    .map(([day, some]) => ({ day, ...count(some) }))
    .toSorted((a, b) => (a.day < b.day ? -1 : 1))
}

/** Most alerts first, then most reads, then by name. */
function most<T extends Counted>(rows: readonly T[], name: (row: T) => string): T[] {
  return rows
    .toSorted((a, b) => b.alerts - a.alerts || b.reads - a.reads || (name(a) < name(b) ? -1 : 1))
    .slice(0, ROWS_MAX)
}
