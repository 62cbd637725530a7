// Entries that people make (policy 401.4f): one key-value document each, `<list>.<entry id>`, with
// its approval. The processes that match watch these documents, and nothing is copied elsewhere: an
// entry is in force when its own document says `active` and its time has not come, so that
// document and effect can't differ.
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, openDocuments } from '../bus/documents.ts'
import { type Approval, waitsForSecond } from '../domain/approval.ts'
import { type Entry, hasExpired, LIST_NAME } from '../domain/hotlist.ts'
import { approvalSchema } from './approval-schema.ts'
import { entrySchema } from './entry-schema.ts'

/** Purpose and end are not left open. */
export type DatedEntry = Entry & Required<Pick<Entry, 'purpose' | 'expires_at'>>

export interface CustomEntry {
  list: string
  entry: DatedEntry
  approval: Approval
}

const customSchema = z.strictObject({
  list: z.string().regex(LIST_NAME),
  entry: entrySchema.required({ purpose: true, expires_at: true }),
  approval: approvalSchema,
}) satisfies z.ZodType<CustomEntry>

export function openCustomEntries(bus: Bus): Promise<Documents<CustomEntry>> {
  return openDocuments(bus, 'hotlist-custom', customSchema)
}

export function customKey(list: string, id: string): string {
  return `${list}.${id}`
}

/** Whether reads are to be matched against it. */
export function isInForce({ entry, approval }: CustomEntry, now_ms: number): boolean {
  return approval.state === 'active' && !hasExpired(entry, now_ms)
}

/** The entry as its alerts show it: one that a supervisor has activated alone says so. */
export function shownEntry({ entry, approval }: CustomEntry): Entry {
  if (!waitsForSecond(approval)) return entry
  return { ...entry, details: { ...entry.details, urgent: true } }
}
