// What waits for a decision: overdue urgent ones first, then urgent ones, then the oldest.
import { type Approval, type ApprovalSubject, waitsForDecision } from '../domain/approval.ts'
import type { CustomEntry } from './custom.ts'

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

/** What an approval that waits looks like; null where it waits for nobody. */
function inboxItem(
  approval: Approval,
  about: Pick<InboxItem, 'list' | 'id' | 'what'>,
): InboxItem | null {
  if (!waitsForDecision(approval)) return null
  const { subject, state, authors, urgent, history } = approval
  const asked = history.findLast(({ action }) => action === 'submit') ?? history.at(-1)
  const waits = state === 'active' && urgent !== undefined ? urgent : asked
  return {
    subject,
    ...about,
    by: waits?.by ?? '',
    authors,
    since: waits?.at ?? '',
    urgent: state === 'active',
    overdue: state === 'active' && urgent?.overdue_since !== undefined,
  }
}

export function entriesInbox(entries: Iterable<CustomEntry>): InboxItem[] {
  return [...entries].flatMap(({ list, entry, approval }) => {
    const what = `${entry.plate}, ${entry.reason}`
    return inboxItem(approval, { list, id: entry.id, what }) ?? []
  })
}

export function inOrder(items: readonly InboxItem[]): InboxItem[] {
  const rank = ({ overdue, urgent }: InboxItem) => (overdue ? 0 : urgent ? 1 : 2)
  return items.toSorted((a, b) => rank(a) - rank(b) || (a.since < b.since ? -1 : 1))
}
