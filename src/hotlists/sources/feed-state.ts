// How it goes with each list's feed: when it was asked last, what came, and what went wrong. One
// key-value document per list, of the keeper's own; nothing secret stands in it.
import { z } from 'zod'
import type { Bus } from '../../bus/connection.ts'
import { type Documents, openDocuments } from '../../bus/documents.ts'
import { LIST_NAME } from '../../domain/hotlist.ts'
import type { ListFeed } from '../../domain/list-feed.ts'
import type { ListDocument } from '../settings.ts'
import type { FileMark } from './spool.ts'

export interface FeedState {
  list: string
  /** What was asked: of another feed nothing here holds. */
  feed: string
  /** ISO 8601 UTC, as all times here. */
  asked_at: string
  /** When a file came last that could be taken. */
  taken_at?: string
  /** The version that it made. */
  version?: number
  mark?: FileMark
  /** One after the other, up to now. */
  failures: number
  failure?: { code: string; message: string }
}

const moment = z.iso.datetime()

const stateSchema = z.strictObject({
  list: z.string().regex(LIST_NAME),
  feed: z.string(),
  asked_at: moment,
  taken_at: moment.exactOptional(),
  version: z.int().positive().exactOptional(),
  mark: z
    .strictObject({
      etag: z.string().exactOptional(),
      last_modified: z.string().exactOptional(),
      bytes: z.int().exactOptional(),
      modified_s: z.int().exactOptional(),
    })
    .exactOptional(),
  failures: z.int().min(0),
  failure: z.strictObject({ code: z.string(), message: z.string() }).exactOptional(),
}) satisfies z.ZodType<FeedState>

/** By the list's name. */
export type FeedStates = Documents<FeedState>

export function openFeedStates(bus: Bus): Promise<FeedStates> {
  return openDocuments(bus, 'hotlist-feeds', stateSchema)
}

/** Only what is approved and in force brings files. */
export function feedInForce({ approved }: ListDocument): ListFeed | undefined {
  return approved?.approval.state === 'active' ? approved.settings.feed : undefined
}

/** What of a feed says which file it is. */
export function feedIdentity(feed: ListFeed): string {
  switch (feed.kind) {
    case 'folder':
      return 'folder'
    case 'https':
      return feed.url
    case 'sftp':
      return `sftp://${feed.host}:${feed.port}${feed.path}`
  }
}

const RETRY_FIRST_MS = 30_000
/** What asking again is no use for, until a person has looked or the next time has come. */
const FINAL = /^(FEED_REFUSED|FEED_ACCOUNT|LIST_.*)$/

/** When the feed is asked next (epoch ms): after a failure sooner, and each time half as soon. */
export function dueAt(state: FeedState | undefined, every_minutes: number): number {
  if (state === undefined) return 0
  const { asked_at, failures, failure } = state
  const regular_ms = every_minutes * 60_000
  const again = failure !== undefined && !FINAL.test(failure.code) && failures > 0
  const wait_ms = again ? Math.min(regular_ms, RETRY_FIRST_MS * 2 ** (failures - 1)) : regular_ms
  return Date.parse(asked_at) + wait_ms
}
