// Puts a list into force: its entries into the store under a new version, then the manifest that names that version.
// All or nothing: until the manifest is written, the version before stays in force.
import type { Documents } from '../bus/documents.ts'
import { HotplateError } from '../domain/error.ts'
import type { Category, Entry, HotList, Profile } from '../domain/hotlist.ts'
import type { Store } from '../store/client.ts'
import { clearEntries, entryId, insertEntries } from './entries.ts'
import { assertListName } from './manifest.ts'

export interface ListImport {
  name: string
  category: Category
  profile: Profile
  entries: readonly Omit<Entry, 'id'>[]
}

/**
 * @returns the manifest now in force
 * @throws HotplateError LIST_NAME_INVALID, LIST_EMPTY, or DOCUMENT_CHANGED where another import was faster
 */
export async function importList(
  store: Store,
  manifests: Documents<HotList>,
  { name, category, profile, entries }: ListImport,
): Promise<HotList> {
  assertListName(name)
  if (entries.length === 0) {
    throw new HotplateError(
      'LIST_EMPTY',
      `Expected at least one entry for ${name} but received none`,
    )
  }
  const before = await manifests.get(name)
  const version = (before?.value.version ?? 0) + 1
  const unique = new Map(entries.map((entry) => [entryId(entry), entry]))
  await clearEntries(store, name, version)
  await insertEntries(
    store,
    name,
    version,
    [...unique].map(([id, entry]) => ({ ...entry, id })),
  )
  const manifest: HotList = {
    name,
    category,
    profile,
    version,
    entries: unique.size,
    imported_at: new Date().toISOString(),
  }
  if (before) await manifests.update(name, manifest, before.revision)
  else await manifests.create(name, manifest)
  return manifest
}
