// The routes of hot lists on what they stand on: documents, mirrors, the store.
import type { Audit } from '../access/audit.ts'
import type { Bus } from '../bus/connection.ts'
import type { Documents } from '../bus/documents.ts'
import type { Config } from '../config/schema.ts'
import { openManifests } from '../hotlists/manifest.ts'
import { type Mirror, mirrorOf } from '../hotlists/mirror.ts'
import { openSettings } from '../hotlists/settings.ts'
import type { SettingsView } from '../hotlists/settings-view.ts'
import type { Store } from '../store/client.ts'
import type { Subject } from './context.ts'
import { addEntryRoutes } from './entry-routes.ts'
import { addInboxRoutes } from './inbox-routes.ts'

export interface HotlistSubjects {
  subjects: readonly Subject[]
  stop(): void
}

export interface HotlistSubjectsOptions {
  bus: Bus
  store: Store
  audit: Audit
  config: Pick<Config, 'hotlists'>
  view: SettingsView
}

export async function openHotlistSubjects(o: HotlistSubjectsOptions): Promise<HotlistSubjects> {
  const { bus, store, audit, config, view } = o
  const stops: { stop(): void }[] = []
  const mirror = async <T>(documents: Documents<T>): Promise<Mirror<T>> => {
    const one = await mirrorOf(documents)
    stops.push(one)
    return one
  }
  const manifests = await openManifests(bus)
  const settings = await openSettings(bus)
  const custom = await mirror(manifests.custom)
  const ground = { bus, store, manifests, settings, view, audit, limits: config.hotlists }
  const inbox = {
    ...ground,
    custom,
    lists: await mirror(settings),
    versions: await mirror(manifests.versions),
    in_force: await mirror(manifests),
  }
  return {
    subjects: [
      (app) => addEntryRoutes(app, { ...ground, mirror: custom }),
      (app) => addInboxRoutes(app, inbox),
    ],
    stop() {
      for (const one of stops) one.stop()
    },
  }
}
