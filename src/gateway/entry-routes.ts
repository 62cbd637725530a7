// /v1/hotlists/{list}/entries: entries that people make, from draft to their end (policy 401.4f),
// and what a list's versions have, silenced.
import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Audit } from '../access/audit.ts'
import type { Revisioned } from '../bus/documents.ts'
import { APPROVAL_STATES } from '../domain/approval.ts'
import { approvalSchema } from '../hotlists/approval-schema.ts'
import { ApprovalOvertaken } from '../hotlists/approvals.ts'
import { type CustomEntry, customKey } from '../hotlists/custom.ts'
import {
  addCustom,
  amendCustom,
  type CustomAction,
  type CustomDraft,
  type CustomOptions,
  type CustomPatch,
  stepCustom,
} from '../hotlists/custom-changes.ts'
import { detailsSchema, entrySchema } from '../hotlists/entry-schema.ts'
import type { Manifests } from '../hotlists/manifest.ts'
import type { SettingsDocuments } from '../hotlists/settings.ts'
import { type SilenceOptions, silenceEntry, silencePlate } from '../hotlists/single.ts'
import { type App, body, callerOf, type Env, json, problemContent, recordLook } from './context.ts'
import { Problem } from './problems.ts'
import { assertSeen, listParams, type SeenOptions } from './seen.ts'

export interface EntryRoutesOptions
  extends Omit<CustomOptions, 'audit'>,
    Omit<SilenceOptions, 'audit'>,
    Pick<SeenOptions, 'view'> {
  manifests: Manifests
  settings: SettingsDocuments
  audit: Audit
}

const PAGE_MAX = 500

const shape = entrySchema.shape
const details = detailsSchema.omit({ urgent: true, file_code: true })
const fields = {
  plate: z.string().min(1).max(64).openapi({
    description: 'As it is written, or a part: `?` one character, `*` any run.',
    example: '2TAB123',
  }),
  region: shape.region,
  reason: shape.reason,
  case: shape.case,
  vehicle: shape.vehicle,
  profile: shape.profile,
  purpose: shape.purpose.unwrap(),
  expires_at: shape.expires_at.unwrap(),
  details: details.exactOptional(),
}
const draftSchema = z
  .strictObject({
    ...fields,
    submit: z.boolean().default(false).openapi({ description: 'Ask for a decision at once.' }),
  })
  .openapi('EntryDraft')
const revision = z.int().positive().exactOptional().openapi({
  description: 'That was seen; or as `If-Match`. Another by now: 409, or 412.',
})
const patchSchema = z
  .strictObject({
    plate: fields.plate.exactOptional(),
    region: z
      .string()
      .regex(/^[A-Z]{2}-[A-Z0-9]{1,3}$/)
      .nullable()
      .exactOptional(),
    reason: fields.reason.exactOptional(),
    case: shape.case.unwrap().nullable().exactOptional(),
    vehicle: shape.vehicle.unwrap().nullable().exactOptional(),
    profile: shape.profile.unwrap().nullable().exactOptional(),
    purpose: fields.purpose.exactOptional(),
    expires_at: fields.expires_at.exactOptional(),
    details: details.nullable().exactOptional(),
    revision,
  })
  .openapi('EntryPatch')
const stepSchema = z
  .strictObject({ note: z.string().max(1_000).exactOptional(), revision })
  .openapi('ApprovalStep')

const documentSchema = z
  .object({
    list: z.string(),
    entry: entrySchema.required({ purpose: true, expires_at: true }),
    approval: approvalSchema,
    revision: z.int(),
  })
  .openapi('CustomEntry')

const entryParams = listParams.extend({ id: z.string().min(1).max(64) })

/** As the path has them, and as the machine does. */
const ACTIONS = {
  submit: 'submit',
  withdraw: 'withdraw',
  approve: 'approve',
  return: 'return',
  urgent: 'activate_urgently',
  confirm: 'confirm',
  refuse: 'refuse',
  revoke: 'revoke',
} as const satisfies Record<string, CustomAction>
type ActionName = keyof typeof ACTIONS

const found = json(documentSchema, 'The entry as it is now')

const addRoute = createRoute({
  method: 'post',
  path: '/v1/hotlists/{list}/entries',
  summary: 'Draft an entry: it alerts once another person has approved it',
  request: { params: listParams, body: body(draftSchema, 'What is looked for, and why') },
  responses: { 201: json(documentSchema, 'Drafted'), default: problemContent },
})

const entriesRoute = createRoute({
  method: 'get',
  path: '/v1/hotlists/{list}/entries',
  summary: 'Entries of a list that people have made, in any state',
  request: {
    params: listParams,
    query: z.object({
      state: z.enum(APPROVAL_STATES).optional(),
      after: z.string().max(64).optional().openapi({ description: 'The last id of a page.' }),
    }),
  },
  responses: {
    200: json(z.object({ entries: z.array(documentSchema), more: z.boolean() }), 'By id'),
    default: problemContent,
  },
})

const entryRoute = createRoute({
  method: 'get',
  path: '/v1/hotlists/{list}/entries/{id}',
  summary: 'One entry that somebody has made, with its approval',
  request: { params: entryParams },
  responses: { 200: found, default: problemContent },
})

const amendRoute = createRoute({
  method: 'patch',
  path: '/v1/hotlists/{list}/entries/{id}',
  summary: 'Change an entry; what was approved and says more now is a draft again',
  request: { params: entryParams, body: body(patchSchema, 'null takes a field away') },
  responses: { 200: found, default: problemContent },
})

