// A version that nobody has to decide on any more comes into force: the manifest names it, and that
// one write is all that changes. Whatever is cut off before it leaves the version before in force;
// whatever is cut off after it is made good by the next one (tidy-versions.ts).
import type { Audit } from '../access/audit.ts'
import { isOvertaken } from '../bus/documents.ts'
import { decide, PROGRAM } from '../domain/approval.ts'
import { HotplateError } from '../domain/error.ts'
import type { HotList } from '../domain/hotlist.ts'
import type { ListSettings } from '../domain/list-settings.ts'
import type { Store } from '../store/client.ts'
import type { Logger } from '../telemetry/log.ts'
import { covers } from './changes.ts'
import { SILENCED_KEPT_MAX, silencedOf } from './differences.ts'
import { recordChange } from './events.ts'
import { assertServable } from './limits.ts'
import type { Manifests } from './manifest.ts'
import type { SettingsDocuments } from './settings.ts'
import { type VersionRecord, versionKey } from './versions.ts'

export interface ActivationOptions {
  store: Store
  manifests: Manifests
  /** null: lists are matched as their versions' records say. */
  settings: Pick<SettingsDocuments, 'get'> | null
  audit: Pick<Audit, 'append'>
  log?: Pick<Logger, 'warn'>
  /** Versions whose entries stay in the store, for a way back. */
  versions_kept: number
}

export const VERSIONS_KEPT = 10

/**
 * @param by who has brought it so far, for the record
 * @returns the manifest now in force
 * @throws HotplateError VERSION_UNKNOWN, VERSION_GONE, APPROVAL_STATE, LIST_NOT_APPROVED,
 * LIST_FOLD2_TOO_LARGE, LIST_TOO_MANY_PATTERNS, AUDIT_UNAVAILABLE, or LIST_OVERTAKEN where a later
 * one is in force already
 */
export async function activateVersion(
  o: ActivationOptions,
  list: string,
  version: number,
  by: { who: string; from: string },
): Promise<HotList> {
  const { store, manifests } = o
  const record = await knownVersion(manifests, list, version)
  const before = await manifests.get(list)
  // The keeper, or whoever approved it, was faster.
  if (before?.value.version === version) return before.value
  const { stage, approval, counts, changes_through, imported_at } = record
  if (stage !== 'staged' || approval.state !== 'approved') {
    const message = `Expected an approved version to activate but received ${approval.state}`
    throw new HotplateError('APPROVAL_STATE', message)
  }
  const settings = await settingsInForce(o, list)
  const manifest: HotList = {
    name: list,
    ...(settings === null ? record.matching : matchingOf(settings)),
    version,
    entries: counts.entries,
    changes_through,
    imported_at,
  }
  if (manifest.profile !== record.matching.profile) {
    await assertServable(store, manifests, manifest)
  }
  assertLater(manifest, before?.value)
  assertPartOf(record, before?.value)
  const what = record.rolled_back_to === undefined ? 'version_activate' : 'version_roll_back'
  await recordChange(o.audit, {
    ...by,
    list,
    what,
    object: `version:${version}`,
    was: before?.value ?? null,
    is: manifest,
  })
  await putInForce(manifests, manifest)
  await markActive(o, record)
  if (record.rolled_back_to === undefined) await forgetSaid(o, record)
  return manifest
}

/** @throws HotplateError VERSION_UNKNOWN, VERSION_GONE */
export async function knownVersion(
  { versions }: Pick<Manifests, 'versions'>,
  list: string,
  version: number,
): Promise<VersionRecord> {
  const record = await versions.get(versionKey(list, version))
  if (record === null) {
    throw new HotplateError('VERSION_UNKNOWN', `There is no version ${version} of ${list}`)
  }
  if (record.value.entries_gone) {
    throw new HotplateError(
      'VERSION_GONE',
      `The entries of version ${version} of ${list} are not in the store any more`,
    )
  }
  return record.value
}

