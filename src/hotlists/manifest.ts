// The manifests: one key-value document per hot list says which version of it is in force, and
// another which version was given out last, so that no two imports ever write under one number.
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, isOvertaken, openDocuments } from '../bus/documents.ts'
import { HotplateError } from '../domain/error.ts'
import { CATEGORIES, type HotList, LIST_NAME, PROFILES } from '../domain/hotlist.ts'
import { type Changes, openChanges } from './changes.ts'
import { type CustomEntry, openCustomEntries } from './custom.ts'
import { openVersions, type VersionRecords } from './versions.ts'

const manifestSchema = z.object({
  name: z.string().regex(LIST_NAME),
  category: z.enum(CATEGORIES),
  profile: z.enum(PROFILES),
  false_alerts_per_million_max: z.number().positive().max(1_000_000).exactOptional(),
  version: z.int().positive(),
  entries: z.int().min(0),
  changes_through: z.int().min(0).exactOptional(),
  imported_at: z.iso.datetime(),
}) satisfies z.ZodType<HotList>

const versionSchema = z.object({ version: z.int().positive() })

export interface Manifests extends Documents<HotList> {
  /** A version of the list that nobody else has or had. @throws HotplateError BUS_UNAVAILABLE */
  reserveVersion(name: string): Promise<number>
  /** What people have silenced, of all lists. */
  changes: Changes
  /** What people have added, of all lists. */
  custom: Documents<CustomEntry>
  /** What is known of each version, of all lists. */
  versions: VersionRecords
}

export async function openManifests(bus: Bus): Promise<Manifests> {
  const manifests = await openDocuments(bus, 'hotlists', manifestSchema)
  const numbers = await openDocuments(bus, 'hotlist-versions', versionSchema)
  const reserveVersion = async (name: string) => {
    for (;;) {
      const last = await numbers.get(name)
      const in_force = await manifests.get(name)
      const version = Math.max(last?.value.version ?? 0, in_force?.value.version ?? 0) + 1
      try {
        if (last) await numbers.update(name, { version }, last.revision)
        else await numbers.create(name, { version })
        return version
      } catch (error) {
        // Another took the number: whoever loses, one has won.
        if (!isOvertaken(error)) throw error
      }
    }
  }
  const changes = await openChanges(bus)
  const custom = await openCustomEntries(bus)
  const versions = await openVersions(bus)
  return Object.assign(manifests, { reserveVersion, changes, custom, versions })
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
