// /v1/hotlists/{list}/cleared: known innocent look-alikes of an entry, each approved by a second
// person, with its end and how often it was seen.
import { createRoute, z } from '@hono/zod-openapi'
import type { Audit } from '../access/audit.ts'
import type { Revisioned } from '../bus/documents.ts'
import { REGION } from '../domain/read.ts'
import { approvalSchema } from '../hotlists/approval-schema.ts'
import type { Clearance } from '../hotlists/cleared.ts'
import {
  addClearance,
  type ClearanceAction,
  type ClearingOptions,
  stepClearance,
} from '../hotlists/cleared-changes.ts'
import { type ClearedCount, clearedCounts } from '../hotlists/cleared-tally.ts'
import type { Mirror } from '../hotlists/mirror.ts'
import { type App, body, callerOf, json, problemContent, recordLook } from './context.ts'
import { Problem } from './problems.ts'
import { assertSeen, listParams, type SeenOptions } from './seen.ts'

export interface ClearedRoutesOptions
  extends Omit<ClearingOptions, 'audit' | 'manifests'>,
    SeenOptions {
  manifests: ClearingOptions['manifests']
  mirror: Pick<Mirror<Clearance>, 'entries'>
  audit: Audit
}

const PAGE_MAX = 500
const ACTIONS = ['submit', 'withdraw', 'approve', 'return', 'revoke'] as const

const askedSchema = z
  .strictObject({
    entry_id: z.string().min(1).max(64),
    plate: z.string().min(1).max(64).openapi({ description: 'As it is read.' }),
    region: z.string().regex(REGION).exactOptional().openapi({
      description: 'Then only reads of this state are left alone.',
    }),
    reason: z.string().trim().min(1).max(1_000),
    expires_at: z.iso.datetime(),
  })
  .openapi('ClearanceAsked')

const clearanceSchema = z
  .object({
    id: z.string(),
    list: z.string(),
    entry_id: z.string(),
    entry_plate: z.string(),
    plate: z.string(),
    region: z.string().exactOptional(),
    reason: z.string(),
    expires_at: z.iso.datetime(),
    approval: approvalSchema,
    revision: z.int(),
    silenced: z.int().exactOptional().openapi({ description: 'Reads left alone so far.' }),
    last_at: z.iso.datetime().exactOptional(),
  })
  .openapi('Clearance')

const clearanceParams = listParams.extend({ id: z.string().regex(/^[0-9a-f]{16}$/) })

const askRoute = createRoute({
  method: 'post',
  path: '/v1/hotlists/{list}/cleared',
  summary: 'Ask that an innocent look-alike be left alone for one entry',
  request: { params: listParams, body: body(askedSchema, 'Which, for which entry, until when') },
  responses: { 201: json(clearanceSchema, 'Waits for a second person'), default: problemContent },
})

const listRoute = createRoute({
  method: 'get',
  path: '/v1/hotlists/{list}/cleared',
  summary: 'Cleared vehicles of a list, in any state, with how often each was seen',
  request: {
    params: listParams,
    query: z.object({
      entry: z.string().max(64).optional(),
      after: z.string().max(64).optional().openapi({ description: 'The last id of a page.' }),
    }),
  },
  responses: {
    200: json(z.object({ cleared: z.array(clearanceSchema), more: z.boolean() }), 'By id'),
    default: problemContent,
  },
})

const stepRoute = createRoute({
  method: 'post',
  path: '/v1/hotlists/{list}/cleared/{id}/{action}',
  summary: 'One step of the approval of a cleared vehicle',
  request: {
    params: clearanceParams.extend({ action: z.enum(ACTIONS) }),
    body: body(
      z.strictObject({
        note: z.string().max(1_000).exactOptional(),
        revision: z.int().positive().exactOptional(),
      }),
      'Why, where the step asks for it',
    ),
  },
  responses: { 200: json(clearanceSchema, 'As it is now'), default: problemContent },
})

export function addClearedRoutes(app: App, o: ClearedRoutesOptions): void {
  app.openapi(askRoute, async (c) => {
    const { list } = c.req.valid('param')
    await assertSeen(o, c, list)
    return c.json(shown(await addClearance(o, callerOf(c), list, c.req.valid('json'))), 201)
  })
  app.openapi(stepRoute, async (c) => {
    const { list, id, action } = c.req.valid('param')
    const { note, revision } = c.req.valid('json')
    await assertSeen(o, c, list)
    const step = { list, id, action: action satisfies ClearanceAction, note, revision }
    return c.json(shown(await stepClearance(o, callerOf(c), step)), 200)
  })
  app.openapi(listRoute, async (c) => {
    const { list } = c.req.valid('param')
    const { entry, after = '' } = c.req.valid('query')
    await assertSeen(o, c, list)
    await recordLook(o.audit, c, { right: 'list_read', object: list, detail: 'cleared' })
    const own = [...o.mirror.entries.values()]
      .filter(({ value }) => value.list === list && value.id > after)
      .filter(({ value }) => entry === undefined || value.entry_id === entry)
      .toSorted((a, b) => (a.value.id < b.value.id ? -1 : 1))
    const counts = own.length === 0 ? new Map<string, ClearedCount>() : await countsOf(o, list)
    const cleared = own.slice(0, PAGE_MAX).map((one) => ({
      ...shown(one),
      ...(counts.get(one.value.id) ?? { silenced: 0 }),
    }))
    return c.json({ cleared, more: own.length > PAGE_MAX }, 200)
  })
}

async function countsOf({ store }: ClearedRoutesOptions, list: string) {
  try {
    return await clearedCounts(store, list)
  } catch {
    throw new Problem('store_unavailable', { detail: 'The counts can not be looked up now' })
  }
}

function shown({ value, revision }: Revisioned<Clearance>) {
  return { ...value, revision }
}
