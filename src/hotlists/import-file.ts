// A list's file on its way into the store, in a thread of its own: millions of lines are minutes of
// work, and alerts share the process.
import { MessageChannel } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { HotplateError } from '../domain/error.ts'
import type { Store } from '../store/client.ts'
import type { ImportTask, Refused } from './import-thread.ts'
import type { Staged, StagingCounts, StagingOrder } from './staging.ts'

export type ListFile = Pick<ImportTask, 'path' | 'password' | 'format' | 'options'>

const threads = new Piscina<ImportTask, Staged | Refused>({
  filename: new URL('./import-thread.ts', import.meta.url).href,
  minThreads: 0,
  maxThreads: 1,
  idleTimeout: 1_000,
})

/** @throws as stageLines, LIST_FORMAT_UNKNOWN; the system's error where there is no file */
export async function stageFile(
  store: Store,
  order: StagingOrder,
  file: ListFile,
  onProgress: (counts: StagingCounts) => void,
): Promise<Staged> {
  const { port1, port2 } = new MessageChannel()
  port1.on('message', onProgress)
  const task = { ...file, store: store.options, order, progress: port2 }
  try {
    const staged = (await threads.run(task, { transferList: [port2] })) as Staged | Refused
    if ('code' in staged) throw new HotplateError(staged.code, staged.message)
    return staged
  } finally {
    port1.close()
  }
}
