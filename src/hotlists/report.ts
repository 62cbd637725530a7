// What each hot list in force promises, and whether it keeps it: for people, and for programs that
// watch.
import type { Bus } from '../bus/connection.ts'
import type { Config } from '../config/schema.ts'
import { HotplateError } from '../domain/error.ts'
import { budgetOf, type HotList, type Purpose } from '../domain/hotlist.ts'
import { type Priority, staleHours } from '../domain/list-settings.ts'
import type { Store } from '../store/client.ts'
import { type BudgetState, type MeasuredList, measureLists } from './false-alerts.ts'
import { type Manifests, openManifests } from './manifest.ts'
import { type ListDocument, openSettings, type SettingsDocuments, settingsOf } from './settings.ts'
import { openThresholds, type ThresholdInForce, type Thresholds } from './thresholds.ts'

export interface ListReport
  extends Pick<HotList, 'name' | 'category' | 'profile' | 'version' | 'entries' | 'imported_at'> {
  /** False alerts that the list may raise per million reads. */
  budget_per_million: number
  measured: Omit<MeasuredList, 'state'>
  state: BudgetState
  title: string
  priority: Priority
  purpose: Purpose
  ilets: boolean
  /** Its age in whole hours, where that is past the time by which it must be refreshed. */
  stale_h: number | null
  /** It raises no alerts: stale and set to stop, or not in force (401.4f). */
  stopped: boolean
  /** It is over its budget, stale, or stopped. */
  alarm: boolean
  /** Null until the list was matched against. */
  threshold: ThresholdInForce | null
}

export interface ListsReport {
  /** The measure goes over so many days. */
  days: number
  lists: ListReport[]
}

/** Asked anew each time. */
export interface ListsReporter {
  /**
   * @param may_see whether whoever asks may know of a list; without it all are told
   * @throws HotplateError STORE_UNAVAILABLE, BUS_UNAVAILABLE
   */
  report(may_see?: (list: string) => boolean): Promise<ListsReport>
}

export async function openListsReporter(
  bus: Bus,
  store: Store,
  config: Pick<Config, 'matching'>,
): Promise<ListsReporter> {
  const [manifests, thresholds] = [await openManifests(bus), await openThresholds(bus)]
  return createListsReporter(store, manifests, thresholds, await openSettings(bus), config)
}

export function createListsReporter(
  store: Store,
  manifests: Pick<Manifests, 'all'>,
  thresholds: Pick<Thresholds, 'all'>,
  settings: Pick<SettingsDocuments, 'all'>,
  config: Pick<Config, 'matching'>,
  now: () => number = Date.now,
): ListsReporter {
  return {
    async report(may_see = () => true) {
      const all = [...(await manifests.all()).values()].map(({ value }) => value)
      const lists = all.filter(({ name }) => may_see(name))
      const measured = await countsOf(lists)
      const in_force = await thresholds.all()
      const stated = await settings.all()
      return {
        days: config.matching.false_alerts_days,
        lists: lists
          .toSorted((a, b) => (a.name < b.name ? -1 : 1))
          .map((list) => ({
            ...describe(
              list,
              measured.get(list.name) as MeasuredList,
              stated.get(list.name)?.value ?? null,
            ),
            threshold: in_force.get(list.name)?.value ?? null,
          })),
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

  function describe(
    list: HotList,
    { state, ...measured }: MeasuredList,
    document: ListDocument | null,
  ) {
    const { name, category, profile, version, entries, imported_at } = list
    const { title, priority, purpose, ilets, ...rest } = settingsOf(document, list)
    const stale_h = staleHours(rest, imported_at, now())
    const stopped =
      (stale_h !== null && rest.when_stale === 'stop') ||
      (document !== null && document.approved?.approval.state !== 'active')
    return {
      name,
      category,
      profile,
      version,
      entries,
      imported_at,
      budget_per_million: budgetOf(list, config.matching.false_alerts_per_million_max),
      measured,
      state,
      title,
      priority,
      purpose,
      ilets,
      stale_h,
      stopped,
      alarm: state === 'over' || stale_h !== null || stopped,
    }
  }
}
