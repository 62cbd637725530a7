// What the keeper does with versions: whoever was cut off after a version was approved is made good
// (it comes into force), and what dead imports have left is cleared.
import { createAudit } from '../access/audit.ts'
import type { Bus } from '../bus/connection.ts'
import type { Config } from '../config/schema.ts'
import { PROGRAM } from '../domain/approval.ts'
import type { Store } from '../store/client.ts'
import type { Logger } from '../telemetry/log.ts'
import { type ActivationOptions, activateVersion } from './activation.ts'
import { openManifests } from './manifest.ts'
import { openSettings } from './settings.ts'
import { isSilent, SILENT_MS_MAX, tidyVersions } from './tidy-versions.ts'
import { stateOf, type VersionRecord, versionKey } from './versions.ts'

export interface VersionsJobOptions {
  bus: Bus
  store: Store
  config: Pick<Config, 'hotlists'>
  log: Pick<Logger, 'warn'>
  /** An import that is silent for so long is dead. */
  silent_ms_max?: number
}

export class VersionsJob {
  readonly #o: VersionsJobOptions
  #activation: ActivationOptions | null = null
  /** Told already. */
  readonly #refused = new Set<string>()

  constructor(o: VersionsJobOptions) {
    this.#o = o
  }

  /** Any failure is logged: the next turn is soon. */
  async run(): Promise<void> {
    const { log, silent_ms_max = SILENT_MS_MAX } = this.#o
    try {
      this.#activation ??= await this.#open()
      const o = this.#activation
      const records = [...(await o.manifests.versions.all()).values()].map(({ value }) => value)
      for (const [list, versions] of Map.groupBy(records, (record) => record.list)) {
        const in_force = (await o.manifests.get(list))?.value.version ?? null
        const latest = versions.toSorted((a, b) => b.version - a.version)
        const approved = latest.find((record) => stateOf(record, in_force) === 'staged')
        if (approved !== undefined) await this.#activate(o, approved)
        const left = versions.some(
          (record) => isLeft(record) || (isUnderWay(record) && isSilent(record, silent_ms_max)),
        )
        if (left) await tidyVersions({ ...o, silent_ms_max }, list)
      }
    } catch (error) {
      log.warn({ err: error }, 'Versions of hot lists could not be seen to.')
    }
  }

  async #open(): Promise<ActivationOptions> {
    const { bus, store, config, log } = this.#o
    return {
      store,
      manifests: await openManifests(bus),
      settings: await openSettings(bus),
      audit: createAudit(bus),
      log,
      versions_kept: config.hotlists.versions_kept,
    }
  }

  async #activate(o: ActivationOptions, { list, version }: VersionRecord): Promise<void> {
    const key = versionKey(list, version)
    if (this.#refused.has(key)) return
    try {
      await activateVersion(o, list, version, { who: PROGRAM.name, from: 'keeper' })
    } catch (error) {
      this.#refused.add(key)
      this.#o.log.warn({ err: error, list, version }, 'An approved version is not in force.')
    }
  }
}

function isUnderWay({ stage }: VersionRecord): boolean {
  return stage === 'importing'
}

function isLeft({ stage, entries_gone }: VersionRecord): boolean {
  return stage === 'failed' && entries_gone === undefined
}
