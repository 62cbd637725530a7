// Of a list that a person may not know of, it is as if there were none (401.4b).
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Audit } from '../access/audit.ts'
import { LIST_NAME } from '../domain/hotlist.ts'
import type { Manifests } from '../hotlists/manifest.ts'
import type { SettingsDocuments } from '../hotlists/settings.ts'
import type { SettingsView } from '../hotlists/settings-view.ts'
import type { Env } from './context.ts'
import { Problem } from './problems.ts'

export interface SeenOptions {
  manifests: Pick<Manifests, 'get'>
  settings: Pick<SettingsDocuments, 'get'>
  view: Pick<SettingsView, 'maySee'>
  audit: Pick<Audit, 'record'>
}

export const listParams = z.object({ list: z.string().regex(LIST_NAME) })

/**
 * Whoever asks for a list that is not there for them is on record, also where there is none: the
 * answer takes as long either way.
 * @throws Problem list_not_found; HotplateError AUDIT_UNAVAILABLE
 */
export async function assertSeen(
  { manifests, settings, view, audit }: SeenOptions,
  c: Context<Env>,
  list: string,
): Promise<void> {
  const [document, manifest] = await Promise.all([settings.get(list), manifests.get(list)])
  const { session } = c.var
  const known = document !== null || manifest !== null
  if (known && view.maySee(list, session)) return
  const { method, path } = c.req
  await audit.record({
    who: session.user,
    from: c.env.from,
    what: 'hotlist_read',
    object: list,
    detail: `${method} ${path}`.slice(0, 200),
    outcome: 'refused',
    reason: 'list_not_found',
  })
  throw new Problem('list_not_found')
}
