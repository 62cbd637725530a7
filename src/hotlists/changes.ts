// Single additions and removals: key-value documents, so that each process has them at once. A
// change holds over imports until an import says the same: a list that was extracted before a plate
// was recovered must not stop its driver again, and one from before a crime must not lose the car.
//
// Each import folds in what stands (import.ts), and its manifest says through which revision;
// processes apply what came after. A purge is no change: it only follows when an import no longer
// needs the document.
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, isOvertaken, openDocuments, type Revisioned } from '../bus/documents.ts'
import { type Entry, LIST_NAME } from '../domain/hotlist.ts'
import { entryId, hashText } from './entries.ts'
import { entryPlate, entrySchema } from './entry-schema.ts'

/** What a removal silences: all entries of a plate, or the one of an id. */
export interface Removal {
  plate: string
  id: string | null
}

export type Change =
  | { list: string; made_at: string; kind: 'add'; entry: Entry }
  | ({ list: string; made_at: string; kind: 'remove' } & Removal)

const head = { list: z.string().regex(LIST_NAME), made_at: z.iso.datetime() }
const changeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ ...head, kind: z.literal('add'), entry: entrySchema }),
  z.strictObject({
    ...head,
    kind: z.literal('remove'),
    plate: entryPlate,
    id: entrySchema.shape.id.nullable(),
  }),
]) satisfies z.ZodType<Change>

export interface Changes extends Documents<Change> {
  /** @returns the entry, with its id */
  add(list: string, entry: Omit<Entry, 'id'>): Promise<Entry>
  remove(list: string, removal: Removal): Promise<void>
}

export async function openChanges(bus: Bus): Promise<Changes> {
  const documents = await openDocuments(bus, 'hotlist-changes', changeSchema)
  const put = async (change: Change) => {
    const key = keyOf(change)
    for (;;) {
      const before = await documents.get(key)
      try {
        if (before) await documents.update(key, change, before.revision)
        else await documents.create(key, change)
        return
      } catch (error) {
        if (!isOvertaken(error)) throw error
      }
    }
  }
  const made_at = () => new Date().toISOString()
  return Object.assign(documents, {
    async add(list: string, given: Omit<Entry, 'id'>) {
      const entry = { ...given, id: entryId(given) }
      await put({ list, made_at: made_at(), kind: 'add', entry })
      return entry
    },
    remove: (list: string, { plate: from, id }: Removal) =>
      put({ list, made_at: made_at(), kind: 'remove', plate: from, id }),
  })
}

/** A change made again is the same document with a later revision. */
function keyOf(change: Change): string {
  const what =
    change.kind === 'add' ? `+${change.entry.id}` : `-${change.plate}\n${change.id ?? ''}`
  return `${change.list}.${hashText(what)}`
}

/** What a list's changes come to. */
export interface Standing {
  /** By id. */
  additions: Map<string, Entry>
  /** Of entries of the version that the changes are applied to. */
  removals: Removal[]
}

/**
 * Applies one list's changes in the order in which they were made: the last word on an entry holds.
 */
export function standingOf(changes: Iterable<Revisioned<Change>>): Standing {
  const additions = new Map<string, Entry>()
  const removals: Removal[] = []
  for (const { value: change } of [...changes].toSorted((a, b) => a.revision - b.revision)) {
    if (change.kind === 'add') {
      const { entry } = change
      additions.set(entry.id, entry)
      // Where the list has it too, the addition stands in its place.
      removals.push({ plate: entry.plate, id: entry.id })
    } else {
      for (const entry of additions.values()) {
        if (covers(change, entry)) additions.delete(entry.id)
      }
      removals.push({ plate: change.plate, id: change.id })
    }
  }
  return { additions, removals }
}

export function covers({ plate, id }: Removal, entry: Pick<Entry, 'id' | 'plate'>): boolean {
  return plate === entry.plate && (id === null || id === entry.id)
}
