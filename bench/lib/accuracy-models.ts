// Which model weighs which labelled read: those that ship, or ones fitted on other plates.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { fitModel } from '../../src/matching/fit-model.ts'
import { loadLookAlikes } from '../../src/matching/look-alikes.ts'
import { loadModel, type Model } from '../../src/matching/model.ts'
import type { LabelledRead } from './labelled-reads.ts'

/** Beginnings of the names of config/models, by what an engine's name has in it. */
const FAMILIES = [
  ['openalpr', 'openalpr'],
  ['fastplateocr', 'fast-plate-ocr'],
  ['lprnet', 'lprnet'],
] as const
const FOLDS = 4
/** An engine with fewer is fitted together with all others. */
const WRONG_READINGS_MIN = 200

export interface ReadModels {
  models: Model[]
  /** Place in `models` of a read's. */
  modelOf: (read: LabelledRead) => number
}

/** @returns a family's own model where it has one, else the general one */
export function shippedModels(): ReadModels {
  const names = ['general', ...FAMILIES.map(([, name]) => name).filter(isShipped)]
  const modelOf = ({ engine }: LabelledRead) => Math.max(0, names.indexOf(familyOf(engine) ?? ''))
  return { models: names.map(loadModel), modelOf }
}

function familyOf(engine: string): string | undefined {
  return FAMILIES.find(([part]) => engine.includes(part))?.[1]
}

/** Whether the model that ships for an engine knows the forms of its plates. */
function knowsForms(engine: string): boolean {
  const family = familyOf(engine)
  return family !== undefined && isShipped(family) && loadModel(family).evidence.forms !== null
}

function isShipped(name: string): boolean {
  return existsSync(new URL(`../../config/models/${name}.json`, import.meta.url))
}

/**
 * For each engine and each of {@link FOLDS} parts of the plates a model that is fitted on the other
 * parts: no plate weighs on its own readings.
 */
export function crossModels(reads: readonly LabelledRead[]): ReadModels {
  const classes = loadLookAlikes()
  const models: Model[] = []
  const numbers = new Map<string, number>()
  for (const engine of new Set(reads.map((read) => read.engine))) {
    const forms = knowsForms(engine)
    for (let fold = 0; fold < FOLDS; fold += 1) {
      const others = reads.filter((read) => foldOf(read) !== fold)
      const own = others.filter((read) => read.engine === engine)
      const is_enough = own.filter((read) => read.is_wrong).length >= WRONG_READINGS_MIN
      const source = `the other parts' plates${is_enough ? `, ${engine}` : ''}`
      const name = 'cross-validated'
      numbers.set(`${engine} ${fold}`, models.length)
      const options = { name, source, classes, forms: forms && is_enough }
      models.push(fitModel((is_enough ? own : others).map(labelled), options))
    }
  }
  return {
    models,
    modelOf: (read) => numbers.get(`${read.engine} ${foldOf(read)}`) as number,
  }
}

function labelled({ truth, plate, confidence, candidates }: LabelledRead) {
  return { true_plate: truth, read_plate: plate, confidence, candidates }
}

const folds = new Map<string, number>()

function foldOf({ truth }: LabelledRead): number {
  const known = folds.get(truth)
  if (known !== undefined) return known
  const fold = (createHash('sha256').update(truth).digest()[0] as number) % FOLDS
  folds.set(truth, fold)
  return fold
}
