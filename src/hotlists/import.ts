// Brings a list into the store under a version of its own, and says what becomes of it: the version
// of a registered government source comes into force by itself, any other waits for a second person
// (401.4f), and one that looks wrong waits for a person whoever sent it. Until then, and whatever
// goes wrong on the way, the version before stays in force: only the manifest says which one is,
// and it moves last (activation.ts).
import { PROGRAM } from '../domain/approval.ts'
import { HotplateError } from '../domain/error.ts'
import type { HotList } from '../domain/hotlist.ts'
import type { ListSettings } from '../domain/list-settings.ts'
import { type FormatOptions, listFormat } from '../formats/hotlists/formats.ts'
import type { NewEntry, ParsedLine } from '../formats/hotlists/parsed-line.ts'
import type { Store } from '../store/client.ts'
import type { Logger } from '../telemetry/log.ts'
import {
  type ActivationOptions,
  activateVersion,
  matchingOf,
  settingsInForce,
  VERSIONS_KEPT,
} from './activation.ts'
import { type Caller, onRecord } from './approvals.ts'
import type { Changes } from './changes.ts'
import { compareVersions } from './differences.ts'
import { recordChange } from './events.ts'
import { broughtBy, holdReasons } from './hold.ts'
import { type ListFile, stageFile } from './import-file.ts'
import { assertServable } from './limits.ts'
import { assertListName, type Manifests } from './manifest.ts'
import { type Staged, type StagingCounts, type StagingOrder, stageLines } from './staging.ts'
import { clearVersion, tidyVersions } from './tidy-versions.ts'
import { approvedAsRegistered, byProgram, drafted, submittedBy } from './version-approval.ts'
import { VersionPen } from './version-pen.ts'
import { newRecord, type VersionRecord, type VersionSource, versionKey } from './versions.ts'

export interface ImportOptions extends ActivationOptions {
  /** Share of an import's lines that may be bad before it is held. */
  bad_lines_share_max: number
}

export interface FileOrder {
  path: string
  /** As it is shown: without folders. */
  name: string
  /** A layout of formats/hotlists/formats.ts; the list's own where it is not given, or `csv`. */
  format?: string
  options?: FormatOptions
  /** Of a zip archive. */
  password?: string
}

/** A file, read in a thread of its own, or lines from wherever they come. */
export type ImportContent =
  | { file: FileOrder }
  | { lines: AsyncIterable<ParsedLine>; source: VersionSource }

export interface ImportOrder {
  list: string
  content: ImportContent
  /** It is a part: it changes the version in force, and names what it takes off. */
  part?: boolean
  /** How a list is matched that has no settings. */
  matching?: VersionRecord['matching']
  caller: Caller
  onProgress?: (counts: StagingCounts) => void
  /** Told once the version has its number: all that follows takes a while. */
  onBegun?: (version: number) => void
}

const FILE_CHARS_MAX = 300
const MATCHING = { category: 'custom', profile: 'fold' } as const
/** Of a list that has no settings. */
const SHRINK_SHARE_MAX = 0.2

/**
 * Stages a version, and activates it where nobody has to decide.
 * @returns its record: stateOf() says where it stands, `held` what speaks against it
 * @throws HotplateError LIST_NAME_INVALID, APPROVAL_RIGHT, AUDIT_UNAVAILABLE, LIST_UNREADABLE,
 * LIST_FOLD2_TOO_LARGE, LIST_TOO_MANY_PATTERNS, LIST_OVERTAKEN, IMPORT_LOST
 */
