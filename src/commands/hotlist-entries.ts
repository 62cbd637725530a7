// Steps of the approval (policy 401.4f): entries that people make, and versions, from draft to
// active and to their end; what waits for a decision, and what has happened. A person is given by
// `--by`.
import { type Command, Option } from 'commander'
import type { Documents } from '../bus/documents.ts'
import { HotplateError } from '../domain/error.ts'
import { foldEntryPlate } from '../domain/plate.ts'
import { openClearances } from '../hotlists/cleared.ts'
import { customKey } from '../hotlists/custom.ts'
import { type CustomAction, revokePlate, stepCustom } from '../hotlists/custom-changes.ts'
import { historyOf } from '../hotlists/events.ts'
import { inboxOf } from '../hotlists/inbox.ts'
import {
  decideSettings,
  SETTINGS_ACTIONS,
  type SettingsAction,
} from '../hotlists/settings-changes.ts'
import { silenceEntry, silencePlate } from '../hotlists/single.ts'
import { decideVersion } from '../hotlists/version-decisions.ts'
import { registerDrafts } from './hotlist-draft.ts'
import { onGround, type PersonOptions, versionNumber, withCommon } from './hotlist-ground.ts'
import { promiseOf } from './hotlist-promise.ts'
import { told } from './hotlist-settings.ts'
import { table } from './table.ts'

const STEPS: readonly { name: string; action: CustomAction; says: string }[] = [
  { name: 'submit', action: 'submit', says: 'asks for a decision on a draft' },
  { name: 'withdraw', action: 'withdraw', says: 'makes a submitted entry a draft again' },
  { name: 'approve', action: 'approve', says: 'approves what another has written: it alerts' },
  { name: 'return', action: 'return', says: 'sends an entry back to its author' },
  { name: 'urgent', action: 'activate_urgently', says: 'activates one alone, and says why' },
  { name: 'confirm', action: 'confirm', says: 'lets an urgent entry stand, as the second person' },
  { name: 'refuse', action: 'refuse', says: 'ends an urgent entry, as the second person' },
  { name: 'revoke', action: 'revoke', says: 'ends an entry for good, at once' },
]

export function registerEntries(hotlist: Command): void {
  registerDrafts(hotlist)
  for (const { name, action, says } of STEPS) {
    const command = withCommon(hotlist.command(name).description(says))
      .requiredOption('--list <NAME>', 'the list')
      .option('--entry <ID>', 'the entry, by the id that alerts show')
    if (isOfVersions(action)) command.option('--version <N>', 'or a version', versionNumber)
    command
      .option('--note <TEXT>', 'why')
      .action((options: StepOptions) => runStep(action, options))
  }
  withCommon(hotlist.command('remove').description('looks for a plate no longer, at once'))
    .requiredOption('--list <NAME>', 'a list in force')
    .requiredOption('--note <TEXT>', 'why')
    .addOption(new Option('--plate <PLATE>', 'all its entries in the list').conflicts('id'))
    .addOption(new Option('--id <ID>', 'one entry, by the id that alerts show').conflicts('plate'))
    .action(runRemove)
  withCommon(hotlist.command('inbox').description('shows what waits for a decision')).action(
    runInbox,
  )
  withCommon(hotlist.command('history').description('shows who has changed what, newest first'))
    .requiredOption('--list <NAME>', 'the list')
    .option('--entry <ID>', 'one entry of it')
    .option('--json', 'all that is on record, a line of JSON an event')
    .action(runHistory)
}

interface StepOptions extends PersonOptions {
  list: string
  entry?: string
  version?: number
  note?: string
}

/** Without an entry and a version, it is about the list and its settings. */
function isOfSettings(action: CustomAction): action is SettingsAction {
  return SETTINGS_ACTIONS.some((one) => one === action)
}

function isOfVersions(action: CustomAction): action is 'approve' | 'return' {
  return action === 'approve' || action === 'return'
}

