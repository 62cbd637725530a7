// Who has changed what of a list: the record itself, newest first.
import { useAsked } from './api.ts'
import { formatDateTime } from './format.ts'
import { WhenHere } from './parts.tsx'
import { text } from './text.ts'

interface ListEvent {
  at: string
  who: string
  from: string
  what: string
  object: string
  was: unknown
  is: unknown
  refused?: string
}

/** @param object one thing of the list alone */
export function History({ list, object }: { list: string; object?: string }) {
  const of_one = object === undefined ? '' : `?${new URLSearchParams({ object })}`
  const asked = useAsked<{ events: ListEvent[] }>(`/v1/hotlists/${list}/history${of_one}`)
  return (
    <WhenHere asked={asked}>
      {({ events }) =>
        events.length === 0 ? (
          <p class="waiting">{text.history.none}</p>
        ) : (
          <ol class="events">
            {events.map((event, at) => (
              <li key={at} class={event.refused === undefined ? '' : 'refused-event'}>
                <p>
                  <time dateTime={event.at}>{formatDateTime(Date.parse(event.at))}</time>{' '}
                  <strong>{event.who}</strong> {text.history.what(event.what)}{' '}
                  <span class="mono">{objectOf(event)}</span>
                  {event.refused !== undefined && <em> {text.history.refused(event.refused)}</em>}
                </p>
                {(event.was !== null || event.is !== null) && <Change event={event} />}
              </li>
            ))}
          </ol>
        )
      }
    </WhenHere>
  )
}

/** An entry by its plate: nobody knows it by its id. */
function objectOf({ object, was, is }: ListEvent): string {
  const { entry } = ((is ?? was) as { entry?: { plate?: string } } | null) ?? {}
  return entry?.plate ?? object
}

function Change({ event: { was, is, from } }: { event: ListEvent }) {
  return (
    <details>
      <summary>{text.history.detail}</summary>
      <dl>
        <dt>{text.history.was}</dt>
        <dd class="mono">{inWords(was)}</dd>
        <dt>{text.history.is}</dt>
        <dd class="mono">{inWords(is)}</dd>
        <dt>{text.history.from}</dt>
        <dd class="mono">{from}</dd>
      </dl>
    </details>
  )
}

function inWords(value: unknown): string {
  return value === null || value === undefined ? '–' : JSON.stringify(value, null, 1)
}