export async function stageImport(o: ImportOptions, order: ImportOrder): Promise<VersionRecord> {
  const { list, caller, onProgress = () => {} } = order
  assertListName(list)
  const settings = await settingsInForce(o, list)
  const who = { who: caller.actor.name, from: caller.from }
  const event = { ...who, list, what: 'version_import', object: `list:${list}` as const }
  const approval = await onRecord(o.audit, event, null, () => drafted(caller))
  const matching = settings === null ? (order.matching ?? MATCHING) : matchingOf(settings)
  const content = readable(order.content, settings)
  const { source } = content
  const pen = await begin(o, { list, source, matching, approval })
  await recordChange(o.audit, { ...event, was: null, is: { version: pen.record.version, source } })
  order.onBegun?.(pen.record.version)
  const self_activating = await staging(o, pen, async () => {
    const file_codes = settings?.file_codes ?? {}
    const staged = await stage(o, pen, {
      content,
      file_codes,
      part: order.part ?? false,
      onProgress,
    })
    const held = holdReasons(staged, await broughtBefore(o.manifests, pen.record), {
      shrink_share_max: settings?.shrink_share_max ?? SHRINK_SHARE_MAX,
      bad_share_max: o.bad_lines_share_max,
    })
    const source_of = settings?.source
    const agency = source_of?.kind === 'government' && held.length === 0 ? source_of.agency : null
    const submitted = submittedBy(pen.record.approval, caller)
    await recordChange(o.audit, {
      ...event,
      what: held.length > 0 ? 'version_hold' : 'version_stage',
      object: `version:${pen.record.version}`,
      was: null,
      is: { held, counts: pen.record.counts },
    })
    await pen.write({
      stage: 'staged',
      held,
      approval: agency === null ? submitted : approvedAsRegistered(submitted, agency),
    })
    return agency !== null
  })
  if (self_activating) await activateVersion(o, list, pen.record.version, who)
  await tidyVersions(o, list)
  const now = await o.manifests.versions.get(versionKey(list, pen.record.version))
  return now?.value ?? pen.record
}

type ReadableContent =
  | { source: VersionSource; file: ListFile }
  | { source: VersionSource; lines: AsyncIterable<ParsedLine> }

/** @throws HotplateError LIST_FORMAT_UNKNOWN */
function readable(content: ImportContent, settings: ListSettings | null): ReadableContent {
  if ('lines' in content) return content
  const layout = settings?.format
  const { path, name, format = layout?.name ?? 'csv', options = {}, password } = content.file
  listFormat(format)
  const { name: _, ...of_layout } = layout?.name === format ? layout : { name: format }
  return {
    source: { file: name.slice(0, FILE_CHARS_MAX), format },
    file: {
      path,
      format,
      // What not every user of its source may see is for a list that not everybody sees.
      options: { ...of_layout, restricted: isRestricted(settings), ...options },
      ...(password === undefined ? {} : { password }),
    },
  }
}

function isRestricted(settings: ListSettings | null): boolean {
  const kind = settings?.visibility.kind
  return kind === 'people' || kind === 'covert'
}

export interface ListImport extends Pick<HotList, 'category' | 'profile'> {
  name: string
  /** See HotList. */
  false_alerts_per_million_max?: number
  entries: readonly NewEntry[]
}

/**
 * Puts entries into force that a program has: the demo's, a test's. Nobody is asked.
 * @param log told when versions that nobody needs any more could not be removed
 * @returns the manifest now in force
 * @throws HotplateError LIST_NAME_INVALID, LIST_EMPTY, LIST_FOLD2_TOO_LARGE,
 * LIST_TOO_MANY_PATTERNS, or LIST_OVERTAKEN where an import that began later is in force already
 */
export async function importList(
  store: Store,
  manifests: Manifests,
  { entries, name: list, ...matching }: ListImport,
  log?: Pick<Logger, 'warn'>,
): Promise<HotList> {
  assertListName(list)
  if (entries.length === 0) {
    throw new HotplateError(
      'LIST_EMPTY',
      `Expected at least one entry for ${list} but received none`,
    )
  }
  const o: ActivationOptions = {
    store,
    manifests,
    settings: null,
    audit: { append: () => Promise.resolve() },
    versions_kept: VERSIONS_KEPT,
    ...(log === undefined ? {} : { log }),
  }
  const source = { file: null, format: null }
  const approval = byProgram('draft', 'Entries that a program has')
  const pen = await begin(o, { list, source, matching, approval })
  const lines = entries.map((entry, at) => ({ line: at + 1, entry }))
  await staging(o, pen, async () => {
    await stage(o, pen, { content: { lines: iterated(lines), source }, file_codes: null })
    await pen.write({ stage: 'staged', approval: byProgram('approved', 'Nobody is asked') })
  })
  const caller = { who: PROGRAM.name, from: 'program' }
  const manifest = await activateVersion(o, list, pen.record.version, caller)
  await tidyVersions(o, list)
  return manifest
}

