// Every change of a hot list, of its entries, versions and cleared vehicles, on the AUDIT stream:
// who, when, from where, what, and what was and what is. A change that can't be put on record first
// is not made.
import { DeliverPolicy, type JsMsg } from '@nats-io/jetstream'
import type { Audit } from '../access/audit.ts'
import type { Bus } from '../bus/connection.ts'
import { listEventsSubject, STREAM } from '../bus/streams.ts'
import { HotplateError } from '../domain/error.ts'
import { assertListName } from './manifest.ts'

/** What was changed: the kind and its id; of a list its name, of a version its number. */
export type ListObject = `${'list' | 'entry' | 'version' | 'cleared' | 'plate'}:${string}`

export interface ListChange {
  /** A user's name, `os:name` of whoever sits at the machine, or `system:hotplate`. */
  who: string
  /** Network address, or `command line`. */
  from: string
  list: string
  /** A stable word: `entry_approve`. */
  what: string
  object: ListObject
  /** The document before and after; null where there was none, or is none. */
  was: unknown
  is: unknown
  /** Why it was refused, as a stable word: then nothing has changed. */
  refused?: string
}

/** A change as it lies on the stream. */
export interface ListEvent extends ListChange {
  /** ISO 8601 UTC, ms */
  at: string
}

const PAGE_EVENTS = 500
const PAGE_MS_MAX = 2_000
const IDLE_PAGES_MAX = 5

/**
 * Resolves once the record is on the stream; only then may the change be made.
 * @throws HotplateError AUDIT_UNAVAILABLE, LIST_NAME_INVALID
 */
export async function recordChange(
  audit: Pick<Audit, 'append'>,
  change: ListChange,
): Promise<void> {
  assertListName(change.list)
  const event: ListEvent = { at: new Date().toISOString(), ...change }
  await audit.append(listEventsSubject(change.list), event)
}

/**
 * The last events of a list, or of one thing in it, newest first.
 * @throws HotplateError BUS_UNAVAILABLE where the stream can't be read to its end now
 */
export async function historyOf(
  bus: Bus,
  list: string,
  { object, events_max = 200 }: { object?: ListObject; events_max?: number } = {},
): Promise<ListEvent[]> {
  assertListName(list)
  const events: ListEvent[] = []
  const take = (message: JsMsg) => {
    const event = message.json<ListEvent>()
    if (object !== undefined && event.object !== object) return
    events.push(event)
    if (events.length > 2 * events_max) events.splice(0, events_max)
  }
  const consumer = await bus.js.consumers.get(STREAM.audit, {
    filter_subjects: listEventsSubject(list),
    deliver_policy: DeliverPolicy.All,
  })
  for (let idle = 0; idle < IDLE_PAGES_MAX; idle += 1) {
    if ((await consumer.info()).num_pending === 0) return events.slice(-events_max).reverse()
    const page = await consumer.fetch({ max_messages: PAGE_EVENTS, expires: PAGE_MS_MAX })
    for await (const message of page) {
      idle = -1
      take(message)
      if (message.info.pending === 0) break
    }
  }
  throw new HotplateError('BUS_UNAVAILABLE', `The history of ${list} could not be read in time`)
}
