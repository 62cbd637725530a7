// What each hot list in force promises, and whether it keeps it: for people, and for programs that
// watch.
import type { Config } from '../config/schema.ts'
import { HotplateError } from '../domain/error.ts'
import type { HotList } from '../domain/hotlist.ts'
import type { Store } from '../store/client.ts'
import { type BudgetState, budgetOf, type MeasuredList, measureLists } from './false-alerts.ts'
import type { Manifests } from './manifest.ts'

export interface ListReport
  extends Pick<HotList, 'name' | 'category' | 'profile' | 'version' | 'entries' | 'imported_at'> {
  /** False alerts that the list may raise per million reads. */
  budget_per_million: number
  measured: Omit<MeasuredList, 'state'>
  state: BudgetState
  /** The list is over its budget. */
  alarm: boolean
}

export interface ListsReport {
  /** The measure goes over so many days. */
  days: number
  lists: ListReport[]
}

/** Asked anew each time. */
export interface ListsReporter {
  /** @throws HotplateError STORE_UNAVAILABLE, BUS_UNAVAILABLE */
  report(): Promise<ListsReport>
}

export function createListsReporter(
  store: Store,
  manifests: Pick<Manifests, 'all'>,
  config: Pick<Config, 'matching'>,
  now: () => number = Date.now,
): ListsReporter {
  return {
    async report() {
      const lists = [...(await manifests.all()).values()].map(({ value }) => value)
      const measured = await countsOf(lists)
      return {
        days: config.matching.false_alerts_days,
        lists: lists
          .toSorted((a, b) => (a.name < b.name ? -1 : 1))
          .map((list) => describe(list, measured.get(list.name) as MeasuredList)),
      }
    },
  }

  async function countsOf(lists: readonly HotList[]) {
    try {
      return await measureLists(store, lists, config, now())
    } catch (cause) {
      throw new HotplateError('STORE_UNAVAILABLE', 'The counts can not be looked up now', { cause })
    }
  }

  function describe(list: HotList, { state, ...measured }: MeasuredList): ListReport {
    const { name, category, profile, version, entries, imported_at } = list
    return {
      name,
      category,
      profile,
      version,
      entries,
      imported_at,
      budget_per_million: budgetOf(list, config),
      measured,
      state,
      alarm: state === 'over',
    }
  }
}
