// `hotplate match thresholds`: what each list's budget comes to, what it catches and misses, and
// what was measured.

import { type ListReport, openListsReporter } from '../hotlists/report.ts'
import { LOG_ODDS_ALL, LOG_ODDS_NONE } from '../matching/threshold.ts'
import { joinPlatform } from '../platform.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { type CommonOptions, configOf } from './run.ts'
import { type Row, share, table } from './table.ts'

const HEAD: Row = [
  'list',
  'threshold',
  'entries',
  'budget',
  'expected',
  'measured',
  'catches',
  'misses',
]

export async function thresholds(options: CommonOptions): Promise<void> {
  const config = configOf(options)
  const log = createLog('warn')
  const metrics = createMetrics()
  const platform = await joinPlatform({ config, kind: 'any', log, metrics, name: 'hotplate-match' })
  try {
    const { days, lists } = await (
      await openListsReporter(platform.bus, platform.store, config)
    ).report()
    const rows = lists.map(rowOf)
    process.stdout.write(
      `${table([HEAD, ...rows], 2)}

Budget, expected and measured are false alerts per million reads, measured over ${days} days.
Catches and misses are shares of misread plates of the list, as the models draw them: without the
candidates and confidences that engines send, by which more are caught.
`,
    )
  } finally {
    await platform.stop()
  }
}

function rowOf({
  name,
  entries,
  budget_per_million,
  threshold,
  measured,
  ...list
}: ListReport): Row {
  const { rate } = measured
  return [
    [name, ...alarmsOf(list)].join(' '),
    threshold === null ? 'not yet matched' : scoreWords(threshold.log_odds_min),
    String(entries),
    String(budget_per_million),
    threshold === null ? '' : threshold.expected_false_per_million.toPrecision(3),
    rate === null ? '' : rate.per_million.toPrecision(3),
    threshold === null ? '' : share(threshold.catches_share),
    threshold === null ? '' : share(threshold.misses_share),
  ]
}

function alarmsOf({ state, stale_h, stopped }: Pick<ListReport, 'state' | 'stale_h' | 'stopped'>) {
  return [
    ...(state === 'over' ? ['OVER BUDGET'] : []),
    ...(stale_h === null ? [] : [`${stale_h} h OLD`]),
    ...(stopped ? ['STOPPED'] : []),
  ]
}

function scoreWords(log_odds_min: number): string {
  if (log_odds_min === LOG_ODDS_ALL) return 'all in reach'
  if (log_odds_min === LOG_ODDS_NONE) return 'exact matches only'
  return `log odds ${log_odds_min.toFixed(2)}`
}
