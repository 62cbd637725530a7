// A camera's reads must be weighed by the model of its own engine: another's gives back much of
// what scoring gains.
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { modelOfCamera, modelsInUse } from '../../src/matching/engines.ts'

const OPTIONS = {
  model: 'general',
  models: { 'gate-*': 'lprnet', 'gate-north-*': 'openalpr', 'gate-north-1': 'general' },
}

test('each model in use is named once, the default first', () => {
  expect(modelsInUse(OPTIONS)).toEqual(['general', 'lprnet', 'openalpr'])
})

test('a camera takes the model of its id, else of its longest beginning, else the default', () => {
  const modelOf = modelOfCamera(OPTIONS)
  const names = modelsInUse(OPTIONS)
  const chosen = ['gate-north-1', 'gate-north-2', 'gate-7', 'pole-1', 'constructor', 'gate-7']
  expect(chosen.map((camera) => names[modelOf(camera)])).toEqual([
    'general',
    'openalpr',
    'lprnet',
    'general',
    'general',
    'lprnet',
  ])
})

test('a setting that names no camera or no model is refused in words', () => {
  const load = (models: Record<string, string>) => () =>
    loadConfig(undefined, {}, { matching: { models } })
  expect(load({ 'gate-*': 'lprnet' })).not.toThrow()
  expect(load({ 'Gate 1': 'lprnet' })).toThrow('matching.models')
  expect(load({ '*': 'lprnet' })).toThrow('matching.models')
  expect(load({ 'gate-1': '../etc/passwd' })).toThrow('matching.models')
})
