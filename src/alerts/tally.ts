// Counts alerts and what people have said of them, per list and day, off the ALERTS stream. Holds
// no plates: counts, and of the alerts that have a verdict their id and which one.
import { DeliverPolicy, type JsMsg } from '@nats-io/jetstream'
import type { Bus } from '../bus/connection.ts'
import { STREAM } from '../bus/streams.ts'
import type { AlertEvent, RejectionReason } from '../domain/alert-event.ts'
import { utcDay } from '../domain/time.ts'
import { readAlert } from './replay.ts'

export interface AlertCounts {
  alerts: number
  verified: number
  false_alerts: number
  rejected_otherwise: number
}

type Said = Exclude<keyof AlertCounts, 'alerts'>

/** Whether a rejection says that the match itself was wrong. */
const IS_FALSE: Readonly<Record<RejectionReason, boolean>> = {
  misread: true,
  wrong_state: true,
  wrong_vehicle: true,
  entry_not_in_force: false,
  test: false,
}

const PAGE_MESSAGES = 500
const PAGE_MS_MAX = 2_000

export class AlertTally {
  /** By day, then list. */
  #counts = new Map<string, Map<string, AlertCounts>>()
  /** What stands, by alert. */
  #said = new Map<string, { day: string; list: string; said: Said }>()
  /** Last sequence that was counted. */
  #at = 0

  /**
   * Counts what the stream has got since the last call.
   * @returns 'behind' where its end was not reached in time: the counts are not whole then
   */
  async follow(bus: Bus, signal: AbortSignal): Promise<'whole' | 'behind'> {
    const { state } = await bus.jsm.streams.info(STREAM.alerts)
    if (state.last_seq < this.#at) this.#startOver()
    if (state.messages === 0 || state.last_seq === this.#at) return 'whole'
    const consumer = await bus.js.consumers.get(STREAM.alerts, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#at + 1,
    })
    while (!signal.aborted) {
      const before = this.#at
      const page = await consumer.fetch({ max_messages: PAGE_MESSAGES, expires: PAGE_MS_MAX })
      let left: number | null = null
      for await (const message of page) {
        left = message.info.pending
        this.#count(message)
      }
      if (left === 0) return 'whole'
      if (this.#at > before) continue
      // What was deleted at the stream's end is never delivered.
      return (await consumer.info()).num_pending === 0 ? 'whole' : 'behind'
    }
    return 'behind'
  }

  of(list: string, day: string): AlertCounts {
    return this.#counts.get(day)?.get(list) ?? noCounts()
  }

  /** Forgets all days before this one. */
  forgetBefore(day: string): void {
    for (const counted of this.#counts.keys()) {
      if (counted < day) this.#counts.delete(counted)
    }
    for (const [id, said] of this.#said) if (said.day < day) this.#said.delete(id)
  }

  /** The stream is another one: its data folder was replaced. */
  #startOver(): void {
    this.#counts.clear()
    this.#said.clear()
    this.#at = 0
  }

  #count(message: JsMsg): void {
    this.#at = message.seq
    const item = readAlert(message)
    if (item === null) return
    const day = utcDay(item.read_ms)
    if (item.kind === 'update') this.#countEvent(item.alert, day)
    else this.#countsOf(item.alert.entry.list, day).alerts += 1
  }

  /** The last verdict on an alert is the one that counts. */
  #countEvent({ id, verdict, reason, entry: { list } }: AlertEvent, day: string): void {
    const before = this.#said.get(id)
    if (before !== undefined) this.#countsOf(before.list, before.day)[before.said] -= 1
    const said = saidBy(verdict, reason)
    this.#said.set(id, { day, list, said })
    this.#countsOf(list, day)[said] += 1
  }

  #countsOf(list: string, day: string): AlertCounts {
    const lists = this.#counts.get(day) ?? new Map<string, AlertCounts>()
    this.#counts.set(day, lists)
    const counts = lists.get(list) ?? noCounts()
    lists.set(list, counts)
    return counts
  }
}

function saidBy(verdict: AlertEvent['verdict'], reason: RejectionReason | undefined): Said {
  if (verdict === 'verified') return 'verified'
  return reason !== undefined && IS_FALSE[reason] ? 'false_alerts' : 'rejected_otherwise'
}

function noCounts(): AlertCounts {
  return { alerts: 0, verified: 0, false_alerts: 0, rejected_otherwise: 0 }
}
