// `hotplate hotlist import`: puts a list from a file into force. Entries that people make are in
// hotlist-entries.ts.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { HotplateError } from '../domain/error.ts'
import { CATEGORIES, type Category, PROFILES, type Profile } from '../domain/hotlist.ts'
import { collectList, FORMATS, listFormat } from '../formats/hotlists/formats.ts'
import { listBytes } from '../formats/hotlists/unzip.ts'
import { importList } from '../hotlists/import.ts'
import { assertListName, type Manifests, openManifests } from '../hotlists/manifest.ts'
import { joinPlatform } from '../platform.ts'
import type { Store } from '../store/client.ts'
import { createLog, type Logger } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { registerEntries } from './hotlist-entries.ts'
import { type CommonOptions, configOf } from './run.ts'

const BAD_LINES_SHOWN = 20

interface ImportOptions extends CommonOptions {
  list: string
  format: string
  category: Category
  profile: Profile
  falseAlertsPerMillion?: number
  allowBad?: boolean
}

export function registerHotlist(program: Command): void {
  const hotlist = program.command('hotlist').description('hot lists')
  hotlist
    .command('import')
    .description('loads a list from a file and puts it into force')
    .argument('<file>', 'the list')
    .requiredOption('--list <NAME>', 'its name: 1 to 64 of a-z, 0-9 and -')
    .addOption(
      new Option('--format <FORMAT>', 'layout of the file (docs/hotlist-formats.md)')
        .choices(FORMATS.map(({ name }) => name))
        .default('csv'),
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
  registerEntries(hotlist)
}

function budget(text: string): number {
  const value = Number(text)
  if (value > 0 && value <= 1_000_000) return value
  throw new InvalidArgumentError('Expected a number above 0, up to 1000000.')
}

async function runImport(file: string, options: ImportOptions): Promise<void> {
  assertListName(options.list)
  const parsed = listFormat(options.format).parse(listBytes(file))
  const { entries, bad } = await collectList(parsed)
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
  const { list: name, category, profile, falseAlertsPerMillion: budget } = options
  const list = {
    name,
    category,
    profile,
    ...(budget === undefined ? {} : { false_alerts_per_million_max: budget }),
    entries,
  }
  await withLists(options, async ({ store, manifests, log }) => {
    const manifest = await importList(store, manifests, list, log)
    return `${manifest.name} version ${manifest.version} is in force: ${manifest.entries} entries`
  })
}

/** Does the work beside the running service, or without one, and prints the line that it gives. */
async function withLists(
  options: CommonOptions,
  work: (lists: { store: Store; manifests: Manifests; log: Logger }) => Promise<string>,
): Promise<void> {
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
    const { bus, store } = platform
    const line = await work({ store, manifests: await openManifests(bus), log })
    process.stdout.write(`${line}\n`)
  } finally {
    await platform.stop()
  }
}
