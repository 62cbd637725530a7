// What people do to the settings of lists. A list of a government's source is in force as soon as
// an administrator has registered it; any other, and whatever reaches further than what is in
// force, waits for a second person (401.4f). What only says it better is in force at once, and what
// narrows a list by the word of somebody who may decide.
//
// Each change is on record before it is made, and is made on the revision that it was decided on:
// of two people at once one wins, and the other is told who.
import type { Audit } from '../access/audit.ts'
import { isOvertaken } from '../bus/documents.ts'
import { type Actor, type Approval, assertMay, decide, draft, PROGRAM } from '../domain/approval.ts'
import { HotplateError } from '../domain/error.ts'
import type { Category, HotList, Purpose } from '../domain/hotlist.ts'
import { defaultSettings, type ListSettings } from '../domain/list-settings.ts'
import { may } from '../domain/roles.ts'
import type { Store } from '../store/client.ts'
import { ApprovalOvertaken, type Caller, onRecord } from './approvals.ts'
import { recordChange } from './events.ts'
import { assertServable } from './limits.ts'
import { assertListName, type Manifests } from './manifest.ts'
import {
  type ListDocument,
  patched,
  type SettingsDocuments,
  type SettingsPatch,
  settingsOf,
  widenings,
} from './settings.ts'

export interface SettingsOptions {
  settings: SettingsDocuments
  manifests: Pick<Manifests, 'get' | 'update' | 'all'>
  /** Where there is one, a profile that one index can't serve is refused. */
  store?: Store
  audit: Pick<Audit, 'append'>
  now?: () => number
}

export interface NewList {
  name: string
  category: Category
  patch: SettingsPatch
  /** Registers a government's source: its list is in force at once. */
  agency?: string
}

/**
 * A list that was imported before it had settings keeps what its manifest says of it.
 * @throws HotplateError LIST_NAME_INVALID, LIST_EXISTS, APPROVAL_RIGHT, AUDIT_UNAVAILABLE
 */
export async function createList(
  o: SettingsOptions,
  { name, category, patch, agency }: NewList,
  caller: Caller,
): Promise<ListDocument> {
  assertListName(name)
  const { actor } = caller
  const manifest = await o.manifests.get(name)
  const taken = (await o.settings.get(name)) !== null
  if (taken || (manifest !== null && agency === undefined)) throw exists(name)
  const basis =
    manifest === null ? defaultSettings(name, category, 'fold') : settingsOf(null, manifest.value)
  const settings = patched({ ...basis, owner: actor.name }, patch)
  const event = {
    who: actor.name,
    from: caller.from,
    list: name,
    what: agency === undefined ? 'list_draft' : 'list_register',
    object: `list:${name}` as const,
  }
  return onRecord(o.audit, event, null, async () => {
    const now_ms = (o.now ?? Date.now)()
    const is: ListDocument =
      agency === undefined
        ? { name, approved: null, proposed: { settings, approval: draft('list', actor, now_ms) } }
        : { name, approved: registered(settings, agency, actor, now_ms), proposed: null }
    await recordChange(o.audit, { ...event, was: null, is })
    try {
      await o.settings.create(name, is)
    } catch (error) {
      throw isOvertaken(error) ? exists(name) : error
    }
    await carry(o, is)
    return is
  })
}

function registered(
  settings: ListSettings,
  agency: string,
  actor: Actor,
  now_ms: number,
): NonNullable<ListDocument['approved']> {
  assertMay(actor, 'source_register', `register a source of ${agency}`)
  const at = new Date(now_ms).toISOString()
  const source = {
    kind: 'government',
    agency,
    registered_by: actor.name,
    registered_at: at,
  } as const
  const note = `Source of ${agency}, registered`
  return {
    settings: { ...settings, source },
    approval: {
      subject: 'list',
      state: 'active',
      authors: [actor.name],
      history: [{ action: 'activate', by: actor.name, at, note }],
    },
  }
}

/**
 * Changes settings: in force at once where nothing reaches further than before, and whoever makes
 * it reach less may decide; else as a proposal.
 * @throws HotplateError LIST_UNKNOWN, APPROVAL_RIGHT, APPROVAL_OVERTAKEN, AUDIT_UNAVAILABLE
 */
