// `hotplate hotlist formats`, `feeds` and `fetch`: the layouts that files may have, how it goes
// with lists whose files come by themselves, and asking for one before its time.
import type { Command } from 'commander'
import { assertMay } from '../domain/approval.ts'
import { HotplateError } from '../domain/error.ts'
import { FORMATS } from '../formats/hotlists/formats.ts'
import { recordChange } from '../hotlists/events.ts'
import {
  dueAt,
  type FeedState,
  feedIdentity,
  feedInForce,
  openFeedStates,
} from '../hotlists/sources/feed-state.ts'
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
    const rows: string[][] = []
    for (const [list, { value }] of await settings.all()) {
      const feed = feedInForce(value)
      if (feed === undefined) continue
      const identity = feedIdentity(feed)
      const known = states.get(list)?.value
      const state = known?.feed === identity ? known : undefined
      const due = feed.kind === 'folder' ? null : dueAt(state, feed.every_minutes)
      rows.push([list, identity, ...cellsOf(state, due)])
    }
    if (rows.length === 0) return 'No list has a feed in force'
    return table([['list', 'feed', 'asked', 'version', 'next', 'failures', ''], ...rows])
  })
}

/** @param due epoch ms; null: whenever a file comes */
function cellsOf(state: FeedState | undefined, due: number | null): string[] {
  const next = due === null ? '' : due === 0 ? 'now' : new Date(due).toISOString()
  const { asked_at = '', version = '', failures = '', failure } = state ?? {}
  const why = failure === undefined ? '' : `${failure.code}: ${failure.message}`
  return [asked_at, String(version), next, String(failures), why]
}

async function runFetch({ list, ...options }: PersonOptions & { list: string }): Promise<void> {
  await onGround(options, async ({ bus, settings, audit, caller }) => {
    const { actor, from } = caller
    assertMay(actor, 'import_write', 'fetch a list')
    const document = await settings.get(list)
    const feed = document === null ? undefined : feedInForce(document.value)
    if (feed === undefined || feed.kind === 'folder') {
      const came = feed === undefined ? 'none' : 'a folder'
      throw new HotplateError(
        'FEED_UNKNOWN',
        `Expected a list with an HTTPS or SFTP feed in force but ${list} has ${came}`,
      )
    }
    const states = await openFeedStates(bus)
    const was = (await states.get(list))?.value ?? null
    const object = `list:${list}` as const
    await recordChange(audit, {
      who: actor.name,
      from,
      list,
      what: 'list_fetch',
      object,
      was,
      is: null,
    })
    // A feed that nobody knows anything of is due, and its file is a new one.
    await states.purge(list)
    return `${list} is fetched at the keeper's next turn`
  })
}
