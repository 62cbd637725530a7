// What the keeper does with the settings of lists: tells which lists are past the time by which
// they must be refreshed, and brings to a manifest what somebody who was cut off did not.
import type { Bus } from '../bus/connection.ts'
import { staleHours } from '../domain/list-settings.ts'
import { type ListAge, tellListAges } from '../telemetry/list-alarm.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { type Manifests, openManifests } from './manifest.ts'
import { openSettings, type SettingsDocuments } from './settings.ts'
import { carry } from './settings-changes.ts'

export interface SettingsJobOptions {
  bus: Bus
  log: Logger
  metrics: Metrics
}

export class SettingsJob {
  readonly #o: SettingsJobOptions
  readonly #signal: AbortSignal
  #open: { settings: SettingsDocuments; manifests: Manifests } | null = null
  #stale: ReadonlySet<string> = new Set()

  /** @param signal aborts when another process keeps */
  constructor(o: SettingsJobOptions, signal: AbortSignal) {
    this.#o = o
    this.#signal = signal
    signal.addEventListener('abort', () => tellListAges([], new Set(), o.log, o.metrics))
  }

  /** Any failure is logged: the next turn is soon. */
  async run(now_ms: number): Promise<void> {
    const { bus, log, metrics } = this.#o
    try {
      this.#open ??= { settings: await openSettings(bus), manifests: await openManifests(bus) }
      const { settings, manifests } = this.#open
      const lists: ListAge[] = []
      for (const [name, { value }] of await settings.all()) {
        if (value.approved?.approval.state !== 'active') continue
        if (await carry(this.#open, value)) {
          log.warn({ list: name }, 'What was approved of a list is now in force.')
        }
        const { refresh_hours_max, when_stale } = value.approved.settings
        const manifest = await manifests.get(name)
        if (manifest === null || refresh_hours_max === undefined) continue
        const refreshed_ms = Date.parse(manifest.value.imported_at)
        lists.push({
          list: name,
          age_hours: (now_ms - refreshed_ms) / 3_600_000,
          refresh_hours_max,
          stale: staleHours({ refresh_hours_max }, manifest.value.imported_at, now_ms) !== null,
          stopped: when_stale === 'stop',
        })
      }
      if (this.#signal.aborted) return
      tellListAges(lists, this.#stale, log, metrics)
      this.#stale = new Set(lists.filter(({ stale }) => stale).map(({ list }) => list))
    } catch (error) {
      if (this.#signal.aborted) return
      log.error({ err: error }, 'The age of the lists could not be looked at.')
    }
  }
}
