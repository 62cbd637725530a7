// `hotplate hotlist backtest` and `past-reads`: what an entry would have matched in the last thirty
// days. Both show reads, so both ask for a purpose and a reason, and are on record first.
import { type Command, Option } from 'commander'
import { HotplateError } from '../domain/error.ts'
import { PROFILES, type Profile, PURPOSES, type Purpose } from '../domain/hotlist.ts'
import { foldEntryPlate } from '../domain/plate.ts'
import { REGION } from '../domain/read.ts'
import { type BacktestReport, backtest } from '../hotlists/backtest.ts'
import { openPastReads, pastReads } from '../hotlists/past-reads.ts'
import { type ReadsAsked, recordReadsShown } from '../hotlists/reads-shown.ts'
import { SightingsFinder } from '../hotlists/sightings.ts'
import { openThresholds } from '../hotlists/thresholds.ts'
import { type Ground, onGround, type PersonOptions, withCommon } from './hotlist-ground.ts'
import { numberWithin } from './match-pair.ts'
import { configOf } from './run.ts'
import { table } from './table.ts'

const ROWS_SHOWN = 20

interface WantedOptions extends PersonOptions {
  purpose: Purpose
  reason: string
  case?: string
  json?: boolean
}

interface BacktestOptions extends WantedOptions {
  plate: string
  region?: string
  profile: Profile
  list?: string
  falseAlertsPerMillion?: number
}

interface PastReadsOptions extends WantedOptions {
  list: string
  entry: string
}

export function registerReads(hotlist: Command): void {
  const says = 'shows what an entry would have done on the last 30 days'
  withWanted(hotlist.command('backtest').description(says))
    .requiredOption('--plate <PLATE>', 'the plate, or a part of it: ? one character, * any run')
    .option('--region <STATE>', 'issuing state, as US-ID')
    .addOption(
      new Option('--profile <NAME>', 'how far a read may be off').choices(PROFILES).default('fold'),
    )
    .option('--list <NAME>', 'the list that it is to be on: its threshold holds')
    .option(
      '--false-alerts-per-million <N>',
      'without a list: the budget (matching.false_alerts_per_million_max)',
      numberWithin(0.001, 1_000_000),
    )
    .action(runBacktest)
  const where = 'shows where the vehicle of an entry was seen before the entry came into force'
  withWanted(hotlist.command('past-reads').description(where))
    .requiredOption('--list <NAME>', 'the list')
    .requiredOption('--entry <ID>', 'the entry, by the id that alerts show')
    .action(runPastReads)
}

function withWanted(command: Command): Command {
  return withCommon(command)
    .addOption(
      new Option('--purpose <NAME>', 'what for, of those that policy 401.1 has')
        .choices(PURPOSES)
        .makeOptionMandatory(),
    )
    .requiredOption('--reason <TEXT>', 'why, for the record')
    .option('--case <NUMBER>', 'case number')
    .option('--json', 'all of it, as JSON')
}

async function runBacktest(options: BacktestOptions): Promise<void> {
  const plate = foldEntryPlate(options.plate)
  if (plate === null) {
    const came = options.plate.slice(0, 80)
    throw new HotplateError(
      'USAGE',
      `Expected a plate or a pattern for --plate but received ${came}`,
    )
  }
  const { region, profile, list, falseAlertsPerMillion: budget } = options
  if (region !== undefined && !REGION.test(region)) {
    throw new HotplateError(
      'USAGE',
      `Expected a state as US-ID for --region but received ${region}`,
    )
  }
  const request = {
    plate,
    profile,
    ...(region === undefined ? {} : { region }),
    ...(list === undefined ? {} : { list }),
    ...(budget === undefined ? {} : { false_alerts_per_million_max: budget }),
  }
  await onGround(options, async (o) => {
    const searched = `${plate} ${region ?? ''} ${profile}`.replace('  ', ' ')
    await recordReadsShown(o.audit, o.caller, asked(options, 'backtest', list ?? '', searched))
    const report = await backtest(await partsOf(o, options), request)
    return options.json ? JSON.stringify(report) : reportText(report)
  })
}

async function runPastReads(options: PastReadsOptions): Promise<void> {
  const { list, entry } = options
  await onGround(options, async (o) => {
    await recordReadsShown(o.audit, o.caller, asked(options, 'past_reads', list, entry))
    const parts = await partsOf(o, options)
    const { store, manifests } = o
    const records = await openPastReads(o.bus)
    const { sightings, ...found } = await pastReads(
      { ...parts, store, manifests, records },
      list,
      entry,
    )
    if (options.json) return JSON.stringify({ ...found, sightings })
    if (found.refused !== undefined) return found.refused
    const shown =
      sightings.length < found.reads ? `, of which these ${sightings.length} are kept` : ''
    const head = `${found.reads} reads before ${found.found_at}${shown}`
    const rows = sightings.map(({ time_ms, camera, plate, region, class: kind, posterior }) => [
      new Date(time_ms).toISOString(),
      camera,
      plate,
      region,
      kind,
      posterior.toFixed(3),
    ])
    const columns = ['time', 'camera', 'plate', 'state', 'match', 'posterior']
    return rows.length === 0 ? head : `${head}\n${table([columns, ...rows])}`
  })
}

async function partsOf({ store, bus }: Ground, options: PersonOptions) {
  const config = configOf(options)
  const finder = new SightingsFinder({ store, config })
  return { finder, config, thresholds: await openThresholds(bus) }
}

function asked(
  { purpose, reason, case: case_number }: WantedOptions,
  what: ReadsAsked['what'],
  list: string,
  searched: string,
): ReadsAsked {
  const wanted = { purpose, reason, ...(case_number === undefined ? {} : { case: case_number }) }
  return { what, list, searched, ...wanted }
}

function reportText(report: BacktestReport): string {
  const { alerts, reads, plates, cameras, days, threshold, after, until } = report
  const of_what = threshold.list === null ? 'alone' : `on ${threshold.list}`
  const head =
    `${alerts} alerts from ${reads} reads of ${report.plates_total} plates at ` +
    `${report.cameras_total} cameras, ${after} to ${until}; the entry ${of_what}, with ` +
    `${threshold.budget_per_million} false alerts per million reads; ${report.seconds.toFixed(1)} s`
  if (reads === 0) return head
  const by_plate = plates
    .slice(0, ROWS_SHOWN)
    .map((row) => [
      row.plate,
      row.region,
      String(row.alerts),
      String(row.reads),
      row.class,
      row.cost.toFixed(2),
      row.posterior.toFixed(3),
    ])
  const by_camera = cameras
    .slice(0, ROWS_SHOWN)
    .map((row) => [row.camera, String(row.alerts), String(row.reads)])
  const by_day = days.map((row) => [row.day, String(row.alerts), String(row.reads)])
  return [
    head,
    table([['plate', 'state', 'alerts', 'reads', 'match', 'cost', 'posterior'], ...by_plate]),
    table([['camera', 'alerts', 'reads'], ...by_camera]),
    table([['day', 'alerts', 'reads'], ...by_day]),
  ].join('\n')
}
