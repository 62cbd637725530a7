// What a camera tells besides the plate, as the native scorer takes it: records of 24 bytes, one
// beside each packed plate (record.ts).
//
//   0..3              4..15                              16..19   20      21..23
//   f32, -1: none     a character each, 255: none        u32      number  zero
//   confidence        char_confidence (c * 254)          region   model
//
// Only a read's own record has character confidences; that of a candidate has the candidate's
// confidence. Little endian.
import { regionCode } from './region.ts'

export const EVIDENCE_BYTES = 24
const CHARS_AT = 4
const REGION_AT = 16
const MODEL_AT = 20
const CHARS_MAX = 12
const NO_CHAR_CONFIDENCE = 255
const CHAR_STEPS = 254
export interface Evidence {
  /** 0 to 1; null where none came. */
  confidence: number | null
  /** 0 to 1 for each character of the plate; null where none came. */
  char_confidence?: readonly number[] | null
  /** '' where it is unknown. */
  region: string
  /** Place in the models that the scorer was given. */
  model: number
}

/**
 * Writes the evidence beside a packed plate.
 * @param record its position in the batch
 * @param chars characters of the plate: confidences of another number of characters are left out,
 * since nobody can tell whose they are
 */
export function packEvidence(
  target: Uint8Array,
  record: number,
  chars: number,
  { confidence, char_confidence = null, region, model }: Evidence,
): void {
  const at = record * EVIDENCE_BYTES
  const view = new DataView(target.buffer, target.byteOffset + at, EVIDENCE_BYTES)
  view.setFloat32(0, confidence ?? -1, true)
  const given = char_confidence?.length === chars ? char_confidence : []
  for (let i = 0; i < CHARS_MAX; i += 1) {
    const share = given[i]
    target[at + CHARS_AT + i] =
      share === undefined ? NO_CHAR_CONFIDENCE : Math.floor(share * CHAR_STEPS + 0.5)
  }
  view.setUint32(REGION_AT, regionCode(region), true)
  view.setUint32(MODEL_AT, model, true)
}
