// The last line of `npm test` is what a person and the integration go by: were the tally to miss an
// error outside a test, a broken run would count as a good one.
import { describe, expect, test } from 'vitest'
import type { TestModule } from 'vitest/node'
import { tally } from '../helpers/reporter.ts'

interface Shape {
  errors?: number
  suites?: number[]
  tests?: string[]
}

/** As much of vitest's module as the tally looks at: errors per file and group, states of tests. */
function module({ errors = 0, suites = [], tests = [] }: Shape): TestModule {
  const list = (count: number) => Array.from({ length: count }, () => new Error('broken'))
  return {
    errors: () => list(errors),
    children: {
      allSuites: () => suites.map((count) => ({ errors: () => list(count) })),
      allTests: () => tests.map((state) => ({ result: () => ({ state }) })),
    },
  } as unknown as TestModule
}

describe('the tally', () => {
  test('counts passed and failed tests over all files', () => {
    const modules = [module({ tests: ['passed', 'passed'] }), module({ tests: ['failed'] })]
    expect(tally(modules, 0, false)).toEqual({ passed: 2, failed: 1 })
  })

  test('counts a file that does not load, and a group whose hook throws', () => {
    const modules = [module({ errors: 2 }), module({ suites: [0, 1], tests: ['skipped'] })]
    expect(tally(modules, 0, false)).toEqual({ passed: 0, failed: 2 })
  })

  test('counts errors outside tests, tests without an end, and a run cut short', () => {
    const modules = [module({ tests: ['passed', 'pending'] })]
    expect(tally(modules, 3, true)).toEqual({ passed: 1, failed: 5 })
  })

  test('counts a run without a test as failed', () => {
    expect(tally([], 0, false)).toEqual({ passed: 0, failed: 1 })
    expect(tally(null, 0, true)).toEqual({ passed: 0, failed: 1 })
  })
})
