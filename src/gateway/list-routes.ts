// GET /v1/matching/lists: what each hot list promises, and whether it keeps it.
import { createRoute, z } from '@hono/zod-openapi'
import { CATEGORIES, PROFILES, PURPOSES } from '../domain/hotlist.ts'
import { PRIORITIES } from '../domain/list-settings.ts'
import type { ListReport } from '../hotlists/report.ts'
import { thresholdSchema } from '../hotlists/thresholds.ts'
import { problemContent } from './context.ts'

const count = z.int().min(0)

const listSchema = z
  .object({
    name: z.string(),
    category: z.enum(CATEGORIES),
    profile: z.enum(PROFILES),
    version: z.int(),
    entries: count,
    imported_at: z.iso.datetime(),
    budget_per_million: z.number().openapi({
      description: 'False alerts that the list may raise per million reads.',
    }),
    measured: z.object({
      reads: count.openapi({ description: 'Reads that the list was compared with.' }),
      alerts: count,
      unreviewed: count.openapi({ description: 'Alerts of which nobody has said anything.' }),
      verified: count,
      false_alerts: count.openapi({ description: 'Misread, wrong state or wrong vehicle.' }),
      rejected_otherwise: count.openapi({ description: 'Entry not in force, or a test.' }),
      rate: z
        .object({ per_million: z.number(), low: z.number(), high: z.number() })
        .nullable()
        .openapi({
          description: 'False alerts per million reads, with the exact 95 % Poisson interval.',
        }),
      counted_at: z.iso.datetime().nullable(),
    }),
    state: z.enum(['over', 'within', 'open']).openapi({
      description: 'The rate against the budget, with 95 % confidence; open: too little was seen.',
    }),
    title: z.string(),
    priority: z.literal([...PRIORITIES]).openapi({ description: '1 is the most urgent.' }),
    purpose: z.enum(PURPOSES),
    ilets: z.boolean(),
    stale_h: count.nullable().openapi({
      description: 'Its age in hours, where it is past the time by which it must be refreshed.',
    }),
    stopped: z.boolean().openapi({
      description: 'It raises no alerts: stale and set to stop, or not in force.',
    }),
    alarm: z.boolean().openapi({ description: 'Over its budget, stale, or stopped.' }),
    threshold: thresholdSchema.nullable().openapi({
      description:
        'The score that the budget comes to, and what it catches: shares of misread plates of ' +
        'the list, drawn by the models, with none of the confidences and candidates that ' +
        'engines send. ' +
        'Null until the list was matched against.',
    }),
  })
  .openapi('MatchingList') satisfies z.ZodType<ListReport>

const answerSchema = z
  .object({
    days: z.int().openapi({ description: 'The measure goes over so many days.' }),
    lists: z.array(listSchema),
  })
  .openapi('MatchingLists')

export const listsRoute = createRoute({
  method: 'get',
  path: '/v1/matching/lists',
  summary: 'False alerts of each hot list beside its budget',
  responses: {
    200: {
      description: 'All lists in force, by name',
      content: { 'application/json': { schema: answerSchema } },
    },
    default: problemContent,
  },
})
