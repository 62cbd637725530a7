// Single additions and removals as a person makes them: for a list in force, at once, and folded
// into a version of their own once there are many.
import { isOvertaken } from '../bus/documents.ts'
import { HotplateError } from '../domain/error.ts'
import type { Entry, HotList } from '../domain/hotlist.ts'
import type { Store } from '../store/client.ts'
import type { Logger } from '../telemetry/log.ts'
import { clearEntries, copyEntries, countEntries, findPlate, insertEntries } from './entries.ts'
import { isLater } from './generation.ts'
import { changesOf } from './import.ts'
import type { Manifests } from './manifest.ts'

export interface SingleOptions {
  store: Store
  manifests: Manifests
  log: Pick<Logger, 'warn'>
  /** Changes of a list that stand beside its version before they are folded into a new one. */
  changes_max?: number
}

/** An index of as many is built in some milliseconds, with each change. */
const CHANGES_MAX = 2_000

/** @throws HotplateError LIST_UNKNOWN */
export async function addEntry(
  o: SingleOptions,
  list: string,
  given: Omit<Entry, 'id'>,
): Promise<Entry> {
  await inForce(o, list)
  const entry = await o.manifests.changes.add(list, given)
  await foldMany(o, list)
  return entry
}

/**
 * Silences all entries of a plate, wherever they come from. Asks neither whether there is one nor
 * the store: it is urgent.
 * @throws HotplateError LIST_UNKNOWN
 */
export async function removePlate(o: SingleOptions, list: string, plate: string): Promise<void> {
  await inForce(o, list)
  await o.manifests.changes.remove(list, { plate, id: null })
  await foldMany(o, list)
}

/**
 * Silences one entry.
 * @returns its plate
 * @throws HotplateError LIST_UNKNOWN, ENTRY_UNKNOWN
 */
export async function removeEntry(o: SingleOptions, list: string, id: string): Promise<string> {
  const { version } = await inForce(o, list)
  const { standing } = await changesOf(o.manifests.changes, list)
  const plate = standing.additions.get(id)?.plate ?? (await findPlate(o.store, list, version, id))
  if (plate === null) {
    throw new HotplateError('ENTRY_UNKNOWN', `List ${list} has no entry ${id}`)
  }
  await o.manifests.changes.remove(list, { plate, id })
  await foldMany(o, list)
  return plate
}

async function inForce({ manifests }: SingleOptions, list: string): Promise<HotList> {
  const manifest = await manifests.get(list)
  if (manifest !== null) return manifest.value
  const message = `Expected a list in force but there is no ${list}: import it first`
  throw new HotplateError('LIST_UNKNOWN', message)
}

/** The change is in force already: what goes wrong here is for the log. */
async function foldMany(o: SingleOptions, list: string): Promise<void> {
  try {
    const { changes } = await changesOf(o.manifests.changes, list)
    const manifest = await inForce(o, list)
    const beside = changes.filter(({ change }) => isLater(change.revision, manifest))
    if (beside.length > (o.changes_max ?? CHANGES_MAX)) await foldChanges(o, list)
  } catch (error) {
    o.log.warn({ err: error, list }, 'Single changes of the list could not be folded in.')
  }
}

/**
 * Makes a version of the one in force and its single changes. Gives way to any import: one that has
 * begun has the list's word to say, and folds them in itself.
 */
async function foldChanges({ store, manifests }: SingleOptions, list: string): Promise<void> {
  const before = await manifests.get(list)
  if (before === null) return
  const { standing, through } = await changesOf(manifests.changes, list)
  const version = await manifests.reserveVersion(list)
  if (version !== before.value.version + 1) return
  await clearEntries(store, list, version)
  await copyEntries(store, list, before.value.version, version, standing.removals)
  await insertEntries(store, list, version, standing.additions.values())
  const entries = await countEntries(store, list, version)
  const manifest = { ...before.value, version, entries, changes_through: through }
  try {
    await manifests.update(list, manifest, before.revision)
  } catch (error) {
    if (!isOvertaken(error)) throw error
  }
}
