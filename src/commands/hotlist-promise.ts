// What a version that has just come into force is to catch and to miss at its list's budget, once
// the service beside has matched it against drawn traffic (matching/threshold.ts).
import { openThresholds, type ThresholdInForce, type Thresholds } from '../hotlists/thresholds.ts'
import type { Ground } from './hotlist-ground.ts'
import { share } from './table.ts'

/** A list of a million entries takes the workers some 2 s. */
const WAIT_MS_MAX = 15_000

/** @returns a line of its own for people; '' where no service runs beside, which would match */
export async function promiseOf(
  { bus, joined }: Pick<Ground, 'bus' | 'joined'>,
  list: string,
  version: number,
): Promise<string> {
  if (!joined) return ''
  const found = await thresholdOf(await openThresholds(bus), list, version)
  return found === null ? `\n${NOT_YET}` : `\n${words(found)}`
}

const NOT_YET =
  'What it catches and misses is told by hotplate match thresholds, once it was matched'

async function thresholdOf(
  thresholds: Thresholds,
  list: string,
  version: number,
): Promise<ThresholdInForce | null> {
  const { promise, resolve } = Promise.withResolvers<ThresholdInForce | null>()
  const timer = setTimeout(() => resolve(null), WAIT_MS_MAX)
  const watch = await thresholds.watch((key, document) => {
    const known = document?.value
    if (key === list && known !== undefined && known.version >= version) resolve(known)
  })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    watch.stop()
  }
}

function words(found: ThresholdInForce): string {
  const expected = found.expected_false_per_million.toPrecision(3)
  return (
    `At ${found.budget_per_million} false alerts per million reads (${expected} expected) ` +
    `it catches ${share(found.catches_share)} of misread plates ` +
    `and misses ${share(found.misses_share)}`
  )
}
