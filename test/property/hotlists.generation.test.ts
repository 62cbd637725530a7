// A generation (base, silenced entries, custom entries) against an index built anew of what they
// come to. Were it wrong, an urgent plate would not alert, or a recovered car would go on being
// stopped.
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { APPROVAL_STATES, type ApprovalState } from '../../src/domain/approval.ts'
import type { Entry, HotList } from '../../src/domain/hotlist.ts'
import type { Change } from '../../src/hotlists/changes.ts'
import type { CustomEntry } from '../../src/hotlists/custom.ts'
import { EntryFile } from '../../src/hotlists/entry-file.ts'
import { Base, Generation } from '../../src/hotlists/generation.ts'
import { recordsOf } from '../../src/hotlists/index-builder.ts'
import { buildIndexOf } from '../../src/matching/index-block.ts'
import { Judge } from '../../src/matching/judge.ts'
import { loadModel } from '../../src/matching/model.ts'
import { type ListThreshold, LOG_ODDS_ALL } from '../../src/matching/threshold.ts'
import { customIn } from '../helpers/custom.ts'
import { manifestOf, writeEntries } from '../helpers/entry-rows.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { CLASSES, sighted } from '../helpers/matching.ts'

const LISTS = ['amber', 'stolen']
const MODELS = [loadModel('general')]
const OPTIONS = { classes: [...CLASSES], edit_chars_min: 5 }

const plate = fc.stringMatching(/^[AO0]{5,6}$/)
const entry = fc
  .record({ plate, reason: fc.constantFrom('Stolen', 'Armed') })
  .map((given): Entry => ({ id: `${given.plate} ${given.reason}`, ...given }))
const entries = fc.uniqueArray(entry, { maxLength: 12, selector: ({ id }) => id })
const NOW = Date.parse('2026-11-26T12:00:00.000Z')
const at = (from_now_ms: number) => new Date(NOW + from_now_ms).toISOString()
const removal: fc.Arbitrary<Change> = fc
  .record({ list: fc.constantFrom(...LISTS), entry, by_id: fc.boolean() })
  .map(({ list, entry: one, by_id }) => ({
    list,
    made_at: at(0),
    plate: one.plate,
    id: by_id ? one.id : null,
  }))
const custom: fc.Arbitrary<CustomEntry> = fc
  .record({
    list: fc.constantFrom(...LISTS),
    // Of the lists' own ids too: a custom entry stands in the place of a version's.
    entry,
    state: fc.constantFrom<ApprovalState>('active', 'active', ...APPROVAL_STATES),
    left_ms: fc.constantFrom(-1, 0, 1, 3_600_000),
  })
  .map(({ list, entry: one, state, left_ms }) =>
    customIn(list, { ...one, expires_at: at(left_ms) }, state),
  )

/**
 * What is in force, by the plain rule: the version less what was silenced since, and each custom
 * entry that is active and whose time has not come, in the place of one of its id.
 */
function applied(
  list: readonly Entry[],
  removals: readonly Change[],
  own: readonly CustomEntry[],
): Entry[] {
  const in_force = new Map(list.map((one) => [one.id, one]))
  for (const one of removals) {
    for (const { id, plate: listed } of in_force.values()) {
      if (listed === one.plate && (one.id === null || one.id === id)) in_force.delete(id)
    }
  }
  for (const { entry: one, approval } of own) {
    const over = Date.parse(one.expires_at) <= NOW
    if (approval.state === 'active' && !over) in_force.set(one.id, one)
  }
  return [...in_force.values()]
}

const threshold = (log_odds_min: number): ListThreshold => ({
  budget_per_million: 100,
  log_odds_min,
  expected_false_per_million: 0,
  basis: 'counted',
  catches_share: 0,
  misses_share: 0,
  by_kind: [],
})

