// A person's verdict on an alert: an event on the alert's own subject, published with the sequence
// that the person has seen there, so that of two at once one wins and the other is told who.
import { JetStreamApiError } from '@nats-io/jetstream'
import type { Bus } from '../bus/connection.ts'
import { alertEventsSubject, STREAM } from '../bus/streams.ts'
import type { Alert } from '../domain/alert.ts'
import type { AlertEvent, StandingVerdict, Verdict } from '../domain/alert-event.ts'
import { HotplateError } from '../domain/error.ts'

/** JetStream's error "wrong last sequence": another event came first. */
const WRONG_LAST_SEQUENCE = 10_071
const ACK_WAIT_MS_MAX = 3_000

/** Another verdict stands than the one that was seen. */
export class VerdictOvertaken extends HotplateError {
  readonly standing: StandingVerdict
  constructor(standing: StandingVerdict) {
    super('VERDICT_OVERTAKEN', `${standing.by} has said ${standing.verdict} already`)
    this.standing = standing
  }
}

export interface Verdicts {
  /** The verdict that stands, or null. @throws HotplateError BUS_UNAVAILABLE */
  of(id: string): Promise<StandingVerdict | null>
  /**
   * Resolves once the stream holds the verdict. The same one again by the same person, whose answer
   * was lost, is the one that stands.
   * @param seen_seq sequence of the verdict that is to be changed, 0 for none
   * @throws VerdictOvertaken; HotplateError BUS_UNAVAILABLE, after which it may stand all the same
   */
  give(alert: Alert, verdict: Omit<Verdict, 'at'>, seen_seq: number): Promise<StandingVerdict>
}

export function createVerdicts(bus: Bus): Verdicts {
  const of = async (id: string) => {
    try {
      const message = await bus.jsm.streams.getMessage(STREAM.alerts, {
        last_by_subj: alertEventsSubject(id),
      })
      return message === null ? null : standing(message.json<AlertEvent>(), message.seq)
    } catch (cause) {
      throw new HotplateError('BUS_UNAVAILABLE', 'The verdict can not be looked up now', { cause })
    }
  }
  return {
    of,
    async give({ id, read, entry }, verdict, seen_seq) {
      const given = { ...verdict, at: new Date().toISOString() }
      const event: AlertEvent = {
        kind: 'verdict',
        id,
        ...given,
        read: { camera: read.camera, time: read.time },
        entry: { list: entry.list },
      }
      try {
        const { seq } = await bus.js.publish(alertEventsSubject(id), JSON.stringify(event), {
          expect: { lastSubjectSequence: seen_seq },
          timeout: ACK_WAIT_MS_MAX,
        })
        return { ...given, seq }
      } catch (cause) {
        if (!(cause instanceof JetStreamApiError && cause.code === WRONG_LAST_SEQUENCE)) {
          throw new HotplateError('BUS_UNAVAILABLE', 'The verdict can not be kept now', { cause })
        }
      }
      const now = await of(id)
      // It was seen, and is gone with its alert, which expired meanwhile.
      if (now === null) throw new HotplateError('ALERT_NOT_FOUND', 'The alert has expired')
      if (isSame(now, verdict)) return now
      throw new VerdictOvertaken(now)
    },
  }
}

function standing({ verdict, reason, by, at }: AlertEvent, seq: number): StandingVerdict {
  return { verdict, ...(reason === undefined ? {} : { reason }), by, at, seq }
}

function isSame(a: Omit<Verdict, 'at'>, b: Omit<Verdict, 'at'>): boolean {
  return a.by === b.by && a.verdict === b.verdict && a.reason === b.reason
}
