// /v1/hotlists/{list}/versions and /imports: files sent in, what each version changes and what was
// wrong with it, who has approved it, and the way back (policy 401.4f).
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Audit } from '../access/audit.ts'
import { assertMay } from '../domain/approval.ts'
import { approvalSchema } from '../hotlists/approval-schema.ts'
import { onRecord } from '../hotlists/approvals.ts'
import { badLinesOf } from '../hotlists/bad-lines.ts'
import { type Difference, differencesOf } from '../hotlists/differences.ts'
import { entrySchema } from '../hotlists/entry-schema.ts'
import { type ImportOptions, stageImport } from '../hotlists/import.ts'
import type { Manifests } from '../hotlists/manifest.ts'
import { spool } from '../hotlists/sources/spool.ts'
import { decideVersion, rollBack } from '../hotlists/version-decisions.ts'
import {
  countsSchema,
  stateOf,
  VERSION_STATES,
  type VersionRecord,
  versionsOf,
} from '../hotlists/versions.ts'
import type { Logger } from '../telemetry/log.ts'
import { type App, body, callerOf, type Env, json, problemContent, recordLook } from './context.ts'
import { Problem } from './problems.ts'
import { assertSeen, listParams, type SeenOptions } from './seen.ts'

export interface VersionRoutesOptions extends SeenOptions, Omit<ImportOptions, 'audit' | 'log'> {
  manifests: Manifests
  settings: SeenOptions['settings']
  audit: Audit
  log: Pick<Logger, 'warn' | 'error'>
  /** Where files lie until they are imported. */
  upload_dir: string
  upload_bytes_max: number
}

const PAGE_MAX = 200
const UPLOADS_MAX = 4
const UPLOAD_MS_MAX = 3_600_000

const versionSchema = z
  .object({
    version: z.int(),
    state: z.enum(VERSION_STATES).openapi({
      description:
        '`held`, `submitted`: it waits for a second person, with reasons against it or without; ' +
        '`staged`: approved, on its way into force.',
    }),
    file: z.string().nullable(),
    format: z.string().nullable(),
    began_at: z.string(),
    imported_at: z.string().openapi({ description: 'How old its content is.' }),
    activated_at: z.string().exactOptional(),
    counts: countsSchema,
    skipped: z.record(z.string(), z.int()),
    inactive: z.record(z.string(), z.int()).openapi({
      description: 'Entries that nothing is matched against, by file code (401.1).',
    }),
    beside: z.int().nullable().openapi({ description: 'The version that was in force.' }),
    held: z.array(z.string()).openapi({ description: 'What speaks against it, in words.' }),
    approval: approvalSchema,
    rolled_back_to: z.int().exactOptional(),
    failure: z.string().exactOptional(),
    entries_kept: z.boolean(),
  })
  .openapi('ListVersion')
type Version = z.output<typeof versionSchema>

const comparedSchema = z
  .object({ ...entrySchema.shape, inactive: z.literal(true).exactOptional() })
  .nullable()
const differenceSchema = z
  .object({
    kind: z.enum(['added', 'changed', 'removed']),
    plate: z.string(),
    region: z.string(),
    was: comparedSchema,
    is: comparedSchema,
  })
  .openapi('ListDifference') satisfies z.ZodType<Difference>

const badLineSchema = z
  .object({ line: z.int(), column: z.string(), expected: z.string(), came: z.string() })
  .openapi('BadLine')

const versionParams = listParams.extend({ version: z.coerce.number().int().positive() })
const found = json(versionSchema, 'The version as it is now')

const versionsRoute = createRoute({
  method: 'get',
  path: '/v1/hotlists/{list}/versions',
  summary: 'Versions of a list, the latest first',
  request: { params: listParams },
  responses: {
    200: json(z.object({ versions: z.array(versionSchema) }), 'All that are known'),
    default: problemContent,
  },
})

const versionRoute = createRoute({
  method: 'get',
  path: '/v1/hotlists/{list}/versions/{version}',
  summary: 'One version: what came, what it changes, who has decided',
  request: { params: versionParams },
  responses: { 200: found, default: problemContent },
})