export function changeSettings(
  o: SettingsOptions,
  name: string,
  patch: SettingsPatch,
  caller: Caller,
): Promise<ListDocument> {
  return change(o, name, caller, 'list_change', (was, now_ms) => {
    const { approved, proposed } = was
    const { actor } = caller
    const next = patched((approved ?? proposed)?.settings as ListSettings, patch)
    const at_once =
      approved !== null &&
      approved.approval.state === 'active' &&
      needsNobody(approved.settings, next, actor)
    const in_force = at_once
      ? { settings: next, approval: decide(approved.approval, 'annotate', actor, now_ms) }
      : approved
    if (proposed === null) {
      if (at_once) return { name, approved: in_force, proposed }
      return {
        name,
        approved,
        proposed: { settings: next, approval: draft('list', actor, now_ms) },
      }
    }
    // What waits is of other words now: whoever has to decide must see these.
    const approval = decide(proposed.approval, 'amend', actor, now_ms)
    return {
      name,
      approved: in_force,
      proposed: { settings: patched(proposed.settings, patch), approval },
    }
  })
}

/**
 * What reaches further takes a second person; what reaches less takes somebody who may decide,
 * since whoever hides a list or cuts its hours takes alerts from all others.
 */
function needsNobody(before: ListSettings, after: ListSettings, { roles }: Actor): boolean {
  if (widenings(before, after).length > 0) return false
  const deciding = may(roles, 'list_decide') || may(roles, 'source_register')
  return deciding || widenings(after, before).length === 0
}

/** What is done with a proposal; `revoke` is of the settings in force. */
export const SETTINGS_ACTIONS = ['submit', 'withdraw', 'approve', 'return', 'revoke'] as const
export type SettingsAction = (typeof SETTINGS_ACTIONS)[number]

/**
 * @throws HotplateError LIST_UNKNOWN, APPROVAL_RIGHT, APPROVAL_STATE, APPROVAL_SELF, APPROVAL_NOTE,
 * APPROVAL_OVERTAKEN, AUDIT_UNAVAILABLE
 */
export function decideSettings(
  o: SettingsOptions,
  name: string,
  action: SettingsAction,
  caller: Caller,
  note?: string,
): Promise<ListDocument> {
  return change(o, name, caller, `list_${action}`, ({ approved, proposed }, now_ms) => {
    const subject = action === 'revoke' ? approved : proposed
    if (subject === null) {
      const expected = action === 'revoke' ? 'a list in force' : 'a proposal of settings'
      throw new HotplateError(
        'APPROVAL_STATE',
        `Expected ${expected} to ${action} it but ${name} has none`,
      )
    }
    const approval = decide(subject.approval, action, caller.actor, now_ms, note)
    if (action === 'revoke') return { name, approved: { ...subject, approval }, proposed }
    if (action !== 'approve') return { name, approved, proposed: { ...subject, approval } }
    const active = decide(approval, 'activate', PROGRAM, now_ms)
    return { name, approved: { ...subject, approval: active }, proposed: null }
  })
}

/** Asks for a decision on what is not in force by itself. @throws as {@link decideSettings} */
export function submitProposal(
  o: SettingsOptions,
  is: ListDocument,
  caller: Caller,
): Promise<ListDocument> {
  if (is.proposed === null) return Promise.resolve(is)
  return decideSettings(o, is.name, 'submit', caller)
}

/**
 * An administrator's word on entries of a file code whose purpose is in doubt (401.1).
 * @param purpose null: they stay inactive
 * @throws HotplateError LIST_UNKNOWN, APPROVAL_RIGHT, APPROVAL_OVERTAKEN, AUDIT_UNAVAILABLE
 */
export function decideFileCode(
  o: SettingsOptions,
  name: string,
  { code, purpose }: { code: string; purpose: Purpose | null },
  caller: Caller,
): Promise<ListDocument> {
  return change(o, name, caller, 'list_file_code', (was, now_ms) => {
    assertMay(caller.actor, 'source_register', 'decide on a file code')
    const decision = { purpose, by: caller.actor.name, at: new Date(now_ms).toISOString() }
    const decided = <T extends ListDocument['approved']>(stated: T): T =>
      stated === null
        ? stated
        : {
            ...stated,
            settings: {
              ...stated.settings,
              file_codes: { ...stated.settings.file_codes, [code]: decision },
            },
          }
    return { name, approved: decided(was.approved), proposed: decided(was.proposed) }
  })
}

