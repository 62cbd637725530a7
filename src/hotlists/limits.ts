// What one index serves well, held against a list before it comes into force. All lists in force
// share one index: were it too crowded, no list would get its new version.
import { HotplateError } from '../domain/error.ts'
import type { HotList } from '../domain/hotlist.ts'
import type { Store } from '../store/client.ts'
import type { Manifests } from './manifest.ts'

/** Entries of `fold+2` in one index (native/matcher/index.hpp): each is filed some 80 times. */
export const FOLD2_ENTRIES_MAX = 300_000
/** Patterns in one index (native/matcher/index.hpp): each read is held against a good part. */
export const PATTERNS_MAX = 10_000

/** Entries that an index takes only so many of. */
interface Crowding {
  /** Plates of profile `fold+2`. */
  fold2: number
  patterns: number
}

/**
 * @param list whose version is to come into force, as it is in the store
 * @throws HotplateError LIST_FOLD2_TOO_LARGE, LIST_TOO_MANY_PATTERNS where its entries and those of
 * the other lists in force are more than an index takes
 */
export async function assertServable(
  store: Store,
  manifests: Pick<Manifests, 'all'>,
  list: Pick<HotList, 'name' | 'version' | 'profile'>,
): Promise<void> {
  const own = await countCrowding(store, [list])
  if (own.fold2 === 0 && own.patterns === 0) return
  assertFits(list.name, own, { fold2: 0, patterns: 0 })
  const others = [...(await manifests.all()).values()].map(({ value }) => value)
  assertFits(
    list.name,
    own,
    await countCrowding(
      store,
      others.filter(({ name }) => name !== list.name),
    ),
  )
}

function assertFits(name: string, own: Crowding, others: Crowding): void {
  if (own.fold2 > 0 && own.fold2 + others.fold2 > FOLD2_ENTRIES_MAX) {
    throw new HotplateError(
      'LIST_FOLD2_TOO_LARGE',
      `Expected at most ${FOLD2_ENTRIES_MAX} entries of fold+2 in all lists but ${name} has ` +
        `${own.fold2}${beside(others.fold2)}: give it the profile fold+1, or split it by state ` +
        'and keep fold+2 for the states that matter most',
    )
  }
  if (own.patterns > 0 && own.patterns + others.patterns > PATTERNS_MAX) {
    throw new HotplateError(
      'LIST_TOO_MANY_PATTERNS',
      `Expected at most ${PATTERNS_MAX} entries with ? or * in all lists but ${name} has ` +
        `${own.patterns}${beside(others.patterns)}: leave out those that no longer matter`,
    )
  }
}

function beside(others: number): string {
  return others === 0 ? '' : ` beside ${others} of other lists`
}

/** Of versions as the store has them; a row that is there twice counts twice: FINAL costs more. */
async function countCrowding(
  { client, database }: Store,
  lists: readonly Pick<HotList, 'name' | 'version' | 'profile'>[],
): Promise<Crowding> {
  const crowding = { fold2: 0, patterns: 0 }
  for (const { name, version, profile } of lists) {
    const result = await client.query({
      query: `SELECT multiSearchAny(plate, ['?', '*']) AS pattern, toUInt32(count()) AS entries
        FROM ${database}.hotlist_entries
        WHERE list = {name: String} AND version = {version: UInt32} AND active
          AND (pattern OR if(profile = '', {profile: String}, profile) = 'fold+2')
        GROUP BY pattern`,
      query_params: { name, version, profile },
      format: 'JSONEachRow',
    })
    for (const { pattern, entries } of await result.json<{ pattern: number; entries: number }>()) {
      crowding[pattern === 1 ? 'patterns' : 'fold2'] += entries
    }
  }
  return crowding
}
