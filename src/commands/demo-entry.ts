// An entry of the demo that the second person has written, and that waits for the first to decide.
import { createAudit } from '../access/audit.ts'
import { configSchema } from '../config/schema.ts'
import { DAY_MS } from '../domain/time.ts'
import { addCustom } from '../hotlists/custom-changes.ts'
import { openManifests } from '../hotlists/manifest.ts'
import { mirrorOf } from '../hotlists/mirror.ts'
import { openSettings } from '../hotlists/settings.ts'
import type { Platform } from '../platform.ts'

const LIST = 'local-watch'

/** Partial, as what witnesses have seen: some ten vehicles an hour of the demo's traffic fit. */
export async function prepareWaitingEntry(
  { bus }: Pick<Platform, 'bus'>,
  author: string,
): Promise<void> {
  const manifests = await openManifests(bus)
  const mirror = await mirrorOf(manifests.custom)
  try {
    if (mirror.entries.size > 0) return
    const settings = await openSettings(bus)
    // Whatever case numbers the agency has, the demo's are its own.
    const limits = configSchema.parse({}).hotlists
    const o = { manifests, settings, mirror, audit: createAudit(bus), limits }
    const caller = { actor: { name: author, roles: ['dispatcher'] }, from: 'demo' } as const
    const entry = {
      plate: '2JK1*',
      region: 'US-ID',
      reason: 'Hit and run in Jerome, the plate begins with 2JK1',
      case: 'LW26-4471',
      purpose: 'suspect_interdiction',
      expires_at: new Date(Date.now() + 7 * DAY_MS).toISOString(),
      vehicle: { color: 'white' },
      details: { contact: 'Dispatch, 555-0100', instructions: 'Observe, and note the damage' },
    } as const
    await addCustom(o, caller, LIST, entry, true)
  } finally {
    mirror.stop()
  }
}
