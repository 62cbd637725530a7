// `hotplate hotlist import`: brings a list in from a file. What comes after it is in
// hotlist-versions.ts; entries that people make are in hotlist-entries.ts.
import { access, constants, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { HotplateError } from '../domain/error.ts'
import { CATEGORIES, type Category, PROFILES, type Profile } from '../domain/hotlist.ts'
import { FORMATS } from '../formats/hotlists/formats.ts'
import { badLinesOf } from '../hotlists/bad-lines.ts'
import { type ImportContent, stageImport } from '../hotlists/import.ts'
import { assertListName } from '../hotlists/manifest.ts'
import type { StagingCounts } from '../hotlists/staging.ts'
import { stateOf, type VersionRecord } from '../hotlists/versions.ts'
import type { Store } from '../store/client.ts'
import { registerCleared } from './hotlist-cleared.ts'
import { registerConflicts } from './hotlist-conflicts.ts'
import { registerEntries } from './hotlist-entries.ts'
import { registerFeeds } from './hotlist-feeds.ts'
import { onGround, type PersonOptions, withCommon } from './hotlist-ground.ts'
import { promiseOf } from './hotlist-promise.ts'
import { registerReads } from './hotlist-reads.ts'
import { registerSettings } from './hotlist-settings.ts'
import { changesText, registerVersions } from './hotlist-versions.ts'

const BAD_LINES_SHOWN = 20
const PROGRESS_EVERY_MS = 1_000

interface ImportOptions extends PersonOptions {
  list: string
  format?: string
  part?: boolean
  category: Category
  profile: Profile
  falseAlertsPerMillion?: number
  passwordFile?: string
}

export function registerHotlist(program: Command): void {
  const hotlist = program.command('hotlist').description('hot lists')
  withCommon(
    hotlist.command('import').description('brings a list in from a file, as a version of it'),
  )
    .argument('<file>', 'the list')
    .requiredOption('--list <NAME>', 'its name: 1 to 64 of a-z, 0-9 and -')
    .addOption(
      new Option(
        '--format <FORMAT>',
        "layout of the file (the list's, or csv; docs/hotlist-formats.md)",
      ).choices(FORMATS.map(({ name }) => name)),
    )
    .option('--part', 'the file adds to the version in force, and names what it takes off')
    .addOption(
      new Option('--category <NAME>', 'why its plates are looked for, if it has no settings')
        .choices(CATEGORIES)
        .default('custom'),
    )
    .addOption(
      new Option('--profile <NAME>', 'how far a read may be off, if it has no settings')
        .choices(PROFILES)
        .default('fold'),
    )
    .option(
      '--false-alerts-per-million <N>',
      'false alerts that the list may raise per million reads, if it has no settings ' +
        '(matching.false_alerts_per_million_max)',
      budget,
    )
    .option('--password-file <FILE>', 'file with the password of a zip archive')
    .action(runImport)
  registerSettings(hotlist)
  registerVersions(hotlist)
  registerReads(hotlist)
  registerCleared(hotlist)
  registerFeeds(hotlist)
  registerConflicts(hotlist)
  registerEntries(hotlist)
}

function budget(text: string): number {
  const value = Number(text)
  if (value > 0 && value <= 1_000_000) return value
  throw new InvalidArgumentError('Expected a number above 0, up to 1000000.')
}

async function runImport(file: string, options: ImportOptions): Promise<void> {
  const { list, format, part = false, passwordFile } = options
  const { category, profile, falseAlertsPerMillion } = options
  assertListName(list)
  await access(file, constants.R_OK)
  const matching = {
    category,
    profile,
    ...(falseAlertsPerMillion === undefined
      ? {}
      : { false_alerts_per_million_max: falseAlertsPerMillion }),
  }
  const content: ImportContent = {
    file: {
      path: file,
      name: basename(file),
      ...(format ? { format } : {}),
      ...(passwordFile ? { password: (await readFile(passwordFile, 'utf8')).trimEnd() } : {}),
    },
  }
  await onGround(options, async (o) => {
    const record = await stageImport(o, {
      list,
      content,
      part,
      matching,
      caller: o.caller,
      onProgress: progress(file),
    })
    await showBadLines(o.store, file, record)
    const in_force = (await o.manifests.get(list))?.value.version ?? null
    const outcome = outcomeOf(record, in_force)
    const is_active = stateOf(record, in_force) === 'active'
    return is_active ? outcome + (await promiseOf(o, list, record.version)) : outcome
  })
}

/** Tells how far an import is, a line now and then. */
function progress(file: string): (counts: StagingCounts) => void {
  let told_ms = Date.now()
  return ({ lines, entries, bad }) => {
    if (Date.now() - told_ms < PROGRESS_EVERY_MS) return
    told_ms = Date.now()
    process.stderr.write(`${file}: ${lines} lines, ${entries} entries, ${bad} bad\n`)
  }
}

async function showBadLines(store: Store, file: string, record: VersionRecord): Promise<void> {
  const { list, version, counts } = record
  if (counts.bad === 0) return
  const bad = await badLinesOf(store, list, version, { lines_max: BAD_LINES_SHOWN })
  for (const { line, column, expected, came } of bad) {
    process.stderr.write(`${file}:${line}: ${column}: expected ${expected} but found ${came}\n`)
  }
  const more = counts.bad - bad.length
  if (more > 0) process.stderr.write(`${file}: ${more} more bad lines\n`)
}

/** @throws HotplateError LIST_HELD: whoever runs imports by the clock has to know */
function outcomeOf(record: VersionRecord, in_force: number | null): string {
  const { list, version, counts, held } = record
  const name = `${list} version ${version}`
  const state = stateOf(record, in_force)
  if (state === 'active') return `${name} is in force: ${counts.entries} entries`
  if (state === 'held') {
    const stays = in_force === null ? 'nothing of it is in force' : `${in_force} stays in force`
    throw new HotplateError(
      'LIST_HELD',
      `${name} is held for a person, and ${stays}. ${held.join('. ')}`,
    )
  }
  const what = `${counts.entries} entries, ${changesText(counts)}`
  return `${name} waits for another person to approve it: ${what}`
}