async function runStep(action: CustomAction, options: StepOptions): Promise<void> {
  const { list, entry: id, version, note } = options
  const of_list = id === undefined && version === undefined
  if ((id !== undefined && version !== undefined) || (of_list && !isOfSettings(action))) {
    const expected = isOfVersions(action) ? '--entry or --version' : '--entry'
    throw new HotplateError('USAGE', `Expected ${expected}`)
  }
  await onGround(options, async (o) => {
    if (of_list && isOfSettings(action)) {
      return told(await decideSettings(o, list, action, o.caller, note))
    }
    if (version !== undefined && isOfVersions(action)) {
      const record = await decideVersion(o, { list, version, action, caller: o.caller, note })
      if (action === 'return') return `${list} version ${version} is returned`
      const entries = `${record.counts.entries} entries`
      const promise = await promiseOf(o, list, version)
      return `${list} version ${version} is in force: ${entries}${promise}`
    }
    const { value } = await stepCustom(o, o.caller, { list, id: id as string, action, note })
    return `${value.entry.plate} on ${list}, entry ${id}, is ${value.approval.state}`
  })
}

interface RemoveOptions extends PersonOptions {
  list: string
  note: string
  plate?: string
  id?: string
}

async function runRemove({ list, note, plate, id, ...options }: RemoveOptions): Promise<void> {
  const folded = plate === undefined ? null : foldEntryPlate(plate)
  if (plate !== undefined && folded === null) {
    const message = `Expected a plate or a pattern for --plate but received "${plate.slice(0, 80)}"`
    throw new HotplateError('ENTRY_INVALID', message)
  }
  if (folded === null && id === undefined) {
    throw new HotplateError('USAGE', 'Expected --plate or --id')
  }
  await onGround(options, async (o) => {
    if (folded !== null) {
      await silencePlate(o, o.caller, list, folded, note)
      const revoked = await revokePlate(o, o.caller, list, folded, note)
      return `${folded} is off ${list}${revoked > 0 ? `, ${revoked} of its own entries` : ''}`
    }
    const key = id as string
    if (o.mirror.entries.has(customKey(list, key))) {
      const step = { list, id: key, action: 'revoke', note } as const
      const { value } = await stepCustom(o, o.caller, step)
      return `${value.entry.plate} is off ${list} as entry ${key}`
    }
    return `${await silenceEntry(o, o.caller, list, key, note)} is off ${list} as entry ${key}`
  })
}

async function runInbox(options: PersonOptions): Promise<void> {
  await onGround(options, async ({ bus, manifests, settings }) => {
    const in_force = await manifests.all()
    const items = inboxOf({
      custom: await valuesOf(manifests.custom),
      cleared: await valuesOf(await openClearances(bus)),
      lists: await valuesOf(settings),
      versions: await valuesOf(manifests.versions),
      inForce: (list) => in_force.get(list)?.value.version ?? null,
    })
    if (items.length === 0) return 'Nothing waits for a decision'
    const rows = items.map(({ subject, list, id, what, by, since, urgent, overdue }) => [
      overdue ? 'OVERDUE' : urgent ? 'urgent' : '',
      subject,
      list,
      id,
      by,
      since,
      what.slice(0, 60),
    ])
    const head = ['', 'what', 'list', 'id', 'by', 'since', '']
    return table([head, ...rows])
  })
}

async function valuesOf<T>(documents: Documents<T>): Promise<T[]> {
  return [...(await documents.all()).values()].map(({ value }) => value)
}

interface HistoryOptions extends PersonOptions {
  list: string
  entry?: string
  json?: boolean
}

async function runHistory({ list, entry, json, ...options }: HistoryOptions): Promise<void> {
  await onGround(options, async ({ bus }) => {
    const of_one = entry === undefined ? {} : { object: `entry:${entry}` as const }
    const events = await historyOf(bus, list, of_one)
    if (json) return events.map((event) => JSON.stringify(event)).join('\n')
    if (events.length === 0) return 'Nothing is on record'
    const rows = events.map(({ at, who, from, what, object, refused = '' }) => [
      at,
      who,
      from,
      what,
      object,
      refused,
    ])
    return table([['at', 'who', 'from', 'what', 'object', 'refused'], ...rows])
  })
}
