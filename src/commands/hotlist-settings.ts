// `hotlist create`, `set`, `show`, `lists` and `file-code`: lists and their settings, with the
// state of their approval (policy 401.4f).
import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parse as parseYaml } from 'yaml'
import { HotplateError } from '../domain/error.ts'
import { CATEGORIES, type Category, PROFILES, PURPOSES, type Purpose } from '../domain/hotlist.ts'
import { type ListSettings, PRIORITIES, staleHours } from '../domain/list-settings.ts'
import { applyFileCode } from '../hotlists/file-code-version.ts'
import type { ListDocument, SettingsPatch } from '../hotlists/settings.ts'
import { settingsPatchSchema } from '../hotlists/settings.ts'
import {
  changeSettings,
  createList,
  documentOf,
  submitProposal,
} from '../hotlists/settings-changes.ts'
import { onGround, type PersonOptions, withCommon } from './hotlist-ground.ts'
import { table } from './table.ts'

interface SettingsOptions extends PersonOptions {
  list: string
  submit?: boolean
  from?: string
  title?: string
  priority?: string
  purpose?: Purpose
  visible?: string
  ilets?: boolean
  profile?: string
  falseAlertsPerMillion?: string
  refreshHours?: string
  whenStale?: string
  contact?: string
}

export function registerSettings(hotlist: Command): void {
  const create = withCommon(
    hotlist.command('create').description('drafts a list; another person has to approve it'),
  )
    .requiredOption('--list <NAME>', 'its name: 1 to 64 of a-z, 0-9 and -')
    .addOption(
      new Option('--category <NAME>', 'why its plates are looked for')
        .choices(CATEGORIES)
        .default('custom'),
    )
    .option(
      '--government <AGENCY>',
      "registers a government's source, by an administrator: in force at once",
    )
  withSettings(create).action(runCreate)
  const says = 'changes settings of a list; what reaches further waits for another person'
  withSettings(
    withCommon(hotlist.command('set').description(says)).requiredOption('--list <NAME>'),
  ).action(runSet)
  withCommon(hotlist.command('show').description('shows the settings of a list, and their state'))
    .requiredOption('--list <NAME>')
    .action(runShow)
  withCommon(hotlist.command('lists').description('shows all lists, their state and age')).action(
    runLists,
  )
  withCommon(
    hotlist
      .command('file-code')
      .description('decides on entries of a file code that fits no purpose by itself (401.1)'),
  )
    .requiredOption('--list <NAME>')
    .requiredOption('--code <LETTER>', 'the file code')
    .addOption(
      new Option('--purpose <NAME>', 'what they are looked for')
        .choices(PURPOSES)
        .conflicts('inactive'),
    )
    .option('--inactive', 'they are not looked for')
    .action(runFileCode)
}

function withSettings(command: Command): Command {
  return command
    .option('--title <TEXT>')
    .addOption(new Option('--priority <N>', '1 is the most urgent').choices(PRIORITIES.map(String)))
    .addOption(new Option('--purpose <NAME>', 'of those that policy 401.1 has').choices(PURPOSES))
    .option('--visible <WHO>', 'all, roles:a,b, people:a,b or covert:a,b')
    .option('--ilets', 'state law-enforcement data: for authorised people alone')
    .option('--no-ilets')
    .addOption(new Option('--profile <NAME>', 'how far a read may be off').choices(PROFILES))
    .option('--false-alerts-per-million <N>', 'false alerts that the list may raise, or none')
    .option('--refresh-hours <N>', 'older than this it is stale; none: never')
    .addOption(new Option('--when-stale <WHAT>', 'what it does then').choices(['alert', 'stop']))
    .option('--contact <TEXT>', 'whom to call; none: nobody')
    .option('--from <FILE>', 'YAML file with any settings: hours, areas, format, feed and these')
    .option('--submit', 'ask for a decision at once')
}

/** @throws HotplateError SETTINGS_INVALID, FILE_UNREADABLE */
function patchOf(options: SettingsOptions): SettingsPatch {
  const given = {
    ...(options.from === undefined ? {} : fileOf(options.from)),
    title: options.title,
    priority: options.priority === undefined ? undefined : Number(options.priority),
    purpose: options.purpose,
    visibility: options.visible === undefined ? undefined : visibilityOf(options.visible),
    ilets: options.ilets,
    profile: options.profile,
    false_alerts_per_million_max: numberOf(options.falseAlertsPerMillion),
    refresh_hours_max: numberOf(options.refreshHours),
    when_stale: options.whenStale,
    contact: options.contact === 'none' ? null : options.contact,
  }
  const said = Object.entries(given).filter(([, value]) => value !== undefined)
  const { success, data, error } = settingsPatchSchema.safeParse(Object.fromEntries(said))
  if (success) return data
  const [issue] = error.issues
  const where = issue?.path.join('.') || 'the settings'
  throw new HotplateError(
    'SETTINGS_INVALID',
    `Expected other settings: ${where}: ${issue?.message}`,
  )
}