const stepRoute = createRoute({
  method: 'post',
  path: '/v1/hotlists/{list}/entries/{id}/{action}',
  summary: 'One step of the approval',
  description:
    'Of two at once one wins; the other gets 409 `approval_overtaken`, which says who. `urgent` ' +
    'activates it on the word of a supervisor alone, until `confirm` or `refuse` of another.',
  request: {
    params: entryParams.extend({
      action: z.enum(Object.keys(ACTIONS) as [ActionName, ...ActionName[]]),
    }),
    body: body(stepSchema, 'Why, where the step asks for it'),
  },
  responses: { 200: found, default: problemContent },
})

const silenceRoute = createRoute({
  method: 'post',
  path: '/v1/hotlists/{list}/silence',
  summary: 'Silence a plate, or one entry, that the versions of a list have, at once',
  request: {
    params: listParams,
    body: body(
      z.union([
        z.strictObject({
          plate: entrySchema.shape.plate,
          note: z.string().trim().min(1).max(1_000),
        }),
        z.strictObject({
          id: z.string().min(1).max(64),
          note: z.string().trim().min(1).max(1_000),
        }),
      ]),
      'What, and why',
    ),
  },
  responses: {
    200: json(z.object({ plate: z.string() }), 'No longer looked for'),
    default: problemContent,
  },
})

/** Routes of entries that people make, on what they share. */
export function addEntryRoutes(app: App, o: EntryRoutesOptions): void {
  addReading(app, o)
  app.openapi(addRoute, async (c) => {
    const { list } = c.req.valid('param')
    const { submit, ...given } = c.req.valid('json')
    await assertSeen(o, c, list)
    const added = await addCustom(o, callerOf(c), list, given as CustomDraft, submit)
    return c.json(shown(c, added), 201)
  })
  app.openapi(amendRoute, async (c) => {
    const { revision: seen, ...patch } = c.req.valid('json')
    const at = { ...c.req.valid('param'), ...seenRevision(c, seen) }
    await assertSeen(o, c, at.list)
    const work = () => amendCustom(o, callerOf(c), at, patch as CustomPatch)
    return c.json(shown(c, await unlessStale(c, work)), 200)
  })
  app.openapi(stepRoute, async (c) => {
    const { list, id, action } = c.req.valid('param')
    const { note, revision: seen } = c.req.valid('json')
    await assertSeen(o, c, list)
    const step = { list, id, action: ACTIONS[action], note, ...seenRevision(c, seen) }
    return c.json(shown(c, await unlessStale(c, () => stepCustom(o, callerOf(c), step))), 200)
  })
  app.openapi(silenceRoute, async (c) => {
    const { list } = c.req.valid('param')
    const { note, ...what } = c.req.valid('json')
    await assertSeen(o, c, list)
    if ('id' in what) {
      return c.json({ plate: await silenceEntry(o, callerOf(c), list, what.id, note) }, 200)
    }
    await silencePlate(o, callerOf(c), list, what.plate, note)
    return c.json({ plate: what.plate }, 200)
  })
}

function addReading(app: App, o: EntryRoutesOptions): void {
  const { audit, mirror } = o
  app.openapi(entriesRoute, async (c) => {
    const { list } = c.req.valid('param')
    const { state, after = '' } = c.req.valid('query')
    await assertSeen(o, c, list)
    await recordLook(audit, c, { right: 'list_read', object: list, detail: 'entries' })
    const own = [...mirror.entries.values()]
      .filter(({ value }) => value.list === list && value.entry.id > after)
      .filter(({ value }) => state === undefined || value.approval.state === state)
      .toSorted((a, b) => (a.value.entry.id < b.value.entry.id ? -1 : 1))
    const page = own.slice(0, PAGE_MAX).map(described)
    return c.json({ entries: page, more: own.length > PAGE_MAX }, 200)
  })
  app.openapi(entryRoute, async (c) => {
    const { list, id } = c.req.valid('param')
    await assertSeen(o, c, list)
    await recordLook(audit, c, { right: 'list_read', object: `${list}/${id}`, detail: 'entry' })
    const document = await o.manifests.custom.get(customKey(list, id))
    if (document === null) throw new Problem('entry_not_found')
    return c.json(shown(c, document), 200)
  })
}

function seenRevision(c: Context<Env>, given: number | undefined): { revision?: number } {
  const tag = c.req.header('if-match')
  if (tag === undefined) return given === undefined ? {} : { revision: given }
  const [, digits] = /^"(\d{1,15})"$/.exec(tag) ?? []
  if (digits !== undefined) return { revision: Number(digits) }
  const detail = `Expected a revision in quotes as If-Match but received ${tag.slice(0, 80)}`
  throw new Problem('invalid_request', { detail })
}

/** Whoever gave the revision as a header gets the status that belongs to it. */
async function unlessStale<T>(c: Context<Env>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ApprovalOvertaken) || c.req.header('if-match') === undefined) throw error
    throw new Problem('revision_stale', { detail: error.message, standing: error.standing })
  }
}

function described({ value, revision: at }: Revisioned<CustomEntry>) {
  return { ...value, revision: at }
}

function shown(c: Context<Env>, document: Revisioned<CustomEntry>) {
  c.header('etag', `"${document.revision}"`)
  return described(document)
}
