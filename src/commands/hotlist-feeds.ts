// `hotplate hotlist formats`, `feeds` and `fetch`: the layouts that files may have, how it goes
// with lists whose files come by themselves, and asking for one before its time.
import type { Command } from 'commander'
import { FORMATS } from '../formats/hotlists/formats.ts'
import { feedIdentity, openFeedStates } from '../hotlists/sources/feed-state.ts'
import { type FeedShown, feedShown, fetchNow } from '../hotlists/sources/fetch-now.ts'
import { onGround, type PersonOptions, withCommon } from './hotlist-ground.ts'
import { table } from './table.ts'

export function registerFeeds(hotlist: Command): void {
  hotlist
    .command('formats')
    .description('shows the layouts that files of lists may have')
    .action(() => {
      const rows = FORMATS.map(({ name, title, description }) => [name, title, description])
      process.stdout.write(`${table(rows)}\n`)
    })
  withCommon(
    hotlist.command('feeds').description('shows how it goes with files that are fetched'),
  ).action(runFeeds)
  withCommon(hotlist.command('fetch').description('asks for the file of a list before its time'))
    .requiredOption('--list <NAME>', 'the list')
    .action(runFetch)
}

async function runFeeds(options: PersonOptions): Promise<void> {
  await onGround(options, async ({ bus, settings }) => {
    const states = await (await openFeedStates(bus)).all()
    const rows = [...(await settings.all())].flatMap(([list, { value }]) => {
      const shown = feedShown(value, states.get(list)?.value ?? null)
      return shown === null ? [] : [[list, feedIdentity(shown.feed), ...cellsOf(shown)]]
    })
    if (rows.length === 0) return 'No list has a feed in force'
    return table([['list', 'feed', 'asked', 'version', 'next', 'failures', ''], ...rows])
  })
}

function cellsOf({ state, next_ms }: FeedShown): string[] {
  const next = next_ms === null ? '' : next_ms === 0 ? 'now' : new Date(next_ms).toISOString()
  const { asked_at = '', version = '', failures = '', failure } = state ?? {}
  const why = failure === undefined ? '' : `${failure.code}: ${failure.message}`
  return [asked_at, String(version), next, String(failures), why]
}

async function runFetch({ list, ...options }: PersonOptions & { list: string }): Promise<void> {
  await onGround(options, async ({ bus, settings, audit, caller }) => {
    await fetchNow({ settings, audit, states: await openFeedStates(bus) }, list, caller)
    return `${list} is fetched at the keeper's next turn`
  })
}
