// `--compare` must measure the commit that was named, leave no checkout behind, and say so when
// there is nothing to compare. The repository here has two commits, whose bench is a script.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compareBench } from '../../bench/lib/compare.ts'

let root: string

const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t.invalid', ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: 'pipe',
  })

function commitBench(result: string, files: string[]): void {
  mkdirSync(join(root, 'scripts'), { recursive: true })
  mkdirSync(join(root, 'bench'), { recursive: true })
  for (const name of files) writeFileSync(join(root, 'bench', `${name}.ts`), '')
  const script = `[ "$1" = setup ] || printf 'noise\\n%s\\n' '${result}'\n`
  writeFileSync(join(root, 'scripts', 'run.sh'), script)
  chmodSync(join(root, 'scripts', 'run.sh'), 0o755)
  git('add', '.')
  git('commit', '--quiet', '--message', 'Measure')
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hotplate-test-'))
  git('init', '--quiet')
  commitBench('{"reads_s": 100, "p99_ms": 8, "what": "text"}', ['speed'])
  commitBench('{"reads_s": 150, "p99_ms": 4, "added": 1}', ['speed', 'fresh'])
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

const compare = (name: string, ref: string, runs: string[] = []) =>
  compareBench({ root, name, ref, args: [], pairs: 3, onRun: (side) => runs.push(side) })

test('runs both in turns and gives medians and their ratio, without a worktree left', async () => {
  const runs: string[] = []
  const { there, here, ratio } = await compare('speed', 'HEAD~1', runs)
  expect(runs).toEqual(['there', 'here', 'there', 'here', 'there', 'here'])
  expect(there).toEqual({ reads_s: 100, p99_ms: 8 })
  expect(here).toEqual({ reads_s: 150, p99_ms: 4, added: 1 })
  expect(ratio).toEqual({ reads_s: 1.5, p99_ms: 0.5 })
  expect(git('worktree', 'list').trim().split('\n')).toHaveLength(1)
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('hotplate-compare-'))).toEqual([])
})

test('says that a commit has no such bench, or that there is no such commit', async () => {
  await expect(compare('fresh', 'HEAD~1')).rejects.toMatchObject({ code: 'BENCH_MISSING_AT_REF' })
  await expect(compare('speed', 'nowhere')).rejects.toMatchObject({ code: 'BENCH_REF_UNKNOWN' })
  await expect(compare('speed', '--help')).rejects.toMatchObject({ code: 'BENCH_REF_UNKNOWN' })
})
