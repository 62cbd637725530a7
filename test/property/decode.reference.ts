// The slow twin of src/ingest/decode.ts: the same schema, written with zod for the eye and not for
// speed.
import { z } from 'zod'
import { CANDIDATES_MAX, READ_ID, REGION } from '../../src/domain/read.ts'
import { DAY_MS } from '../../src/domain/time.ts'

const share = z.number().min(0).max(1)
const whole = (min: number, max: number) => z.number().min(min).max(max).transform(Math.round)
const text = z.string().min(1).max(64)
const plate = z
  .string()
  .max(64)
  .transform((value) => value.replaceAll(/[\s-]/g, ''))
  .pipe(z.string().regex(/^[A-Za-z0-9]{1,12}$/))
  .transform((value) => value.toUpperCase())
const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/)
  .transform((value) => value.toUpperCase())
  .pipe(z.iso.datetime({ offset: true }))
  .transform((value) => Date.parse(value))

/** The value, or null where it is absent or wrong: an optional field never costs the read. */
function optional<T>(schema: z.ZodType<T>, value: unknown): T | null {
  const result = schema.safeParse(value)
  return result.success ? result.data : null
}

const candidate = z.object({ plate: z.unknown(), confidence: z.unknown() }).partial()

function referenceCandidates(value: unknown) {
  if (!Array.isArray(value)) return null
  const items = value.slice(0, CANDIDATES_MAX)
  if (!items.every((item) => typeof item === 'object' && item !== null)) return null
  return items.flatMap((item) => {
    const parts = candidate.parse({ ...(item as object) })
    const folded = optional(plate, parts.plate)
    return folded === null
      ? []
      : [{ plate: folded, confidence: optional(share, parts.confidence) ?? 0 }]
  })
}

function referenceVehicle(value: unknown) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const seen = value as Record<string, unknown>
  const named = (['make', 'model', 'color', 'type'] as const).flatMap((name) => {
    const known = optional(text, seen[name])
    return known === null ? [] : [[name, known] as const]
  })
  const year = optional(whole(1900, 2100), seen.year)
  return { ...Object.fromEntries(named), ...(year === null ? {} : { year }) }
}

export interface ReferenceContext {
  camera: string
  received_ms: number
  retention_days: number
}

/** 'rejected', or the read without its pictures. */
export function referenceDecode(value: unknown, context: ReferenceContext) {
  const required = z.object({ camera: z.literal(context.camera), plate, time }).safeParse(value)
  if (!required.success) return 'rejected' as const
  const fields = value as Record<string, unknown>
  const { received_ms, retention_days } = context
  const device_ms = required.data.time
  const suspect =
    device_ms > received_ms + 5 * 60_000 || device_ms < received_ms - retention_days * DAY_MS
  return {
    id: optional(z.string().regex(READ_ID), fields.id) ?? '',
    camera: context.camera,
    time_ms: suspect ? received_ms : device_ms,
    device_time_ms: suspect ? device_ms : null,
    plate: required.data.plate,
    region: optional(z.string().regex(REGION), fields.region) ?? '',
    confidence: optional(share, fields.confidence),
    char_confidence: optional(z.array(share).max(64), fields.charConfidence),
    candidates: referenceCandidates(fields.candidates),
    location: optional(
      z.object({ lat: z.number().min(-90).max(90), lon: z.number().min(-180).max(180) }),
      fields.location,
    ),
    heading: optional(whole(0, 360), fields.heading),
    lane: optional(whole(0, 255), fields.lane),
    vehicle: referenceVehicle(fields.vehicle),
  }
}