async function change(
  o: SettingsOptions,
  name: string,
  caller: Caller,
  what: string,
  next: (was: ListDocument, now_ms: number) => ListDocument,
): Promise<ListDocument> {
  const { value: was, revision } = await known(o, name)
  const { actor, from } = caller
  const event = { who: actor.name, from, list: name, what, object: `list:${name}` as const }
  return onRecord(o.audit, event, was, async () => {
    const is = next(was, (o.now ?? Date.now)())
    await assertServes(o, was, is)
    await recordChange(o.audit, { ...event, was, is })
    try {
      if (revision === null) await o.settings.create(name, is)
      else await o.settings.update(name, is, revision)
    } catch (error) {
      throw isOvertaken(error) ? await overtaken(o, name) : error
    }
    await carry(o, is)
    return is
  })
}

/** Were an index too crowded, no list would get its new version. */
async function assertServes(
  { store, manifests }: SettingsOptions,
  was: ListDocument,
  { name, approved }: ListDocument,
): Promise<void> {
  const profile = approved?.settings.profile
  if (store === undefined || profile !== 'fold+2') return
  if (was.approved?.settings.profile === profile) return
  const manifest = await manifests.get(name)
  if (manifest !== null) await assertServable(store, manifests, { ...manifest.value, profile })
}

/**
 * Brings what matching needs of a list's settings to its manifest. Whoever is cut off before has
 * done no harm: the keeper does it again (settings-job.ts).
 * @returns whether the manifest was another
 */
export async function carry(
  { manifests }: { manifests: Pick<Manifests, 'get' | 'update'> },
  { name, approved }: ListDocument,
): Promise<boolean> {
  if (approved === null) return false
  const { category, profile, false_alerts_per_million_max: budget } = approved.settings
  for (;;) {
    const manifest = await manifests.get(name)
    if (manifest === null) return false
    const { false_alerts_per_million_max: _, ...rest } = manifest.value
    const is = {
      ...rest,
      category,
      profile,
      ...(budget === undefined ? {} : { false_alerts_per_million_max: budget }),
    }
    const { value } = manifest
    const same =
      value.category === category &&
      value.profile === profile &&
      value.false_alerts_per_million_max === budget
    if (same) return false
    try {
      await manifests.update(name, is, manifest.revision)
      return true
    } catch (error) {
      if (!isOvertaken(error)) throw error
    }
  }
}

/**
 * A list from before lists had settings is in force as its manifest has it.
 * @throws HotplateError LIST_UNKNOWN
 */
async function known(
  { settings, manifests }: SettingsOptions,
  name: string,
): Promise<{ value: ListDocument; revision: number | null }> {
  const document = await settings.get(name)
  if (document !== null) return document
  const manifest = await manifests.get(name)
  if (manifest === null) throw new HotplateError('LIST_UNKNOWN', `There is no list ${name}`)
  return { value: documentOf(manifest.value), revision: null }
}

/** Of a list from before lists had settings: in force as its manifest has it. */
export function documentOf(manifest: HotList): ListDocument {
  const { name, imported_at: at } = manifest
  const approval: Approval = {
    subject: 'list',
    state: 'active',
    authors: [PROGRAM.name],
    history: [
      { action: 'activate', by: PROGRAM.name, at, note: 'Imported before it had settings' },
    ],
  }
  return { name, approved: { settings: settingsOf(null, manifest), approval }, proposed: null }
}

function exists(name: string): HotplateError {
  return new HotplateError('LIST_EXISTS', `A list ${name} is there already`)
}

async function overtaken(o: SettingsOptions, name: string): Promise<ApprovalOvertaken> {
  const { value, revision } = await known(o, name)
  const approvals = [value.approved?.approval, value.proposed?.approval]
  const latest = approvals
    .filter((approval) => approval !== undefined)
    .reduce((a, b) => (lastAt(b) > lastAt(a) ? b : a))
  return new ApprovalOvertaken({ value: { approval: latest }, revision: revision ?? 0 })
}

function lastAt({ history }: Approval): string {
  return history.at(-1)?.at ?? ''
}
