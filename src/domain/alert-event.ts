// What happens to an alert after it was raised. Today that is a person's verdict; each event is a
// message on the alert's own subject of events, and the last one says where the alert stands.

/** A verdict on the match: was it this vehicle, and is it wanted? */
export const VERDICTS = ['verified', 'rejected'] as const
export type VerdictKind = (typeof VERDICTS)[number]

/**
 * Why an alert was rejected.
 * - `misread`: the plate is another one than the read says
 * - `wrong_state`: the plate of another state
 * - `wrong_vehicle`: the vehicle is another one than the entry's
 * - `entry_not_in_force`: rightly matched, but nobody looks for it any more
 * - `test`: raised to try something
 */
export const REJECTION_REASONS = [
  'misread',
  'wrong_state',
  'wrong_vehicle',
  'entry_not_in_force',
  'test',
] as const
export type RejectionReason = (typeof REJECTION_REASONS)[number]

export interface Verdict {
  verdict: VerdictKind
  /** With `rejected` only. */
  reason?: RejectionReason
  /** The user who gave it. */
  by: string
  /** ISO 8601 UTC, ms */
  at: string
}

/**
 * Carries of its alert what rights and retention are decided by, so that nobody has to look the
 * alert up first, and never a plate.
 */
export interface AlertEvent extends Verdict {
  kind: 'verdict'
  /** The alert's. */
  id: string
  read: { camera: string; time: string }
  entry: { list: string }
}

/** Where an alert stands: `unverified` until a person has said more (policy 401.2b). */
export type AlertStatus = 'unverified' | VerdictKind

/** A verdict and its sequence on the stream: whoever changes it says which one they have seen. */
export interface StandingVerdict extends Verdict {
  seq: number
}
