// What waits for a decision: entries, imports, settings of lists. Overdue urgent ones first, then
// urgent ones, then the oldest.
import { type Approval, type InboxItem, waitsForDecision } from '../domain/approval.ts'
import type { Clearance } from './cleared.ts'
import type { CustomEntry } from './custom.ts'
import { type ListDocument, widenings } from './settings.ts'
import { stateOf, type VersionRecord } from './versions.ts'

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

export interface Waiting {
  custom: Iterable<CustomEntry>
  cleared: Iterable<Clearance>
  lists: Iterable<ListDocument>
  versions: Iterable<VersionRecord>
  /** The version in force of a list; null where there is none. */
  inForce: (list: string) => number | null
}

export function inboxOf({ custom, cleared, lists, versions, inForce }: Waiting): InboxItem[] {
  const items = [
    ...[...custom].map(({ list, entry, approval }) =>
      inboxItem(approval, { list, id: entry.id, what: `${entry.plate}, ${entry.reason}` }),
    ),
    ...[...cleared].map(({ list, id, plate, entry_plate, reason, approval }) =>
      inboxItem(approval, { list, id, what: `${plate} is not ${entry_plate}: ${reason}` }),
    ),
    ...[...lists].map(listItem),
    ...[...versions].map((record) => versionItem(record, inForce(record.list))),
  ]
  return inOrder(items.filter((item) => item !== null))
}

/** A new list, or settings that reach further. */
function listItem({ name, approved, proposed }: ListDocument): InboxItem | null {
  if (proposed === null) return null
  const wider = approved === null ? [] : widenings(approved.settings, proposed.settings)
  const { title } = proposed.settings
  const what = approved === null ? `New list: ${title}` : `${title}: ${wider.join(', ')}`
  return inboxItem(proposed.approval, { list: name, id: name, what })
}

function versionItem(record: VersionRecord, in_force: number | null): InboxItem | null {
  const state = stateOf(record, in_force)
  if (state !== 'held' && state !== 'submitted') return null
  const { list, version, counts, held, approval } = record
  const { added = counts.entries, changed = 0, removed = 0 } = counts
  const differs = `${added} added, ${changed} changed, ${removed} removed`
  const what = held.length === 0 ? differs : `Held: ${held.join('; ')}`
  return inboxItem(approval, { list, id: String(version), what })
}

function inOrder(items: readonly InboxItem[]): InboxItem[] {
  const rank = ({ overdue, urgent }: InboxItem) => (overdue ? 0 : urgent ? 1 : 2)
  return items.toSorted((a, b) => rank(a) - rank(b) || (a.since < b.since ? -1 : 1))
}
