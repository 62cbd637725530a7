// Whoever asks what an entry would have matched sees reads: who, from where, what for and what was
// asked is on record before anything is searched (401.9b, 401.9c).
import type { Audit } from '../access/audit.ts'
import { assertMay } from '../domain/approval.ts'
import { HotplateError } from '../domain/error.ts'
import type { Purpose } from '../domain/hotlist.ts'
import type { Caller } from './approvals.ts'

/** Why somebody wants to see reads. */
export interface ReadsWanted {
  purpose: Purpose
  reason: string
  case?: string
}

export interface ReadsAsked extends ReadsWanted {
  what: 'backtest' | 'past_reads'
  /** '' where the entry is on none */
  list: string
  /** What is searched for: plate and profile, or the entry's id. */
  searched: string
}

const REASON_CHARS_MIN = 3

/**
 * Resolves once it is on record; a refusal is on record too.
 * @throws HotplateError APPROVAL_RIGHT, READS_REASON, AUDIT_UNAVAILABLE: then nothing may be shown
 */
export async function recordReadsShown(
  audit: Pick<Audit, 'append'>,
  { actor, from }: Caller,
  asked: ReadsAsked,
): Promise<void> {
  const event = { at: new Date().toISOString(), who: actor.name, from, ...asked }
  const subject = `audit.v1.${asked.what}`
  try {
    assertMay(actor, 'reads_past', 'see which reads an entry would have matched')
    assertReason(asked.reason)
  } catch (error) {
    const reason = error instanceof HotplateError ? error.code.toLowerCase() : 'failed'
    await audit.append(subject, { ...event, outcome: 'refused', refused: reason })
    throw error
  }
  await audit.append(subject, { ...event, outcome: 'ok' })
}

/** A dot is no reason. */
function assertReason(reason: string): void {
  if (reason.replace(/[^\p{L}\p{N}]/gu, '').length >= REASON_CHARS_MIN) return
  throw new HotplateError('READS_REASON', 'Expected a reason for which reads are to be seen')
}