async function baseOf(folder: string, lists: readonly { list: HotList; entries: Entry[] }[]) {
  const files: EntryFile[] = []
  for (const { list, entries: of_list } of lists) {
    const file = join(folder, `${list.name}.entries`)
    await writeEntries(file, of_list, { manifest: { ...list, entries: of_list.length } })
    files.push(new EntryFile(file))
  }
  const { records, count } = recordsOf(files)
  const source = buildIndexOf(records, count, OPTIONS)
  const onDamaged = (path: string, error: unknown) => {
    throw new Error(`${path} is damaged`, { cause: error })
  }
  const manifests = lists.map(({ list }) => list)
  const thresholds = lists.map(() => threshold(LOG_ODDS_ALL))
  return new Base({ source, thresholds, lists: manifests, files, onDamaged })
}

/** What these reads hit: `read list id`, sorted. */
function hitsOf(generation: Generation, reads: readonly string[]): string[] {
  const { overlay, removed, log_odds_min } = generation
  const { source: base } = generation.base
  const parts = { base, overlay, removed, log_odds_min, models: MODELS, modelOf: () => 0 }
  const judge = new Judge({ ...parts, classes: CLASSES })
  return judge
    .match(reads.map((read) => sighted({ plate: read })))
    .map(({ read, entry: number }) => {
      const { list, entry: hit } = generation.at(number)
      return `${reads[read]} ${list.name} ${hit.id}`
    })
    .toSorted()
}

test('401.4f a base with what people said hits what an index of the outcome hits', async () => {
  using folder = temporaryFolder()
  const removals = fc.array(removal, { maxLength: 8 })
  const customs = fc.uniqueArray(custom, {
    maxLength: 8,
    selector: ({ list, entry: { id } }) => `${list} ${id}`,
  })
  const said = fc.record({ made: removals, own: customs, past: fc.nat({ max: 8 }) })
  const reads = fc.array(plate, { minLength: 1, maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(entries, entries, said, reads, async (a, b, { made, own, past }, seen) => {
      const numbered = made.map((value, place) => ({ value, revision: place + 1 }))
      const lists = LISTS.map((name, place) => ({
        // Of the first list the version has all removals up to a revision folded in already.
        list: manifestOf(0, {
          name,
          profile: 'fold+1',
          ...(place ? {} : { changes_through: past }),
        }),
        entries: place ? b : a,
      }))
      const base = await baseOf(folder.path, lists)
      const beside = { removals: numbered, custom: own }
      const generation = new Generation(1, base, beside, OPTIONS, NOW)
      const outcome = lists.map(({ list, entries: listed }) => {
        const later = numbered.filter(({ revision }) => revision > (list.changes_through ?? 0))
        const removed = later.map(({ value }) => value).filter((one) => one.list === list.name)
        const mine = own.filter((one) => one.list === list.name)
        return { list, entries: applied(listed, removed, mine) }
      })
      const nothing = { removals: [], custom: [] }
      const anew = new Generation(1, await baseOf(folder.path, outcome), nothing, OPTIONS, NOW)
      expect(hitsOf(generation, seen)).toEqual(hitsOf(anew, seen))
      expect(generation.size).toBe(anew.size)
    }),
    { numRuns: 300 },
  )
})

test('a list is held to the stricter threshold: its own, or of its custom entries', async () => {
  using folder = temporaryFolder()
  const list = manifestOf(0, { name: 'amber', profile: 'fold+1' })
  const base = await baseOf(folder.path, [{ list, entries: [] }])
  const own = [customIn('amber', { plate: 'AAAAA' })]
  const of = (log_odds_min?: number) => {
    const thresholds = new Map(
      log_odds_min === undefined ? [] : [['amber', threshold(log_odds_min)]],
    )
    const beside = { removals: [], custom: own, thresholds }
    return new Generation(1, base, beside, OPTIONS, NOW)
  }
  expect(hitsOf(of(), ['AAAAA', 'AAAA8'])).toEqual(['AAAA8 amber AAAAA', 'AAAAA amber AAAAA'])
  expect(hitsOf(of(1_000), ['AAAAA', 'AAAA8'])).toEqual(['AAAAA amber AAAAA'])
  expect(of(-2_000).thresholds).toEqual([threshold(LOG_ODDS_ALL)])
  expect(of(3).thresholds).toEqual([threshold(3)])
})
