// How a version's approval begins, and the one way past a second person: a source that an
// administrator has registered as a government's (401.4f).
import { type Approval, type ApprovalState, decide, draft, PROGRAM } from '../domain/approval.ts'
import type { Caller } from './approvals.ts'

/** @throws HotplateError APPROVAL_RIGHT */
export function drafted({ actor }: Caller): Approval {
  if (actor === PROGRAM) return byProgram('draft', 'Fetched from its source')
  return draft('import', actor, Date.now())
}

/** @throws HotplateError APPROVAL_RIGHT */
export function submittedBy(approval: Approval, { actor }: Caller): Approval {
  if (actor === PROGRAM) return byProgram('submitted', 'Fetched from its source')
  return decide(approval, 'submit', actor, Date.now())
}

/** What a registered government source sends needs no second person, unless it is held. */
export function approvedAsRegistered(submitted: Approval, agency: string): Approval {
  const at = new Date().toISOString()
  const note = `Registered source of ${agency}`
  const step = { action: 'approve', by: PROGRAM.name, at, note } as const
  return { ...submitted, state: 'approved', history: [...submitted.history, step] }
}

/** What has been in force was decided on then: whoever may roll back decides alone. */
export function approvedAsRollBack({ actor }: Caller, to: number): Approval {
  const at = new Date().toISOString()
  const note = `Rolled back to version ${to}`
  return {
    subject: 'import',
    state: 'approved',
    authors: [actor.name],
    history: [{ action: 'approve', by: actor.name, at, note }],
  }
}

/** Of what the program itself has brought. */
export function byProgram(
  state: Extract<ApprovalState, 'draft' | 'submitted' | 'approved'>,
  note: string,
): Approval {
  const at = new Date().toISOString()
  const action = { draft: 'draft', submitted: 'submit', approved: 'approve' } as const
  return {
    subject: 'import',
    state,
    authors: [PROGRAM.name],
    history: [{ action: action[state], by: PROGRAM.name, at, note }],
  }
}