async function* iterated(lines: readonly ParsedLine[]): AsyncGenerator<ParsedLine> {
  yield* lines
}

type StageOptions = Pick<ActivationOptions, 'store' | 'manifests'>

/** Opens a version: a number that nobody else has, and its record. */
export async function begin(
  { store, manifests }: StageOptions,
  begun: Pick<VersionRecord, 'list' | 'source' | 'matching' | 'approval'>,
): Promise<VersionPen> {
  const { list } = begun
  const version = await manifests.reserveVersion(list)
  const in_force = await manifests.get(list)
  const pen = await VersionPen.open(manifests.versions, {
    ...newRecord(version, in_force?.value.version ?? null),
    ...begun,
  })
  // A bus that lost its documents gives numbers out again that the store still has entries of.
  await clearVersion(store, list, version)
  return pen
}

/** What fails on the way leaves nothing but the record of it. */
export async function staging<T>(
  o: StageOptions,
  pen: VersionPen,
  work: () => Promise<T>,
): Promise<T> {
  const stop = pen.keepAlive()
  try {
    return await work()
  } catch (error) {
    const { list, version } = pen.record
    const failure = error instanceof HotplateError ? error.message : 'The store or the bus failed'
    await pen.write({ stage: 'failed', failure, entries_gone: true }).catch(() => undefined)
    // What can't be cleared now is cleared with the next import (tidy-versions.ts).
    await clearVersion(o.store, list, version).catch(() => undefined)
    throw error
  } finally {
    stop()
  }
}

interface Staging {
  content: ReadableContent
  file_codes: StagingOrder['file_codes']
  part?: boolean
  onProgress?: (counts: StagingCounts) => void
}

async function stage(
  { store, manifests }: StageOptions,
  pen: VersionPen,
  { content, file_codes, part = false, onProgress = () => {} }: Staging,
): Promise<Staged> {
  const { list, version, matching, compared_with } = pen.record
  const { removals, through } = await removalsOf(manifests.changes, list)
  const of_part = part ? { part_of: compared_with } : {}
  const order = { list, version, removals, file_codes, ...of_part }
  const told = (counts: StagingCounts) => {
    pen.saw(counts)
    onProgress(counts)
  }
  const staged =
    'file' in content
      ? await stageFile(store, order, content.file, told)
      : await stageLines(store, order, content.lines, told)
  const { counts, skipped, inactive } = staged
  const changed = await compareVersions(store, list, {
    from: compared_with,
    to: version,
    rows_from: (await manifests.get(list))?.value.entries ?? 0,
    rows_to: counts.entries + counts.inactive,
  })
  await pen.write({
    counts: { ...counts, ...changed },
    skipped,
    inactive,
    changes_through: through,
    ...(part && compared_with !== null ? { part_of: compared_with } : {}),
  })
  await assertServable(store, manifests, { name: list, version, profile: matching.profile })
  return staged
}

/** What people have silenced in a list, and the last removal of any list that was seen. */
export async function removalsOf(changes: Changes, list: string) {
  const all = [...(await changes.all()).values()]
  return {
    removals: all
      .map(({ value }) => value)
      .filter((change) => change.list === list)
      .map(({ plate, id }) => ({ plate, id })),
    through: Math.max(0, ...all.map(({ revision }) => revision)),
  }
}

/** How many entries the version in force came with; null where there is none. */
async function broughtBefore(
  manifests: Manifests,
  { list, compared_with, part_of }: VersionRecord,
): Promise<number | null> {
  if (compared_with === null) return null
  const record = await manifests.versions.get(versionKey(list, compared_with))
  if (record !== null) {
    const { counts } = record.value
    // What was silenced then is not among the entries that a part leaves as they are.
    return part_of === undefined ? broughtBy(counts) : counts.entries + counts.inactive
  }
  return (await manifests.get(list))?.value.entries ?? null
}
