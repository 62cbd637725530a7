// Each list kept honest: the false alerts that people have found, per million reads, beside the
// budget of the list.
import type { Config } from '../config/schema.ts'
import { budgetOf, type HotList } from '../domain/hotlist.ts'
import { type Rate, rateOf } from '../domain/rate.ts'
import { DAY_MS, utcDay } from '../domain/time.ts'
import type { Store } from '../store/client.ts'
import { type ListCounts, listTotals } from '../store/list-days.ts'

/**
 * - `over`: the rate is above the budget, with 95 % confidence
 * - `within`: it is below, likewise
 * - `open`: too little was seen to tell
 */
export type BudgetState = 'over' | 'within' | 'open'

export interface MeasuredList extends ListCounts {
  /** Alerts of which nobody has said anything: what is false among them would come on top. */
  unreviewed: number
  /** Null until reads were counted. */
  rate: Rate | null
  state: BudgetState
  /** ISO 8601 UTC; null where nothing was counted yet */
  counted_at: string | null
}

const NOTHING: ListCounts = {
  reads: 0,
  alerts: 0,
  verified: 0,
  false_alerts: 0,
  rejected_otherwise: 0,
}

/**
 * What the keeper has counted of each list within the time of `matching.false_alerts_days`.
 * @throws ClickHouseError or a connection's error
 */
export async function measureLists(
  store: Store,
  lists: readonly HotList[],
  config: Pick<Config, 'matching'>,
  now_ms: number,
): Promise<Map<string, MeasuredList>> {
  const { false_alerts_per_million_max: usual } = config.matching
  const first_day = utcDay(now_ms - (config.matching.false_alerts_days - 1) * DAY_MS)
  const totals = await listTotals(store, first_day)
  return new Map(
    lists.map((list) => {
      const { counted_ms, ...counts } = totals.get(list.name) ?? { ...NOTHING, counted_ms: 0 }
      const counted_at = counted_ms === 0 ? null : new Date(counted_ms).toISOString()
      return [list.name, { ...measure(counts, budgetOf(list, usual)), counted_at }]
    }),
  )
}

/** What the counts say of a budget, in false alerts per million reads. */
export function measure(
  counts: ListCounts,
  budget_per_million: number,
): Omit<MeasuredList, 'counted_at'> {
  const { reads, alerts, verified, false_alerts, rejected_otherwise } = counts
  const rate = rateOf(false_alerts, reads)
  const reviewed = verified + false_alerts + rejected_otherwise
  return { ...counts, unreviewed: Math.max(0, alerts - reviewed), rate, state: stateOf() }

  function stateOf(): BudgetState {
    if (rate === null) return 'open'
    if (rate.low > budget_per_million) return 'over'
    return rate.high <= budget_per_million ? 'within' : 'open'
  }
}
