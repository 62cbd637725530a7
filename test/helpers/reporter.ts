// What `npm test` prints: vitest's own lines for files and failures, then `N passed, N failed` as
// the very last line, whatever ended the run.
//
// Counted as failed besides failed tests: a file or a group that could not run (a broken import, a
// hook that threw), each unhandled error, a run cut short, and a run without a single test.
import {
  DefaultReporter,
  type SerializedError,
  type TestModule,
  type TestRunEndReason,
} from 'vitest/node'

export interface Tally {
  passed: number
  failed: number
}

/** Counts a run; `modules` as vitest hands them over at its end, null when it never got there. */
export function tally(
  modules: readonly TestModule[] | null,
  unhandled: number,
  interrupted: boolean,
): Tally {
  let passed = 0
  let failed = unhandled + (interrupted ? 1 : 0)
  for (const module of modules ?? []) {
    if (module.errors().length > 0) failed += 1
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0) failed += 1
    }
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') passed += 1
      if (state === 'failed' || state === 'pending') failed += 1
    }
  }
  if (passed + failed === 0) failed = 1
  return { passed, failed }
}

export default class HotplateReporter extends DefaultReporter {
  #modules: readonly TestModule[] | null = null
  #unhandled = 0
  #interrupted = true

  constructor() {
    super()
    process.once('exit', () => this.#conclude())
  }

  override onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, errors, reason)
    this.#modules = modules
    this.#unhandled = errors.length
    this.#interrupted = reason === 'interrupted'
  }

  #conclude(): void {
    const { passed, failed } = tally(this.#modules, this.#unhandled, this.#interrupted)
    if (failed > 0) process.exitCode = process.exitCode || 1
    process.stdout.write(`${passed} passed, ${failed} failed\n`)
  }
}
