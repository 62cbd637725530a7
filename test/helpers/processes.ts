// Real processes for tests: started with this Node, killed by id, never left behind.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Fixture {
  pid: number
  process: ChildProcess
  /** The next line on its standard output; rejects when it ends first. */
  line(): Promise<string>
  /** kill -9, resolved once it is gone. */
  kill(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Runs `test/fixtures/<name>`. */
export function startFixture(name: string, ...args: string[]): Fixture {
  const file = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
  const child = spawn(process.execPath, ['--no-warnings', file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  return {
    pid: child.pid ?? 0,
    process: child,
    async line() {
      const next = await lines.next()
      if (next.done) throw new Error(`${name} ended before it wrote a line`)
      return next.value
    },
    kill,
    [Symbol.asyncDispose]: kill,
  }
}
