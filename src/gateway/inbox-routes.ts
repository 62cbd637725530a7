// GET /v1/inbox: what waits for a decision; GET /v1/hotlists/{list}/history: who has decided what.
import { createRoute, z } from '@hono/zod-openapi'
import type { Audit } from '../access/audit.ts'
import type { Bus } from '../bus/connection.ts'
import { APPROVAL_SUBJECTS, type InboxItem } from '../domain/approval.ts'
import type { HotList } from '../domain/hotlist.ts'
import type { Clearance } from '../hotlists/cleared.ts'
import type { CustomEntry } from '../hotlists/custom.ts'
import { historyOf, type ListObject } from '../hotlists/events.ts'
import { inboxOf } from '../hotlists/inbox.ts'
import type { Mirror } from '../hotlists/mirror.ts'
import type { ListDocument } from '../hotlists/settings.ts'
import type { VersionRecord } from '../hotlists/versions.ts'
import { type App, json, problemContent, recordLook } from './context.ts'
import { assertSeen, listParams, type SeenOptions } from './seen.ts'

export interface InboxRoutesOptions extends SeenOptions {
  bus: Bus
  audit: Audit
  custom: Pick<Mirror<CustomEntry>, 'entries'>
  cleared: Pick<Mirror<Clearance>, 'entries'>
  lists: Pick<Mirror<ListDocument>, 'entries'>
  versions: Pick<Mirror<VersionRecord>, 'entries'>
  in_force: Pick<Mirror<HotList>, 'entries'>
}

const itemSchema = z.object({
  subject: z.enum(APPROVAL_SUBJECTS),
  list: z.string(),
  id: z.string(),
  what: z.string(),
  by: z.string().openapi({ description: 'Who asks, or has activated it alone.' }),
  authors: z.array(z.string()).openapi({ description: 'None of them may approve it.' }),
  since: z.string(),
  urgent: z.boolean(),
  overdue: z.boolean(),
}) satisfies z.ZodType<InboxItem>
const inboxSchema = z.object({ items: z.array(itemSchema) }).openapi('Inbox')

const eventSchema = z
  .looseObject({
    at: z.string(),
    who: z.string(),
    from: z.string(),
    list: z.string(),
    what: z.string(),
    object: z.string(),
    was: z.unknown(),
    is: z.unknown(),
    refused: z.string().exactOptional(),
  })
  .openapi('ListEvent')
type Event = z.output<typeof eventSchema>

const inboxRoute = createRoute({
  method: 'get',
  path: '/v1/inbox',
  summary: 'What waits for a decision, the most urgent first',
  responses: { 200: json(inboxSchema, 'All that you may know of'), default: problemContent },
})

const historyRoute = createRoute({
  method: 'get',
  path: '/v1/hotlists/{list}/history',
  summary: 'Who has changed what of a list, newest first',
  request: {
    params: listParams,
    query: z.object({
      object: z
        .string()
        .regex(/^(list|entry|version|cleared|plate):.{1,64}$/)
        .optional()
        .openapi({ description: 'One thing of it.', example: 'entry:9f2c51d07a3be846' }),
      events_max: z.coerce.number().int().min(1).max(1_000).default(200),
    }),
  },
  responses: {
    200: json(z.object({ events: z.array(eventSchema) }), 'What was, and what is'),
    default: problemContent,
  },
})

export function addInboxRoutes(app: App, o: InboxRoutesOptions): void {
  const { audit } = o
  app.openapi(inboxRoute, async (c) => {
    await recordLook(audit, c, { right: 'list_read', object: 'inbox', detail: 'inbox' })
    const items = inboxOf({
      custom: valuesOf(o.custom),
      cleared: valuesOf(o.cleared),
      lists: valuesOf(o.lists),
      versions: valuesOf(o.versions),
      inForce: (list) => o.in_force.entries.get(list)?.value.version ?? null,
    })
    const seen = items.filter(({ list }) => o.view.maySee(list, c.var.session))
    return c.json({ items: seen }, 200)
  })
  app.openapi(historyRoute, async (c) => {
    const { list } = c.req.valid('param')
    const { object, events_max } = c.req.valid('query')
    await assertSeen(o, c, list)
    await recordLook(audit, c, { right: 'list_read', object: list, detail: 'history' })
    const of_one = object === undefined ? {} : { object: object as ListObject }
    const events = await historyOf(o.bus, list, { events_max, ...of_one })
    return c.json({ events: events as unknown as Event[] }, 200)
  })
}

function valuesOf<T>({ entries }: Pick<Mirror<T>, 'entries'>): T[] {
  return [...entries.values()].map(({ value }) => value)
}
