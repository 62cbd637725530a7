// `hotplate hotlist conflicts`: entries in force that contradict each other, or themselves.
import { type Command, Option } from 'commander'
import { CONFLICT_KINDS, type ConflictKind, conflictsOf } from '../hotlists/conflicts.ts'
import { loadPlateFormats } from '../hotlists/plate-formats.ts'
import { SettingsView } from '../hotlists/settings-view.ts'
import { onGround, type PersonOptions, withCommon } from './hotlist-ground.ts'
import { numberWithin } from './match-pair.ts'
import { table } from './table.ts'

interface ConflictsOptions extends PersonOptions {
  kind?: ConflictKind
  list?: string
  limit: number
}

export function registerConflicts(hotlist: Command): void {
  const says = 'shows entries that contradict each other, or themselves'
  withCommon(hotlist.command('conflicts').description(says))
    .addOption(new Option('--kind <KIND>', 'these alone').choices(CONFLICT_KINDS))
    .option('--list <NAME>', 'one list')
    .option('--limit <N>', 'so many of each kind (20)', numberWithin(1, 10_000, true), 20)
    .action(runConflicts)
}

async function runConflicts(options: ConflictsOptions): Promise<void> {
  const { kind, list, limit: rows_max } = options
  await onGround(options, async ({ store, manifests, settings }) => {
    const view = await SettingsView.over(settings)
    try {
      const parts = {
        store,
        manifests,
        formats: loadPlateFormats(),
        // Whoever sits at the machine has its files.
        isSeen: () => true,
        priorityOf: (one: Parameters<SettingsView['of']>[0]) => view.of(one).priority,
      }
      const texts: string[] = []
      for (const one of kind === undefined ? CONFLICT_KINDS : [kind]) {
        const { conflicts, next } = await conflictsOf(parts, { kind: one, list, rows_max })
        if (conflicts.length === 0) continue
        const rows = conflicts.flatMap(({ plate, entries }) =>
          entries.map((entry) => [plate, entry.plate, entry.region, entry.list, entry.id]),
        )
        const more = next === null ? '' : `, and more: --limit`
        const head = ['plate', 'as listed', 'state', 'list', 'entry']
        texts.push(`${one}: ${conflicts.length}${more}`, table([head, ...rows]))
      }
      return texts.length === 0 ? 'Nothing contradicts' : texts.join('\n')
    } finally {
      view.stop()
    }
  })
}
