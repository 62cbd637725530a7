// What people decide on versions: a second person approves or returns what another has brought
// (401.4f), and a supervisor goes back to a version that was in force before.
import { type Approval, assertMay, decide } from '../domain/approval.ts'
import { HotplateError } from '../domain/error.ts'
import {
  type ActivationOptions,
  activateVersion,
  assertPartOf,
  knownVersion,
  settingsInForce,
} from './activation.ts'
import { type Caller, changeApproved, onRecord, withoutHistory } from './approvals.ts'
import { compareVersions } from './differences.ts'
import { copyEntries, countEntries } from './entries.ts'
import { begin, removalsOf, staging } from './import.ts'
import type { Manifests } from './manifest.ts'
import { noCounts } from './staging.ts'
import { tidyVersions } from './tidy-versions.ts'
import { approvedAsRollBack } from './version-approval.ts'
import { stateOf, type VersionRecord, versionKey } from './versions.ts'

export interface VersionDecision {
  list: string
  version: number
  action: 'approve' | 'return'
  caller: Caller
  /** Why; a return takes one. */
  note?: string | undefined
}

/**
 * Approves a version, and puts it into force; or returns it to whoever brought it.
 * @returns its record as it is then
 * @throws HotplateError VERSION_UNKNOWN, VERSION_GONE, VERSION_COMPARED_ANEW, APPROVAL_RIGHT,
 * APPROVAL_SELF, APPROVAL_STATE, APPROVAL_NOTE, APPROVAL_OVERTAKEN, LIST_NOT_APPROVED,
 * LIST_OVERTAKEN, LIST_FOLD2_TOO_LARGE, LIST_TOO_MANY_PATTERNS, AUDIT_UNAVAILABLE
 */
export async function decideVersion(
  o: ActivationOptions,
  { list, version, action, caller, note }: VersionDecision,
): Promise<VersionRecord> {
  const { manifests, audit } = o
  const seen = await knownVersion(manifests, list, version)
  const who = { who: caller.actor.name, from: caller.from }
  const asked = { list, object: `version:${version}`, what: `version_${action}` } as const
  const allowed = () => decided(seen, action, caller, note)
  await onRecord(audit, { ...who, ...asked }, withoutHistory(seen), allowed)
  if (action === 'approve') {
    await settingsInForce(o, list)
    await assertComparedNow(o, seen)
  }
  await changeApproved({ documents: manifests.versions, audit }, caller, {
    ...asked,
    key: versionKey(list, version),
    change: (now) => ({ ...now, approval: decided(now, action, caller, note) }),
  })
  if (action === 'approve') await activateVersion(o, list, version, who)
  await tidyVersions(o, list)
  const now = await manifests.versions.get(versionKey(list, version))
  return now?.value ?? seen
}

function decided(
  { stage, list, version, approval }: VersionRecord,
  action: VersionDecision['action'],
  { actor }: Caller,
  note: string | undefined,
): Approval {
  if (stage !== 'staged') {
    const message = `Expected version ${version} of ${list} to be staged but it is ${stage}`
    throw new HotplateError('APPROVAL_STATE', message)
  }
  return decide(approval, action, actor, Date.now(), note)
}

/**
 * Nobody is to approve a difference that is no longer the one that the version would make.
 * @throws HotplateError VERSION_COMPARED_ANEW, LIST_OVERTAKEN
 */
async function assertComparedNow(o: ActivationOptions, record: VersionRecord): Promise<void> {
  const { store, manifests } = o
  const { list, version, compared_with, counts } = record
  const in_force = (await manifests.get(list))?.value
  if (in_force === undefined || in_force.version === compared_with) return
  if (in_force.version >= version) {
    const state = stateOf(record, in_force.version)
    const message = `Version ${version} of ${list} is ${state}: ${in_force.version} is in force`
    throw new HotplateError('LIST_OVERTAKEN', message)
  }
  assertPartOf(record, in_force)
  const changed = await compareVersions(store, list, {
    from: in_force.version,
    to: version,
    rows_from: in_force.entries,
    rows_to: counts.entries + counts.inactive,
  })
  const key = versionKey(list, version)
  const now = await manifests.versions.get(key)
  if (now !== null) {
    const compared = { counts: { ...now.value.counts, ...changed } }
    const is = { ...now.value, ...compared, compared_with: in_force.version }
    await manifests.versions.update(key, is, now.revision)
  }
  throw new HotplateError(
    'VERSION_COMPARED_ANEW',
    `Version ${in_force.version} of ${list} has come into force since version ${version} was ` +
      'compared: look at what it changes now, and decide again',
  )
}

export interface RollBack {
  list: string
  /** To the entries of this version. */
  to: number
  caller: Caller
}

/**
 * Puts an earlier version's entries into force again, as a version of their own, without those that
 * people have silenced since.
 * @returns the new version's record
 * @throws HotplateError VERSION_UNKNOWN, VERSION_GONE, VERSION_NEVER_ACTIVE, APPROVAL_RIGHT,
 * LIST_NOT_APPROVED, LIST_OVERTAKEN, LIST_FOLD2_TOO_LARGE, LIST_TOO_MANY_PATTERNS,
 * AUDIT_UNAVAILABLE
 */
export async function rollBack(
  o: ActivationOptions,
  { list, to, caller }: RollBack,
): Promise<VersionRecord> {
  const { store, manifests, audit } = o
  const who = { who: caller.actor.name, from: caller.from }
  const event = { ...who, list, what: 'version_roll_back', object: `version:${to}` as const }
  await onRecord(audit, event, null, () => assertMay(caller.actor, 'rollback', 'roll a list back'))
  const source = await knownVersion(manifests, list, to)
  if (source.activated_at === undefined) {
    throw new HotplateError(
      'VERSION_NEVER_ACTIVE',
      `Expected a version that was in force but version ${to} of ${list} never was`,
    )
  }
  const pen = await begin(o, {
    list,
    source: source.source,
    matching: source.matching,
    approval: approvedAsRollBack(caller, to),
  })
  await staging(o, pen, async () => {
    const { version, compared_with } = pen.record
    const { removals, through } = await removalsOf(manifests.changes, list)
    await copyEntries(store, list, to, version, removals)
    const counts = await countEntries(store, list, version)
    const { entries, inactive } = source.counts
    const silenced = entries + inactive - counts.entries - counts.inactive
    const in_force = await inForceRows(manifests, list)
    const changed = await compareVersions(store, list, {
      from: compared_with,
      to: version,
      rows_from: in_force,
      rows_to: counts.entries + counts.inactive,
    })
    await pen.write({
      stage: 'staged',
      imported_at: source.imported_at,
      rolled_back_to: to,
      changes_through: through,
      inactive: source.inactive,
      counts: { ...noCounts(), ...counts, silenced, ...changed },
    })
  })
  await activateVersion(o, list, pen.record.version, who)
  await tidyVersions(o, list)
  return knownVersion(manifests, list, pen.record.version)
}

async function inForceRows(manifests: Manifests, list: string): Promise<number> {
  return (await manifests.get(list))?.value.entries ?? 0
}
