// All documents of a bucket in memory, as the bus's watch tells them: for whoever asks often.
import type { Documents, Revisioned } from '../bus/documents.ts'

export interface Mirror<T> {
  /** By key; each change is here within milliseconds. */
  readonly entries: ReadonlyMap<string, Revisioned<T>>
  stop(): void
}

/** Resolves once all of them are here. */
export async function mirrorOf<T>(documents: Pick<Documents<T>, 'watch'>): Promise<Mirror<T>> {
  const entries = new Map<string, Revisioned<T>>()
  const watch = await documents.watch((key, document) => {
    if (document === null) entries.delete(key)
    else entries.set(key, document)
  })
  return { entries, stop: () => watch.stop() }
}
