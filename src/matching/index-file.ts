// An index block kept in a file, so that a restart maps it and builds nothing.
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { IndexSource } from './index-block.ts'
import { loadNative } from './native.ts'

/**
 * Writes aside, then in place: whoever has the file before mapped keeps it, and a crash leaves one
 * or the other whole.
 */
export async function saveIndex(block: SharedArrayBuffer, file: string): Promise<void> {
  const aside = `${file}.new`
  try {
    const handle = await open(aside, 'w', 0o600)
    try {
      await handle.writeFile(new Uint8Array(block))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(aside, file)
  } catch (error) {
    await rm(aside, { force: true })
    throw error
  }
  const folder = await open(dirname(file), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/**
 * Checks all of a block by its checksum, which opening it does not: some 0.1 s for 5,000,000
 * entries in memory.
 * @throws TypeError that says what is wrong
 */
export function checkIndex(source: IndexSource): void {
  loadNative().checkIndex(typeof source === 'string' ? source : new Uint8Array(source))
}
