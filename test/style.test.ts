// Types, format and lint are tests too, so that they count in the last line of `npm test`: each
// tool's own findings are the failure's text.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

/** Runs a package's program by its file (no shell, no .bin): null when it has nothing to say. */
function complaints(file: string, args: string[]): Promise<string | null> {
  return new Promise((resolve) => {
    const options = { cwd: root, maxBuffer: 16 * 1024 * 1024 }
    execFile(
      process.execPath,
      [join('node_modules', file), ...args],
      options,
      (error, out, err) => {
        resolve(error === null ? null : `${out}${err}`.trim() || error.message)
      },
    )
  })
}

const console_config = 'src/console/tsconfig.json'

test('types hold', { timeout: 180_000 }, async () => {
  expect(await complaints('typescript/bin/tsc', ['--noEmit', '--pretty', 'false'])).toBeNull()
})

test("the console's types hold", { timeout: 180_000 }, async () => {
  if (!existsSync(join(root, console_config))) return
  const args = ['--noEmit', '--pretty', 'false', '-p', console_config]
  expect(await complaints('typescript/bin/tsc', args)).toBeNull()
})

test('biome finds nothing', { timeout: 120_000 }, async () => {
  const args = ['check', '--colors=off', '--error-on-warnings', '--max-diagnostics=100', '.']
  expect(await complaints('@biomejs/biome/bin/biome', args)).toBeNull()
})

test('oxlint finds nothing', { timeout: 120_000 }, async () => {
  expect(await complaints('oxlint/bin/oxlint', ['--quiet', '.'])).toBeNull()
})
