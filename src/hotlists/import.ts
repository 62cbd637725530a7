// Puts a list into force: its entries into the store under a version of their own, then the
// manifest that names that version. All or nothing: until the manifest is written, the version
// before stays in force. Of two imports at once each has its own version, and the manifest only
// moves forward. What a person has silenced is left out (changes.ts).
import { isOvertaken, type Revisioned } from '../bus/documents.ts'
import { HotplateError } from '../domain/error.ts'
import type { Category, Entry, HotList, Profile } from '../domain/hotlist.ts'
import type { Store } from '../store/client.ts'
import type { Logger } from '../telemetry/log.ts'
import { type Change, type Changes, covers, type Removal } from './changes.ts'
import { clearEntries, clearVersionsBefore, entryId, insertEntries } from './entries.ts'
import { assertServable } from './limits.ts'
import { assertListName, type Manifests } from './manifest.ts'

export interface ListImport {
  name: string
  category: Category
  profile: Profile
  /** See HotList. */
  false_alerts_per_million_max?: number
  entries: readonly Omit<Entry, 'id'>[]
}

/**
 * @param log told when versions that nobody needs any more could not be removed
 * @returns the manifest now in force
 * @throws HotplateError LIST_NAME_INVALID, LIST_EMPTY, LIST_FOLD2_TOO_LARGE,
 * LIST_TOO_MANY_PATTERNS, or LIST_OVERTAKEN where an import that began later is in force already
 */
export async function importList(
  store: Store,
  manifests: Manifests,
  { entries, ...list }: ListImport,
  log?: Pick<Logger, 'warn'>,
): Promise<HotList> {
  const { name } = list
  assertListName(name)
  if (entries.length === 0) {
    throw new HotplateError(
      'LIST_EMPTY',
      `Expected at least one entry for ${name} but received none`,
    )
  }
  const version = await manifests.reserveVersion(name)
  const given = new Map<string, Entry>()
  for (const entry of entries) {
    const id = entryId(entry)
    given.set(id, { ...entry, id })
  }
  const made = await changesOf(manifests.changes, name)
  const folded = withoutSilenced(
    given,
    made.changes.map(({ change }) => change.value),
  )
  await assertServable(store, manifests, list, folded.values())
  // A bus that lost its documents gives numbers out again that the store still has entries of.
  await clearEntries(store, name, version)
  await insertEntries(store, name, version, folded.values())
  const manifest: HotList = {
    ...list,
    version,
    entries: folded.size,
    changes_through: made.through,
    imported_at: new Date().toISOString(),
  }
  await putInForce(manifests, manifest)
  await forgetOld(store, manifest, log)
  await forgetSaid(manifests.changes, made.changes, given, log)
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

interface Made {
  changes: { key: string; change: Revisioned<Change> }[]
  /** All changes up to this revision were seen. */
  through: number
}

/** What has been silenced in a list. */
async function changesOf(changes: Changes, name: string): Promise<Made> {
  const all = [...(await changes.all())].map(([key, change]) => ({ key, change }))
  return {
    changes: all.filter(({ change }) => change.value.list === name),
    through: Math.max(0, ...all.map(({ change }) => change.revision)),
  }
}

function withoutSilenced(
  given: ReadonlyMap<string, Entry>,
  removals: readonly Removal[],
): ReadonlyMap<string, Entry> {
  if (removals.length === 0) return given
  const by_plate = Map.groupBy(removals, ({ plate }) => plate)
  const silenced = (entry: Entry) =>
    by_plate.get(entry.plate)?.some((removal) => covers(removal, entry)) ?? false
  return new Map([...given].filter(([, entry]) => !silenced(entry)))
}

/** Forgets the removals of what the list no longer has. */
async function forgetSaid(
  changes: Changes,
  made: Made['changes'],
  given: ReadonlyMap<string, Entry>,
  log: Pick<Logger, 'warn'> | undefined,
): Promise<void> {
  if (made.length === 0) return
  const listed = Map.groupBy(given.values(), ({ plate }) => plate)
  try {
    for (const { key, change } of made) {
      const { value, revision } = change
      const needed = listed.get(value.plate)?.some((entry) => covers(value, entry)) ?? false
      if (!needed) await changes.purge(key, revision)
    }
  } catch (error) {
    log?.warn({ err: error }, 'Removals from the list that it makes itself stay for now.')
  }
}
