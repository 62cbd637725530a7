// What people do with custom entries: draft, amend, and every step of the approval. Each change is
// on record before it is made.
import { randomBytes } from 'node:crypto'
import type { Audit } from '../access/audit.ts'
import { isOvertaken, type Revisioned } from '../bus/documents.ts'
import type { Config } from '../config/schema.ts'
import {
  type Approval,
  type ApprovalAction,
  decide,
  draft,
  isOpen,
  PROGRAM,
} from '../domain/approval.ts'
import { HotplateError } from '../domain/error.ts'
import { type Entry, type HotList, hasExpired, PROFILES } from '../domain/hotlist.ts'
import { foldEntryPlate, isPattern } from '../domain/plate.ts'
import { DAY_MS } from '../domain/time.ts'
import { type Caller, changeApproved, onRecord, withoutHistory } from './approvals.ts'
import { type CustomEntry, customKey, type DatedEntry } from './custom.ts'
import { recordChange } from './events.ts'
import type { Manifests } from './manifest.ts'
import type { Mirror } from './mirror.ts'
import type { SettingsDocuments } from './settings.ts'

export interface CustomOptions {
  manifests: Pick<Manifests, 'get' | 'create' | 'reserveVersion' | 'custom'>
  settings: Pick<SettingsDocuments, 'get'>
  mirror: Pick<Mirror<CustomEntry>, 'entries'>
  audit: Pick<Audit, 'append'>
  limits: Config['hotlists']
}

export type CustomDraft = Omit<DatedEntry, 'id'>
/** null takes away what may be absent. */
export type CustomPatch = {
  [name in keyof CustomDraft]?: CustomDraft[name] | (undefined extends Entry[name] ? null : never)
}

/** All of them are one index beside the base, built anew with each change: 20 ms of these. */
const ENTRIES_MAX = 10_000
/** Half of what one index takes (limits.ts). */
const PATTERNS_MAX = 5_000

/**
 * Drafts an entry; with `submit`, a decision is asked for at once. It alerts on nothing yet.
 * @throws HotplateError LIST_UNKNOWN, ENTRY_INVALID, ENTRIES_TOO_MANY, APPROVAL_RIGHT,
 * AUDIT_UNAVAILABLE
 */
export function addCustom(
  o: CustomOptions,
  caller: Caller,
  list: string,
  given: CustomDraft,
  submit: boolean,
): Promise<Revisioned<CustomEntry>> {
  const now_ms = Date.now()
  const id = randomBytes(8).toString('hex')
  const event = {
    who: caller.actor.name,
    from: caller.from,
    list,
    what: submit ? 'entry_submit' : 'entry_draft',
    object: `entry:${id}`,
  } as const
  return onRecord(o.audit, event, null, async () => {
    const drafted = draft('entry', caller.actor, now_ms)
    const approval = submit ? decide(drafted, 'submit', caller.actor, now_ms) : drafted
    await listInForce(o, list)
    const entry = { id, ...checkEntry(given, o.limits, now_ms) }
    assertRoom(o.mirror, entry)
    const value = { list, entry, approval }
    await recordChange(o.audit, { ...event, was: null, is: withoutHistory(value) })
    const revision = await o.manifests.custom.create(customKey(list, id), value)
    return { value, revision }
  })
}

/**
 * Changes what an entry says. One that was approved stays in force where it can alert on no more
 * than before and on the same grounds; else it is a draft again.
 * @param revision that the caller has seen
 * @throws ApprovalOvertaken; HotplateError ENTRY_UNKNOWN, ENTRY_INVALID, APPROVAL_RIGHT,
 * APPROVAL_STATE, AUDIT_UNAVAILABLE
 */
export async function amendCustom(
  o: CustomOptions,
  caller: Caller,
  { list, id, revision }: { list: string; id: string; revision?: number | undefined },
  patch: CustomPatch,
): Promise<Revisioned<CustomEntry>> {
  const manifest = await listInForce(o, list)
  const now_ms = Date.now()
  return await change(o, caller, { list, id, revision, what: 'entry_amend' }, (now) => {
    const entry = { ...checkEntry(patched(now.entry, patch), o.limits, now_ms), id }
    if (isPattern(entry.plate) && !isPattern(now.entry.plate)) assertRoom(o.mirror, entry)
    const approved = now.approval.state === 'approved' || now.approval.state === 'active'
    const action = approved && !needsApproval(now.entry, entry, manifest) ? 'annotate' : 'amend'
    return { list, entry, approval: decide(now.approval, action, caller.actor, now_ms) }
  })
}

export type CustomAction = Exclude<ApprovalAction, 'amend' | 'annotate' | 'activate'>

export interface CustomStep {
  list: string
  id: string
  action: CustomAction
  note?: string | undefined
  revision?: number | undefined
}

/**
 * One step of the approval; what is approved is in force with the same word.
 * @throws ApprovalOvertaken; HotplateError ENTRY_UNKNOWN, ENTRY_INVALID where its time has come,
 * APPROVAL_RIGHT, APPROVAL_STATE, APPROVAL_SELF, APPROVAL_NOTE, AUDIT_UNAVAILABLE
 */
export async function stepCustom(
  o: CustomOptions,
  caller: Caller,
  { list, id, action, note, revision }: CustomStep,
): Promise<Revisioned<CustomEntry>> {
  return await change(o, caller, { list, id, revision, what: `entry_${action}` }, (now) => {
    const now_ms = Date.now()
    const decided = decide(now.approval, action, caller.actor, now_ms, note)
    if (action === 'approve' || action === 'activate_urgently') assertTime(now.entry, now_ms)
    return { ...now, approval: activated(decided, now_ms) }
  })
}

