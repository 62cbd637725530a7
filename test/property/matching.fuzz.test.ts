// The C++ side under libFuzzer, with address and undefined-behaviour sanitizers: lists and reads
// against the reference, blocks, models and messages that anybody may have written into. Sixty
// seconds in all; the bound is the fuzzer's own. Prints the input that broke a target as hex.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../helpers/folder.ts'

const run = promisify(execFile)
const NATIVE = fileURLToPath(new URL('../../native/', import.meta.url))
const FLAGS = ['-std=c++20', '-O1', '-g']
const SANITIZERS = ['-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all']
const INPUT_BYTES_MAX = 2_048
/** Inputs to begin with, of any bytes: from nothing the fuzzer would first have to learn length. */
const SEEDS = 200

interface Target {
  name: string
  /** Parts of native/ that it is built of. */
  parts: readonly string[]
  seconds: number
}

const TARGETS: readonly Target[] = [
  { name: 'matcher', parts: ['matcher', 'reference'], seconds: 25 },
  { name: 'block', parts: ['matcher', 'reference'], seconds: 15 },
  { name: 'judge', parts: ['judge', 'matcher', 'reference', 'scorer'], seconds: 5 },
  { name: 'scanner', parts: ['decoder'], seconds: 10 },
  { name: 'scorer', parts: ['scorer'], seconds: 5 },
]

async function build({ name, parts }: Target, program: string): Promise<void> {
  const sources = parts.flatMap((part) =>
    readdirSync(join(NATIVE, part))
      .filter((file) => file.endsWith('.cpp'))
      .map((file) => join(NATIVE, part, file)),
  )
  const all = [join(NATIVE, 'fuzz', `${name}_fuzz.cpp`), ...sources]
  try {
    await run('clang++', [...FLAGS, ...SANITIZERS, ...all, '-o', program])
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'ENOENT') throw cause
    const advice = 'install them (Debian: apt-get install clang libclang-rt-dev)'
    throw new Error(`clang++ and its sanitizers are needed: ${advice}`, { cause })
  }
}

function addSeeds(folder: string): void {
  mkdirSync(folder)
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const bytes = Math.ceil(((seed + 1) / SEEDS) * INPUT_BYTES_MAX)
    writeFileSync(join(folder, String(seed)), randomBytes(bytes))
  }
}

/** The fuzzer's last words, and the input that it kept. */
async function fuzz(program: string, seconds: number, folder: string): Promise<string> {
  const corpus = join(folder, 'corpus')
  addSeeds(corpus)
  const bounds = [`-max_total_time=${seconds}`, `-max_len=${INPUT_BYTES_MAX}`, '-timeout=20']
  const options = [...bounds, '-len_control=0', '-verbosity=0', '-print_final_stats=1']
  try {
    const { stderr } = await run(
      program,
      [...options, `-artifact_prefix=${folder}/kept-`, corpus],
      {
        maxBuffer: 64 * 1024 * 1024,
      },
    )
    return stderr
  } catch (cause) {
    const kept = readdirSync(folder).find((file) => file.startsWith('kept-'))
    const input = kept === undefined ? 'none kept' : readFileSync(join(folder, kept), 'hex')
    const { stderr = '' } = cause as { stderr?: string }
    const words = stderr.split('\n').filter((line) => /error|fuzz:|ERROR|SUMMARY|#\d+ /.test(line))
    throw new Error(`${words.slice(0, 30).join('\n')}\nInput: ${input}`, { cause })
  }
}

test.each(TARGETS)(
  '$name: $seconds s of fuzzing break nothing',
  { timeout: 300_000 },
  async (target) => {
    using folder = temporaryFolder()
    const program = join(folder.path, `${target.name}-fuzz`)
    await build(target, program)
    const report = await fuzz(program, target.seconds, folder.path)
    const executed = Number(/number_of_executed_units:\s*(\d+)/.exec(report)?.[1])
    expect(executed, report).toBeGreaterThan(SEEDS)
  },
)
