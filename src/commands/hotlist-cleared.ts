// `hotplate hotlist clear` and `cleared`: known innocent look-alikes of an entry, from the request
// to the decision of a second person and to their end.
import { type Command, Option } from 'commander'
import { HotplateError } from '../domain/error.ts'
import { type Clearance, openClearances } from '../hotlists/cleared.ts'
import {
  addClearance,
  type ClearanceAction,
  type ClearingOptions,
  stepClearance,
} from '../hotlists/cleared-changes.ts'
import { clearedCounts } from '../hotlists/cleared-tally.ts'
import {
  expiryOf,
  type Ground,
  onGround,
  type PersonOptions,
  withCommon,
} from './hotlist-ground.ts'
import { table } from './table.ts'

const ACTIONS = ['submit', 'withdraw', 'approve', 'return', 'revoke'] as const

interface ClearOptions extends PersonOptions {
  list: string
  entry: string
  plate: string
  region?: string
  reason: string
  expires: string
}

interface ClearedOptions extends PersonOptions {
  list: string
  id?: string
  action?: ClearanceAction
  note?: string
}

export function registerCleared(hotlist: Command): void {
  const says = 'asks that an innocent look-alike be left alone for one entry'
  withCommon(hotlist.command('clear').description(says))
    .requiredOption('--list <NAME>', 'the list')
    .requiredOption('--entry <ID>', 'the entry, by the id that alerts show')
    .requiredOption('--plate <PLATE>', 'the plate, as it is read')
    .option('--region <STATE>', 'only reads of this state, US-UT')
    .requiredOption('--reason <TEXT>', 'how it is known to be innocent')
    .requiredOption('--expires <WHEN>', 'its end: 12h, 7d, or a moment of ISO 8601')
    .action(runClear)
  withCommon(hotlist.command('cleared').description('shows cleared vehicles, or decides on one'))
    .requiredOption('--list <NAME>', 'the list')
    .option('--id <ID>', 'one of them')
    .addOption(new Option('--action <STEP>', 'a step of its approval').choices(ACTIONS))
    .option('--note <TEXT>', 'why')
    .action(runCleared)
}

async function clearing({
  bus,
  store,
  manifests,
  audit,
  limits,
}: Ground): Promise<ClearingOptions> {
  return { store, manifests, audit, limits, clearances: await openClearances(bus) }
}

async function runClear(options: ClearOptions): Promise<void> {
  const { list, entry: entry_id, plate, region, reason, expires } = options
  await onGround(options, async (o) => {
    const expires_at = new Date(expiryOf(expires, Date.now()))
    if (Number.isNaN(expires_at.getTime())) {
      throw new HotplateError(
        'USAGE',
        `Expected 7d or a moment for --expires but received ${expires}`,
      )
    }
    const asked = { entry_id, plate, region, reason, expires_at: expires_at.toISOString() }
    const { value } = await addClearance(await clearing(o), o.caller, list, asked)
    const { id, entry_plate } = value
    return `${value.plate} for ${entry_plate} is ${id}: another person has to approve it`
  })
}

async function runCleared({ list, id, action, note, ...options }: ClearedOptions): Promise<void> {
  await onGround(options, async (o) => {
    const parts = await clearing(o)
    if (action !== undefined) {
      if (id === undefined) throw new HotplateError('USAGE', 'Expected --id with --action')
      const { value } = await stepClearance(parts, o.caller, { list, id, action, note })
      return `${value.plate} for ${value.entry_plate} on ${list} is ${value.approval.state}`
    }
    const all = [...(await parts.clearances.all()).values()].map(({ value }) => value)
    const own = all.filter((one) => one.list === list && (id === undefined || one.id === id))
    if (own.length === 0) return `${list} has no cleared vehicles`
    const counts = await clearedCounts(o.store, list)
    const rows = own
      .toSorted((a, b) => (a.expires_at < b.expires_at ? -1 : 1))
      .map((one) => rowOf(one, counts.get(one.id)?.silenced ?? 0))
    const head = ['id', 'plate', 'state', 'entry', 'is', 'silenced', 'until', 'by', 'reason']
    return table([head, ...rows])
  })
}

function rowOf(one: Clearance, silenced: number): string[] {
  const { id, plate, region = '', entry_plate, approval, expires_at, reason } = one
  const by = approval.authors[0] ?? ''
  const until = expires_at.slice(0, 16)
  const row = [id, plate, region, entry_plate, approval.state, String(silenced), until, by]
  return [...row, reason.slice(0, 60)]
}
