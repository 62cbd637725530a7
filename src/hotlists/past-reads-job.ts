// What the keeper does for entries that have come into force: finds where their vehicles were seen
// before, one after the other, and never in the way of an activation. What fails is tried again,
// later each time.
import type { Bus } from '../bus/connection.ts'
import type { Config } from '../config/schema.ts'
import { DAY_MS } from '../domain/time.ts'
import type { Store } from '../store/client.ts'
import type { Logger } from '../telemetry/log.ts'
import { type CustomEntry, customKey, isInForce } from './custom.ts'
import { openManifests } from './manifest.ts'
import { type Mirror, mirrorOf } from './mirror.ts'
import {
  customTarget,
  findPastReads,
  openPastReads,
  type PastReadsOptions,
  type PastReadsTarget,
  recordOf,
} from './past-reads.ts'
import { SightingsFinder } from './sightings.ts'
import { openThresholds } from './thresholds.ts'

export interface PastReadsJobOptions {
  bus: Bus
  store: Store
  config: Config
  log: Pick<Logger, 'warn' | 'error'>
}

/** Of one turn: other jobs of the keeper wait meanwhile. */
const TURN_MS_MAX = 5_000
const RETRY_MS_MIN = 15_000
const RETRY_MS_MAX = 600_000
const FORGET_EVERY_MS = 3_600_000

interface Retry {
  of: string
  at_ms: number
  wait_ms: number
}

export class PastReadsJob {
  readonly #o: PastReadsJobOptions
  readonly #signal: AbortSignal
  #open: { parts: PastReadsOptions; mirror: Mirror<CustomEntry> } | null = null
  /** Activations whose past reads are found, by entry. */
  readonly #done = new Map<string, string>()
  readonly #retries = new Map<string, Retry>()
  #forgot_ms = 0

  /** @param signal aborts when another process keeps */
  constructor(o: PastReadsJobOptions, signal: AbortSignal) {
    this.#o = o
    this.#signal = signal
    signal.addEventListener('abort', () => this.#open?.mirror.stop())
  }

  async run(now_ms: number): Promise<void> {
    try {
      this.#open ??= await this.#begin()
      const { parts, mirror } = this.#open
      if (this.#signal.aborted) mirror.stop()
      const profiles = new Map<string, PastReadsTarget['profile'] | null>()
      const end = performance.now() + TURN_MS_MAX
      for (const { value } of mirror.entries.values()) {
        if (this.#signal.aborted || performance.now() > end) return
        if (!isInForce(value, now_ms)) continue
        if (!profiles.has(value.list)) {
          const manifest = await parts.manifests.get(value.list)
          profiles.set(value.list, manifest?.value.profile ?? null)
        }
        const profile = profiles.get(value.list)
        if (profile) await this.#look(parts, customTarget(value, profile), now_ms)
      }
      if (now_ms - this.#forgot_ms > FORGET_EVERY_MS) await this.#forgetOld(parts, mirror, now_ms)
    } catch (error) {
      if (this.#signal.aborted) return
      this.#o.log.error({ err: error }, 'Past reads of entries could not be looked for.')
    }
  }

  async #begin() {
    const { bus, store, config } = this.#o
    const manifests = await openManifests(bus)
    const parts = {
      store,
      config,
      manifests,
      records: await openPastReads(bus),
      thresholds: await openThresholds(bus),
      finder: new SightingsFinder({ store, config }),
    }
    return { parts, mirror: await mirrorOf(manifests.custom) }
  }

  async #look(parts: PastReadsOptions, target: PastReadsTarget, now_ms: number): Promise<void> {
    const key = customKey(target.list, target.entry.id)
    if (this.#done.get(key) === target.of) return
    const retry = this.#retries.get(key)
    if (retry !== undefined && retry.of === target.of && now_ms < retry.at_ms) return
    try {
      const known = await recordOf(parts, target)
      if (known === null) await findPastReads(parts, target, this.#signal)
      this.#done.set(key, target.of)
      this.#retries.delete(key)
    } catch (error) {
      if (this.#signal.aborted) throw error
      const wait_ms = Math.min((retry?.wait_ms ?? RETRY_MS_MIN / 2) * 2, RETRY_MS_MAX)
      this.#retries.set(key, { of: target.of, at_ms: now_ms + wait_ms, wait_ms })
      const told = { err: error, list: target.list, entry: target.entry.id, wait_ms }
      this.#o.log.warn(told, 'Past reads of an entry were not found; they are looked for again.')
    }
  }

  /** Of entries that are gone, once the reads are. */
  async #forgetOld(
    parts: PastReadsOptions,
    mirror: Mirror<CustomEntry>,
    now_ms: number,
  ): Promise<void> {
    for (const key of this.#done.keys()) if (!mirror.entries.has(key)) this.#done.delete(key)
    for (const [key, { value, revision }] of await parts.records.all()) {
      const old = now_ms - Date.parse(value.found_at) > this.#o.config.retention.days * DAY_MS
      if (old && !mirror.entries.has(key)) await parts.records.purge(key, revision)
    }
    this.#forgot_ms = now_ms
  }
}
