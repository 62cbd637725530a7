// Archives with any bytes changed, or cut off: they give the list that was packed, or an error of
// a list, and never a part of it, a hang, or an error that nobody expects.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HotplateError } from '../../src/domain/error.ts'
import { listBytes } from '../../src/formats/hotlists/unzip.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { zipOf } from '../helpers/zip.ts'

const TEXT = 'plate,reason\nABC123,Stolen\n'.repeat(30)

test.each([
  ['plain', undefined],
  ['with a password', 'of the archive'],
])('%s', async (_what, password) => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'list')
  const options = password === undefined ? {} : { password }
  const whole = Buffer.from(await zipOf({ 'list.csv': TEXT }, options))
  const place = fc.integer({ min: 0, max: whole.length - 1 })
  const changes = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { maxLength: 4 })
  const cut = fc.option(place, { freq: 4 })
  await fc.assert(
    fc.asyncProperty(changes, cut, async (changed, length) => {
      const bytes = Buffer.from(whole)
      for (const [at, byte] of changed) bytes[at] = byte
      await writeFile(path, bytes.subarray(0, length ?? bytes.length))
      // Without its first bytes it is no archive, and what comes is what the parser refuses.
      fc.pre(bytes.subarray(0, 4).equals(whole.subarray(0, 4)) && (length ?? 4) >= 4)
      const told = await outcomeOf(path, options)
      expect([TEXT, 'LIST_UNREADABLE', 'LIST_ARCHIVE_REFUSED']).toContain(told)
    }),
    { numRuns: 150 },
  )
})

async function outcomeOf(path: string, options: { password?: string }): Promise<string> {
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of listBytes(path, options)) chunks.push(chunk)
  } catch (error) {
    if (error instanceof HotplateError) return error.code
    throw error
  }
  return Buffer.concat(chunks).toString()
}
