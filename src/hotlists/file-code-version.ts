// An administrator's word on a file code makes a version at once: the one in force, with the
// entries of that code active or not. The entries stay where they are, in the store.
import type { Approval } from '../domain/approval.ts'
import type { Purpose } from '../domain/hotlist.ts'
import type { Store } from '../store/client.ts'
import { type ActivationOptions, activateVersion } from './activation.ts'
import type { Caller } from './approvals.ts'
import { compareVersions } from './differences.ts'
import { copyEntries, countEntries } from './entries.ts'
import { begin, removalsOf, staging } from './import.ts'
import type { ListDocument } from './settings.ts'
import { decideFileCode, type SettingsOptions } from './settings-changes.ts'
import { noCounts } from './staging.ts'
import { tidyVersions } from './tidy-versions.ts'
import { versionKey } from './versions.ts'

export interface FileCodeDecided {
  code: string
  /** Null: entries of the code are not looked for. */
  purpose: Purpose | null
}

/**
 * Puts the decision on record, then into force. Cut off in between, the next import makes it good.
 * @returns the settings, and the version now in force; null where no entry has the code
 * @throws HotplateError LIST_UNKNOWN, APPROVAL_RIGHT, APPROVAL_OVERTAKEN, AUDIT_UNAVAILABLE, and
 * what activateVersion throws
 */
export async function applyFileCode(
  o: ActivationOptions & SettingsOptions,
  list: string,
  decided: FileCodeDecided,
  caller: Caller,
): Promise<{ document: ListDocument; version: number | null }> {
  const document = await decideFileCode(o, list, decided, caller)
  const { store, manifests } = o
  const manifest = (await manifests.get(list))?.value
  if (manifest === undefined) return { document, version: null }
  const from = manifest.version
  const codes = await entriesByCode(store, list, from)
  if (!codes.has(decided.code)) return { document, version: null }
  const before = (await manifests.versions.get(versionKey(list, from)))?.value
  const { category, profile, false_alerts_per_million_max: budget } = manifest
  const pen = await begin(o, {
    list,
    source: before?.source ?? { file: null, format: null },
    matching: {
      category,
      profile,
      ...(budget === undefined ? {} : { false_alerts_per_million_max: budget }),
    },
    approval: approvedAsDecided(caller, decided),
  })
  await staging(o, pen, async () => {
    const { version } = pen.record
    const { removals, through } = await removalsOf(manifests.changes, list)
    await copyEntries(store, list, from, version, removals, decided)
    const counts = await countEntries(store, list, version)
    const changed = await compareVersions(store, list, {
      from,
      to: version,
      rows_from: manifest.entries,
      rows_to: counts.entries + counts.inactive,
    })
    await pen.write({
      stage: 'staged',
      imported_at: manifest.imported_at,
      changes_through: through,
      inactive: inactiveOf(await entriesByCode(store, list, version)),
      counts: { ...noCounts(), ...counts, ...changed },
    })
  })
  const { version } = pen.record
  await activateVersion(o, list, version, { who: caller.actor.name, from: caller.from })
  await tidyVersions(o, list)
  return { document, version }
}

/** What the list says is as it was; the administrator alone says what of it is looked for. */
function approvedAsDecided({ actor }: Caller, { code, purpose }: FileCodeDecided): Approval {
  const at = new Date().toISOString()
  const note = `File code ${code}: ${purpose ?? 'not looked for'}`
  return {
    subject: 'import',
    state: 'approved',
    authors: [actor.name],
    history: [{ action: 'approve', by: actor.name, at, note }],
  }
}

async function entriesByCode(
  { client, database }: Store,
  list: string,
  version: number,
): Promise<Map<string, number>> {
  const result = await client.query({
    query: `SELECT JSONExtractString(details, 'file_code') AS code, countIf(NOT active) AS inactive
      FROM ${database}.hotlist_entries FINAL
      WHERE list = {list: String} AND version = {version: UInt32} AND code != '' GROUP BY code`,
    query_params: { list, version },
    format: 'JSONEachRow',
  })
  const rows = await result.json<{ code: string; inactive: string }>()
  return new Map(rows.map(({ code, inactive }) => [code, Number(inactive)]))
}

function inactiveOf(codes: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...codes].filter(([, inactive]) => inactive > 0))
}