/**
 * Settings that a list goes by; null where it has none.
 * @throws HotplateError LIST_NOT_APPROVED where it has some and they are not in force
 */
export async function settingsInForce(
  { settings }: Pick<ActivationOptions, 'settings'>,
  list: string,
): Promise<ListSettings | null> {
  const document = (await settings?.get(list)) ?? null
  if (document === null) return null
  const { approved } = document.value
  if (approved?.approval.state === 'active') return approved.settings
  const state = approved?.approval.state ?? 'waiting for its first approval'
  const message = `Expected a list that is approved but ${list} is ${state}`
  throw new HotplateError('LIST_NOT_APPROVED', message)
}

export function matchingOf(settings: ListSettings): VersionRecord['matching'] {
  const { category, profile, false_alerts_per_million_max: budget } = settings
  return {
    category,
    profile,
    ...(budget === undefined ? {} : { false_alerts_per_million_max: budget }),
  }
}

function assertLater({ name, version }: HotList, before: HotList | undefined): void {
  if (before === undefined || before.version < version) return
  throw new HotplateError(
    'LIST_OVERTAKEN',
    `Version ${version} of ${name} was not put into force: ` +
      `version ${before.version}, imported meanwhile, is`,
  )
}

/**
 * A part on top of a version that is in force no longer would take back what came since.
 * @throws HotplateError LIST_OVERTAKEN
 */
export function assertPartOf({ list, version, part_of }: VersionRecord, before?: HotList): void {
  if (part_of === undefined || before === undefined || before.version === part_of) return
  throw new HotplateError(
    'LIST_OVERTAKEN',
    `Version ${version} of ${list} changes version ${part_of}, ` +
      `and ${before.version} is in force: send the file in again`,
  )
}

async function putInForce(manifests: Manifests, manifest: HotList): Promise<void> {
  for (;;) {
    const before = await manifests.get(manifest.name)
    if (before?.value.version === manifest.version) return
    assertLater(manifest, before?.value)
    try {
      if (before) await manifests.update(manifest.name, manifest, before.revision)
      else await manifests.create(manifest.name, manifest)
      return
    } catch (error) {
      if (!isOvertaken(error)) throw error
    }
  }
}

/** What goes wrong from here on is for the log: the version is in force. */
async function markActive(
  { manifests, log }: ActivationOptions,
  { list, version }: VersionRecord,
): Promise<void> {
  try {
    await markedActive(manifests, list, version)
  } catch (error) {
    log?.warn({ err: error, list, version }, 'A version in force is not yet marked so.')
  }
}

export async function markedActive(
  { versions }: Pick<Manifests, 'versions'>,
  list: string,
  version: number,
): Promise<void> {
  for (;;) {
    const now = await versions.get(versionKey(list, version))
    if (now === null || now.value.approval.state !== 'approved') return
    const approval = decide(now.value.approval, 'activate', PROGRAM, Date.now())
    const record = { ...now.value, approval, activated_at: new Date().toISOString() }
    try {
      await versions.update(versionKey(list, version), record, now.revision)
      return
    } catch (error) {
      if (!isOvertaken(error)) throw error
    }
  }
}

/** Forgets the removals of what the list no longer has: its source says the same by now. */
async function forgetSaid(
  { store, manifests, log }: ActivationOptions,
  { list, version, counts, changes_through }: VersionRecord,
): Promise<void> {
  // Of more than were kept nobody knows which removals they need.
  if (counts.silenced > SILENCED_KEPT_MAX) return
  try {
    const changes = await manifests.changes.all()
    const silenced = counts.silenced === 0 ? [] : await silencedOf(store, list, version)
    for (const [key, { value, revision }] of changes) {
      if (value.list !== list || revision > changes_through) continue
      if (silenced.some((entry) => covers(value, entry))) continue
      await manifests.changes.purge(key, revision)
    }
  } catch (error) {
    log?.warn({ err: error, list }, 'Removals that the list makes itself stay for now.')
  }
}
