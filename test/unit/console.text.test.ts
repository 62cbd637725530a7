// The console's words beside what they are of, which it may not import: were a layout without its
// words, nobody could choose it.
import { expect, test } from 'vitest'
import { text } from '../../src/console/text.ts'
import { FORMATS } from '../../src/formats/hotlists/formats.ts'

test('every layout of list files has its words', () => {
  expect(text.formats).toEqual(Object.fromEntries(FORMATS.map(({ name, title }) => [name, title])))
})
