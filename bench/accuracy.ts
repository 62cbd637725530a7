// How much of what engines misread is caught, and at what price: labelled readings against
// 1,000,000 random plates of the true plate's letter/digit shape, by our score and by the rules of
// others, at equal false matches.
//
// The score's false matches are all decoys in the search set: within fold+2 of the read, or equal
// to a candidate but for look-alikes. A rule's are all decoys that it matches. Both are counted per
// read, over all reads whose true plate's shape has 2 million plates or more; recall is of those
// among them that differ from the truth. Shapes of few reads meet a sample of the decoys, each of
// which counts for several.
import { readReadings } from '../src/simulate/readings-files.ts'
import type { Bench, BenchOptions } from './bench.ts'
import { crossModels, shippedModels } from './lib/accuracy-models.ts'
import { AccuracyRun } from './lib/accuracy-run.ts'
import { type EngineResult, summary } from './lib/accuracy-tally.ts'
import { labelledReads } from './lib/labelled-reads.ts'
import { madeReadings } from './lib/made-readings.ts'

const SEED = 20_261_126
const TINY_SCALE = 0.002

function measure(options: BenchOptions): Record<string, unknown> {
  const began_ms = performance.now()
  const csv = options.readings ? readReadings(options.readings) : madeReadings(options.tiny)
  const reads = labelledReads(csv, SEED)
  const models = options.cross_validate ? crossModels(reads) : shippedModels()
  const scale = Math.min(1, options.scale ?? (options.tiny ? TINY_SCALE : 1))
  const accuracy = new AccuracyRun(reads, models, SEED, scale)
  accuracy.run((shape, done, all) => {
    if (!options.tiny) console.error(`${shape}: ${done} of ${all} reads`)
  })
  const engines: Record<string, EngineResult> = accuracy.results()
  const seconds = Math.round((performance.now() - began_ms) / 100) / 10
  return { engines, ...summary(Object.values(engines)), left_out: accuracy.left_out, seconds }
}

export default {
  name: 'accuracy',
  question: 'Of wrong readings, how many are caught at equal false matches, beside common rules?',
  fields:
    'engines_n, reads, n_wrong, left_out, lead_edit1_points_min, lead_classes_edit1_points_min, ' +
    'lead_classes_points_min, lead_candidate_points_min, seconds',
  run: (options) => Promise.resolve(measure(options)),
} satisfies Bench
