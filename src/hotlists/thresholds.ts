// The thresholds in force, as documents: whoever answers people may run where nothing is matched.
// All processes that match have the same ones, since they come of the same entries and settings.
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, isOvertaken, openDocuments } from '../bus/documents.ts'
import { MATCH_CLASSES } from '../domain/alert.ts'
import type { ListThreshold } from '../matching/threshold.ts'
import type { Generation } from './generation.ts'

const share = z.number().min(0).max(1)

export const thresholdSchema = z.object({
  /** Of the list. */
  version: z.int().positive(),
  budget_per_million: z.number(),
  log_odds_min: z.number(),
  expected_false_per_million: z.number().min(0),
  basis: z.enum(['counted', 'weighted']),
  catches_share: share,
  misses_share: share,
  by_kind: z.array(
    z.object({ kind: z.enum([...MATCH_CLASSES, 'several']), share, catches_share: share }),
  ),
}) satisfies z.ZodType<ListThreshold>

export type ThresholdInForce = z.infer<typeof thresholdSchema>
/** By the list's name. */
export type Thresholds = Documents<ThresholdInForce>

export function openThresholds(bus: Bus): Promise<Thresholds> {
  return openDocuments(bus, 'hotlist-thresholds', thresholdSchema)
}

/** @throws HotplateError BUS_UNAVAILABLE */
export async function publishThresholds(
  documents: Thresholds,
  { base, thresholds }: Pick<Generation, 'base' | 'thresholds'>,
): Promise<void> {
  for (const [number, list] of base.lists.entries()) {
    const threshold = thresholds[number]
    if (threshold === undefined) continue
    const value = { version: list.version, ...threshold }
    const before = await documents.get(list.name)
    if (before !== null && JSON.stringify(before.value) === JSON.stringify(value)) continue
    try {
      if (before === null) await documents.create(list.name, value)
      else await documents.update(list.name, value, before.revision)
    } catch (error) {
      // Another process has said the same, or will say what is newer.
      if (!isOvertaken(error)) throw error
    }
  }
}
