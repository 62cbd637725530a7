// What people do with cleared vehicles: ask for one, decide, take it back. Each change is on record
// before it is made.
import { randomBytes } from 'node:crypto'
import type { Audit } from '../access/audit.ts'
import type { Revisioned } from '../bus/documents.ts'
import type { Config } from '../config/schema.ts'
import { type ApprovalAction, decide, draft, isOpen, PROGRAM } from '../domain/approval.ts'
import { HotplateError } from '../domain/error.ts'
import { hasExpired } from '../domain/hotlist.ts'
import { foldPlate } from '../domain/plate.ts'
import { DAY_MS } from '../domain/time.ts'
import type { Store } from '../store/client.ts'
import { type Caller, changeApproved, onRecord, withoutHistory } from './approvals.ts'
import { type Clearance, type Clearances, clearanceKey, isOwnPlate } from './cleared.ts'
import { customKey } from './custom.ts'
import { findPlate } from './entries.ts'
import { recordChange } from './events.ts'
import { assertListName, type Manifests } from './manifest.ts'

export interface ClearingOptions {
  store: Store
  manifests: Pick<Manifests, 'get' | 'custom'>
  clearances: Clearances
  audit: Pick<Audit, 'append'>
  limits: Pick<Config['hotlists'], 'cleared_days_max'>
}

export type ClearanceAsked = Pick<Clearance, 'entry_id' | 'plate' | 'reason' | 'expires_at'> & {
  region?: string | undefined
}

const CLEARANCES_MAX = 20_000
/** As keys of documents take them. */
const ENTRY_ID = /^[\w=-]{1,64}$/

/**
 * Asks that a vehicle be left alone for an entry; a second person decides.
 * @throws HotplateError LIST_NAME_INVALID, ENTRY_UNKNOWN, CLEARED_OWN_PLATE, CLEARED_INVALID,
 * CLEARED_TOO_MANY, APPROVAL_RIGHT, AUDIT_UNAVAILABLE, STORE_UNAVAILABLE
 */
export async function addClearance(
  o: ClearingOptions,
  caller: Caller,
  list: string,
  asked: ClearanceAsked,
): Promise<Revisioned<Clearance>> {
  const now_ms = Date.now()
  const id = randomBytes(8).toString('hex')
  const object = `cleared:${id}` as const
  const event = { who: caller.actor.name, from: caller.from, list, what: 'cleared_ask', object }
  const entry_plate = await plateOf(o, list, asked.entry_id)
  return onRecord(o.audit, event, null, async () => {
    const { region, ...told } = asked
    const value: Clearance = {
      ...told,
      ...(region === undefined ? {} : { region }),
      id,
      list,
      entry_plate,
      plate: checkPlate(asked.plate, entry_plate),
      approval: decide(draft('cleared', caller.actor, now_ms), 'submit', caller.actor, now_ms),
    }
    checkReason(value)
    checkEnd(value, o.limits, now_ms)
    await assertRoom(o.clearances)
    await recordChange(o.audit, { ...event, was: null, is: withoutHistory(value) })
    return { value, revision: await o.clearances.create(clearanceKey(list, id), value) }
  })
}

export type ClearanceAction = Extract<
  ApprovalAction,
  'submit' | 'withdraw' | 'approve' | 'return' | 'revoke'
>

export interface ClearanceStep {
  list: string
  id: string
  action: ClearanceAction
  note?: string | undefined
  revision?: number | undefined
}

/**
 * One step of the approval; what is approved is in force with the same word.
 * @throws ApprovalOvertaken; HotplateError CLEARED_UNKNOWN, CLEARED_INVALID where its time has
 * come, APPROVAL_RIGHT, APPROVAL_STATE, APPROVAL_SELF, APPROVAL_NOTE, AUDIT_UNAVAILABLE
 */
