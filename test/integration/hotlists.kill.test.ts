// kill -9 while a list's file is written. Were it wrong, the next start would take half a list for
// a whole one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { EntryFile } from '../../src/hotlists/entry-file.ts'
import { manifestOf, writeEntries } from '../helpers/entry-rows.ts'
import { temporaryFolder } from '../helpers/folder.ts'

const WRITER = fileURLToPath(new URL('../fixtures/entry-writer.ts', import.meta.url))

/** Kills the writer of `file` before that piece of its rows, or after the last. */
async function killedWrite(file: string, pieces: number): Promise<void> {
  const args = ['--disable-warning=ExperimentalWarning', WRITER, file, '100', String(pieces)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  expect(said.toString()).toBe('stopped\n')
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

test.each([0, 1, 5, 1_000])(
  'killed before piece %i: the file before stays whole',
  async (piece) => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'stolen.entries')
    const before = [{ id: 'a', plate: 'MNP4739', reason: 'Old' }]
    await writeEntries(file, before)
    const bytes = readFileSync(file)
    await killedWrite(file, piece)
    expect(readFileSync(file)).toEqual(bytes)
    // What the killed one left aside is in nobody's way.
    await writeEntries(file, [...before, { id: 'b', plate: 'TUV3947', reason: 'Newer' }])
    const opened = new EntryFile(file)
    opened.verify()
    expect(opened.manifest).toEqual(manifestOf(2))
    expect(opened.at(1)).toMatchObject({ plate: 'TUV3947' })
    opened.close()
  },
)

test('killed on the way to a first file: there is none', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'stolen.entries')
  await killedWrite(file, 3)
  expect(() => new EntryFile(file)).toThrow(/ENOENT/)
})