const badLinesRoute = createRoute({
  method: 'get',
  path: '/v1/hotlists/{list}/versions/{version}/bad-lines',
  summary: 'Lines of its file that could not be taken: the first 10,000',
  request: {
    params: versionParams,
    query: z.object({ after: z.coerce.number().int().min(0).default(0) }),
  },
  responses: {
    200: json(z.object({ lines: z.array(badLineSchema), more: z.boolean() }), 'By line'),
    default: problemContent,
  },
})

const differenceRoute = createRoute({
  method: 'get',
  path: '/v1/hotlists/{list}/versions/{version}/difference',
  summary: 'What it changes in the version that was in force; nothing of a first version',
  request: {
    params: versionParams,
    query: z.object({
      kind: differenceSchema.shape.kind.optional(),
      plate: z.string().max(12).optional().openapi({ description: 'Of `next`, for what follows.' }),
      region: z.string().max(8).default(''),
    }),
  },
  responses: {
    200: json(
      z.object({
        differences: z.array(differenceSchema),
        next: z.object({ plate: z.string(), region: z.string() }).nullable(),
      }),
      'By plate and state',
    ),
    default: problemContent,
  },
})

const decideRoute = createRoute({
  method: 'post',
  path: '/v1/hotlists/{list}/versions/{version}/{action}',
  summary: 'A second person puts a version into force, or returns it; or goes back to one',
  description:
    '`rollback` makes a new version of the entries of one that was in force, without those that ' +
    'were silenced since. `version_compared_anew`: look at the difference again, then decide.',
  request: {
    params: versionParams.extend({ action: z.enum(['approve', 'return', 'rollback']) }),
    body: body(z.strictObject({ note: z.string().max(1_000).exactOptional() }), 'Why'),
  },
  responses: { 200: found, default: problemContent },
})

const importRoute = createRoute({
  method: 'post',
  path: '/v1/hotlists/{list}/imports',
  summary: 'Send a file of a list in: a version of it is made while you look at something else',
  request: {
    params: listParams,
    query: z.object({
      name: z
        .string()
        .min(1)
        .max(200)
        .default('upload')
        .openapi({ description: 'As it is shown.' }),
      format: z.string().max(64).optional().openapi({ description: "The list's by default." }),
      part: z.enum(['true', 'false']).default('false').openapi({
        description: 'It adds to the version in force, and names what it takes off.',
      }),
    }),
    body: {
      content: {
        'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) },
      },
      required: true,
    },
  },
  responses: {
    202: json(z.object({ version: z.int() }), 'Ask for this version until it is staged'),
    default: problemContent,
  },
})

export function addVersionRoutes(app: App, o: VersionRoutesOptions): void {
  addReading(app, o)
  app.openapi(decideRoute, async (c) => {
    const { list, version, action } = c.req.valid('param')
    const { note } = c.req.valid('json')
    await assertKnown(o, c, list)
    const caller = callerOf(c)
    const record =
      action === 'rollback'
        ? await rollBack(o, { list, to: version, caller })
        : await decideVersion(o, { list, version, action, caller, note })
    return c.json(await shown(o, record), 200)
  })
  let uploads = 0
  app.openapi(importRoute, async (c) => {
    const { list } = c.req.valid('param')
    await assertSeen(o, c, list)
    if (uploads >= UPLOADS_MAX) throw new Problem('busy')
    uploads += 1
    try {
      return c.json({ version: await upload(o, c, list) }, 202)
    } finally {
      uploads -= 1
    }
  })
}

