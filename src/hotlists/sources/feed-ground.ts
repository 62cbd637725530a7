// What feeds work on in the service: settings, their own documents, and the import, which the
// program itself asks for. What comes into force without a person, the import decides (401.4f).
import { createAudit } from '../../access/audit.ts'
import type { Bus } from '../../bus/connection.ts'
import type { Config } from '../../config/schema.ts'
import { PROGRAM } from '../../domain/approval.ts'
import type { Store } from '../../store/client.ts'
import type { Logger } from '../../telemetry/log.ts'
import { type ImportOptions, stageImport } from '../import.ts'
import { openManifests } from '../manifest.ts'
import { openSettings } from '../settings.ts'
import { stateOf } from '../versions.ts'
import type { FeedGround } from './feed-job.ts'
import { openFeedStates } from './feed-state.ts'

interface GroundOptions {
  bus: Bus
  store: Store
  config: Pick<Config, 'hotlists'>
  log: Pick<Logger, 'warn'>
}

export async function openFeedGround(o: GroundOptions): Promise<FeedGround> {
  const { bus, store, config, log } = o
  const { bad_lines_share_max, versions_kept } = config.hotlists
  const manifests = await openManifests(bus)
  const settings = await openSettings(bus)
  const imports: ImportOptions = {
    store,
    manifests,
    settings,
    audit: createAudit(bus),
    log,
    bad_lines_share_max,
    versions_kept,
  }
  return {
    settings,
    states: await openFeedStates(bus),
    async deliver({ list, ...file }) {
      const caller = { actor: PROGRAM, from: 'feed' }
      const record = await stageImport(imports, { list, content: { file }, caller })
      const in_force = (await manifests.get(list))?.value.version ?? null
      const { version, held, counts } = record
      return { version, state: stateOf(record, in_force), held, counts }
    },
  }
}
