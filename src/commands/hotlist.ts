// `hotplate hotlist import`: puts a list from a file into force.
import { createReadStream } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { HotplateError } from '../domain/error.ts'
import { CATEGORIES, type Category, PROFILES, type Profile } from '../domain/hotlist.ts'
import { parseCsvList } from '../formats/hotlists/csv.ts'
import { importList } from '../hotlists/import.ts'
import { assertListName, openManifests } from '../hotlists/manifest.ts'
import { joinPlatform } from '../platform.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { type CommonOptions, configOf } from './run.ts'

const BAD_LINES_SHOWN = 20

interface ImportOptions extends CommonOptions {
  list: string
  format: 'csv'
  category: Category
  profile: Profile
  falseAlertsPerMillion?: number
  allowBad?: boolean
}

export function registerHotlist(program: Command): void {
  program
    .command('hotlist')
    .description('hot lists')
    .command('import')
    .description('loads a list from a file and puts it into force')
    .argument('<file>', 'the list')
    .requiredOption('--list <NAME>', 'its name: 1 to 64 of a-z, 0-9 and -')
    .addOption(
      new Option('--format <FORMAT>', 'layout of the file').choices(['csv']).default('csv'),
    )
    .addOption(
      new Option('--category <NAME>', 'why its plates are looked for')
        .choices(CATEGORIES)
        .default('custom'),
    )
    .addOption(
      new Option('--profile <NAME>', 'how far a read may be off').choices(PROFILES).default('fold'),
    )
    .option(
      '--false-alerts-per-million <N>',
      'false alerts that the list may raise per million reads ' +
        '(matching.false_alerts_per_million_max)',
      budget,
    )
    .option('--allow-bad', 'put the good lines into force although some lines are wrong')
    .option('--config <FILE>', 'YAML file with settings')
    .option('--data <DIR>', 'folder for all data (./data)')
    .action(runImport)
}

function budget(text: string): number {
  const value = Number(text)
  if (value > 0 && value <= 1_000_000) return value
  throw new InvalidArgumentError('Expected a number above 0, up to 1000000.')
}

async function runImport(file: string, options: ImportOptions): Promise<void> {
  assertListName(options.list)
  const { entries, bad } = await parseCsvList(createReadStream(file))
  for (const { line, column, expected, came } of bad.slice(0, BAD_LINES_SHOWN)) {
    process.stderr.write(`${file}:${line}: ${column}: expected ${expected} but found ${came}\n`)
  }
  if (bad.length > 0 && !options.allowBad) {
    throw new HotplateError(
      'LIST_BAD_LINES',
      `${bad.length} of ${bad.length + entries.length} lines of ${file} are wrong ` +
        'and nothing was loaded: mend them, or give --allow-bad',
    )
  }
  const config = configOf(options)
  const log = createLog('warn')
  const platform = await joinPlatform({
    config,
    kind: 'any',
    log,
    metrics: createMetrics(),
    name: 'hotplate-hotlist',
  })
  try {
    const { list: name, category, profile, falseAlertsPerMillion: budget } = options
    const manifests = await openManifests(platform.bus)
    const list = {
      name,
      category,
      profile,
      ...(budget === undefined ? {} : { false_alerts_per_million_max: budget }),
      entries,
    }
    const manifest = await importList(platform.store, manifests, list, log)
    process.stdout.write(
      `${manifest.name} version ${manifest.version} is in force: ${manifest.entries} entries\n`,
    )
  } finally {
    await platform.stop()
  }
}
