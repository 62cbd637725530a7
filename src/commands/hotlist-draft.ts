// `hotlist add`, `amend` and `entries`: what people write of an entry, and what is written. The
// steps of the approval are in hotlist-entries.ts.
import { type Command, Option } from 'commander'
import { APPROVAL_STATES, type ApprovalState } from '../domain/approval.ts'
import { HotplateError } from '../domain/error.ts'
import { PROFILES, PURPOSES } from '../domain/hotlist.ts'
import { parseEntry, type Row } from '../formats/hotlists/entry-columns.ts'
import { isBad } from '../formats/hotlists/parsed-line.ts'
import { customKey, type DatedEntry } from '../hotlists/custom.ts'
import {
  addCustom,
  amendCustom,
  type CustomDraft,
  type CustomPatch,
  entryUnknown,
} from '../hotlists/custom-changes.ts'
import { expiryOf, onGround, type PersonOptions, withCommon } from './hotlist-ground.ts'
import { table } from './table.ts'

/** Options that an entry need not have. */
const OPTIONAL = [
  ['region', '<STATE>', 'issuing state, US-ID or ID'],
  ['case', '<NUMBER>', 'case number'],
  ['make', '<NAME>', 'the vehicle, as far as it is known'],
  ['model', '<NAME>', 'its model'],
  ['color', '<NAME>', 'its colour'],
  ['type', '<NAME>', 'sedan, truck, …'],
  ['year', '<YEAR>', 'of the model'],
  ['contact', '<TEXT>', 'whom to call'],
  ['instructions', '<TEXT>', 'what to do, and what not: "do not stop, observe"'],
  ['cautions', '<TEXT>', 'what to beware of, parted by ";"'],
] as const

/** By their own names, as they are typed. */
type Typed = PersonOptions & { list: string } & { readonly [option: string]: unknown }

export function registerDrafts(hotlist: Command): void {
  const says = 'drafts an entry; it alerts once another person has approved it'
  const add = withCommon(hotlist.command('add').description(says))
  withColumns(add, true).option('--submit', 'ask for a decision at once').action(runAdd)
  const amends = 'changes an entry; one that is approved and would say more is a draft again'
  const amend = withCommon(hotlist.command('amend').description(amends))
  withColumns(amend, false)
    .requiredOption('--entry <ID>', 'the entry, by the id that alerts show')
    .addOption(
      new Option('--without <COLUMN...>', 'takes these away').choices([
        ...OPTIONAL.map(([name]) => name),
        'profile',
      ]),
    )
    .action(runAmend)
  withCommon(hotlist.command('entries').description('shows the entries that people have made'))
    .requiredOption('--list <NAME>', 'the list')
    .addOption(new Option('--state <STATE>', 'of one state alone').choices(APPROVAL_STATES))
    .action(runEntries)
}

function withColumns(command: Command, mandatory: boolean): Command {
  const needed = [
    new Option('--plate <PLATE>', 'the plate, or a part of it: ? one character, * any run'),
    new Option('--reason <TEXT>', 'why it is looked for'),
    new Option('--purpose <NAME>', 'what for, of those that policy 401.1 has').choices(PURPOSES),
    new Option('--expires <WHEN>', 'its end: 12h, 7d, or a day or moment of ISO 8601'),
  ]
  command.requiredOption('--list <NAME>', 'a list in force')
  for (const option of needed) command.addOption(option.makeOptionMandatory(mandatory))
  for (const [name, value, what] of OPTIONAL) command.option(`--${name} ${value}`, what)
  const profile = new Option('--profile <NAME>', "how far a read may be off (the list's)")
  return command.addOption(profile.choices(PROFILES))
}

async function runAdd({ list, submit, ...typed }: Typed): Promise<void> {
  const entry = parsed(rowOf(typed)) as CustomDraft
  await onGround(typed, async (o) => {
    const { value } = await addCustom(o, o.caller, list, entry, submit === true)
    const waits = submit ? 'another person has to approve it' : 'submit it for a decision'
    return `${value.entry.plate} is drafted on ${list} as entry ${value.entry.id}: ${waits}`
  })
}

async function runAmend({ list, entry: id, without, ...typed }: Typed): Promise<void> {
  await onGround(typed, async (o) => {
    const key = String(id)
    const before = await o.manifests.custom.get(customKey(list, key))
    if (before === null) throw entryUnknown(list, key)
    const row: Record<string, string | undefined> = {
      ...columnsOf(before.value.entry),
      ...rowOf(typed),
    }
    for (const name of (without as string[] | undefined) ?? []) {
      row[name === 'region' ? 'state' : name] = undefined
    }
    const { revision } = before
    const patch = patchOf(before.value.entry, parsed(row) as CustomDraft)
    const { value } = await amendCustom(o, o.caller, { list, id: key, revision }, patch)
    return `${value.entry.plate} on ${list}, entry ${key}, is ${value.approval.state}`
  })
}

/** What was typed, in the columns of a list; nothing where nothing was. */
function rowOf(typed: { readonly [option: string]: unknown }): Row {
  const { region: state, expires } = typed
  const expires_at = typeof expires === 'string' ? expiryOf(expires, Date.now()) : undefined
  const columns = Object.entries({ ...typed, state, expires_at })
  return Object.fromEntries(
    columns.filter((one): one is [string, string] => typeof one[1] === 'string'),
  )
}

function columnsOf({ region: state, vehicle = {}, details = {}, ...entry }: DatedEntry): Row {
  const { make, model, color, type, year } = vehicle
  const { contact, instructions, cautions } = details
  return {
    ...entry,
    state,
    make,
    model,
    color,
    type,
    contact,
    instructions,
    year: year?.toString(),
    cautions: cautions?.join('; '),
  } as Row
}

/** @throws HotplateError ENTRY_INVALID, in the options' names */
function parsed(row: Row): Omit<DatedEntry, 'id' | 'purpose' | 'expires_at'> {
  const entry = parseEntry(row, 1)
  if (!isBad(entry)) return entry
  const renamed: Record<string, string> = { state: 'region', expires_at: 'expires' }
  const option = renamed[entry.column] ?? entry.column
  const message = `Expected ${entry.expected} for --${option} but received ${entry.came}`
  throw new HotplateError('ENTRY_INVALID', message)
}

/** What the entry has no longer is taken away; what no option tells of stays. */
function patchOf({ details: before }: DatedEntry, entry: CustomDraft): CustomPatch {
  const { contact: _, instructions: _is, cautions: _are, ...untold } = before ?? {}
  const details = { ...untold, ...entry.details }
  const gone = { region: null, case: null, vehicle: null, profile: null }
  return { ...gone, ...entry, details: Object.keys(details).length > 0 ? details : null }
}

interface EntriesOptions extends PersonOptions {
  list: string
  state?: ApprovalState
}

async function runEntries({ list, state, ...options }: EntriesOptions): Promise<void> {
  await onGround(options, ({ mirror }) => {
    const own = [...mirror.entries.values()]
      .map(({ value }) => value)
      .filter((one) => one.list === list)
      .filter(({ approval }) => state === undefined || approval.state === state)
      .toSorted((a, b) => (a.entry.expires_at < b.entry.expires_at ? -1 : 1))
    if (own.length === 0) return Promise.resolve('No entries')
    const rows = own.map(({ entry, approval }) => [
      entry.id,
      entry.plate,
      approval.state,
      approval.authors.join(', '),
      entry.expires_at,
      entry.reason.slice(0, 60),
    ])
    const head = ['id', 'plate', 'state', 'written by', 'until', 'reason']
    return Promise.resolve(table([head, ...rows]))
  })
}
