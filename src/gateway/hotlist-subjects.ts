// The routes of hot lists on what they stand on: documents, mirrors, the store.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Audit } from '../access/audit.ts'
import type { Bus } from '../bus/connection.ts'
import type { Documents } from '../bus/documents.ts'
import type { Config } from '../config/schema.ts'
import { openClearances } from '../hotlists/cleared.ts'
import { openManifests } from '../hotlists/manifest.ts'
import { type Mirror, mirrorOf } from '../hotlists/mirror.ts'
import { openPastReads } from '../hotlists/past-reads.ts'
import { loadPlateFormats } from '../hotlists/plate-formats.ts'
import { openSettings } from '../hotlists/settings.ts'
import type { SettingsView } from '../hotlists/settings-view.ts'
import { SightingsFinder } from '../hotlists/sightings.ts'
import { openFeedStates } from '../hotlists/sources/feed-state.ts'
import { openThresholds } from '../hotlists/thresholds.ts'
import type { Store } from '../store/client.ts'
import type { Logger } from '../telemetry/log.ts'
import { addClearedRoutes } from './cleared-routes.ts'
import { addConflictRoutes } from './conflict-routes.ts'
import type { Subject } from './context.ts'
import { addEntryRoutes } from './entry-routes.ts'
import { addFeedRoutes } from './feed-routes.ts'
import { addHotlistRoutes } from './hotlist-routes.ts'
import { addInboxRoutes } from './inbox-routes.ts'
import { addReadsRoutes } from './reads-routes.ts'
import { addVersionRoutes } from './version-routes.ts'

export interface HotlistSubjects {
  subjects: readonly Subject[]
  stop(): void
}

export interface HotlistSubjectsOptions {
  bus: Bus
  store: Store
  audit: Audit
  config: Config
  log: Logger
  view: SettingsView
}

export async function openHotlistSubjects(o: HotlistSubjectsOptions): Promise<HotlistSubjects> {
  const { bus, store, audit, config, view, log } = o
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
  const states = await openFeedStates(bus)
  const clearances = await openClearances(bus)
  const cleared = await mirror(clearances)
  const formats = loadPlateFormats()
  const reads = {
    ...ground,
    config,
    records: await openPastReads(bus),
    thresholds: await openThresholds(bus),
    finder: new SightingsFinder({ store, config }),
  }
  const inbox = {
    ...ground,
    custom,
    cleared,
    lists: await mirror(settings),
    versions: await mirror(manifests.versions),
    in_force: await mirror(manifests),
  }
  const upload_dir = join(config.data_dir, 'uploads')
  // What a process that died has left: none but this one has files there.
  await rm(upload_dir, { recursive: true, force: true })
  const { bad_lines_share_max, versions_kept } = config.hotlists
  const versions = {
    ...ground,
    log,
    bad_lines_share_max,
    versions_kept,
    upload_dir,
    upload_bytes_max: config.gateway.upload_bytes_max,
  }
  return {
    subjects: [
      (app) => addHotlistRoutes(app, { ...ground, versions_kept }),
      (app) => addEntryRoutes(app, { ...ground, mirror: custom }),
      (app) => addInboxRoutes(app, inbox),
      (app) => addReadsRoutes(app, reads),
      (app) => addConflictRoutes(app, { ...ground, formats }),
      (app) => addClearedRoutes(app, { ...ground, clearances, mirror: cleared }),
      (app) => addVersionRoutes(app, versions),
      (app) => addFeedRoutes(app, { ...ground, states }),
    ],
    stop() {
      for (const one of stops) one.stop()
    },
  }
}
