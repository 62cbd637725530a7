// Models as native code takes them. Were one packed anew for each judge, the first batch after
// every change of the lists would wait for it, for longer than it takes to be matched.
import { expect, test } from 'vitest'
import { loadModel } from '../../src/matching/model.ts'
import { packModel } from '../../src/matching/packed-model.ts'

test('a model is packed once, whoever asks for it', () => {
  const model = loadModel('general')
  expect(packModel(model)).toBe(packModel(model))
  expect(packModel(loadModel('general'))).toEqual(packModel(model))
})
