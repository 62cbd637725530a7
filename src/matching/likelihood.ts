// How well a model foretells readings of plates that it was not fitted on.

import { alignmentCost } from './cheapest.ts'
import { costTables } from './costs.ts'
import { alignPlates } from './explain.ts'
import type { LabelledReading } from './fit-evidence.ts'
import { EDITS_MAX } from './fit-model.ts'
import type { Model } from './model.ts'
import { drawnOf, MisreadSampler } from './sample.ts'

/** Folds by plate, so that no plate's readings stand on both sides. */
const FOLDS = 5

/**
 * ln P(reading | true plate), summed: of the plate's being read as it is, less what the alignment
 * costs. O for 0 is free, as in matching.
 * @param readings of folded plates; those more than {@link EDITS_MAX} edits apart are left out, as
 * in fitting
 * @returns the sum, in nats, and of how many
 */
export function logLikelihood(
  model: Model,
  readings: Iterable<LabelledReading>,
  classes: readonly string[],
): { nats: number; readings: number } {
  const sampler = new MisreadSampler(model)
  const tables = costTables(model)
  const sum = { nats: 0, readings: 0 }
  for (const { true_plate, read_plate } of readings) {
    const { aligned } = alignPlates(read_plate, true_plate, classes)
    const edits = aligned.filter(({ kind }) => kind !== 'same' && kind !== 'o_zero').length
    if (edits > EDITS_MAX) continue
    const cost = alignmentCost(tables, read_plate, true_plate)
    sum.nats += Math.log(sampler.faithful(drawnOf(true_plate))) - cost
    sum.readings += 1
  }
  return sum
}

export interface HeldOut {
  /** Nats a reading: the nearer to 0, the better. */
  fitted: number
  other: number
}

/**
 * Fits on all plates but a fifth, and looks at that fifth; all five times.
 * @param other a model to compare with, on the same readings
 * @param fittedOn gives a model of these readings
 */
export function heldOutLikelihood(
  readings: readonly LabelledReading[],
  other: Model,
  classes: readonly string[],
  fittedOn: (readings: readonly LabelledReading[]) => Model,
): HeldOut {
  const plates = [...new Set(readings.map(({ true_plate }) => true_plate))].toSorted()
  const folds = new Map(plates.map((plate, at) => [plate, at % FOLDS]))
  const sums = { fitted: 0, other: 0, readings: 0 }
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const held = readings.filter(({ true_plate }) => folds.get(true_plate) === fold)
    const fitted = fittedOn(readings.filter(({ true_plate }) => folds.get(true_plate) !== fold))
    const by_fitted = logLikelihood(fitted, held, classes)
    sums.fitted += by_fitted.nats
    sums.other += logLikelihood(other, held, classes).nats
    sums.readings += by_fitted.readings
  }
  return { fitted: sums.fitted / sums.readings, other: sums.other / sums.readings }
}
