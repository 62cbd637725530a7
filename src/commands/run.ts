// What all commands share: configuration from options, one line for an error, an end that leaves
// nothing behind.
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { HotplateError } from '../domain/error.ts'
import { nativeFallback } from '../matching/native.ts'
import type { Logger } from '../telemetry/log.ts'

export interface CommonOptions {
  config?: string
  data?: string
}

export function configOf(options: CommonOptions, overrides: Record<string, unknown> = {}): Config {
  return loadConfig(options.config, process.env, {
    ...(options.data === undefined ? {} : { data_dir: options.data }),
    ...overrides,
  })
}

/** Of a command that matches: where plates are matched on WebAssembly, a line says so. */
export function tellFallback(log?: Logger): void {
  const fallback = nativeFallback()
  if (fallback === null) return
  process.stderr.write(oneLine(fallback))
  log?.warn(fallback)
}

/** Resolves when the process is asked to end: SIGINT, SIGTERM, or the death of what started it. */
export function untilAskedToEnd(): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve('SIGINT'))
    process.once('SIGTERM', () => resolve('SIGTERM'))
    // npm and npx don't pass SIGTERM on, and a killed one passes nothing: its child is then given
    // to another parent.
    const parent = process.ppid
    const timer = setInterval(() => {
      if (process.ppid !== parent) resolve('the end of its parent')
    }, 500)
    timer.unref()
  })
}

/** An error as the one line that it takes on stderr. */
export function oneLine(text: string): string {
  return `hotplate: ${text.trim().replaceAll(/\s*\n\s*/g, ' ')}\n`
}

/** One line on stderr, and exit 1 (2 for wrong usage), as the interface says for every command. */
export function failCommand(error: unknown): never {
  const text =
    error instanceof HotplateError
      ? error.message
      : `Unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  process.stderr.write(oneLine(text))
  process.exit(error instanceof HotplateError && error.code === 'USAGE' ? 2 : 1)
}
