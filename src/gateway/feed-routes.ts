// /v1/hotlist-formats and /v1/hotlists/{list}/feed: the layouts that files may have, how it goes
// with a list whose files come by themselves, and asking for one before its time.
import { createRoute, z } from '@hono/zod-openapi'
import type { Audit } from '../access/audit.ts'
import { FORMATS } from '../formats/hotlists/formats.ts'
import type { FeedStates } from '../hotlists/sources/feed-state.ts'
import { feedShown, fetchNow } from '../hotlists/sources/fetch-now.ts'
import { feedSchema } from '../hotlists/sources/source.ts'
import { type App, callerOf, json, problemContent, recordLook } from './context.ts'
import { Problem } from './problems.ts'
import { assertSeen, listParams, type SeenOptions } from './seen.ts'

export interface FeedRoutesOptions extends SeenOptions {
  states: FeedStates
  audit: Audit
}

const formatSchema = z
  .object({ name: z.string(), title: z.string(), description: z.string() })
  .openapi('ListFormat')

const feedStateSchema = z
  .object({
    feed: feedSchema,
    asked_at: z.iso.datetime().nullable(),
    taken_at: z.iso.datetime().nullable().openapi({
      description: 'When a file came last that could be taken.',
    }),
    version: z.int().nullable().openapi({ description: 'The version that it made.' }),
    next_at: z.iso.datetime().nullable().openapi({
      description: "null: at the keeper's next turn; of a folder, whenever a file comes.",
    }),
    failures: z.int().openapi({ description: 'One after the other, up to now.' }),
    failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  })
  .openapi('ListFeed')

const formatsRoute = createRoute({
  method: 'get',
  path: '/v1/hotlist-formats',
  summary: 'The layouts that files of lists may have',
  responses: {
    200: json(z.object({ formats: z.array(formatSchema) }), 'All of them'),
    default: problemContent,
  },
})

const feedRoute = createRoute({
  method: 'get',
  path: '/v1/hotlists/{list}/feed',
  summary: 'How it goes with the feed of a list',
  request: { params: listParams },
  responses: { 200: json(feedStateSchema, 'As the keeper left it'), default: problemContent },
})

const fetchRoute = createRoute({
  method: 'post',
  path: '/v1/hotlists/{list}/feed/fetch',
  summary: 'Ask for the file of a list before its time',
  request: { params: listParams },
  responses: {
    202: json(z.object({ list: z.string() }), 'The keeper asks at its next turn'),
    default: problemContent,
  },
})

export function addFeedRoutes(app: App, o: FeedRoutesOptions): void {
  app.openapi(formatsRoute, (c) => {
    const formats = FORMATS.map(({ name, title, description }) => ({ name, title, description }))
    return c.json({ formats }, 200)
  })
  app.openapi(feedRoute, async (c) => {
    const { list } = c.req.valid('param')
    await assertSeen(o, c, list)
    await recordLook(o.audit, c, { right: 'list_read', object: list, detail: 'feed' })
    const document = await o.settings.get(list)
    const known = (await o.states.get(list))?.value ?? null
    const shown = document === null ? null : feedShown(document.value, known)
    if (shown === null) throw new Problem('feed_not_found')
    const { feed, state, next_ms } = shown
    const { asked_at = null, taken_at = null, version = null, failures = 0 } = state ?? {}
    const next_at = next_ms ? new Date(next_ms).toISOString() : null
    const failure = state?.failure ?? null
    return c.json({ feed, asked_at, taken_at, version, next_at, failures, failure }, 200)
  })
  app.openapi(fetchRoute, async (c) => {
    const { list } = c.req.valid('param')
    await assertSeen(o, c, list)
    await fetchNow(o, list, callerOf(c))
    return c.json({ list }, 202)
  })
}
