// Every bench runs here with small numbers, so that none rots: one that no longer starts, or lost a
// field that its reader relies on, fails.
import { describe, expect, test } from 'vitest'
import { benchNames, loadBench } from '../../bench/lib/load.ts'

describe('each bench runs and gives every field it declares', () => {
  test.each(benchNames())('%s', { timeout: 240_000 }, async (name) => {
    const bench = await loadBench(name)
    expect(bench.question).toMatch(/^[^\n]{10,100}\?$/)
    const result = await bench.run({ json: true, tiny: true })
    const fields = bench.fields.split(',').map((field) => field.trim())
    expect(Object.keys(result)).toEqual(expect.arrayContaining(fields))
    for (const field of fields) {
      expect(Number.isFinite(result[field]), `${field} is ${String(result[field])}`).toBe(true)
    }
  })
})
