// Of a list that a person may not know of, it is as if there were none (401.4b).
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
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
}

export const listParams = z.object({ list: z.string().regex(LIST_NAME) })

/** @throws Problem list_not_found */
export async function assertSeen(
  { manifests, settings, view }: SeenOptions,
  c: Context<Env>,
  list: string,
): Promise<void> {
  const [document, manifest] = await Promise.all([settings.get(list), manifests.get(list)])
  const known = document !== null || manifest !== null
  if (!known || !view.maySee(list, c.var.session)) throw new Problem('list_not_found')
}
