// A generation (base, additions, silenced entries) against an index built anew of what the changes
// come to. Were it wrong, an urgent plate would not alert, or a recovered car would go on being
// stopped.
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Revisioned } from '../../src/bus/documents.ts'
import type { Entry, HotList } from '../../src/domain/hotlist.ts'
import type { Change } from '../../src/hotlists/changes.ts'
import { EntryFile } from '../../src/hotlists/entry-file.ts'
import { Base, Generation } from '../../src/hotlists/generation.ts'
import { recordsOf } from '../../src/hotlists/index-builder.ts'
import { buildIndexOf } from '../../src/matching/index-block.ts'
import { Judge } from '../../src/matching/judge.ts'
import { loadModel } from '../../src/matching/model.ts'
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
const made_at = '2026-11-26T12:00:00.000Z'
const change: fc.Arbitrary<Change> = fc
  .record({ list: fc.constantFrom(...LISTS), entry, kind: fc.constantFrom('add', 'plate', 'id') })
  .map(({ list, entry: one, kind }) =>
    kind === 'add'
      ? { list, made_at, kind: 'add', entry: one }
      : { list, made_at, kind: 'remove', plate: one.plate, id: kind === 'id' ? one.id : null },
  )

/** What is in force after the changes, by the plain rule: the last word on an entry holds. */
function applied(list: readonly Entry[], changes: readonly Change[]): Entry[] {
  const in_force = new Map(list.map((one) => [one.id, one]))
  for (const one of changes) {
    if (one.kind === 'add') in_force.set(one.entry.id, one.entry)
    else {
      for (const { id, plate: listed } of in_force.values()) {
        if (listed === one.plate && (one.id === null || one.id === id)) in_force.delete(id)
      }
    }
  }
  return [...in_force.values()]
}

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
  return new Base({ source, thresholds: [], lists: manifests, files, onDamaged })
}

/** What these reads hit: `read list id`, sorted. */
function hitsOf(generation: Generation, reads: readonly string[]): string[] {
  const { overlay, removed } = generation
  const { source: base, lists } = generation.base
  const log_odds_min = new Float64Array(lists.length).fill(Number.NEGATIVE_INFINITY)
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

test('base with single changes hits what an index built anew of their outcome hits', async () => {
  using folder = temporaryFolder()
  const changes = fc.array(change, { maxLength: 12 })
  const through = fc.nat({ max: 12 })
  const reads = fc.array(plate, { minLength: 1, maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(entries, entries, changes, through, reads, async (a, b, made, past, seen) => {
      const numbered = made.map((value, at): Revisioned<Change> => ({ value, revision: at + 1 }))
      const lists = LISTS.map((name, at) => ({
        // Of the first list the version has all changes up to a revision folded in already.
        list: manifestOf(0, { name, profile: 'fold+1', ...(at ? {} : { changes_through: past }) }),
        entries: at ? b : a,
      }))
      const generation = new Generation(1, await baseOf(folder.path, lists), numbered, OPTIONS)
      const outcome = lists.map(({ list, entries: listed }) => {
        const later = numbered.filter(({ revision }) => revision > (list.changes_through ?? 0))
        const own = later.map(({ value }) => value).filter((one) => one.list === list.name)
        return { list, entries: applied(listed, own) }
      })
      const anew = new Generation(1, await baseOf(folder.path, outcome), [], OPTIONS)
      expect(hitsOf(generation, seen)).toEqual(hitsOf(anew, seen))
      expect(generation.size).toBe(anew.size)
    }),
    { numRuns: 300 },
  )
})
