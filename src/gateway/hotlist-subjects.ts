// The routes of hot lists on what they stand on: documents, mirrors, the store.
import type { Audit } from '../access/audit.ts'
import type { Bus } from '../bus/connection.ts'
import type { Config } from '../config/schema.ts'
import { mirrorCustomEntries } from '../hotlists/custom.ts'
import { openManifests } from '../hotlists/manifest.ts'
import { openSettings } from '../hotlists/settings.ts'
import type { Store } from '../store/client.ts'
import type { Subject } from './context.ts'
import { addEntryRoutes } from './entry-routes.ts'

export interface HotlistSubjects {
  subjects: readonly Subject[]
  stop(): void
}

export async function openHotlistSubjects(
  bus: Bus,
  store: Store,
  audit: Audit,
  config: Pick<Config, 'hotlists'>,
): Promise<HotlistSubjects> {
  const manifests = await openManifests(bus)
  const settings = await openSettings(bus)
  const mirror = await mirrorCustomEntries(manifests.custom)
  const ground = { bus, store, manifests, settings, mirror, audit, limits: config.hotlists }
  return {
    subjects: [(app) => addEntryRoutes(app, ground)],
    stop: () => mirror.stop(),
  }
}
