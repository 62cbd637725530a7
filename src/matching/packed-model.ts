// A model of misreads as the native scorer takes it: a block of numbers, whose form is PackedModel
// in native/scorer/scorer.hpp. Characters by their number (look-alikes.ts), costs in nats.
import { costTables, editLikelihoods } from './costs.ts'
import { formTables } from './forms.ts'
import type { Model } from './model.ts'

const MAGIC = 0x4d535048
const VERSION = 3
const HEADER_WORDS = 4

const known = new WeakMap<Model, Uint8Array>()

/**
 * Each model once: a thread has a new judge for every change of the lists, and its next batch
 * would wait for the packing.
 * @returns bytes for the native `Judge` and `Scorer`, which copy them
 */
export function packModel(model: Model): Uint8Array {
  const packed = known.get(model) ?? pack(model)
  known.set(model, packed)
  return packed
}

function pack(model: Model): Uint8Array {
  const { read, candidate, edited, rank, alone, shared, plates, state, forms } = model.evidence
  const costs = costTables(model)
  const likelihoods = editLikelihoods(costs)
  const tables = formTables(forms, likelihoods)
  const numbers = [
    ...[read, candidate, edited].flatMap((curve) => [
      curve.none,
      ...curve.points.map(([x]) => x),
      ...curve.points.map(([, y]) => y),
    ]),
    ...rank,
    alone,
    shared,
    Math.log(plates),
    state.same,
    state.differs,
    ...costs.substitution.flatMap((place) => place.flatMap((row) => [...row])),
    ...costs.deletion.flatMap((place) => [...place]),
    ...costs.insertion.flatMap((place) => [...place]),
    ...[likelihoods.letters, likelihoods.digits, likelihoods.removed].flatMap((places) =>
      places.flatMap((place) => [...place]),
    ),
    ...likelihoods.lost_letters,
    ...likelihoods.lost_digits,
    ...tables.shares,
    ...tables.edited,
  ]
  const bytes = new Uint8Array((HEADER_WORDS + numbers.length) * Float32Array.BYTES_PER_ELEMENT)
  const view = new DataView(bytes.buffer)
  for (const [word, value] of [MAGIC, VERSION, bytes.length, 0].entries()) {
    view.setUint32(word * Uint32Array.BYTES_PER_ELEMENT, value, true)
  }
  for (const [index, value] of numbers.entries()) {
    view.setFloat32((HEADER_WORDS + index) * Float32Array.BYTES_PER_ELEMENT, value, true)
  }
  return bytes
}
