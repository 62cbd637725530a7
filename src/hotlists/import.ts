// Puts a list into force: its entries into the store under a version of their own, then the
// manifest that names that version. All or nothing: until the manifest is written, the version
// before stays in force. Of two imports at once each has its own version, and the manifest only
// moves forward.
import { HotplateError } from '../domain/error.ts'
import type { Category, Entry, HotList, Profile } from '../domain/hotlist.ts'
import type { Store } from '../store/client.ts'
import type { Logger } from '../telemetry/log.ts'
import { clearEntries, clearVersionsBefore, entryId, insertEntries } from './entries.ts'
import { assertListName, isOvertaken, type Manifests } from './manifest.ts'

export interface ListImport {
  name: string
  category: Category
  profile: Profile
  entries: readonly Omit<Entry, 'id'>[]
}

/**
 * @param log told when versions that nobody needs any more could not be removed
 * @returns the manifest now in force
 * @throws HotplateError LIST_NAME_INVALID, LIST_EMPTY, or LIST_OVERTAKEN where an import that began
 * later is in force already
 */
export async function importList(
  store: Store,
  manifests: Manifests,
  { name, category, profile, entries }: ListImport,
  log?: Pick<Logger, 'warn'>,
): Promise<HotList> {
  assertListName(name)
  if (entries.length === 0) {
    throw new HotplateError(
      'LIST_EMPTY',
      `Expected at least one entry for ${name} but received none`,
    )
  }
  const version = await manifests.reserveVersion(name)
  const unique = new Map(entries.map((entry) => [entryId(entry), entry]))
  // A bus that lost its documents gives numbers out again that the store still has entries of.
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
  await putInForce(manifests, manifest)
  await forgetOld(store, manifest, log)
  return manifest
}

async function putInForce(manifests: Manifests, manifest: HotList): Promise<void> {
  const { name, version } = manifest
  for (;;) {
    const before = await manifests.get(name)
    if (before && before.value.version >= version) {
      throw new HotplateError(
        'LIST_OVERTAKEN',
        `Version ${version} of ${name} was not put into force: ` +
          `version ${before.value.version}, imported meanwhile, is`,
      )
    }
    try {
      if (before) await manifests.update(name, manifest, before.revision)
      else await manifests.create(name, manifest)
      return
    } catch (error) {
      if (!isOvertaken(error)) throw error
    }
  }
}

/** The version before stays: a process that is behind may still be loading it. */
async function forgetOld(
  store: Store,
  { name, version }: HotList,
  log: Pick<Logger, 'warn'> | undefined,
): Promise<void> {
  try {
    await clearVersionsBefore(store, name, version - 1)
  } catch (error) {
    log?.warn({ err: error, list: name }, 'Old versions of the list could not be removed.')
  }
}
