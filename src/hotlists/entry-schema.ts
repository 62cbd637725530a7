// The form of an entry where it comes out of a document or the store, and its limits.
import { z } from 'zod'
import { type Entry, type EntryDetails, PROFILES, PURPOSES } from '../domain/hotlist.ts'
import { foldEntryPlate } from '../domain/plate.ts'
import { REGION } from '../domain/read.ts'

const text = (chars_max: number) => z.string().min(1).max(chars_max)

/** A folded plate or pattern. */
export const entryPlate = z.string().refine((value) => foldEntryPlate(value) === value)

export const detailsSchema = z.strictObject({
  source_id: text(64).exactOptional(),
  file_code: text(8).exactOptional(),
  agency: text(200).exactOptional(),
  entered_on: z.iso.date().exactOptional(),
  vin: text(32).exactOptional(),
  contact: text(200).exactOptional(),
  instructions: text(1_000).exactOptional(),
  cautions: z.array(text(200)).max(20).exactOptional(),
  urgent: z.literal(true).exactOptional(),
}) satisfies z.ZodType<EntryDetails>

export const entrySchema = z.strictObject({
  id: text(64),
  plate: entryPlate,
  region: z.string().regex(REGION).exactOptional(),
  reason: text(1_000),
  case: text(64).exactOptional(),
  vehicle: z
    .strictObject({
      make: text(64).exactOptional(),
      model: text(64).exactOptional(),
      color: text(64).exactOptional(),
      type: text(64).exactOptional(),
      year: z.int().exactOptional(),
    })
    .exactOptional(),
  profile: z.enum(PROFILES).exactOptional(),
  purpose: z.enum(PURPOSES).exactOptional(),
  expires_at: z.iso.datetime().exactOptional(),
  details: detailsSchema.exactOptional(),
}) satisfies z.ZodType<Entry>