function fileOf(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new HotplateError('FILE_UNREADABLE', `${file} can't be read`, { cause })
  }
  try {
    const value: unknown = parseYaml(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below, as what is no object is.
  }
  throw new HotplateError('SETTINGS_INVALID', `Expected YAML with settings in ${file}`)
}

/** @returns null for `none`, which takes a setting away */
function numberOf(text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined
  return text === 'none' ? null : Number(text)
}

function visibilityOf(text: string): object {
  const [kind = '', who = ''] = text.split(':', 2)
  if (text === 'all') return { kind }
  const names = who.split(',').filter((name) => name !== '')
  return kind === 'roles' ? { kind, roles: names } : { kind, people: names }
}

interface CreateOptions extends SettingsOptions {
  category: Category
  government?: string
}

async function runCreate({ category, government, ...options }: CreateOptions): Promise<void> {
  const patch = patchOf(options)
  await onGround(options, async (o) => {
    const agency = government === undefined ? {} : { agency: government }
    const list = { name: options.list, category, patch, ...agency }
    const is = await createList(o, list, o.caller)
    return told(options.submit ? await submitProposal(o, is, o.caller) : is)
  })
}

async function runSet(options: SettingsOptions): Promise<void> {
  const patch = patchOf(options)
  await onGround(options, async (o) => {
    const is = await changeSettings(o, options.list, patch, o.caller)
    return told(options.submit ? await submitProposal(o, is, o.caller) : is)
  })
}

/** In a line: what is in force, and what waits. */
export function told({ name, approved, proposed }: ListDocument): string {
  const now = approved === null ? 'is not in force' : `is ${approved.approval.state}`
  if (proposed === null) return `${name} ${now}`
  const { state } = proposed.approval
  const waits = state === 'submitted' ? 'another person has to approve it' : `it is ${state}`
  return `${name} ${now}; of what is proposed: ${waits}`
}

async function runFileCode(
  options: PersonOptions & { list: string; code: string; purpose?: Purpose; inactive?: boolean },
): Promise<void> {
  const { list, code, purpose, inactive = false } = options
  if (purpose === undefined && !inactive) {
    throw new HotplateError('USAGE', 'Expected --purpose or --inactive')
  }
  if (!/^([A-Z0-9?]|[A-Z]{2}-[A-Z])$/.test(code)) {
    throw new InvalidArgumentError('Expected a file code, such as H')
  }
  await onGround(options, async (o) => {
    const decided = { code, purpose: purpose ?? null }
    const { version } = await applyFileCode(o, list, decided, o.caller)
    const what = purpose === undefined ? 'are inactive' : `are looked for: ${purpose}`
    const since = version === null ? 'it has none now' : `version ${version} is in force`
    return `Entries of ${list} with code ${code} ${what}; ${since}`
  })
}

async function runShow(options: PersonOptions & { list: string }): Promise<void> {
  await onGround(options, async ({ settings, manifests }) => {
    const manifest = (await manifests.get(options.list))?.value ?? null
    const document = (await settings.get(options.list))?.value ?? (manifest && documentOf(manifest))
    if (document === null) {
      throw new HotplateError('LIST_UNKNOWN', `There is no list ${options.list}`)
    }
    const in_force = manifest && {
      version: manifest.version,
      entries: manifest.entries,
      imported_at: manifest.imported_at,
    }
    return JSON.stringify({ ...document, in_force }, null, 2)
  })
}

async function runLists(options: PersonOptions): Promise<void> {
  await onGround(options, async ({ settings, manifests }) => {
    const [documents, lists] = [await settings.all(), await manifests.all()]
    const names = [...new Set([...documents.keys(), ...lists.keys()])].toSorted()
    const rows = names.map((name) => {
      const manifest = lists.get(name)?.value
      const document = documents.get(name)?.value ?? (manifest && documentOf(manifest))
      const stated = document?.approved ?? document?.proposed
      const of_list = stated?.settings as ListSettings
      return [
        name,
        of_list.title,
        String(of_list.priority),
        of_list.category,
        of_list.source.kind === 'government' ? of_list.source.agency : 'custom',
        stateOf(document as ListDocument),
        manifest === undefined ? '' : String(manifest.version),
        manifest === undefined ? '' : String(manifest.entries),
        manifest === undefined ? '' : ageOf(of_list, manifest.imported_at),
      ]
    })
    const head = ['list', 'title', 'priority', 'category', 'source', 'state', 'version', 'entries']
    return table([[...head, 'age'], ...rows])
  })
}

function stateOf({ approved, proposed }: ListDocument): string {
  const state = approved?.approval.state ?? 'no'
  return proposed === null ? state : `${state}, proposal ${proposed.approval.state}`
}

function ageOf(settings: ListSettings, imported_at: string): string {
  const hours = Math.floor((Date.now() - Date.parse(imported_at)) / 3_600_000)
  const stale = staleHours(settings, imported_at, Date.now()) !== null
  if (!stale) return `${hours} h`
  return settings.when_stale === 'stop' ? `${hours} h STALE, STOPPED` : `${hours} h STALE`
}
