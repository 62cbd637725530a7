// A feed as people see it, and asking for its file before its time: when the cause of a failure is
// mended, nobody waits for the next time.
import type { Audit } from '../../access/audit.ts'
import { assertMay } from '../../domain/approval.ts'
import { HotplateError } from '../../domain/error.ts'
import type { ListFeed } from '../../domain/list-feed.ts'
import type { Caller } from '../approvals.ts'
import { recordChange } from '../events.ts'
import type { ListDocument, SettingsDocuments } from '../settings.ts'
import { dueAt, type FeedState, type FeedStates, feedIdentity, feedInForce } from './feed-state.ts'

export interface FeedShown {
  feed: ListFeed
  /** Null where it was never asked as it is now. */
  state: FeedState | null
  /** Epoch ms; 0: at the keeper's next turn; null: whenever a file comes. */
  next_ms: number | null
}

/** @returns null where the list has no feed in force */
export function feedShown(document: ListDocument, known: FeedState | null): FeedShown | null {
  const feed = feedInForce(document)
  if (feed === undefined) return null
  const state = known?.feed === feedIdentity(feed) ? known : null
  const next_ms = feed.kind === 'folder' ? null : dueAt(state ?? undefined, feed.every_minutes)
  return { feed, state, next_ms }
}

export interface FetchNowOptions {
  settings: Pick<SettingsDocuments, 'get'>
  states: Pick<FeedStates, 'get' | 'purge'>
  audit: Pick<Audit, 'append'>
}

/**
 * The keeper asks at its next turn, and takes the file for a new one.
 * @throws HotplateError APPROVAL_RIGHT, FEED_UNKNOWN, AUDIT_UNAVAILABLE
 */
export async function fetchNow(
  { settings, states, audit }: FetchNowOptions,
  list: string,
  { actor, from }: Caller,
): Promise<void> {
  assertMay(actor, 'import_write', 'fetch a list')
  const document = await settings.get(list)
  const feed = document === null ? undefined : feedInForce(document.value)
  if (feed === undefined || feed.kind === 'folder') {
    const came = feed === undefined ? 'none' : 'a folder'
    const message = `Expected a list with an HTTPS or SFTP feed in force but ${list} has ${came}`
    throw new HotplateError('FEED_UNKNOWN', message)
  }
  const was = (await states.get(list))?.value ?? null
  const object = `list:${list}` as const
  const event = { who: actor.name, from, list, what: 'list_fetch', object }
  await recordChange(audit, { ...event, was, is: null })
  await states.purge(list)
}
