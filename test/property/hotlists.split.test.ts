// Fields of one line: what is put together, quoted or not, comes apart as it was.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitFields } from '../../src/formats/hotlists/split.ts'

const text = fc
  .array(fc.constantFrom('A', 'b', '7', ' ', ',', ';', '"', '/'), { maxLength: 8 })
  .map((all) => all.join(''))

test('fields that are quoted where they have to be', () => {
  const fields = fc.array(fc.tuple(text, fc.boolean()), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(fields, fc.constantFrom(',', ';'), (given, delimiter) => {
      const line = given.map(([field, always]) =>
        always || /[",;]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field,
      )
      const expected = given.map(([field]) => field.trim())
      expect(splitFields(line.join(delimiter), delimiter)).toEqual(expected)
    }),
  )
})

test('any text is fields or none, and ends', () => {
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      const fields = splitFields(a + b + c, ',')
      if (fields !== null) expect(fields.length).toBeGreaterThan(0)
    }),
  )
})

test.each(['"A', '"A"B,C', 'A,"B', '"A""', '"A" B'])(
  '%j has a quote that is not closed',
  (line) => {
    expect(splitFields(line, ',')).toBeNull()
  },
)
