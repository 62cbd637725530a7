// What the routes of all subjects share: what a handler knows of whoever asks, and how it asks
// whether they may.
import type { OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Audit } from '../access/audit.ts'
import type { Session } from '../access/sessions.ts'
import { assertMay } from '../domain/approval.ts'
import { HotplateError } from '../domain/error.ts'
import type { Right } from '../domain/roles.ts'
import type { Caller } from '../hotlists/approvals.ts'
import type { Peer } from './bridge.ts'
import { problemSchema } from './problems.ts'

export type Env = { Bindings: Peer; Variables: { session: Session } }
export type App = OpenAPIHono<Env>

/** Adds the routes of one subject: `/v1/hotlists/{list}/entries` and what belongs to them. */
export type Subject = (app: App) => void

export const problemContent = {
  description: 'A problem (RFC 9457); `code` says which.',
  content: { 'application/problem+json': { schema: problemSchema } },
}

/** An answer of JSON. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } }
}

/** A body of JSON that is asked for. */
export function body<T extends z.ZodType>(schema: T, description: string) {
  return { ...json(schema, description), required: true }
}

export function callerOf(c: Context<Env>): Caller {
  const { user, roles } = c.var.session
  return { actor: { name: user, roles }, from: c.env.from }
}

export interface Look {
  right: Right
  /** The list, or what else is looked at. */
  object: string
  /** What of it, as a stable word. */
  detail: string
}

/**
 * Puts a look at hot lists on record, before anything of them is given.
 * @throws HotplateError APPROVAL_RIGHT, AUDIT_UNAVAILABLE
 */
export async function recordLook(
  audit: Pick<Audit, 'record'>,
  c: Context<Env>,
  { right, object, detail }: Look,
): Promise<void> {
  const { actor, from } = callerOf(c)
  const event = { who: actor.name, from, what: 'hotlist_read', object, detail } as const
  try {
    assertMay(actor, right, `look at ${detail}`)
  } catch (error) {
    const reason = error instanceof HotplateError ? error.code.toLowerCase() : 'failed'
    await audit.record({ ...event, outcome: 'refused', reason })
    throw error
  }
  await audit.record({ ...event, outcome: 'ok' })
}
