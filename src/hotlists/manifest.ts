// The manifests: one key-value document per hot list says which version of it is in force.
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, openDocuments } from '../bus/documents.ts'
import { HotplateError } from '../domain/error.ts'
import { CATEGORIES, type HotList, PROFILES } from '../domain/hotlist.ts'

const LIST_NAME = /^[a-z0-9-]{1,64}$/

const manifestSchema = z.object({
  name: z.string().regex(LIST_NAME),
  category: z.enum(CATEGORIES),
  profile: z.enum(PROFILES),
  version: z.int().positive(),
  entries: z.int().min(0),
  imported_at: z.iso.datetime(),
}) satisfies z.ZodType<HotList>

export function openManifests(bus: Bus): Promise<Documents<HotList>> {
  return openDocuments(bus, 'hotlists', manifestSchema)
}

/** @throws HotplateError LIST_NAME_INVALID */
export function assertListName(name: string): void {
  if (!LIST_NAME.test(name)) {
    throw new HotplateError(
      'LIST_NAME_INVALID',
      `Expected 1 to 64 of a-z, 0-9 and - for the list's name but received "${name.slice(0, 80)}"`,
    )
  }
}
