// GET /v1/conflicts: entries that contradict each other, or themselves.
import { createRoute, z } from '@hono/zod-openapi'
import type { Audit } from '../access/audit.ts'
import { LIST_NAME } from '../domain/hotlist.ts'
import {
  CONFLICT_KINDS,
  type ConflictsOptions,
  type ConflictsPage,
  conflictsOf,
} from '../hotlists/conflicts.ts'
import type { SettingsView } from '../hotlists/settings-view.ts'
import { type App, json, problemContent, recordLook } from './context.ts'

export interface ConflictRoutesOptions
  extends Pick<ConflictsOptions, 'store' | 'manifests' | 'formats'> {
  view: Pick<SettingsView, 'maySee' | 'of'>
  audit: Audit
}

const PAGE_DEFAULT = 100
const PAGE_MAX = 500

const pageSchema = z
  .object({
    kind: z.enum(CONFLICT_KINDS),
    conflicts: z.array(
      z.object({
        plate: z.string().openapi({ description: 'O as 0.' }),
        entries: z
          .array(
            z.object({
              list: z.string(),
              id: z.string(),
              plate: z.string(),
              region: z.string(),
              priority: z.int(),
            }),
          )
          .openapi({ description: 'The most urgent first, 50 at most.' }),
      }),
    ),
    next: z
      .string()
      .nullable()
      .openapi({ description: 'To be given as `after`; null at the end.' }),
  })
  .openapi('Conflicts') satisfies z.ZodType<ConflictsPage>

const conflictsRoute = createRoute({
  method: 'get',
  path: '/v1/conflicts',
  summary: 'Entries in force that contradict each other, or themselves',
  description:
    '`several_lists`: one plate on several lists; the most urgent alerts and names the others. ' +
    '`o_zero`: one plate written with O and with 0. `no_state`: an entry without a state. ' +
    '`format_impossible`: longer than any plate of its state. `format_unusual`: of none of the ' +
    "state's usual series, as vanity plates are too: a hint.",
  request: {
    query: z.object({
      kind: z.enum(CONFLICT_KINDS),
      list: z.string().regex(LIST_NAME).optional(),
      after: z.string().max(200).optional(),
      rows_max: z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_DEFAULT),
    }),
  },
  responses: { 200: json(pageSchema, 'A page of them'), default: problemContent },
})

export function addConflictRoutes(app: App, o: ConflictRoutesOptions): void {
  const { view, audit, ...parts } = o
  app.openapi(conflictsRoute, async (c) => {
    const asked = c.req.valid('query')
    const object = asked.list ?? 'all'
    await recordLook(audit, c, { right: 'list_read', object, detail: `conflicts ${asked.kind}` })
    const seen = {
      isSeen: (list: string) => view.maySee(list, c.var.session),
      priorityOf: (list: Parameters<ConflictsOptions['priorityOf']>[0]) => view.of(list).priority,
    }
    return c.json(await conflictsOf({ ...parts, ...seen }, asked), 200)
  })
}
