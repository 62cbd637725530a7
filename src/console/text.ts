// Every word that the console shows, here and in text-lists.ts: another language is two more such
// files.
import type { AlignedPair, MatchClass } from '../domain/alert.ts'
import type { RejectionReason } from '../domain/alert-event.ts'
import type { Category } from '../domain/hotlist.ts'
import { listsText } from './text-lists.ts'

/** Five steps that a person can tell apart; the figure itself would promise more than it holds. */
function likelihoodInWords(posterior: number): string {
  if (posterior >= 0.95) return 'very likely this plate'
  if (posterior >= 0.7) return 'likely this plate'
  if (posterior >= 0.3) return 'may well be another plate'
  if (posterior >= 0.05) return 'more likely another plate'
  return 'probably another plate'
}

export const text = {
  product: 'Hotplate',
  signIn: {
    heading: 'Sign in',
    user: 'User',
    password: 'Password',
    submit: 'Sign in',
    working: 'Signing in…',
    demo: 'This is a demo. Use the sign-in that the terminal printed when it started.',
    notice: 'For official business only. Every access is recorded by name, date and time.',
    problems: {
      sign_in_refused: 'Wrong user or password.',
      sign_in_locked: 'Too many failed sign-ins. Wait 15 minutes, then try again.',
      invalid_request: 'Enter a user and a password.',
      audit_unavailable:
        'The audit log is not available, so nobody can sign in. Tell the operator.',
      busy: 'Too many sign-ins at once. Try again in a few seconds.',
    } as Record<string, string>,
    failed: 'Sign-in is not possible now. Try again.',
    unreachable: 'The service does not answer. Check the connection, then try again.',
  },
  header: {
    signOut: 'Sign out',
    signedInAs: (user: string) => `Signed in as ${user}`,
  },
  nav: {
    label: 'Pages',
    alerts: 'Alerts',
    lists: 'Hot lists',
    inbox: 'Inbox',
  },
  page: {
    loading: 'Loading…',
    again: 'Try again',
    cancel: 'Cancel',
  },
  problem: {
    unreachable: 'The service does not answer. Check the connection, then try again.',
    overtaken: (user: string) => `${user} was faster: look at what stands now.`,
    known: {
      approval_self: 'You have written this yourself: another person has to decide.',
      audit_unavailable: 'The audit log is not available, so nothing is shown or changed.',
    } as Record<string, string>,
  },
  connection: {
    connecting: 'Connecting',
    live: 'Live',
    reconnecting: 'Reconnecting',
    notLive: 'Not live',
    since: (time: string) => `since ${time}`,
    explained: 'New alerts are not shown now. What is missed appears when the connection is back.',
  },
  board: {
    heading: 'Alerts',
    count: (n: number, capped: boolean) =>
      n === 1 ? '1 alert' : `${capped ? 'latest ' : ''}${n} alerts`,
    empty: 'No potential matches yet',
    emptyMore:
      'When a camera reads a plate that is on a hot list, or that looks like one that is, it ' +
      'appears here within a second. Keep this page open.',
    newAbove: (n: number) => (n === 1 ? '1 new alert above' : `${n} new alerts above`),
    keys: 'next and previous alert',
    toTop: 'newest',
    announce: (n: number) => (n === 1 ? 'New potential match' : `${n} new potential matches`),
  },
  alert: {
    potential: 'Potential match',
    verify: 'Verify before acting.',
    read: 'Read',
    entry: 'Listed',
    noPicture: 'No plate picture',
    picture: 'Plate picture from the camera',
    state: 'State',
    vehicle: 'Vehicle',
    seen: 'seen',
    listed: 'listed',
    nothing: 'not given',
    list: 'List',
    listAge: (version: number, age: string) => `version ${version}, imported ${age} ago`,
    priority: (priority: number) => `Priority ${priority}`,
    warnings: 'Before you act',
    urgent: 'Urgent: in force on one supervisor’s word, a second has not decided yet.',
    caution: 'Caution: ',
    warningOf: (list: string) => `by the list ${list}`,
    also: 'Also listed',
    listPriority: (list: string, priority: number) => `${list}, priority ${priority}`,
    stale: (hours: number) => `list is ${hours} h old`,
    until: (time: string) => `Looked for until ${time}.`,
    contact: (whom: string) => `Call ${whom}.`,
    ilets: 'State data: for authorised people alone.',
    caseNumber: 'Case',
    camera: 'Camera',
    ago: (age: string) => `${age} ago`,
    confidenceOf: (percent: number) => `reads this with ${percent} % confidence`,
    candidate: (plate: string) => `by the camera's other reading ${plate}`,
    likelihood: likelihoodInWords,
    clock: 'Camera clock suspect.',
    clockMore: (device: string) => `It says ${device}; the time of receipt is shown.`,
    clockUnknown: 'The time of receipt is shown.',
  },
  verdict: {
    verify: 'Verified',
    reject: 'Reject',
    reason: 'Why rejected',
    reasons: {
      misread: 'Misread',
      wrong_state: 'Wrong state',
      wrong_vehicle: 'Wrong vehicle',
      entry_not_in_force: 'Entry not in force',
      test: 'Test',
    } satisfies Record<RejectionReason, string>,
    verified: 'Verified',
    rejected: 'Rejected',
    rejectedAs: (reason: RejectionReason): string =>
      `Rejected: ${text.verdict.reasons[reason].toLowerCase()}`,
    by: (user: string, time: string) => `by ${user}, ${time}`,
    change: 'Change',
    overtaken: (user: string) => `${user} was first: see above.`,
    failed: 'Not recorded. Try again.',
  },
  agreement: {
    same: 'same',
    differs: 'differs',
    unknown: 'unknown',
  },
  vehicle: {
    differs: (what: string[]) => `differs: ${what.join(', ')}`,
    none: '–',
    verdicts: { agree: 'agrees', differ: 'differs', unknown: 'unknown' },
    fields: { color: 'colour', make: 'make', model: 'model', type: 'type', year: 'year' },
  },
  matchClass: {
    exact: 'every character the same',
    o_zero: 'the same, O and 0 tied',
    look_alike: 'look-alike characters',
    substitution: 'one character differs',
    insertion: 'one character inserted',
    deletion: 'one character missing',
    candidate: 'fits',
    wildcard: 'fits the listed pattern, as other plates may',
  } satisfies Record<MatchClass, string>,
  /** Of one column: what stands between the two plates there. */
  difference: {
    same: () => '',
    o_zero: ({ read, entry }) => `${read} for ${entry}: O and 0`,
    look_alike: ({ read, entry }) => `${read} for ${entry}: look-alike`,
    differs: ({ read, entry }) => `${read} for ${entry}: differs`,
    inserted: ({ read }) => `${read}: only in the read`,
    deleted: ({ entry }) => `${entry}: missing in the read`,
    any: () => '',
  } satisfies Record<AlignedPair['kind'], (pair: AlignedPair) => string>,
  category: {
    stolen_vehicle: 'Stolen vehicle',
    stolen_plate: 'Stolen plate',
    felony_vehicle: 'Felony vehicle',
    wanted_person: 'Wanted person',
    missing_person: 'Missing person',
    amber_alert: 'AMBER alert',
    warrant: 'Warrant',
    protection_order: 'Protection order',
    supervised_release: 'Supervised release',
    person_of_interest: 'Person of interest',
    custom: 'Custom list',
  } satisfies Record<Category, string>,
  ...listsText,
  age: {
    s: (n: number) => `${n} s`,
    min: (n: number) => `${n} min`,
    h: (h: number, min: number) => (min > 0 ? `${h} h ${min} min` : `${h} h`),
    d: (n: number) => (n === 1 ? '1 day' : `${n} days`),
  },
}
