// Why an import is held for a person, in words: what makes it likely that the file is not the list
// it should be. The version in force stays in force meanwhile.
import type { Staged, StagingCounts } from './staging.ts'

export interface HoldLimits {
  /** Share of the entries in force that an import may lose. */
  shrink_share_max: number
  /** Share of its lines that may be bad. */
  bad_share_max: number
}

/** Entries that a file has, whatever becomes of them. */
export function broughtBy({ entries, inactive, silenced }: StagingCounts): number {
  return entries + inactive + silenced
}

/** @param in_force what the version in force has brought; null: there is none */
export function holdReasons(
  { counts, skipped, footer }: Staged,
  in_force: number | null,
  { shrink_share_max, bad_share_max }: HoldLimits,
): string[] {
  const { lines, bad, bad_encoding } = counts
  const { removal = 0 } = skipped
  const brought = broughtBy(counts)
  const reasons: string[] = []
  if (footer === null) {
    reasons.push('The file ends without its count of records: it was cut off')
  } else if (footer !== undefined && footer !== lines) {
    reasons.push(`The file says that it has ${footer} records but ${lines} came`)
  }
  if (bad_encoding > 0) {
    reasons.push(`${linesAre(bad_encoding)} not text in the encoding of the file`)
  }
  if (bad > bad_share_max * lines) {
    reasons.push(`${bad} of ${linesAre(lines)} wrong, where ${percent(bad_share_max)} may be`)
  }
  // Counted only where the file was not said to be a part.
  if (removal > 0) {
    reasons.push(
      `${removal} of ${linesAre(lines)} to take entries off the list: it is no whole list`,
    )
  }
  if (brought === 0) {
    reasons.push('It has no entries')
  } else if (in_force !== null && brought < (1 - shrink_share_max) * in_force) {
    const share = percent(1 - brought / in_force)
    reasons.push(
      `It has ${brought} entries where ${in_force} are in force: ${share} fewer, ` +
        `where ${percent(shrink_share_max)} may be`,
    )
  }
  return reasons
}

function linesAre(lines: number): string {
  return lines === 1 ? '1 line is' : `${lines} lines are`
}

function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`
}
