// Small parts that the pages of hot lists share.
import type { ComponentChildren } from 'preact'
import type { Approval } from '../domain/approval.ts'
import type { Entry } from '../domain/hotlist.ts'
import type { Asked } from './api.ts'
import type { ListVersion } from './documents.ts'
import { formatDateTime } from './format.ts'
import { text } from './text.ts'

interface WhenHereProps<T> {
  asked: Asked<T>
  children: (value: T) => ComponentChildren
}

/** What was asked for, once it is here; till then that it is not, or why it never will be. */
export function WhenHere<T>({ asked: { answer, again }, children }: WhenHereProps<T>) {
  if (answer === null) return <p class="waiting">{text.page.loading}</p>
  if (answer.ok) return <>{children(answer.value)}</>
  return (
    <p class="problem" role="alert">
      {answer.words}{' '}
      <button type="button" class="quiet" onClick={again}>
        {text.page.again}
      </button>
    </p>
  )
}

/** A state in words, with a mark that needs no colour. */
export function State({ approval }: { approval: Approval }) {
  const { state, urgent } = approval
  const waits = state === 'active' && urgent !== undefined && urgent.confirmed_by === undefined
  const shown = waits ? 'urgent' : state
  return (
    <span class={`state ${shown}`}>
      <span aria-hidden="true">{text.state.marks[shown]} </span>
      {text.state.names[shown]}
      {waits && urgent.overdue_since !== undefined && `, ${text.state.overdue}`}
    </span>
  )
}

export function VersionState({ one: { state } }: { one: Pick<ListVersion, 'state'> }) {
  return (
    <span class={`state ${state}`}>
      <span aria-hidden="true">{text.versions.marks[state]} </span>
      {text.versions.states[state]}
    </span>
  )
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === undefined || children === null || children === '') return null
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** All that an entry says. */
export function EntryFacts({ entry }: { entry: Entry }) {
  const { vehicle = {}, details = {} } = entry
  const { color, make, model, type, year } = vehicle
  const words = [color, make, model, type, year].filter((part) => part !== undefined)
  return (
    <>
      {(details.instructions !== undefined || details.cautions !== undefined) && (
        <div class="careful">
          {details.cautions?.map((caution) => (
            <strong key={caution}>{caution}</strong>
          ))}
          {details.instructions !== undefined && <p>{details.instructions}</p>}
        </div>
      )}
      <dl class="sheet">
        <Fact name={text.entry.plate}>
          <span class="mono plate-text">{entry.plate}</span>{' '}
          {entry.region ?? <em>{text.entry.noRegion}</em>}
        </Fact>
        <Fact name={text.entry.reason}>{entry.reason}</Fact>
        <Fact name={text.entry.case}>{entry.case}</Fact>
        <Fact name={text.entry.purpose}>
          {entry.purpose === undefined ? undefined : text.purpose[entry.purpose]}
        </Fact>
        <Fact name={text.entry.vehicle}>{words.join(' ')}</Fact>
        <Fact name={text.entry.profile}>
          {entry.profile === undefined ? undefined : text.profile[entry.profile]}
        </Fact>
        <Fact name={text.entry.expires}>
          {entry.expires_at === undefined
            ? undefined
            : formatDateTime(Date.parse(entry.expires_at))}
        </Fact>
        <Fact name={text.entry.contact}>{details.contact}</Fact>
        <Fact name={text.entry.agency}>{details.agency}</Fact>
      </dl>
    </>
  )
}
