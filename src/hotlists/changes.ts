// Entries of an imported list that a person has silenced: key-value documents, so that each process
// has them at once. A removal holds over imports until one no longer has what it silences: a list
// that was extracted before a plate was recovered must not stop its driver again. (What a person
// adds is an entry with an approval of its own: custom.ts.)
//
// Each import folds in what stands (import.ts), and its manifest says through which revision;
// processes apply what came after. A purge is no change: it only follows when an import no longer
// needs the document.
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, isOvertaken, openDocuments } from '../bus/documents.ts'
import { type Entry, LIST_NAME } from '../domain/hotlist.ts'
import { hashText } from './entries.ts'
import { entryPlate, entrySchema } from './entry-schema.ts'

/** What a removal silences: all entries of a plate, or the one of an id. */
export interface Removal {
  plate: string
  id: string | null
}

export interface Change extends Removal {
  list: string
  /** ISO 8601 UTC, ms */
  made_at: string
}

const changeSchema = z.strictObject({
  list: z.string().regex(LIST_NAME),
  made_at: z.iso.datetime(),
  plate: entryPlate,
  id: entrySchema.shape.id.nullable(),
}) satisfies z.ZodType<Change>

export interface Changes extends Documents<Change> {
  /** A removal made again is the same document with a later revision. */
  remove(list: string, removal: Removal): Promise<void>
}

export async function openChanges(bus: Bus): Promise<Changes> {
  const documents = await openDocuments(bus, 'hotlist-changes', changeSchema)
  return Object.assign(documents, {
    async remove(list: string, { plate, id }: Removal) {
      const key = `${list}.${hashText(`-${plate}\n${id ?? ''}`)}`
      const change = { list, made_at: new Date().toISOString(), plate, id }
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
    },
  })
}

export function covers({ plate, id }: Removal, entry: Pick<Entry, 'id' | 'plate'>): boolean {
  return plate === entry.plate && (id === null || id === entry.id)
}
