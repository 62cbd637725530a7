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

/** Builds the program `native/test/<name>_test.cpp` with these parts of native/, and runs it. */
async function sanitized(name: string, parts: readonly string[], runs: number): Promise<string> {
  using folder = temporaryFolder()
  const program = join(folder.path, `${name}-test`)
  const sources = parts.flatMap((part) =>
    readdirSync(join(NATIVE, part))
      .filter((file) => file.endsWith('.cpp'))
      .map((file) => join(NATIVE, part, file)),
  )
  const all = [join(NATIVE, 'test', `${name}_test.cpp`), ...sources]
  await run(process.env.CXX ?? 'g++', [...FLAGS, ...SANITIZERS, ...all, '-o', program])
  const { stdout } = await run(program, [String(runs)])
  return stdout
}

test('random lists, and blocks that were written into, under sanitizers', {
  timeout: 300_000,
}, async () => {
  expect(await sanitized('matcher', ['matcher', 'reference'], 100)).toBe(
    '100 lists, no difference\n',
  )
})

test('batches of lines whose bytes were changed, under sanitizers', {
  timeout: 300_000,
}, async () => {
  expect(await sanitized('decoder', ['decoder'], 5_000)).toBe('5000 batches, no difference\n')
})

test('models of any numbers, reads and entries of any bytes, under sanitizers', {
  timeout: 300_000,
}, async () => {
  expect(await sanitized('scorer', ['scorer'], 200)).toBe('200 models, no difference\n')
})
