// `hotplate hotlist versions` and what belongs to it: the versions of a list, what each of them
// changes, and the way back to an earlier one. Approval is in hotlist-entries.ts.
import { type Command, Option } from 'commander'
import type { Entry } from '../domain/hotlist.ts'
import { knownVersion } from '../hotlists/activation.ts'
import {
  type Difference,
  type DifferenceCounts,
  type DifferenceKind,
  type DifferencePlace,
  differencesOf,
} from '../hotlists/differences.ts'
import { rollBack } from '../hotlists/version-decisions.ts'
import { stateOf, type VersionRecord, versionsOf } from '../hotlists/versions.ts'
import type { Store } from '../store/client.ts'
import { onGround, type PersonOptions, versionNumber, withCommon } from './hotlist-ground.ts'
import { promiseOf } from './hotlist-promise.ts'
import { table } from './table.ts'

const PLATES_PER_PAGE = 1_000
const KINDS = ['added', 'changed', 'removed'] as const

interface ListOptions extends PersonOptions {
  list: string
}

interface VersionOptions extends ListOptions {
  version: number
}

export function registerVersions(hotlist: Command): void {
  withCommon(hotlist.command('versions').description('shows the versions of a list, latest first'))
    .requiredOption('--list <NAME>', 'the list')
    .action(runVersions)
  const diff = 'shows what a version changes in the one that was in force when it came'
  withCommon(hotlist.command('diff').description(diff))
    .requiredOption('--list <NAME>', 'the list')
    .requiredOption('--version <N>', 'the version', versionNumber)
    .addOption(new Option('--kind <KIND>', 'these alone').choices(KINDS))
    .option('--limit <N>', 'so many at most (100)', versionNumber, 100)
    .action(runDiff)
  const back = "puts an earlier version's entries into force again, as a new version"
  withCommon(hotlist.command('rollback').description(back))
    .requiredOption('--list <NAME>', 'the list')
    .requiredOption('--version <N>', 'a version that was in force', versionNumber)
    .action(runRollBack)
}

export function changesText({ added = 0, changed = 0, removed = 0 }: Partial<DifferenceCounts>) {
  return `${added} added, ${changed} changed, ${removed} removed`
}

async function runVersions({ list, ...options }: ListOptions): Promise<void> {
  await onGround(options, async ({ manifests }) => {
    const records = await versionsOf(manifests.versions, list)
    const in_force = (await manifests.get(list))?.value.version ?? null
    if (records.length === 0) return `${list} has no versions`
    const head = ['version', 'state', 'entries', 'changes', 'bad', 'by', 'from', 'imported', '']
    return table([head, ...records.map((record) => rowOf(record, in_force))])
  })
}

function rowOf(record: VersionRecord, in_force: number | null): string[] {
  const { version, counts, approval, source, began_at, held, failure, rolled_back_to } = record
  const note = rolled_back_to === undefined ? '' : `Rolled back to version ${rolled_back_to}. `
  return [
    String(version),
    stateOf(record, in_force),
    String(counts.entries),
    changesText(counts),
    String(counts.bad),
    approval.authors[0] ?? '',
    source.file ?? '',
    began_at,
    note + (failure ?? held.join('. ')),
  ]
}

async function runDiff(
  options: VersionOptions & { kind?: DifferenceKind; limit: number },
): Promise<void> {
  const { list, version, kind, limit } = options
  await onGround(options, async ({ store, manifests }) => {
    const { counts, compared_with } = await knownVersion(manifests, list, version)
    if (compared_with === null) return `It is the first: ${counts.entries} entries are new`
    const lines: string[] = [`Beside version ${compared_with}: ${changesText(counts)}`]
    for await (const difference of allDifferences(store, list, version, kind)) {
      if (lines.length > limit) break
      lines.push(differenceText(difference))
    }
    return lines.join('\n')
  })
}

async function* allDifferences(
  store: Store,
  list: string,
  version: number,
  kind: DifferenceKind | undefined,
): AsyncGenerator<Difference> {
  let after: DifferencePlace | null | undefined
  do {
    const page = { kind, plates_max: PLATES_PER_PAGE, ...(after ? { after } : {}) }
    const { differences, next } = await differencesOf(store, list, version, page)
    yield* differences
    after = next
  } while (after !== null)
}

const SIGNS: Readonly<Record<DifferenceKind, string>> = { added: '+', changed: '~', removed: '-' }

function differenceText({ kind, plate, region, was, is }: Difference): string {
  const told = (entry: Entry | null) =>
    entry === null ? '' : `${entry.reason}${entry.case === undefined ? '' : `, ${entry.case}`}`
  const both = kind === 'changed' ? `${told(was)} -> ${told(is)}` : told(is ?? was)
  return `${SIGNS[kind]} ${plate} ${region} ${both}`.replaceAll(/ +/g, ' ')
}

async function runRollBack({ list, version, ...options }: VersionOptions): Promise<void> {
  await onGround(options, async (o) => {
    const made = await rollBack(o, { list, to: version, caller: o.caller })
    const { entries, silenced } = made.counts
    const without = silenced > 0 ? `, without ${silenced} silenced since` : ''
    return (
      `${list} version ${made.version} is in force with the entries of version ${version}: ` +
      `${entries} entries${without}${await promiseOf(o, list, made.version)}`
    )
  })
}
