// The alphabets of ids and the names that policy 401.7 forbids. Were they wide, a camera could
// write outside its subject or its image folder; were the names narrow, faces would go uncounted.
import { expect, test } from 'vitest'
import {
  CAMERA_ID,
  FORBIDDEN_FIELDS,
  forbiddenForm,
  READ_ID,
  REGION,
} from '../../src/domain/read.ts'

test('camera ids are of one subject token and one folder name', () => {
  expect(['pole-line-2', 'a'.repeat(64)].every((id) => CAMERA_ID.test(id))).toBe(true)
  const bad = ['', 'A', 'a.b', 'a/b', '..', 'a b', '*', '>', 'a\n', 'a'.repeat(65)]
  expect(bad.filter((id) => CAMERA_ID.test(id))).toEqual([])
})

test('read ids are printable and without white space', () => {
  expect(READ_ID.test('01JD!~')).toBe(true)
  const bad = ['', 'a b', 'a\tb', 'a\0', 'é', 'a'.repeat(129)]
  expect(bad.filter((id) => READ_ID.test(id))).toEqual([])
})

test('regions are ISO 3166-2', () => {
  expect(['US-ID', 'CA-BC', 'FR-75C'].every((region) => REGION.test(region))).toBe(true)
  expect(['US', 'us-id', 'US-', 'US-IDAHO'].filter((region) => REGION.test(region))).toEqual([])
})

test('401.7 forbidden names are known in each way of writing', () => {
  for (const name of ['face', 'Face', 'skin_color', 'skin-color', 'skinColor', 'GENDER', 'race']) {
    expect(FORBIDDEN_FIELDS.has(forbiddenForm(name)), name).toBe(true)
  }
  for (const name of ['surface', 'make', 'interface', 'lane', 'images']) {
    expect(FORBIDDEN_FIELDS.has(forbiddenForm(name)), name).toBe(false)
  }
})
