// The C++ side alone, under address and undefined-behaviour sanitizers. If a bound is wrong, the
// program is ended by the sanitizer with the place; if hits differ from brute force, it prints the
// seed.
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../helpers/folder.ts'

const run = promisify(execFile)
const NATIVE = fileURLToPath(new URL('../../native/', import.meta.url))
const FLAGS = ['-std=c++20', '-O1', '-g', '-Wall', '-Wextra', '-Wpedantic', '-Werror']
const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']

test('random lists, and blocks that were written into, under sanitizers', async () => {
  using folder = temporaryFolder()
  const program = join(folder.path, 'matcher-test')
  const sources = ['test', 'matcher', 'reference'].flatMap((part) =>
    readdirSync(join(NATIVE, part))
      .filter((file) => file.endsWith('.cpp'))
      .map((file) => join(NATIVE, part, file)),
  )
  await run(process.env.CXX ?? 'g++', [...FLAGS, ...SANITIZERS, ...sources, '-o', program])
  const { stdout } = await run(program, ['100'])
  expect(stdout).toBe('100 lists, no difference\n')
})
