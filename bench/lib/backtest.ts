// The back-test on thirty million reads: the store filled with plates of realistic shapes, and
// entries of each profile searched for in it.
import { configSchema } from '../../src/config/schema.ts'
import { DAY_MS, utcDay } from '../../src/domain/time.ts'
import { backtest } from '../../src/hotlists/backtest.ts'
import { SightingsFinder } from '../../src/hotlists/sightings.ts'
import type { Store } from '../../src/store/client.ts'
import { until } from '../../test/helpers/until.ts'

export interface BacktestFigures {
  reads: number
  /** The slowest of all entries. */
  backtest_s: number
  /** By profile, the slowest. */
  seconds: Record<string, number>
  alerts: Record<string, number>
}

/** Days of reads: what the retention time holds. */
const DAYS = 30
const CAMERAS = 200
const MERGE_MS_MAX = 600_000
/** Of the region; seven reads in ten are of one of them. */
const VEHICLES = 1_500_000

/** Found on no list: with a neighbourhood as crowded as any county's. */
const ENTRIES = [
  { plate: '2TA12345', profile: 'exact' },
  { plate: '2TA12345', profile: 'fold' },
  { plate: '2TA12345', profile: 'fold+1', region: 'US-ID' },
  { plate: '1ACD335', profile: 'fold+1' },
  { plate: '2TA12345', profile: 'fold+2', region: 'US-ID' },
  { plate: '2TA?23*', profile: 'fold' },
] as const

/** @param store with its schema; `reads` is filled and stays so */
export async function measureBacktest(store: Store, reads: number): Promise<BacktestFigures> {
  await fillReads(store, reads, Date.now())
  // In service a day's rows come over a day, and its merges with them.
  await until(() => isMerged(store), { ms: MERGE_MS_MAX, every_ms: 500, what: 'merges to end' })
  const config = configSchema.parse({})
  // A slow machine gets a number too.
  const finder = new SightingsFinder({ store, config, seconds_max: 60 })
  const thresholds = { get: () => Promise.resolve(null) }
  const seconds: Record<string, number> = {}
  const alerts: Record<string, number> = {}
  for (const entry of ENTRIES) {
    const report = await backtest({ finder, thresholds, config }, entry)
    const name = /[?*]/.test(entry.plate) ? 'pattern' : entry.profile
    seconds[name] = Math.max(seconds[name] ?? 0, report.seconds)
    alerts[name] = Math.max(alerts[name] ?? 0, report.alerts)
  }
  return { reads, backtest_s: Math.max(...Object.values(seconds)), seconds, alerts }
}

async function isMerged({ client, database }: Store): Promise<boolean> {
  const result = await client.query({
    query:
      'SELECT toUInt32(count()) AS merges FROM system.merges WHERE database = {database: String}',
    query_params: { database },
    format: 'JSONEachRow',
  })
  const [row] = await result.json<{ merges: number }>()
  return row?.merges === 0
}

/** As many reads, the same each time, over the last thirty days. */
async function fillReads({ client, database }: Store, reads: number, now_ms: number) {
  for (let day = 0; day < DAYS; day += 1) {
    const begin_ms = Date.parse(`${utcDay(now_ms - (DAYS - 1 - day) * DAY_MS)}T00:00:00Z`)
    const rows = Math.floor((reads * (day + 1)) / DAYS) - Math.floor((reads * day) / DAYS)
    await client.command({
      query: `INSERT INTO ${database}.reads (camera, id, time, received_at, plate, region,
          confidence, char_confidence, candidates, lat, lon, heading, make, color, precedence)
        WITH ${drawnPlate(day)},
          1 + bitShiftRight(h, 30) % length(p) AS at,
          substring('${SYMBOLS}', 1 + bitShiftRight(h, 20) % 36, 1) AS other,
          concat(substring(p, 1, at - 1), other, substring(p, at + 1)) AS misread,
          concat(substring(p, 1, at - 1), substring(p, at + 1)) AS shorter,
          toInt64(${begin_ms} + bitShiftRight(h, 5) % ${spanOf(begin_ms, now_ms)}) AS at_ms,
          fromUnixTimestamp64Milli(at_ms, 'UTC') AS t
        SELECT concat('cam-', toString(bitShiftRight(h, 40) % ${CAMERAS})),
          lower(hex(sipHash64(h, 1))), t, t, if(bitShiftRight(h, 50) % 30 = 0, misread, p),
          if(bitShiftRight(h, 45) % 4 = 0, '', 'US-ID'),
          0.5 + (bitShiftRight(h, 12) % 500) / 1000,
          arrayMap(i -> 0.5 + (bitShiftRight(h, i) % 500) / 1000, range(length(p))),
          [(p, 0.9), (misread, 0.5), (shorter, 0.3)], 42.5629, -114.4609, 180, 'ford', 'white',
          toUInt64(18446744073709551615 - number)
        FROM numbers(${rows})`,
    })
  }
}

function spanOf(begin_ms: number, now_ms: number): number {
  return Math.max(1, Math.min(DAY_MS, now_ms - begin_ms))
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const SYMBOLS = `0123456789${LETTERS}`

/** `h` is of the read, `v` of its vehicle, `p` its plate: shapes as in the west of the USA. */
function drawnPlate(day: number): string {
  const letter = (bits: number) =>
    `substring('${LETTERS}', 1 + bitShiftRight(v, ${bits}) % 26, 1) AS l${bits}`
  return `sipHash64(number, ${day}) AS h,
    if(h % 10 < 7, sipHash64(bitXor(bitShiftRight(h, 8) % ${VEHICLES}, 77)), sipHash64(h, 5)) AS v,
    v % 100 AS kind, toString(bitShiftRight(v, 20)) AS digits,
    ${[8, 14, 20].map(letter).join(', ')},
    multiIf(
      kind < 30, concat('2T', l8, substring(digits, 3, 5)),
      kind < 50, concat(l8, l14, l20, substring(digits, 3, 4)),
      kind < 70, concat(substring(digits, 3, 1), l8, l14, l20, substring(digits, 4, 3)),
      kind < 85, concat('1A', l8, l14, substring(digits, 3, 3)),
      kind < 97, concat(l8, substring(digits, 3, 3), l14, l20),
      substring(digits, 3, 6)) AS p`
}
