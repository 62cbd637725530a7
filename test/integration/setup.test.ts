// The set-up, run for real on a folder of its own whose npm is a script that counts its calls. Were
// the lock or the stamps wrong, it would install twice, or never again, or leave half of it behind.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../helpers/until.ts'

const project = join(import.meta.dirname, '..', '..')
let root: string

const NPM = `#!/bin/sh
# Counts a call, takes its time, and leaves what npm ci leaves.
echo "$*" >>"$CALLS"
[ -z "$NPM_FAILS" ] || { echo 'npm error code EXAMPLE' >&2; exit 1; }
trap 'kill $!; exit 1' TERM
sleep "$NPM_S" & wait $!
mkdir -p node_modules/@uwsjs/core && : >node_modules/@uwsjs/core/index.js
: >node_modules/.package-lock.json
`

beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), 'hotplate-test-')), 'a folder')
  for (const folder of ['scripts', 'bin', 'src', '.tools/node/bin']) {
    mkdirSync(join(root, folder), { recursive: true })
  }
  for (const name of ['run.sh', 'setup.sh', 'hotplate']) {
    copyFileSync(join(project, 'scripts', name), join(root, 'scripts', name))
  }
  symlinkSync(process.execPath, join(root, '.tools/node/bin/node'))
  writeFileSync(join(root, 'package-lock.json'), '{}')
  writeFileSync(join(root, 'src/main.ts'), 'console.log(process.pid, ...process.argv.slice(2))')
  for (const [name, text] of [
    ['npm', NPM],
    ['nats-server', '#!/bin/sh\n'],
  ] as const) {
    writeFileSync(join(root, 'bin', name), text)
    chmodSync(join(root, 'bin', name), 0o755)
  }
})

afterEach(() => rmSync(join(root, '..'), { recursive: true, force: true }))

interface Run {
  child: ChildProcess
  /** Exit code or signal, standard output, standard error. */
  ended: Promise<{ outcome: number | string | null; out: string; err: string }>
}

function start(args: string[], env: NodeJS.ProcessEnv = {}, script = 'run.sh'): Run {
  const { npm_execpath: _, ...rest } = process.env
  const child = spawn('sh', [join(root, 'scripts', script), ...args], {
    cwd: root,
    env: {
      ...rest,
      PATH: `${join(root, 'bin')}:${process.env.PATH}`,
      CALLS: join(root, 'calls'),
      NPM_S: '0',
      NPM_FAILS: '',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = once(child, 'close').then(([code, signal]) => ({
    outcome: (code ?? signal) as number | string | null,
    out,
    err,
  }))
  return { child, ended }
}

function calls(): number {
  const file = join(root, 'calls')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0
}

test('installs once, says so, and again only when the lock file has changed', async () => {
  const first = await start(['setup']).ended
  expect(first).toMatchObject({ outcome: 0, out: '' })
  expect(first.err).toContain('hotplate: Installing packages.\n')
  expect(await start(['setup']).ended).toEqual({ outcome: 0, out: '', err: '' })
  expect(calls()).toBe(1)
  writeFileSync(join(root, 'package-lock.json'), '{ }')
  expect(await start(['setup']).ended).toMatchObject({ outcome: 0 })
  expect(calls()).toBe(2)
})

test('becomes the program: same process, and its arguments arrive', async () => {
  const { child, ended } = start(['demo', '--port', '1 2'])
  expect((await ended).out).toBe(`${child.pid} demo --port 1 2\n`)
  // As npm links it for npx: a link to a link.
  symlinkSync('../scripts/hotplate', join(root, 'bin', 'hotplate'))
  symlinkSync('../bin/hotplate', join(root, 'scripts', 'by-link'))
  const linked = await start(['audit', 'verify'], {}, 'by-link').ended
  expect(linked.out).toMatch(/^\d+ audit verify\n$/)
})

test('three at once install once', async () => {
  const env = { NPM_S: '1' }
  const runs = await Promise.all([1, 2, 3].map(() => start(['setup'], env).ended))
  expect(runs.map(({ outcome }) => outcome)).toEqual([0, 0, 0])
  expect(calls()).toBe(1)
  expect(runs.filter(({ err }) => err.includes('Waiting for another set-up'))).toHaveLength(2)
})

test('after kill -9 in the middle the next one ends the orphan and installs anew', async () => {
  const killed = start(['setup'], { NPM_S: '30' })
  await until(() => calls() === 1, { what: 'npm to be called' })
  killed.child.kill('SIGKILL')
  expect(await start(['setup']).ended).toMatchObject({ outcome: 0 })
  expect(calls()).toBe(2)
  expect(existsSync(join(root, '.tools/lock'))).toBe(false)
})

test('a signal in the middle ends it at once, and the lock is free', async () => {
  const stopped = start(['setup'], { NPM_S: '30' })
  await until(() => calls() === 1, { what: 'npm to be called' })
  stopped.child.kill('SIGTERM')
  expect((await stopped.ended).outcome).toBe(143)
  expect(existsSync(join(root, '.tools/lock'))).toBe(false)
})

test('what it cannot do ends in one line', async () => {
  const failed = await start(['setup'], { NPM_FAILS: 'yes' }).ended
  expect(failed.outcome).toBe(1)
  expect(failed.err.trim().split('\n').at(-1)).toBe(
    'hotplate: npm ci failed (npm error code EXAMPLE): see .tools/log/packages.log',
  )
  expect(await start(['setup']).ended).toMatchObject({ outcome: 0 })
})

test('without a compiler it says once that the program runs on WebAssembly, and why', async () => {
  writeFileSync(join(root, 'binding.gyp'), '{}')
  mkdirSync(join(root, 'native'))
  mkdirSync(join(root, 'build/Release'), { recursive: true })
  writeFileSync(join(root, 'build/Release/hotplate.node'), 'of other sources')
  writeFileSync(join(root, 'scripts/build-native.mjs'), '')
  writeFileSync(join(root, 'bin/apt-get'), '#!/bin/sh\nexit 1\n')
  chmodSync(join(root, 'bin/apt-get'), 0o755)
  const env = { CXX: join(root, 'no-compiler') }
  const first = await start(['setup'], env).ended
  expect(first.outcome).toBe(0)
  expect(first.err).toMatch(
    /\nhotplate: No C\+\+ compiler is here, so plates are matched on WebAssembly: [^\n]*\n$/,
  )
  expect(existsSync(join(root, 'build/Release/hotplate.node'))).toBe(false)
  expect(await start(['setup'], env).ended).toEqual({ outcome: 0, out: '', err: '' })
})