export async function stepClearance(
  { clearances, audit }: Pick<ClearingOptions, 'clearances' | 'audit'>,
  caller: Caller,
  { list, id, action, note, revision }: ClearanceStep,
): Promise<Revisioned<Clearance>> {
  const changed = await changeApproved({ documents: clearances, audit }, caller, {
    key: clearanceKey(list, id),
    list,
    object: `cleared:${id}`,
    what: `cleared_${action}`,
    revision,
    change: (now) => {
      const now_ms = Date.now()
      const decided = decide(now.approval, action, caller.actor, now_ms, note)
      if (decided.state !== 'approved') return { ...now, approval: decided }
      assertTime(now, now_ms)
      return { ...now, approval: decide(decided, 'activate', PROGRAM, now_ms) }
    },
  })
  if (changed !== null) return changed
  const message = `List ${list} has no cleared vehicle ${id.slice(0, 80)}`
  throw new HotplateError('CLEARED_UNKNOWN', message)
}

/** @throws HotplateError LIST_NAME_INVALID, ENTRY_UNKNOWN, STORE_UNAVAILABLE */
async function plateOf(o: ClearingOptions, list: string, entry_id: string): Promise<string> {
  assertListName(list)
  const known = ENTRY_ID.test(entry_id)
  const custom = known ? await o.manifests.custom.get(customKey(list, entry_id)) : null
  if (custom !== null && isOpen(custom.value.approval)) return custom.value.entry.plate
  const manifest = known ? await o.manifests.get(list) : null
  const plate = manifest === null ? null : await stored(manifest.value.version)
  if (plate !== null) return plate
  throw new HotplateError('ENTRY_UNKNOWN', `List ${list} has no entry ${entry_id.slice(0, 80)}`)

  async function stored(version: number) {
    try {
      return await findPlate(o.store, list, version, entry_id)
    } catch (cause) {
      throw new HotplateError('STORE_UNAVAILABLE', 'The entry can not be looked up now', { cause })
    }
  }
}

function checkPlate(given: string, entry_plate: string): string {
  const plate = foldPlate(given)
  if (plate === null) throw invalid('a plate', given)
  if (!isOwnPlate({ plate: entry_plate }, plate)) return plate
  throw new HotplateError(
    'CLEARED_OWN_PLATE',
    `Expected a look-alike of ${entry_plate} but received ${plate}, which is the entry's own ` +
      'plate: say which state the entry is of, or end it',
  )
}

function checkReason({ reason }: Clearance): void {
  const length = reason.trim().length
  if (length > 0 && length <= 1_000) return
  throw invalid('a reason of 1 to 1000 characters', length === 0 ? '' : `${length} characters`)
}

function checkEnd(
  clearance: Clearance,
  { cleared_days_max }: ClearingOptions['limits'],
  now_ms: number,
): void {
  assertTime(clearance, now_ms)
  const latest_ms = now_ms + cleared_days_max * DAY_MS
  if (Date.parse(clearance.expires_at) <= latest_ms) return
  const latest = new Date(latest_ms).toISOString()
  throw invalid(`an end within ${cleared_days_max} days, by ${latest}`, clearance.expires_at)
}

function assertTime({ expires_at }: Clearance, now_ms: number): void {
  if (hasExpired({ expires_at }, now_ms)) throw invalid('an end that is still to come', expires_at)
}

async function assertRoom(clearances: Clearances): Promise<void> {
  const all = [...(await clearances.all()).values()]
  if (all.filter(({ value }) => isOpen(value.approval)).length < CLEARANCES_MAX) return
  const most = CLEARANCES_MAX
  const message = `Expected at most ${most} cleared vehicles: revoke what no longer matters`
  throw new HotplateError('CLEARED_TOO_MANY', message)
}

function invalid(expected: string, came: string): HotplateError {
  const message = `Expected ${expected} but received "${came.slice(0, 80)}"`
  return new HotplateError('CLEARED_INVALID', message)
}
