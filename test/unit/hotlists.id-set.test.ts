// Ids seen, millions of them. Were it wrong, an entry of a list would be taken for a duplicate and
// never be looked for.
import { expect, test } from 'vitest'
import { IdSet } from '../../src/hotlists/id-set.ts'

test('each id is new once, also where halves are alike or all zeros', () => {
  const ids = new IdSet()
  const hex = (value: number) => value.toString(16).padStart(8, '0')
  const known = new Set<string>()
  for (let at = 0; at < 20_000; at += 1) {
    // Halves that repeat, and low halves that all want the same place.
    const id = hex(at % 150) + hex(((at * 7_919) % 400) << 16)
    expect(ids.add(id), id).toBe(!known.has(id))
    known.add(id)
  }
  expect(ids.size).toBe(known.size)
  expect(ids.add('ffffffffffffffff')).toBe(true)
  expect(ids.add('ffffffffffffffff')).toBe(false)
  expect(ids.add('0000000000000000')).toBe(false)
  expect(new IdSet().add('0000000000000000')).toBe(true)
})
