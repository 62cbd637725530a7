// The command line for a test: `hotplate …` as a process of its own, run to its end.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const RUN_MS_MAX = 50_000

export interface CliResult {
  code: number | null
  stdout: string
  stderr: string
}

/** @param settings HOTPLATE_*, as `{ NATS__PORT: '4000' }` */
export async function runCli(
  args: readonly string[],
  settings: Record<string, string> = {},
): Promise<CliResult> {
  const env = Object.entries(settings).map(([name, value]) => [`HOTPLATE_${name}`, value])
  const node = ['--disable-warning=ExperimentalWarning', MAIN, ...args]
  const child = spawn(process.execPath, node, {
    env: { ...process.env, ...Object.fromEntries(env) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MS_MAX,
    killSignal: 'SIGKILL',
  })
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code: child.exitCode, stdout, stderr }
}