function addReading(app: App, o: VersionRoutesOptions): void {
  const { audit, manifests, store } = o
  const right = 'list_read'
  app.openapi(versionsRoute, async (c) => {
    const { list } = c.req.valid('param')
    await assertKnown(o, c, list)
    await recordLook(audit, c, { right, object: list, detail: 'versions' })
    const records = await versionsOf(manifests.versions, list)
    return c.json({ versions: await Promise.all(records.map((one) => shown(o, one))) }, 200)
  })
  app.openapi(versionRoute, async (c) => {
    const record = await looked(o, c, c.req.valid('param'), 'version')
    return c.json(await shown(o, record), 200)
  })
  app.openapi(badLinesRoute, async (c) => {
    const { list, version } = await looked(o, c, c.req.valid('param'), 'bad_lines')
    const { after } = c.req.valid('query')
    const lines = await badLinesOf(store, list, version, { after, lines_max: PAGE_MAX })
    return c.json({ lines, more: lines.length === PAGE_MAX }, 200)
  })
  app.openapi(differenceRoute, async (c) => {
    const { list, version } = await looked(o, c, c.req.valid('param'), 'difference')
    const { kind, plate, region } = c.req.valid('query')
    const after = plate === undefined ? {} : { after: { plate, region } }
    const page = await differencesOf(store, list, version, { kind, plates_max: PAGE_MAX, ...after })
    return c.json(page, 200)
  })
}

/** The record of a version, once the look at it is on record. */
async function looked(
  o: VersionRoutesOptions,
  c: Context<Env>,
  { list, version }: { list: string; version: number },
  detail: string,
): Promise<VersionRecord> {
  await assertKnown(o, c, list)
  await recordLook(o.audit, c, { right: 'list_read', object: `${list}/${version}`, detail })
  const record = await o.manifests.versions.get(`${list}.${version}`)
  if (record === null) throw new Problem('version_not_found')
  return record.value
}

/** A list may have a first version that waits, and nothing else yet. */
async function assertKnown(o: VersionRoutesOptions, c: Context<Env>, list: string): Promise<void> {
  const [document, manifest] = await Promise.all([o.settings.get(list), o.manifests.get(list)])
  const first = document === null && manifest === null
  if (first && (await versionsOf(o.manifests.versions, list)).length > 0) return
  await assertSeen(o, c, list)
}

async function shown(o: VersionRoutesOptions, record: VersionRecord): Promise<Version> {
  const in_force = (await o.manifests.get(record.list))?.value.version ?? null
  const { version, source, began_at, imported_at, counts, skipped, inactive, held } = record
  const { approval, activated_at, rolled_back_to, failure, compared_with } = record
  return {
    version,
    state: stateOf(record, in_force),
    ...source,
    began_at,
    imported_at,
    ...(activated_at === undefined ? {} : { activated_at }),
    counts,
    skipped,
    inactive,
    beside: compared_with,
    held,
    approval,
    ...(rolled_back_to === undefined ? {} : { rolled_back_to }),
    ...(failure === undefined ? {} : { failure }),
    entries_kept: record.entries_gone === undefined,
  }
}

/** @returns the version's number, once the file is here and its import has begun */
async function upload(o: VersionRoutesOptions, c: Context<Env>, list: string): Promise<number> {
  const { name, format, part } = c.req.query()
  const caller = callerOf(c)
  const event = {
    who: caller.actor.name,
    from: caller.from,
    list,
    what: 'version_import',
    object: `list:${list}` as const,
  }
  await onRecord(o.audit, event, null, () =>
    assertMay(caller.actor, 'import_write', 'import a list'),
  )
  const stream = c.req.raw.body
  if (stream === null) throw new Problem('invalid_request')
  await mkdir(o.upload_dir, { recursive: true })
  const path = join(o.upload_dir, randomUUID())
  const source = Readable.fromWeb(stream as WebStream<Uint8Array>)
  await spool(source, path, o.upload_bytes_max, AbortSignal.timeout(UPLOAD_MS_MAX))
  const file = { path, name: name ?? 'upload', ...(format === undefined ? {} : { format }) }
  return new Promise((begun, refused) => {
    const done = stageImport(o, {
      list,
      content: { file },
      part: part === 'true',
      caller,
      onBegun: begun,
    })
    done
      .catch((error: unknown) => {
        // Before it has begun this is the answer; later on the version's record says so.
        refused(error)
        o.log.warn({ err: error, list }, 'A list that was sent in could not be imported.')
      })
      .finally(() => void rm(path, { force: true }))
  })
}
