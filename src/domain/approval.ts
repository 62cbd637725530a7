// How lists, imports, entries and cleared vehicles come into force (policy 401.4f): one table of
// states and actions, and a pure function that walks it. Nothing becomes active unless a second
// person has approved it, or a supervisor has activated it alone as urgent; what is urgent stays
// marked, and escalates, until a second person has decided.
//
//   draft ──submit──▶ submitted ──approve──▶ approved ──activate──▶ active ──expire──▶ expired
//     ▲                  │ return                                    │ revoke, refuse
//     └─────amend──── returned                                       ▼
//                                                                 revoked
//   draft, submitted, returned ──activate_urgently──▶ active (urgent) ──confirm──▶ active
import { HotplateError } from './error.ts'
import { may, RIGHTS, type Right, type Role } from './roles.ts'

export const APPROVAL_STATES = [
  'draft',
  'submitted',
  'returned',
  'approved',
  'active',
  'expired',
  'revoked',
] as const
export type ApprovalState = (typeof APPROVAL_STATES)[number]

export const APPROVAL_ACTIONS = [
  'submit',
  'withdraw',
  'amend',
  'annotate',
  'approve',
  'return',
  'activate',
  'activate_urgently',
  'confirm',
  'refuse',
  'revoke',
  'escalate',
  'expire',
] as const
export type ApprovalAction = (typeof APPROVAL_ACTIONS)[number]

/** What is decided on. */
export const APPROVAL_SUBJECTS = ['list', 'import', 'entry', 'cleared'] as const
export type ApprovalSubject = (typeof APPROVAL_SUBJECTS)[number]

/** One step of the way, as it is shown: who, what, when, why. */
export interface ApprovalStep {
  action: 'draft' | ApprovalAction
  by: string
  /** ISO 8601 UTC, ms */
  at: string
  note?: string
}

/** A supervisor's activation alone. Gone with the next draft. */
export interface UrgentActivation {
  by: string
  at: string
  /** The second person, who let it stand. */
  confirmed_by?: string
  /** Since when it waits longer for the second person than it may. */
  overdue_since?: string
  /** When that was last told. */
  escalated_at?: string
}

export interface Approval {
  subject: ApprovalSubject
  state: ApprovalState
  /** Everybody who has written what is decided on: none of them may approve it. */
  authors: string[]
  urgent?: UrgentActivation
  /** The last steps; all of them are in the audit. */
  history: ApprovalStep[]
}

/** Whoever acts: a person with roles, or the program, which has none. */
export interface Actor {
  name: string
  roles: readonly Role[]
}

/** No person's name has a colon. */
export const PROGRAM: Actor = { name: 'system:hotplate', roles: [] }

type Duty = 'write' | 'submit' | 'decide' | 'urgent' | 'revoke'

interface Rule {
  from: readonly ApprovalState[]
  /** null: the state stays. */
  to: ApprovalState | null
  /** null: the program's own, by the clock or after an approval. */
  duty: Duty | null
  /** Who may not, whatever their rights. */
  barred: readonly ('author' | 'activator')[]
  /** A reason has to be given. */
  note: boolean
  /** Only of an urgent activation that waits for the second person. */
  pending: boolean
}

const rule = (
  from: Rule['from'],
  to: Rule['to'],
  duty: Rule['duty'],
  more: Partial<Pick<Rule, 'barred' | 'note' | 'pending'>> = {},
): Rule => ({ from, to, duty, barred: [], note: false, pending: false, ...more })

const UNDECIDED = ['draft', 'submitted', 'returned'] as const
const OPEN = [...UNDECIDED, 'approved', 'active'] as const

