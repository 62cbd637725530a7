// The trace of every access (policy 401.9b): a record is durable before data leaves. If it can't be
// written, the access is refused.
import type { Bus } from '../bus/connection.ts'
import { HotplateError } from '../domain/error.ts'

/** What a person can do that leaves a trace; also the last token of the record's subject. */
export type AuditKind =
  | 'sign_in'
  | 'sign_out'
  | 'alert_stream'
  | 'alert_fetch'
  | 'image_fetch'
  | 'alert_verdict'
  | 'matching_lists'
  | 'match_verify'
  | 'model_fit'
  | 'user_roles'
  | 'hotlist_read'
  | 'user_ilets'

export interface AuditEvent {
  /** A user's name as given: for a refused sign-in it may be nobody's. */
  who: string
  /** Network address that the request came from. */
  from: string
  what: AuditKind
  /** Id of what was opened; never a plate. */
  object?: string
  /** What was done with it, in stable words. */
  detail?: string
  outcome: 'ok' | 'refused'
  /** Why it was refused, as a stable word. */
  reason?: string
}

/** A record as it lies on the stream: the event and its time, ISO 8601 UTC with milliseconds. */
export interface AuditRecord extends AuditEvent {
  at: string
}

export interface Audit {
  /**
   * Resolves once the record is acknowledged by the AUDIT stream.
   * @throws HotplateError AUDIT_UNAVAILABLE: then nothing may be shown
   */
  record(event: AuditEvent): Promise<void>
  /**
   * A record of another form, on its own subject of the AUDIT stream; resolves as `record` does.
   * @throws HotplateError AUDIT_UNAVAILABLE: then nothing may be changed
   */
  append(subject: string, record: object): Promise<void>
}

const ACK_WAIT_MS_MAX = 3_000
const TEXT_CHARS_MAX = 200

export function createAudit(bus: Bus): Audit {
  const append = async (subject: string, record: object) => {
    try {
      await bus.js.publish(subject, JSON.stringify(record), { timeout: ACK_WAIT_MS_MAX })
    } catch (cause) {
      throw new HotplateError(
        'AUDIT_UNAVAILABLE',
        'The audit record could not be written, so the access is refused: try again soon',
        { cause },
      )
    }
  }
  return {
    append,
    record(event) {
      const record: AuditRecord = { at: new Date().toISOString(), ...event }
      record.who = record.who.slice(0, TEXT_CHARS_MAX)
      if (record.object !== undefined) record.object = record.object.slice(0, TEXT_CHARS_MAX)
      return append(`audit.v1.${event.what}`, record)
    },
  }
}
