// The thread of import-file.ts: a file's bytes through its layout's parser into the store.
import { getPriority, setPriority } from 'node:os'
import { isMainThread, type MessagePort } from 'node:worker_threads'
import { HotplateError } from '../domain/error.ts'
import { type FormatOptions, listFormat } from '../formats/hotlists/formats.ts'
import { listBytes } from '../formats/hotlists/unzip.ts'
import { connectStore, type StoreOptions } from '../store/client.ts'
import { type Staged, type StagingOrder, stageLines } from './staging.ts'

export interface ImportTask {
  store: StoreOptions
  order: StagingOrder
  path: string
  /** Of a zip archive. */
  password?: string
  format: string
  options: FormatOptions
  /** Told the counts so far. */
  progress: MessagePort
}

/** A third of a matching thread's share where all cores are taken. */
const IMPORT_NICENESS = 5

// Elsewhere than on Linux this would be the priority of the whole process.
if (!isMainThread && process.platform === 'linux') {
  setPriority(0, Math.min(getPriority(0) + IMPORT_NICENESS, 19))
}

/** A thread's errors lose their codes on the way. */
export interface Refused {
  code: string
  message: string
}

export default async function run(task: ImportTask): Promise<Staged | Refused> {
  const store = connectStore(task.store)
  try {
    const { path, password, format, options } = task
    const bytes = listBytes(path, password === undefined ? {} : { password })
    const lines = listFormat(format).parse(bytes, options)
    return await stageLines(store, task.order, lines, (counts) => task.progress.postMessage(counts))
  } catch (error) {
    if (error instanceof HotplateError) return { code: error.code, message: error.message }
    throw error
  } finally {
    await store.close()
    task.progress.close()
  }
}