/** The whole machine. */
const RULES: Readonly<Record<ApprovalAction, Rule>> = {
  submit: rule(['draft', 'returned'], 'submitted', 'submit'),
  withdraw: rule(['submitted'], 'draft', 'submit'),
  // Of what was approved too: what it says now, nobody has approved. A revoked one stays so.
  amend: rule([...OPEN, 'expired'], 'draft', 'write'),
  // What can't make it alert on more: instructions, a narrower profile.
  annotate: rule(['approved', 'active'], null, 'write'),
  approve: rule(['submitted'], 'approved', 'decide', { barred: ['author'] }),
  return: rule(['submitted'], 'returned', 'decide', { note: true }),
  activate: rule(['approved'], 'active', null),
  // A missing child does not wait for a second supervisor; the note says what could not wait.
  activate_urgently: rule(UNDECIDED, 'active', 'urgent', { note: true }),
  confirm: rule(['active'], 'active', 'decide', { barred: ['author', 'activator'], pending: true }),
  refuse: rule(['active'], 'revoked', 'decide', {
    barred: ['activator'],
    note: true,
    pending: true,
  }),
  revoke: rule(OPEN, 'revoked', 'revoke', { note: true }),
  escalate: rule(['active'], null, null, { pending: true }),
  expire: rule(OPEN, 'expired', null),
}

/** Which right a duty takes; null: nobody has it. */
const DUTIES: Readonly<Record<ApprovalSubject, Readonly<Record<Duty, Right | null>>>> = {
  list: {
    write: 'list_write',
    submit: 'list_write',
    decide: 'list_decide',
    urgent: null,
    revoke: 'list_decide',
  },
  import: {
    write: 'import_write',
    submit: 'import_write',
    decide: 'import_decide',
    urgent: null,
    revoke: 'import_decide',
  },
  entry: {
    write: 'entry_write',
    submit: 'entry_submit',
    decide: 'entry_decide',
    urgent: 'entry_urgent',
    revoke: 'entry_revoke',
  },
  cleared: {
    write: 'cleared_write',
    submit: 'cleared_write',
    decide: 'cleared_decide',
    urgent: null,
    // A cleared vehicle that turns out not to be innocent alerts again at once.
    revoke: 'cleared_write',
  },
}

export const STEPS_MAX = 40
export const NOTE_CHARS_MAX = 1_000

/** Something new, that nobody has decided on. @throws HotplateError APPROVAL_RIGHT */
export function draft(subject: ApprovalSubject, author: Actor, now_ms: number): Approval {
  assertRight(subject, 'draft', 'write', author)
  const at = new Date(now_ms).toISOString()
  return {
    subject,
    state: 'draft',
    authors: [author.name],
    history: [{ action: 'draft', by: author.name, at }],
  }
}

/**
 * What an action leads to; the approval given stays as it is.
 * @param note why; required of some
 * @throws HotplateError APPROVAL_RIGHT, APPROVAL_STATE, APPROVAL_SELF, APPROVAL_NOTE
 */
export function decide(
  approval: Approval,
  action: ApprovalAction,
  actor: Actor,
  now_ms: number,
  note?: string,
): Approval {
  const { subject, state, authors, history } = approval
  const { from, to, duty, barred, note: note_required, pending } = RULES[action]
  assertRight(subject, action, duty, actor)
  if (!from.includes(state)) {
    throw refusal('STATE', `the ${subject} to be ${from.join(' or ')} to ${action} it`, state)
  }
  if (pending && !waitsForSecond(approval)) {
    const expected = `an urgent ${subject} without a second decision to ${action} it`
    throw refusal('STATE', expected, 'one that waits for none')
  }
  for (const who of barred) assertOther(approval, who, action, actor)
  const said = note?.trim() ?? ''
  if ((note_required && said === '') || said.length > NOTE_CHARS_MAX) {
    const expected = `a reason of 1 to ${NOTE_CHARS_MAX} characters to ${action} the ${subject}`
    throw refusal('NOTE', expected, said === '' ? 'none' : `${said.length} characters`)
  }
  const at = new Date(now_ms).toISOString()
  const writes = action === 'amend' || action === 'annotate'
  const urgent = urgentAfter(approval, action, actor.name, at)
  const step = { action, by: actor.name, at, ...(said === '' ? {} : { note: said }) }
  return {
    subject,
    state: to ?? state,
    authors: writes ? [...new Set([...authors, actor.name])] : authors,
    ...(urgent === undefined ? {} : { urgent }),
    history: [...history, step].slice(-STEPS_MAX),
  }
}