/**
 * Revokes all entries of a plate that people have made on a list.
 * @returns how many
 */
export async function revokePlate(
  o: CustomOptions,
  caller: Caller,
  list: string,
  plate: string,
  note: string,
): Promise<number> {
  const own = [...o.mirror.entries.values()].filter(
    ({ value }) => value.list === list && value.entry.plate === plate && isOpen(value.approval),
  )
  for (const { value } of own) {
    await stepCustom(o, caller, { list, id: value.entry.id, action: 'revoke', note })
  }
  return own.length
}

function activated(approval: Approval, now_ms: number): Approval {
  if (approval.state !== 'approved') return approval
  return decide(approval, 'activate', PROGRAM, now_ms)
}

async function change(
  { manifests, audit }: Pick<CustomOptions, 'manifests' | 'audit'>,
  caller: Caller,
  {
    list,
    id,
    ...wanted
  }: { list: string; id: string; revision?: number | undefined; what: string },
  to: (now: CustomEntry) => CustomEntry,
): Promise<Revisioned<CustomEntry>> {
  const changed = await changeApproved({ documents: manifests.custom, audit }, caller, {
    ...wanted,
    key: customKey(list, id),
    list,
    object: `entry:${id}`,
    change: to,
  })
  if (changed === null) throw entryUnknown(list, id)
  return changed
}

export function entryUnknown(list: string, id: string): HotplateError {
  return new HotplateError('ENTRY_UNKNOWN', `List ${list} has no entry ${id.slice(0, 80)}`)
}

function patched(entry: DatedEntry, patch: CustomPatch): CustomDraft {
  const { id: _, ...before } = entry
  const merged = Object.entries({ ...before, ...patch }).filter(([, value]) => value != null)
  return Object.fromEntries(merged) as CustomDraft
}

/** Whether what a second person has approved was something else. */
function needsApproval(before: DatedEntry, after: DatedEntry, list: HotList): boolean {
  const reach = ({ profile = list.profile }: Entry) => PROFILES.indexOf(profile)
  return (
    before.plate !== after.plate ||
    before.region !== after.region ||
    before.reason !== after.reason ||
    before.case !== after.case ||
    before.purpose !== after.purpose ||
    Date.parse(after.expires_at) > Date.parse(before.expires_at) ||
    reach(after) > reach(before)
  )
}

/**
 * The list's manifest. A list of which only the settings are in force begins with an empty version:
 * it is what its entries make of it.
 * @throws HotplateError LIST_UNKNOWN
 */
async function listInForce(o: CustomOptions, name: string): Promise<HotList> {
  const { manifests, settings } = o
  const manifest = await manifests.get(name)
  if (manifest !== null) return manifest.value
  const { approved } = (await settings.get(name))?.value ?? { approved: null }
  if (approved?.approval.state !== 'active') {
    const message = `Expected a list in force but there is no ${name.slice(0, 80)}`
    throw new HotplateError('LIST_UNKNOWN', message)
  }
  const { category, profile, false_alerts_per_million_max: budget } = approved.settings
  const list: HotList = {
    name,
    category,
    profile,
    ...(budget === undefined ? {} : { false_alerts_per_million_max: budget }),
    version: await manifests.reserveVersion(name),
    entries: 0,
    imported_at: new Date().toISOString(),
  }
  try {
    await manifests.create(name, list)
    return list
  } catch (error) {
    if (!isOvertaken(error)) throw error
    return await listInForce(o, name)
  }
}

/** @throws HotplateError ENTRY_INVALID */
function checkEntry(given: CustomDraft, limits: Config['hotlists'], now_ms: number): CustomDraft {
  const plate = foldEntryPlate(given.plate)
  if (plate === null) throw invalid('a plate or a pattern', given.plate)
  const { case_pattern, entry_days_max } = limits
  if (case_pattern !== null && !new RegExp(`^(?:${case_pattern})$`).test(given.case ?? '')) {
    throw invalid(`a case number like ${case_pattern}`, given.case)
  }
  const latest_ms = now_ms + entry_days_max * DAY_MS
  if (Date.parse(given.expires_at) > latest_ms) {
    const latest = new Date(latest_ms).toISOString()
    throw invalid(`an end within ${entry_days_max} days, by ${latest}`, given.expires_at)
  }
  assertTime(given, now_ms)
  return { ...given, plate }
}

function assertTime(entry: Pick<DatedEntry, 'expires_at'>, now_ms: number): void {
  if (hasExpired(entry, now_ms)) throw invalid('an end that is still to come', entry.expires_at)
}

function assertRoom({ entries }: Pick<Mirror<CustomEntry>, 'entries'>, entry: DatedEntry): void {
  const open = [...entries.values()].filter(({ value }) => isOpen(value.approval))
  const patterns = open.filter(({ value }) => isPattern(value.entry.plate))
  const full = isPattern(entry.plate) && patterns.length >= PATTERNS_MAX
  if (open.length < ENTRIES_MAX && !full) return
  throw new HotplateError(
    'ENTRIES_TOO_MANY',
    `Expected at most ${ENTRIES_MAX} entries by hand, ${PATTERNS_MAX} of them with ? or *, but ` +
      `there are ${open.length}, ${patterns.length} of them with ? or *: revoke what no longer ` +
      'matters, or import a list',
  )
}

function invalid(expected: string, came: string | undefined): HotplateError {
  const text = came === undefined ? 'none' : `"${came.slice(0, 80)}"`
  return new HotplateError('ENTRY_INVALID', `Expected ${expected} but received ${text}`)
}
