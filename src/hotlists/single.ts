// Entries of an imported list silenced by a person, at once: whoever learns that a car was
// recovered does not wait for the next import, nor for the store.
import type { Audit } from '../access/audit.ts'
import { assertMay } from '../domain/approval.ts'
import { HotplateError } from '../domain/error.ts'
import type { Store } from '../store/client.ts'
import { type Caller, onRecord } from './approvals.ts'
import type { Removal } from './changes.ts'
import { findPlate } from './entries.ts'
import { type ListObject, recordChange } from './events.ts'
import type { Manifests } from './manifest.ts'

export interface SilenceOptions {
  store: Store
  manifests: Pick<Manifests, 'get' | 'changes'>
  audit: Pick<Audit, 'append'>
}

/**
 * Silences all entries of a plate that the list's versions have. Asks neither whether there is one
 * nor the store: it is urgent.
 * @throws HotplateError LIST_UNKNOWN, APPROVAL_RIGHT, AUDIT_UNAVAILABLE
 */
export async function silencePlate(
  o: SilenceOptions,
  caller: Caller,
  list: string,
  plate: string,
  note: string,
): Promise<void> {
  const removal = { plate, id: null }
  await silence(o, caller, { list, object: `plate:${plate}`, note }, () => Promise.resolve(removal))
}

/**
 * Silences one entry of the version in force.
 * @returns its plate
 * @throws HotplateError LIST_UNKNOWN, ENTRY_UNKNOWN, APPROVAL_RIGHT, AUDIT_UNAVAILABLE
 */
export async function silenceEntry(
  o: SilenceOptions,
  caller: Caller,
  list: string,
  id: string,
  note: string,
): Promise<string> {
  const { plate } = await silence(
    o,
    caller,
    { list, object: `entry:${id}`, note },
    async (version) => {
      const found = await findPlate(o.store, list, version, id)
      if (found !== null) return { plate: found, id }
      throw new HotplateError('ENTRY_UNKNOWN', `List ${list} has no entry ${id.slice(0, 80)}`)
    },
  )
  return plate
}

async function silence(
  { manifests, audit }: SilenceOptions,
  { actor, from }: Caller,
  { list, object, note }: { list: string; object: ListObject; note: string },
  removalOf: (version: number) => Promise<Removal>,
): Promise<Removal> {
  const manifest = await manifests.get(list)
  if (manifest === null) {
    const message = `Expected a list in force but there is no ${list.slice(0, 80)}: import it first`
    throw new HotplateError('LIST_UNKNOWN', message)
  }
  const event = { who: actor.name, from, list, what: 'entry_silence', object }
  return onRecord(audit, event, null, async () => {
    assertMay(actor, 'entry_revoke', 'silence an entry')
    const removal = await removalOf(manifest.value.version)
    await recordChange(audit, { ...event, was: null, is: { ...removal, note } })
    await manifests.changes.remove(list, removal)
    return removal
  })
}
