// The tests' runner. Forks, since threads crash with native addons; two at a time, since the
// integration tests start real servers and are made for a machine with two cores.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    reporters: ['./test/helpers/reporter.ts'],
    allowOnly: false,
  },
})
