// The supervisor on real processes. If its bugs return: a killed engine stays dead, an orphan keeps
// a port and a data folder after the service is gone, or a stop leaves something running.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ChildOptions, superviseChild } from '../../src/supervise/child.ts'
import { identifyProcess } from '../../src/supervise/process.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { startFixture } from '../helpers/processes.ts'
import { until } from '../helpers/until.ts'

const lives = (pid: number) => identifyProcess(pid) !== null
const gone = (pid: number) => until(() => !lives(pid), { ms: 10_000, what: `the end of ${pid}` })

function options(more: Partial<ChildOptions> = {}): ChildOptions {
  return {
    name: 'sleeper',
    command: 'sleep',
    args: ['600'],
    ready: () => Promise.resolve(),
    ready_ms_max: 5_000,
    backoff_ms_min: 20,
    backoff_ms_max: 200,
    stop_ms_max: 500,
    log: createLog('silent'),
    ...more,
  }
}

/** The pid of the guard: the parent of the child. */
function guardOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }))
}

test('the pid is that of the command itself, and stop() ends it', async () => {
  const child = await superviseChild(options())
  const { pid } = child
  expect(execFileSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' }).trim()).toBe(
    'sleep',
  )
  const guard = guardOf(pid)
  await child.stop()
  expect(lives(pid)).toBe(false)
  await gone(guard)
  expect(child.pid).toBe(0)
})

test('a child killed with -9 is restarted, and the reason is told', async () => {
  const reasons: string[] = []
  const child = await superviseChild(options({ onRestart: (why) => reasons.push(why) }))
  const first = child.pid
  process.kill(first, 'SIGKILL')
  await until(() => child.pid !== 0 && child.pid !== first)
  expect(child.restarts).toBe(1)
  expect(reasons).toEqual(['was ended by signal 9'])
  await child.stop()
})

test('a child that ends again and again is restarted at growing distances', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'starts')
  const script = `date +%s%N >> ${file}; sleep 0.05`
  const child = await superviseChild(
    options({ command: 'sh', args: ['-c', script], backoff_ms_min: 50, backoff_ms_max: 5_000 }),
  )
  await until(() => child.restarts >= 4)
  await child.stop()
  const starts = readFileSync(file, 'utf8').trim().split('\n').map(Number)
  const gaps = starts.slice(1).map((at, index) => (at - (starts[index] ?? 0)) / 1e6)
  expect(gaps[2]).toBeGreaterThan((gaps[0] ?? 0) + 50)
})

test('a child that ignores TERM is killed after stop_ms_max', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'ready')
  const child = await superviseChild(
    options({
      command: process.execPath,
      args: [
        '-e',
        `process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6);` +
          `require('fs').writeFileSync('${file}', '')`,
      ],
      ready: () => (existsSync(file) ? Promise.resolve() : Promise.reject(new Error('not yet'))),
    }),
  )
  const { pid } = child
  const start = performance.now()
  await child.stop()
  expect(lives(pid)).toBe(false)
  expect(performance.now() - start).toBeGreaterThan(450)
})

test('a first start that fails rejects with what the child said last', async () => {
  const start = superviseChild(
    options({
      command: 'sh',
      args: ['-c', 'echo "no such setting" >&2; exit 3'],
      ready: () => Promise.reject(new Error('not yet')),
    }),
  )
  await expect(start).rejects.toMatchObject({
    code: 'CHILD_FAILED',
    message: 'sleeper ended with code 3; it said: no such setting',
  })
})

test('a program that is not there is named as the cause', async () => {
  const start = superviseChild(
    options({
      command: '/nonexistent/program',
      args: [],
      ready: () => Promise.reject(new Error('not yet')),
    }),
  )
  await expect(start).rejects.toThrow(/can't be started: no such program/)
})

test('a child that never gets ready is ended, also when ready never answers', async () => {
  using folder = temporaryFolder()
  const pid_file = join(folder.path, 'pid')
  const start = superviseChild(
    options({ ready: () => new Promise(() => {}), ready_ms_max: 300, pid_file }),
  )
  await expect(start).rejects.toThrow(/was not ready within 300 ms/)
  const note = JSON.parse(readFileSync(pid_file, 'utf8')) as { child: { pid: number } }
  expect(lives(note.child.pid)).toBe(false)
})

test('stop() during the backoff ends the restarting at once', async () => {
  const child = await superviseChild(options({ backoff_ms_min: 60_000, backoff_ms_max: 60_000 }))
  process.kill(child.pid, 'SIGKILL')
  await until(() => child.restarts === 1)
  await child.stop()
  expect(child.pid).toBe(0)
})

test('a killed guard does not leave its child running beside the next one', async () => {
  const child = await superviseChild(options())
  const first = child.pid
  process.kill(guardOf(first), 'SIGKILL')
  await until(() => child.pid !== 0 && child.pid !== first)
  expect(lives(first)).toBe(false)
  await child.stop()
})

test('TERM, INT and HUP to the guard change nothing', async () => {
  const child = await superviseChild(options())
  const first = child.pid
  const guard = guardOf(first)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(guard, signal)
  process.kill(first, 'SIGKILL')
  await until(() => child.pid !== 0 && child.pid !== first)
  expect(child.restarts).toBe(1)
  await child.stop()
})

test('no orphan when the parent is killed with -9', async () => {
  using folder = temporaryFolder()
  const pid_file = join(folder.path, 'pid')
  await using parent = startFixture('supervise-parent.ts', pid_file, 'sleep', '600')
  const pid = Number(await parent.line())
  expect(lives(pid)).toBe(true)
  const guard = guardOf(pid)
  await parent.kill()
  await gone(pid)
  await gone(guard)
})

test('no orphan when parent and guard are killed together', async () => {
  using folder = temporaryFolder()
  const pid_file = join(folder.path, 'pid')
  await using parent = startFixture('supervise-parent.ts', pid_file, 'sleep', '600')
  const pid = Number(await parent.line())
  process.kill(guardOf(pid), 'SIGKILL')
  await parent.kill()
  await gone(pid)
})

test('an orphan whose supervisor and guard are both dead is ended by the next start', async () => {
  using folder = temporaryFolder()
  const pid_file = join(folder.path, 'pid')
  const orphan = spawn('sleep', ['600'])
  const pid = orphan.pid ?? 0
  const supervisor = { pid: 2 ** 22 + 1, started: 'x' }
  writeFileSync(pid_file, JSON.stringify({ child: identifyProcess(pid), supervisor }))
  const next = await superviseChild(options({ pid_file }))
  expect(lives(pid)).toBe(false)
  await next.stop()
})

test('what an earlier run left behind is ended by the next start; a live one is not', async () => {
  using folder = temporaryFolder()
  const pid_file = join(folder.path, 'pid')
  await using parent = startFixture('supervise-parent.ts', pid_file, 'sleep', '600')
  const pid = Number(await parent.line())
  await expect(superviseChild(options({ pid_file }))).rejects.toMatchObject({
    code: 'CHILD_RUNNING',
    message: expect.stringContaining(`under pid ${parent.pid}`),
  })
  expect(lives(pid)).toBe(true)
  await parent.kill()
  const next = await superviseChild(options({ pid_file }))
  expect(lives(pid)).toBe(false)
  await next.stop()
  expect(existsSync(pid_file)).toBe(false)
})
