// Custom entries for tests: in any state, and put into force by two people as the policy asks.
import { createAudit } from '../../src/access/audit.ts'
import type { Bus } from '../../src/bus/connection.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { ApprovalState } from '../../src/domain/approval.ts'
import type { Entry } from '../../src/domain/hotlist.ts'
import type { Role } from '../../src/domain/roles.ts'
import { DAY_MS } from '../../src/domain/time.ts'
import type { Caller } from '../../src/hotlists/approvals.ts'
import type { CustomEntry } from '../../src/hotlists/custom.ts'
import {
  addCustom,
  type CustomDraft,
  type CustomOptions,
  stepCustom,
} from '../../src/hotlists/custom-changes.ts'
import { type Manifests, openManifests } from '../../src/hotlists/manifest.ts'
import { mirrorOf } from '../../src/hotlists/mirror.ts'
import { openSettings, type SettingsDocuments } from '../../src/hotlists/settings.ts'

export const caller = (name: string, ...roles: Role[]): Caller => ({
  actor: { name, roles },
  from: '::1',
})
export const ANN = caller('ann', 'dispatcher')
export const SUE = caller('sue', 'supervisor')
export const SAM = caller('sam', 'supervisor')

/** All that has to be said of an entry. */
export function drafted(given: Partial<CustomDraft> & { plate: string }): CustomDraft {
  const expires_at = new Date(Date.now() + DAY_MS).toISOString()
  return { reason: 'Armed', purpose: 'suspect_interdiction', expires_at, ...given }
}

/** A document as it would be in a state, whatever led there. */
export function customIn(
  list: string,
  entry: Partial<Entry> & { plate: string },
  state: ApprovalState = 'active',
): CustomEntry {
  return {
    list,
    entry: { id: entry.plate, ...drafted(entry), ...entry } as CustomEntry['entry'],
    approval: {
      subject: 'entry',
      state,
      authors: ['ann'],
      history: [{ action: 'draft', by: 'ann', at: '2026-11-26T12:00:00.000Z' }],
    },
  }
}

export interface CustomGround extends CustomOptions {
  bus: Bus
  manifests: Manifests
  settings: SettingsDocuments
  stop(): void
}

export async function customGround(bus: Bus, given?: Manifests): Promise<CustomGround> {
  const manifests = given ?? (await openManifests(bus))
  const mirror = await mirrorOf(manifests.custom)
  const limits = configSchema.parse({}).hotlists
  const settings = await openSettings(bus)
  const stop = () => mirror.stop()
  return { bus, manifests, settings, mirror, audit: createAudit(bus), limits, stop }
}

/** Drafted by one and approved by another. @returns its id */
export async function approved(
  o: CustomOptions,
  list: string,
  given: Partial<CustomDraft> & { plate: string },
): Promise<string> {
  const { value } = await addCustom(o, ANN, list, drafted(given), true)
  const { id } = value.entry
  await stepCustom(o, SUE, { list, id, action: 'approve' })
  return id
}

export async function revoked(o: CustomOptions, list: string, id: string): Promise<void> {
  await stepCustom(o, SUE, { list, id, action: 'revoke', note: 'Recovered' })
}
