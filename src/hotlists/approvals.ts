// Documents that carry an approval, and the one way to change them: read, decide, put on record,
// write. Revisions keep two people from deciding at once: one wins, the other is told who.
import type { Audit } from '../access/audit.ts'
import { type Documents, isOvertaken, type Revisioned } from '../bus/documents.ts'
import { type Actor, type Approval, type ApprovalStep, PROGRAM } from '../domain/approval.ts'
import { HotplateError } from '../domain/error.ts'
import { type ListChange, type ListObject, recordChange } from './events.ts'

/** Who has done what last, and what has come of it. */
export interface StandingApproval {
  state: Approval['state']
  action: ApprovalStep['action']
  by: string
  at: string
  revision: number
}

/** Another was faster. */
export class ApprovalOvertaken extends HotplateError {
  readonly standing: StandingApproval
  constructor({ value, revision }: Revisioned<{ approval: Approval }>) {
    const { subject, state, history } = value.approval
    // What the program adds to a person's step is that person's doing.
    const last = (history.findLast(({ by }) => by !== PROGRAM.name) ?? history[0]) as ApprovalStep
    const { action, by, at } = last
    super(
      'APPROVAL_OVERTAKEN',
      `Expected the ${subject} as it was seen but ${by} has changed it since ` +
        `(${action}, ${at}): it is ${state} now`,
    )
    this.standing = { state, action, by, at, revision }
  }
}

/** Who asks for a change, and from where. */
export interface Caller {
  actor: Actor
  /** Network address, or `command line`. */
  from: string
}

/**
 * Does what a person asks for. What the approval machine refuses is on record too, as refused.
 * @throws what `work` throws
 */
export async function onRecord<R>(
  audit: Pick<Audit, 'append'>,
  event: Omit<ListChange, 'was' | 'is'>,
  now: unknown,
  work: () => R | Promise<R>,
): Promise<R> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof HotplateError && error.code.startsWith('APPROVAL_'))) throw error
    await recordChange(audit, { ...event, was: now, is: now, refused: error.code.toLowerCase() })
    throw error
  }
}

export interface ApprovedDocuments<T extends { approval: Approval }> {
  documents: Documents<T>
  audit: Pick<Audit, 'append'>
}

export interface WantedChange<T> {
  key: string
  list: string
  object: ListObject
  /** A stable word for the record: `entry_approve`. */
  what: string
  /** What the document becomes. @throws HotplateError where it may not */
  change: (now: T) => T
  /** That the caller has seen; without one, what is there. */
  revision?: number | undefined
  /** What goes on record of a document: its history is there already. */
  shown?: (document: T) => unknown
}

/**
 * Changes a document that is there. The record is durable first; a refusal is on record too.
 * @returns null where there is none
 * @throws ApprovalOvertaken; HotplateError AUDIT_UNAVAILABLE, and what `change` throws
 */
export async function changeApproved<T extends { approval: Approval }>(
  { documents, audit }: ApprovedDocuments<T>,
  { actor, from }: Caller,
  wanted: WantedChange<T>,
): Promise<Revisioned<T> | null> {
  const { key, list, object, what, change, revision, shown = withoutHistory } = wanted
  const before = await documents.get(key)
  if (before === null) return null
  const event = { who: actor.name, from, list, what, object }
  return onRecord(audit, event, shown(before.value), async () => {
    if (revision !== undefined && revision !== before.revision) throw new ApprovalOvertaken(before)
    const value = change(before.value)
    await recordChange(audit, { ...event, was: shown(before.value), is: shown(value) })
    try {
      return { value, revision: await documents.update(key, value, before.revision) }
    } catch (error) {
      if (!isOvertaken(error)) throw error
    }
    const now = await documents.get(key)
    if (now === null) return null
    throw new ApprovalOvertaken(now)
  })
}

/** As it goes on record: the steps before are there already. */
export function withoutHistory<T extends { approval: Approval }>({
  approval,
  ...rest
}: T): unknown {
  const { history: _, ...state } = approval
  return { ...rest, approval: state }
}
