// A list's false alerts against its budget: gauges each time, a line in the log when that changes.
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
