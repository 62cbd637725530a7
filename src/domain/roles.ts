// Who may do what: the roles that people have, and the one table of the rights that they give.
// Duties are separate: an administrator registers sources and keeps people's accounts, and by being
// one decides on no plate.

export const ROLES = [
  'operator',
  'dispatcher',
  'analyst',
  'supervisor',
  'records',
  'administrator',
  'auditor',
  'chief',
] as const
export type Role = (typeof ROLES)[number]

/** Right → the roles that have it. */
export const RIGHTS = {
  /** See hot lists, their entries, versions and history. */
  list_read: [
    'operator',
    'dispatcher',
    'analyst',
    'supervisor',
    'records',
    'administrator',
    'auditor',
    'chief',
  ],
  /** Draft a list, or a change of its settings. */
  list_write: ['dispatcher', 'analyst', 'supervisor', 'administrator'],
  list_decide: ['supervisor', 'chief'],
  /** Draft an entry or amend one. */
  entry_write: ['dispatcher', 'analyst', 'supervisor'],
  /** Ask for a decision on one. */
  entry_submit: ['dispatcher', 'analyst', 'supervisor'],
  /** Approve or return what another has written. */
  entry_decide: ['supervisor', 'chief'],
  /** Activate an urgent one alone, until a second person decides. */
  entry_urgent: ['supervisor'],
  /** Silence one: whoever learns that a car was recovered must not have to wait. */
  entry_revoke: ['dispatcher', 'supervisor', 'chief'],
  /** Bring a list's file in. */
  import_write: ['dispatcher', 'analyst', 'supervisor', 'administrator'],
  import_decide: ['supervisor', 'chief'],
  /** Put an earlier version of a list into force again. */
  rollback: ['supervisor', 'chief'],
  /** Say which sources are a government's, whose lists activate by themselves. */
  source_register: ['administrator'],
  /** See which reads of the last days an entry would have matched. */
  reads_past: ['dispatcher', 'analyst', 'supervisor', 'chief'],
  /** Ask that a look-alike of an entry be left alone. */
  cleared_write: ['dispatcher', 'analyst', 'supervisor'],
  cleared_decide: ['supervisor', 'chief'],
} as const satisfies Record<string, readonly Role[]>
export type Right = keyof typeof RIGHTS

export function may(roles: readonly Role[], right: Right): boolean {
  const having: readonly Role[] = RIGHTS[right]
  return roles.some((role) => having.includes(role))
}

/** Somebody who is signed in, as far as rights go. */
export interface Person {
  user: string
  roles: readonly Role[]
  /** Authorised for state law-enforcement data (policy 401.4b). */
  ilets: boolean
}
