// The demo's hot lists come into force as real ones do: extracts of a government's source by an
// administrator's registration, the agency's own list because one person approves what another has
// written.
import { createAudit } from '../access/audit.ts'
import type { Role } from '../domain/roles.ts'
import type { Caller } from '../hotlists/approvals.ts'
import { importList } from '../hotlists/import.ts'
import { openManifests } from '../hotlists/manifest.ts'
import { openSettings } from '../hotlists/settings.ts'
import { createList, decideSettings } from '../hotlists/settings-changes.ts'
import type { Platform } from '../platform.ts'
import { DEMO_FALSE_ALERTS_PER_MILLION, type DemoList, demoHotList } from '../simulate/demo-list.ts'

const AGENCY = 'State police of the demo'

export interface DemoPeople {
  author: string
  approver: string
}

export async function prepareLists(
  { bus, store }: Platform,
  seed: number,
  people: DemoPeople,
): Promise<void> {
  const manifests = await openManifests(bus)
  const o = { settings: await openSettings(bus), manifests, audit: createAudit(bus) }
  for (const list of demoHotList(seed)) {
    const { name, category, profile, entries } = list
    if ((await manifests.get(name)) !== null) continue
    if ((await o.settings.get(name)) === null) await putIntoForce(o, list, people)
    await importList(store, manifests, {
      name,
      category,
      profile,
      entries,
      false_alerts_per_million_max: DEMO_FALSE_ALERTS_PER_MILLION,
    })
  }
}

async function putIntoForce(
  o: Parameters<typeof createList>[0],
  { name, title, category, profile }: DemoList,
  { author, approver }: DemoPeople,
): Promise<void> {
  const patch = {
    title,
    profile,
    false_alerts_per_million_max: DEMO_FALSE_ALERTS_PER_MILLION,
    contact: 'Dispatch, 555-0100',
  }
  if (category !== 'custom') {
    const administrator = callerOf('demo-setup', 'administrator')
    await createList(o, { name, category, patch, agency: AGENCY }, administrator)
    return
  }
  await createList(o, { name, category, patch }, callerOf(author, 'supervisor'))
  await decideSettings(o, name, 'submit', callerOf(author, 'supervisor'))
  await decideSettings(o, name, 'approve', callerOf(approver, 'supervisor'))
}

function callerOf(name: string, role: Role): Caller {
  return { actor: { name, roles: [role] }, from: 'demo' }
}