/** Whether it has not come to its end. */
export function isOpen({ state }: Approval): boolean {
  return state !== 'expired' && state !== 'revoked'
}

/** Whether it was activated by one person alone, and a second has not decided yet. */
export function waitsForSecond({ state, urgent }: Approval): boolean {
  return state === 'active' && urgent !== undefined && urgent.confirmed_by === undefined
}

/** What waits for a decision, as the inbox shows it. */
export interface InboxItem {
  subject: ApprovalSubject
  list: string
  /** Of what is decided on, within its list. */
  id: string
  /** In a few words, for a row of a table. */
  what: string
  /** Who asks, or who has activated it alone. */
  by: string
  /** Everybody who may not approve it. */
  authors: string[]
  /** ISO 8601 UTC, ms */
  since: string
  urgent: boolean
  overdue: boolean
}

/** Whether a decision is awaited: the inbox. */
export function waitsForDecision(approval: Approval): boolean {
  return approval.state === 'submitted' || waitsForSecond(approval)
}

function urgentAfter(
  { urgent }: Approval,
  action: ApprovalAction,
  by: string,
  at: string,
): UrgentActivation | undefined {
  if (action === 'activate_urgently') return { by, at }
  // Drafted anew it is an ordinary one: whoever wants it urgent again says so again.
  if (action === 'amend' || urgent === undefined) return undefined
  if (action === 'confirm') return { ...urgent, confirmed_by: by }
  if (action !== 'escalate') return urgent
  return { ...urgent, overdue_since: urgent.overdue_since ?? at, escalated_at: at }
}

function assertRight(
  subject: ApprovalSubject,
  action: ApprovalStep['action'],
  duty: Duty | null,
  actor: Actor,
): void {
  const what = `${action} ${subject === 'entry' || subject === 'import' ? 'an' : 'a'} ${subject}`
  if (duty === null) {
    if (actor === PROGRAM) return
    throw refusal('RIGHT', `the program itself to ${what}`, actor.name)
  }
  const right = DUTIES[subject][duty]
  if (right === null) throw refusal('RIGHT', `nobody to ${what}`, actor.name)
  assertMay(actor, right, what)
}

/** @param what it is asked for: `revoke an entry` @throws HotplateError APPROVAL_RIGHT */
export function assertMay(actor: Actor, right: Right, what: string): void {
  if (may(actor.roles, right)) return
  const roles = actor.roles.length > 0 ? actor.roles.join(', ') : 'no role'
  const having = RIGHTS[right].join(' or ')
  throw refusal('RIGHT', `${having} to ${what}`, `${actor.name} with ${roles}`)
}

function assertOther(
  { subject, authors, urgent }: Approval,
  who: 'author' | 'activator',
  action: ApprovalAction,
  actor: Actor,
): void {
  const own = who === 'author' ? authors : urgent === undefined ? [] : [urgent.by]
  if (!own.some((name) => isSamePerson(name, actor.name))) return
  const did = who === 'author' ? 'has written' : 'has activated'
  throw refusal(
    'SELF',
    `a second person to ${action} the ${subject}`,
    `${actor.name}, who ${did} it`,
  )
}

/** At the command line a person is `os:name` where no account is given. */
function isSamePerson(a: string, b: string): boolean {
  const plain = (name: string) => name.replace(/^os:/, '')
  return plain(a) === plain(b)
}

function refusal(
  kind: 'RIGHT' | 'STATE' | 'SELF' | 'NOTE',
  expected: string,
  came: string,
): HotplateError {
  return new HotplateError(`APPROVAL_${kind}`, `Expected ${expected} but received ${came}`)
}
