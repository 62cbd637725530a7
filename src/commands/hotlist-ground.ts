// What the commands of hot lists share: the platform, whoever sits at it, and the documents.
import { type Command, InvalidArgumentError } from 'commander'
import { createAudit } from '../access/audit.ts'
import type { Bus } from '../bus/connection.ts'
import { DAY_MS } from '../domain/time.ts'
import type { Caller } from '../hotlists/approvals.ts'
import type { CustomOptions } from '../hotlists/custom-changes.ts'
import type { ImportOptions } from '../hotlists/import.ts'
import { type Manifests, openManifests } from '../hotlists/manifest.ts'
import { mirrorOf } from '../hotlists/mirror.ts'
import { openSettings, type SettingsDocuments } from '../hotlists/settings.ts'
import { joinPlatform } from '../platform.ts'
import type { Store } from '../store/client.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { callerOf } from './caller.ts'
import { type CommonOptions, configOf } from './run.ts'

export interface PersonOptions extends CommonOptions {
  by?: string
}

export interface Ground extends CustomOptions, ImportOptions {
  bus: Bus
  store: Store
  manifests: Manifests
  settings: SettingsDocuments
  caller: Caller
  /** A service of the same folder runs beside. */
  joined: boolean
}

export function withCommon(command: Command): Command {
  return command
    .option('--by <USER>', 'who does it: a person with an account (whoever is at the machine)')
    .option('--config <FILE>', 'YAML file with settings')
    .option('--data <DIR>', 'folder for all data (./data)')
}

export function versionNumber(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new InvalidArgumentError('Expected a whole number above 0.')
}

/** `12h` and `7d` from now; all else is for whoever reads the columns. */
export function expiryOf(text: string, now_ms: number): string {
  const [, count, unit] = /^(\d{1,4})([hd])$/.exec(text) ?? []
  if (count === undefined) return text
  return new Date(now_ms + Number(count) * (unit === 'd' ? DAY_MS : DAY_MS / 24)).toISOString()
}

/** Does the work beside the running service, or without one, and prints what it gives. */
export async function onGround(
  options: PersonOptions,
  work: (o: Ground) => Promise<string>,
): Promise<void> {
  const config = configOf(options)
  const log = createLog('warn')
  const metrics = createMetrics()
  const name = 'hotplate-hotlist'
  const platform = await joinPlatform({ config, kind: 'any', log, metrics, name })
  try {
    const { bus, store, joined } = platform
    const manifests = await openManifests(bus)
    const caller = await callerOf(bus, options.by)
    const mirror = await mirrorOf(manifests.custom)
    try {
      const limits = config.hotlists
      const audit = createAudit(bus)
      const settings = await openSettings(bus)
      const { bad_lines_share_max, versions_kept } = limits
      const imports = { log, bad_lines_share_max, versions_kept }
      const lists = { store, manifests, settings, mirror, audit, limits }
      const text = await work({ bus, caller, joined, ...lists, ...imports })
      process.stdout.write(`${text}\n`)
    } finally {
      mirror.stop()
    }
  } finally {
    await platform.stop()
  }
}
