// POST /v1/backtest: what an entry would have done on the last thirty days; POST
// /v1/hotlists/{list}/past-reads: where the vehicle of one was seen before it came into force. Both
// show reads: each takes a purpose and a reason, and is on record before anything is searched.
import { createRoute, z } from '@hono/zod-openapi'
import type { Audit } from '../access/audit.ts'
import { MATCH_CLASSES } from '../domain/alert.ts'
import { LIST_NAME, PROFILES, PURPOSES } from '../domain/hotlist.ts'
import { foldEntryPlate } from '../domain/plate.ts'
import { REGION } from '../domain/read.ts'
import { type BacktestReport, backtest } from '../hotlists/backtest.ts'
import { type PastReads, type PastReadsOptions, pastReads } from '../hotlists/past-reads.ts'
import { recordReadsShown } from '../hotlists/reads-shown.ts'
import { type App, body, callerOf, json, problemContent } from './context.ts'
import { Problem } from './problems.ts'
import { assertSeen, listParams, type SeenOptions } from './seen.ts'

export interface ReadsRoutesOptions extends PastReadsOptions, Omit<SeenOptions, 'manifests'> {
  audit: Pick<Audit, 'append' | 'record'>
}

const wanted = {
  purpose: z.enum(PURPOSES),
  reason: z.string().trim().min(1).max(500).openapi({ description: 'Why, for the record.' }),
  case: z.string().trim().min(1).max(64).exactOptional(),
}

const requestSchema = z
  .strictObject({
    ...wanted,
    plate: z.string().min(1).max(64).openapi({
      description: 'As it is written, or a part: `?` one character, `*` any run.',
      example: '2TAB123',
    }),
    region: z.string().regex(REGION).exactOptional(),
    profile: z.enum(PROFILES),
    list: z.string().regex(LIST_NAME).exactOptional().openapi({
      description: 'The list that it is to be on: the threshold of the list holds.',
    }),
    false_alerts_per_million_max: z.number().positive().max(1_000_000).exactOptional().openapi({
      description: 'Without a list: the budget that the threshold comes from.',
    }),
  })
  .openapi('BacktestRequest')

const count = z.int().min(0)
const counted = {
  reads: count.openapi({ description: 'Reads that would have matched.' }),
  alerts: count.openapi({ description: 'Vehicle passages among them.' }),
}
const matched = {
  class: z.enum(MATCH_CLASSES),
  cost: z.number(),
  posterior: z.number(),
  state: z.enum(['same', 'differs', 'unknown']),
  candidate: z.string().exactOptional(),
}

const reportSchema = z
  .object({
    entry: z.object({
      plate: z.string(),
      region: z.string().exactOptional(),
      profile: z.enum(PROFILES),
    }),
    threshold: z.object({
      log_odds_min: z.number(),
      budget_per_million: z.number(),
      list: z.string().nullable().openapi({
        description: 'Whose it is; null where it was worked out for the entry alone.',
      }),
    }),
    after: z.iso.datetime(),
    until: z.iso.datetime(),
    in_reach: count.openapi({ description: 'Reads that were near enough to be weighed.' }),
    ...counted,
    plates: z
      .array(z.object({ plate: z.string(), ...counted, region: z.string(), ...matched }))
      .openapi({
        description: 'As they were read, most alerts first; of each its likeliest read.',
      }),
    plates_total: count,
    cameras: z.array(z.object({ camera: z.string(), ...counted })),
    cameras_total: count,
    days: z.array(z.object({ day: z.iso.date(), ...counted })),
    seconds: z.number(),
  })
  .openapi('Backtest') satisfies z.ZodType<BacktestReport>

const pastSchema = z
  .object({
    list: z.string(),
    entry_id: z.string(),
    of: z.string().openapi({ description: 'The activation, or the version of the list.' }),
    found_at: z.iso.datetime(),
    ...counted,
    kept: count.openapi({ description: 'Of the reads, the newest.' }),
    refused: z.string().exactOptional().openapi({ description: 'Why nothing was looked for.' }),
    sightings: z.array(
      z.object({
        camera: z.string(),
        read_id: z.string(),
        time_ms: z.int(),
        plate: z.string(),
        region: z.string(),
        ...matched,
        alerts: z.boolean().openapi({ description: 'It would have raised an alert.' }),
      }),
    ),
  })
  .openapi('PastReads') satisfies z.ZodType<PastReads>

const backtestRoute = createRoute({
  method: 'post',
  path: '/v1/backtest',
  summary: 'What an entry would have done on the last 30 days',
  description:
    'Judged as matching judges, on every read that is kept. An entry that fits too many reads is ' +
    'refused with `entry_too_wide`, a store that is too slow with `search_too_slow`: there is no ' +
    'answer in part.',
  request: { body: body(requestSchema, 'The entry, and what for it is asked') },
  responses: { 200: json(reportSchema, 'What it would have done'), default: problemContent },
})

const pastReadsRoute = createRoute({
  method: 'post',
  path: '/v1/hotlists/{list}/past-reads',
  summary: 'Where the vehicle of an entry was seen in the 30 days before it came into force',
  request: {
    params: listParams,
    body: body(
      z.strictObject({ ...wanted, entry: z.string().min(1).max(64) }).openapi('PastReadsRequest'),
      'The entry by its id, and what for it is asked',
    ),
  },
  responses: { 200: json(pastSchema, 'Newest first'), default: problemContent },
})

export function addReadsRoutes(app: App, o: ReadsRoutesOptions): void {
  const { audit } = o
  app.openapi(backtestRoute, async (c) => {
    const { purpose, reason, case: case_number, ...asked } = c.req.valid('json')
    const plate = foldEntryPlate(asked.plate)
    if (plate === null) {
      throw new Problem('entry_invalid', { detail: 'Expected a plate, or a pattern, as plate' })
    }
    if (asked.list !== undefined) await assertSeen(o, c, asked.list)
    const { list = '', region = '', profile } = asked
    await recordReadsShown(audit, callerOf(c), {
      what: 'backtest',
      list,
      searched: [plate, region, profile].filter((part) => part !== '').join(' '),
      purpose,
      reason,
      ...(case_number === undefined ? {} : { case: case_number }),
    })
    return c.json(await backtest(o, { ...asked, plate }), 200)
  })
  app.openapi(pastReadsRoute, async (c) => {
    const { list } = c.req.valid('param')
    const { entry, case: case_number, ...why } = c.req.valid('json')
    await assertSeen(o, c, list)
    await recordReadsShown(audit, callerOf(c), {
      what: 'past_reads',
      list,
      searched: entry,
      ...why,
      ...(case_number === undefined ? {} : { case: case_number }),
    })
    return c.json(await pastReads(o, list, entry), 200)
  })
}
