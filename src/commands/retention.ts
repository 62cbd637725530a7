// `hotplate retention run`: what the keeper does by itself, by hand; and the way on when it has
// halted.
import { hostname } from 'node:os'
import { type Command, InvalidArgumentError } from 'commander'
import { HotplateError } from '../domain/error.ts'
import { openDayKeys } from '../evidence/day-keys.ts'
import { ImageStore } from '../evidence/images.ts'
import { type RetentionReport, runRetention } from '../evidence/retention.ts'
import { joinPlatform } from '../platform.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { type CommonOptions, configOf } from './run.ts'

interface RunOptions extends CommonOptions {
  dryRun?: boolean
  now?: number
  confirm?: number
}

export function registerRetention(program: Command): void {
  program
    .command('retention')
    .description('the thirty days')
    .command('run')
    .description('drops the day partitions past the retention time and prints what it dropped')
    .option('--dry-run', 'only says what would be dropped')
    .option('--now <ISO>', 'with --dry-run: as if it were that time', parseNow)
    .option('--confirm <N>', 'after a halt: the number of partitions you expect to go', parseCount)
    .option('--config <FILE>', 'YAML file with settings')
    .option('--data <DIR>', 'folder for all data (./data)')
    .action(runCommand)
}

async function runCommand(options: RunOptions): Promise<void> {
  if (options.now !== undefined && !options.dryRun) {
    throw new HotplateError(
      'USAGE',
      'Expected --dry-run beside --now: only the real time drops data',
    )
  }
  const config = configOf(options)
  const platform = await joinPlatform({
    config,
    kind: 'any',
    log: createLog('warn'),
    metrics: createMetrics(),
    name: 'hotplate-retention',
  })
  try {
    const report = await runRetention(
      {
        bus: platform.bus,
        store: platform.store,
        images: new ImageStore(config.data_dir),
        day_keys: await openDayKeys(platform.bus),
        config: config.retention,
        holder: `${hostname()}:${process.pid}`,
      },
      {
        now_ms: options.now ?? Date.now(),
        dry_run: options.dryRun ?? false,
        ...(options.confirm === undefined ? {} : { confirmed: options.confirm }),
      },
    )
    print(report)
    if (report.outcome === 'halted')
      throw new HotplateError('RETENTION_HALTED', report.reason ?? '')
  } finally {
    await platform.stop()
  }
}

function print(report: RetentionReport): void {
  const { outcome, reason, cutoff, dropped, proved_late, alerts, held } = report
  const verb = outcome === 'planned' ? 'would drop' : 'dropped'
  const lines = [`Cut-off ${cutoff}: reads before it are expired.`]
  for (const { day, reads, images } of dropped) {
    lines.push(`${verb} ${day}: ${reads} rows, ${images} pictures`)
  }
  for (const { day, reads, images } of proved_late) {
    lines.push(`proved ${day}, dropped by an earlier run: ${reads} rows, ${images} pictures`)
  }
  lines.push(
    `${verb} ${dropped.length} partitions, ${alerts} alerts of late reads; ` +
      `held back ${held.length}` +
      (outcome === 'done' ? '; proved: no expired partition is left' : ''),
  )
  if (outcome === 'planned' && reason !== null) lines.push(`A run would halt: ${reason}`)
  process.stdout.write(`${lines.join('\n')}\n`)
}

function parseNow(text: string): number {
  const now_ms = Date.parse(text)
  if (Number.isNaN(now_ms)) throw new InvalidArgumentError('Expected an ISO 8601 time.')
  return now_ms
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('Expected a number.')
  return count
}
