// `hotplate hotlist import`: puts a list from a file into force. `add` and `remove` change one that
// is.
import { createReadStream } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { HotplateError } from '../domain/error.ts'
import { CATEGORIES, type Category, PROFILES, type Profile } from '../domain/hotlist.ts'
import { foldEntryPlate } from '../domain/plate.ts'
import { parseEntry } from '../formats/hotlists/entry-columns.ts'
import { collectList, FORMATS, listFormat } from '../formats/hotlists/formats.ts'
import { importList } from '../hotlists/import.ts'
import { assertListName, openManifests } from '../hotlists/manifest.ts'
import { addEntry, removeEntry, removePlate, type SingleOptions } from '../hotlists/single.ts'
import { joinPlatform } from '../platform.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
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
  registerSingle(hotlist)
}

function registerSingle(hotlist: Command): void {
  hotlist
    .command('add')
    .description('looks for one more plate, at once')
    .requiredOption('--list <NAME>', 'a list in force')
    .requiredOption('--plate <PLATE>', 'the plate, or a part of it: ? one character, * any run')
    .requiredOption('--reason <TEXT>', 'why it is looked for')
    .option('--region <STATE>', 'issuing state, US-ID or ID')
    .option('--case <NUMBER>', 'case number')
    .addOption(
      new Option('--profile <NAME>', "how far a read may be off (the list's)").choices(PROFILES),
    )
    .option('--config <FILE>', 'YAML file with settings')
    .option('--data <DIR>', 'folder for all data (./data)')
    .action(runAdd)
  hotlist
    .command('remove')
    .description('looks for a plate no longer, at once')
    .requiredOption('--list <NAME>', 'a list in force')
    .addOption(new Option('--plate <PLATE>', 'all its entries in the list').conflicts('id'))
    .addOption(new Option('--id <ID>', 'one entry, by the id that alerts show').conflicts('plate'))
    .option('--config <FILE>', 'YAML file with settings')
    .option('--data <DIR>', 'folder for all data (./data)')
    .action(runRemove)
}

function budget(text: string): number {
  const value = Number(text)
  if (value > 0 && value <= 1_000_000) return value
  throw new InvalidArgumentError('Expected a number above 0, up to 1000000.')
}

async function runImport(file: string, options: ImportOptions): Promise<void> {
  assertListName(options.list)
  const parsed = listFormat(options.format).parse(createReadStream(file))
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

interface AddOptions extends CommonOptions {
  list: string
  plate: string
  reason: string
  region?: string
  case?: string
  profile?: Profile
}

async function runAdd(options: AddOptions): Promise<void> {
  const { list, plate, reason, region, case: case_number, profile } = options
  const entry = parseEntry({ plate, reason, state: region, case: case_number, profile }, 1)
  if ('expected' in entry) {
    const option = entry.column === 'state' ? 'region' : entry.column
    const message = `Expected ${entry.expected} for --${option} but received ${entry.came}`
    throw new HotplateError('ENTRY_INVALID', message)
  }
  await withLists(options, async (lists) => {
    const { id } = await addEntry(lists, list, entry)
    return `${entry.plate} is on ${list} as entry ${id}`
  })
}

interface RemoveOptions extends CommonOptions {
  list: string
  plate?: string
  id?: string
}

async function runRemove({ list, plate, id, ...common }: RemoveOptions): Promise<void> {
  const folded = plate === undefined ? null : foldEntryPlate(plate)
  if (plate !== undefined && folded === null) {
    const message = `Expected a plate or a pattern for --plate but received "${plate.slice(0, 80)}"`
    throw new HotplateError('ENTRY_INVALID', message)
  }
  await withLists(common, async (lists) => {
    if (folded !== null) {
      await removePlate(lists, list, folded)
      return `${folded} is off ${list}`
    }
    if (id === undefined) throw new HotplateError('USAGE', 'Expected --plate or --id')
    return `${await removeEntry(lists, list, id)} is off ${list} as entry ${id}`
  })
}

/** Does the work beside the running service, or without one, and prints the line that it gives. */
async function withLists(
  options: CommonOptions,
  work: (lists: SingleOptions) => Promise<string>,
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
