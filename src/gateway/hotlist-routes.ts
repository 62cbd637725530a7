// /v1/hotlists: lists and their settings, what is proposed of them, and who has decided (policy
// 401.4f). Of a list that a person may not know of it is as if there were none (401.4b).
import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Audit } from '../access/audit.ts'
import { APPROVAL_STATES } from '../domain/approval.ts'
import { CATEGORIES, type HotList, LIST_NAME, PURPOSES } from '../domain/hotlist.ts'
import { mayKeep, maySee, staleHours } from '../domain/list-settings.ts'
import { applyFileCode } from '../hotlists/file-code-version.ts'
import type { Manifests } from '../hotlists/manifest.ts'
import {
  documentSchema,
  FILE_CODE,
  type ListDocument,
  type SettingsDocuments,
  type SettingsPatch,
  settingsPatchSchema,
} from '../hotlists/settings.ts'
import {
  changeSettings,
  createList,
  decideSettings,
  documentOf,
  SETTINGS_ACTIONS,
  submitProposal,
} from '../hotlists/settings-changes.ts'
import type { Store } from '../store/client.ts'
import { type App, body, callerOf, type Env, json, problemContent, recordLook } from './context.ts'
import { Problem } from './problems.ts'

export interface HotlistRoutesOptions {
  store: Store
  manifests: Manifests
  settings: SettingsDocuments
  audit: Audit
  /** Versions whose entries stay in the store. */
  versions_kept: number
}

const patchFields = settingsPatchSchema.shape
const submit = z.boolean().default(false).openapi({
  description: 'Ask for a decision at once on what is not in force by itself.',
})
const createSchema = z
  .strictObject({
    name: z.string().regex(LIST_NAME),
    ...patchFields,
    category: z.enum(CATEGORIES),
    agency: z.string().trim().min(1).max(200).exactOptional().openapi({
      description: "Registers a government's source, by an administrator: in force at once.",
    }),
    submit,
  })
  .openapi('NewHotlist')
const patchSchema = z.strictObject({ ...patchFields, submit }).openapi('HotlistPatch')
const noteSchema = z.strictObject({ note: z.string().max(1_000).exactOptional() })
const codeSchema = z.strictObject({
  purpose: z.enum(PURPOSES).nullable().openapi({ description: 'null: they stay inactive.' }),
})

const shownSchema = z
  .object({
    ...documentSchema.shape,
    state: z.enum(APPROVAL_STATES).openapi({
      description: 'Of what is in force; of the proposal where nothing ever was.',
    }),
    version: z.int().nullable().openapi({ description: 'In force; null before the first.' }),
    entries: z.int(),
    imported_at: z.iso.datetime().nullable(),
    age_h: z.int().nullable(),
    stale_h: z.int().nullable().openapi({
      description: 'Its age in hours, where it is past the time by which it must be refreshed.',
    }),
  })
  .openapi('Hotlist')

const listParams = z.object({ list: z.string().regex(LIST_NAME) })
const found = json(shownSchema, 'The list as it is now')

const listsRoute = createRoute({
  method: 'get',
  path: '/v1/hotlists',
  summary: 'All lists that you may know of, with their settings, state and age',
  responses: {
    200: json(z.object({ lists: z.array(shownSchema) }), 'By name'),
    default: problemContent,
  },
})

const listRoute = createRoute({
  method: 'get',
  path: '/v1/hotlists/{list}',
  summary: 'One list: what is in force, and what is proposed',
  request: { params: listParams },
  responses: { 200: found, default: problemContent },
})

const createListRoute = createRoute({
  method: 'post',
  path: '/v1/hotlists',
  summary: 'Draft a list, or register one of a government source',
  request: { body: body(createSchema, 'What is not said is as the category has it') },
  responses: { 201: json(shownSchema, 'The list'), default: problemContent },
})

const changeRoute = createRoute({
  method: 'patch',
  path: '/v1/hotlists/{list}',
  summary: 'Change settings: what reaches further waits for another person',
  request: { params: listParams, body: body(patchSchema, 'null takes an optional one away') },
  responses: { 200: found, default: problemContent },
})

const stepRoute = createRoute({
  method: 'post',
  path: '/v1/hotlists/{list}/settings/{action}',
  summary: 'One step of the approval of settings; `revoke` ends the list',
  request: {
    params: listParams.extend({ action: z.enum(SETTINGS_ACTIONS) }),
    body: body(noteSchema, 'Why, where the step asks for it'),
  },
  responses: { 200: found, default: problemContent },
})

