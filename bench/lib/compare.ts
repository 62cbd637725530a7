// A bench against another commit: the commit is checked out and set up in a temporary folder, then
// both run in turns (there, here, there, here, …), so that a machine that slows down slows both.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HotplateError } from '../../src/domain/error.ts'

export interface CompareOptions {
  /** The checkout that is compared with `ref`. */
  root: string
  name: string
  ref: string
  /** Further arguments of the bench, passed to both. */
  args: readonly string[]
  pairs: number
  /** Told of each run as it ends. */
  onRun: (side: 'there' | 'here', result: Numbers) => void
}

export type Numbers = Record<string, number>

export interface Comparison {
  commit: string
  /** Medians of the runs. */
  there: Numbers
  here: Numbers
  /** here / there, of the fields that both have. */
  ratio: Numbers
}

/** @throws HotplateError BENCH_REF_UNKNOWN, BENCH_MISSING_AT_REF, BENCH_FAILED */
export async function compareBench(options: CompareOptions): Promise<Comparison> {
  const { root, name, ref, args, pairs, onRun } = options
  const commit = resolveCommit(root, ref)
  if (!gitSays(root, ['cat-file', '-e', `${commit}:bench/${name}.ts`])) {
    throw new HotplateError(
      'BENCH_MISSING_AT_REF',
      `${ref} has no bench ${name}: nothing to compare`,
    )
  }
  const folder = mkdtempSync(join(tmpdir(), 'hotplate-compare-'))
  const there = join(folder, 'there')
  const clean = () => removeWorktree(root, folder, there)
  const onSignal = (signal: NodeJS.Signals) => {
    clean()
    process.kill(process.pid, signal)
  }
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  try {
    git(root, ['worktree', 'add', '--detach', '--quiet', there, commit])
    shareNode(root, there)
    await runScript(there, ['setup'])
    const results: Record<'there' | 'here', Numbers[]> = { there: [], here: [] }
    for (let pair = 0; pair < pairs; pair += 1) {
      for (const side of ['there', 'here'] as const) {
        const home = side === 'there' ? there : root
        const output = await runScript(home, ['bench', name, '--json', ...args])
        const result = numbersOf(output)
        results[side].push(result)
        onRun(side, result)
      }
    }
    return { commit, ...summary(results.there, results.here) }
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    clean()
  }
}

function resolveCommit(root: string, ref: string): string {
  try {
    return git(root, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`])
  } catch (cause) {
    const sentence = `Expected a commit, branch or tag for --compare but received ${ref}`
    throw new HotplateError('BENCH_REF_UNKNOWN', sentence, { cause })
  }
}

function git(root: string, args: readonly string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim()
}

function gitSays(root: string, args: readonly string[]): boolean {
  try {
    git(root, args)
    return true
  } catch {
    return false
  }
}

function removeWorktree(root: string, folder: string, there: string): void {
  gitSays(root, ['worktree', 'remove', '--force', there])
  rmSync(folder, { recursive: true, force: true })
  gitSays(root, ['worktree', 'prune'])
}

/** Saves a download: the set-up there takes this Node when its version fits. */
function shareNode(root: string, there: string): void {
  const node = join(root, '.tools', 'node')
  if (!existsSync(node)) return
  mkdirSync(join(there, '.tools'), { recursive: true })
  symlinkSync(node, join(there, '.tools', 'node'))
}

/** Runs a checkout's own script; resolves with its standard output. */
function runScript(home: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', [join(home, 'scripts', 'run.sh'), ...args], {
      cwd: home,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output)
      const told = `${args.join(' ')} in ${home} ended with ${signal ?? `code ${code}`}`
      reject(new HotplateError('BENCH_FAILED', told))
    })
  })
}

/** The numbers of the JSON object in the last line. */
function numbersOf(output: string): Numbers {
  const last = output.trimEnd().split('\n').at(-1) ?? ''
  try {
    const result = JSON.parse(last) as Record<string, unknown>
    const numbers = Object.entries(result).filter(([, value]) => Number.isFinite(value))
    return Object.fromEntries(numbers) as Numbers
  } catch (cause) {
    const sentence = `Expected JSON in the bench's last line but received ${last.slice(0, 80)}`
    throw new HotplateError('BENCH_FAILED', sentence, { cause })
  }
}

function summary(there: readonly Numbers[], here: readonly Numbers[]): Omit<Comparison, 'commit'> {
  const medians = { there: mediansOf(there), here: mediansOf(here) }
  const ratio: Numbers = {}
  for (const [field, value] of Object.entries(medians.here)) {
    const base = medians.there[field]
    if (base !== undefined && base !== 0) ratio[field] = value / base
  }
  return { ...medians, ratio }
}

function mediansOf(results: readonly Numbers[]): Numbers {
  const medians: Numbers = {}
  for (const field of Object.keys(results[0] ?? {})) {
    const values = results.flatMap((result) => result[field] ?? []).toSorted((a, b) => a - b)
    medians[field] = values[values.length >> 1] as number
  }
  return medians
}
