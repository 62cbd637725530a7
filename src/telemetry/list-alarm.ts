// A list's false alerts against its budget, and its age against the time by which it must be
// refreshed: gauges each time, a line in the log when that changes.
import type { Logger } from './log.ts'
import type { Metrics } from './metrics.ts'

export interface ListAgainstBudget {
  list: string
  budget_per_million: number
  /** Null where no reads were counted. */
  per_million: number | null
  low: number | null
  false_alerts: number
  reads: number
  over: boolean
}

/** @param over_before lists that were over their budget at the last call */
export function tellListBudgets(
  lists: readonly ListAgainstBudget[],
  over_before: ReadonlySet<string>,
  log: Logger,
  metrics: Metrics,
): void {
  for (const gauge of gaugesOf(metrics)) gauge.reset()
  for (const { list, budget_per_million, per_million, low, false_alerts, reads, over } of lists) {
    const label = { list: metrics.listLabel(list) }
    metrics.listFalseAlertsBudget.set(label, budget_per_million)
    metrics.listOverBudget.set(label, over ? 1 : 0)
    if (per_million !== null) metrics.listFalseAlerts.set(label, per_million)
    if (over === over_before.has(list)) continue
    const facts = { list, budget_per_million, per_million, low, false_alerts, reads }
    if (over) log.error(facts, 'A list raises more false alerts than its budget.')
    else log.info(facts, 'A list is within its budget of false alerts again.')
  }
}

/** A process that is no longer the keeper says nothing of lists. */
export function forgetListBudgets(metrics: Metrics): void {
  for (const gauge of gaugesOf(metrics)) gauge.reset()
}

function gaugesOf({ listFalseAlerts, listFalseAlertsBudget, listOverBudget }: Metrics) {
  return [listFalseAlerts, listFalseAlertsBudget, listOverBudget]
}

export interface ListAge {
  list: string
  age_hours: number
  refresh_hours_max: number
  stale: boolean
  /** Whether a stale list is to alert no more. */
  stopped: boolean
}

/** @param stale_before lists that were stale at the last call */
export function tellListAges(
  lists: readonly ListAge[],
  stale_before: ReadonlySet<string>,
  log: Logger,
  { listAge, listStale, listLabel }: Metrics,
): void {
  listAge.reset()
  listStale.reset()
  for (const { list, age_hours, refresh_hours_max, stale, stopped } of lists) {
    listAge.set({ list: listLabel(list) }, age_hours)
    listStale.set({ list: listLabel(list) }, stale ? 1 : 0)
    if (stale === stale_before.has(list)) continue
    const facts = { list, age_hours: Math.floor(age_hours), refresh_hours_max }
    if (!stale) log.info(facts, 'A list has been refreshed in time again.')
    else if (stopped) log.error(facts, 'A list is stale, and alerts no more until it is refreshed.')
    else log.error(facts, 'A list is stale: its alerts say so.')
  }
}