const codeRoute = createRoute({
  method: 'post',
  path: '/v1/hotlists/{list}/file-codes/{code}',
  summary: 'Decide on entries of a file code that fits no purpose by itself (401.1)',
  request: {
    params: listParams.extend({ code: z.string().regex(FILE_CODE) }),
    body: body(codeSchema, 'What they are looked for, or that they are not'),
  },
  responses: { 200: found, default: problemContent },
})

export function addHotlistRoutes(app: App, o: HotlistRoutesOptions): void {
  addReading(app, o)
  app.openapi(createListRoute, async (c) => {
    const { name, category, agency, submit: at_once, ...patch } = c.req.valid('json')
    const caller = callerOf(c)
    const registered = agency === undefined ? {} : { agency }
    const added = { name, category, patch: patch as SettingsPatch, ...registered }
    const is = await createList(o, added, caller)
    const now = at_once ? await submitProposal(o, is, callerOf(c)) : is
    return c.json(described(now, null), 201)
  })
  app.openapi(changeRoute, async (c) => {
    const { list } = c.req.valid('param')
    const { submit: at_once, ...patch } = c.req.valid('json')
    await assertKept(o, c, list)
    const is = await changeSettings(o, list, patch as SettingsPatch, callerOf(c))
    const now = at_once ? await submitProposal(o, is, callerOf(c)) : is
    return c.json(described(now, await manifestOf(o, list)), 200)
  })
  app.openapi(stepRoute, async (c) => {
    const { list, action } = c.req.valid('param')
    await assertKept(o, c, list)
    const { note } = c.req.valid('json')
    const is = await decideSettings(o, list, action, callerOf(c), note)
    return c.json(described(is, await manifestOf(o, list)), 200)
  })
  app.openapi(codeRoute, async (c) => {
    const { list, code } = c.req.valid('param')
    await assertKept(o, c, list)
    const { purpose } = c.req.valid('json')
    const { document } = await applyFileCode(o, list, { code, purpose }, callerOf(c))
    return c.json(described(document, await manifestOf(o, list)), 200)
  })
}

function addReading(app: App, o: HotlistRoutesOptions): void {
  app.openapi(listsRoute, async (c) => {
    await recordLook(o.audit, c, { right: 'list_read', object: 'lists', detail: 'lists' })
    const documents = await o.settings.all()
    const manifests = await o.manifests.all()
    const names = [...new Set([...documents.keys(), ...manifests.keys()])].toSorted()
    const lists = names.flatMap((name) => {
      const manifest = manifests.get(name)?.value ?? null
      const document = documents.get(name)?.value ?? null
      if (!isKnown(c, document)) return []
      return described(document ?? documentOf(manifest as HotList), manifest)
    })
    return c.json({ lists }, 200)
  })
  app.openapi(listRoute, async (c) => {
    const { list } = c.req.valid('param')
    const document = await assertKept(o, c, list)
    await recordLook(o.audit, c, { right: 'list_read', object: list, detail: 'list' })
    return c.json(described(document, await manifestOf(o, list)), 200)
  })
}

async function manifestOf({ manifests }: HotlistRoutesOptions, list: string) {
  return (await manifests.get(list))?.value ?? null
}

/** Whoever keeps lists knows of all but covert ones, and of state data where authorised. */
function isKnown(c: Context<Env>, document: ListDocument | null): boolean {
  const stated = [document?.approved, document?.proposed].filter((one) => one != null)
  const person = c.var.session
  return stated.every(({ settings }) => maySee(settings, person) || mayKeep(settings, person))
}

async function assertKept(
  o: HotlistRoutesOptions,
  c: Context<Env>,
  list: string,
): Promise<ListDocument> {
  const [document, manifest] = [await o.settings.get(list), await manifestOf(o, list)]
  const known = document?.value ?? (manifest && documentOf(manifest))
  if (known === null || !isKnown(c, document?.value ?? null)) throw new Problem('list_not_found')
  return known
}

function described(document: ListDocument, manifest: HotList | null) {
  const { approved, proposed } = document
  const stated = (approved ?? proposed) as NonNullable<typeof approved>
  const age_ms = manifest === null ? null : Date.now() - Date.parse(manifest.imported_at)
  return {
    ...document,
    state: stated.approval.state,
    version: manifest?.version ?? null,
    entries: manifest?.entries ?? 0,
    imported_at: manifest?.imported_at ?? null,
    age_h: age_ms === null ? null : Math.floor(age_ms / 3_600_000),
    stale_h:
      manifest === null ? null : staleHours(stated.settings, manifest.imported_at, Date.now()),
  }
}
