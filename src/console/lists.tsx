// All hot lists that whoever is signed in may know of: what they are, how old, and what waits.
import { may } from '../domain/roles.ts'
import { useAsked } from './api.ts'
import type { ListDocument } from './documents.ts'
import { State, WhenHere } from './parts.tsx'
import { addressOf } from './route.ts'
import type { SignedIn } from './store.ts'
import { text } from './text.ts'

export function Lists({ who }: { who: SignedIn }) {
  const asked = useAsked<{ lists: ListDocument[] }>('/v1/hotlists')
  return (
    <>
      <div class="tools">
        <h1>{text.lists.heading}</h1>
        <span class="buttons">
          <a class="quiet" href={addressOf({ page: 'conflicts' })}>
            {text.conflicts.heading}
          </a>
          {may(who.roles, 'list_write') && (
            <a class="strong" href={addressOf({ page: 'new-list' })}>
              {text.lists.add}
            </a>
          )}
        </span>
      </div>
      <WhenHere asked={asked}>
        {({ lists }) =>
          lists.length === 0 ? (
            <p class="waiting">{text.lists.none}</p>
          ) : (
            <table class="rows-of">
              <thead>
                <tr>
                  <th>{text.lists.name}</th>
                  <th>{text.lists.state}</th>
                  <th>{text.lists.category}</th>
                  <th>{text.lists.priority}</th>
                  <th class="number">{text.lists.entries}</th>
                  <th class="number">{text.lists.version}</th>
                  <th>{text.lists.age}</th>
                </tr>
              </thead>
              <tbody>
                {lists.map((list) => (
                  <Row key={list.name} list={list} />
                ))}
              </tbody>
            </table>
          )
        }
      </WhenHere>
    </>
  )
}

function Row({ list }: { list: ListDocument }) {
  const { name, approved, proposed, version, entries } = list
  const stated = approved ?? proposed
  if (stated === null) return null
  const { title, category, priority, visibility, ilets } = stated.settings
  return (
    <tr>
      <th scope="row">
        <a href={addressOf({ page: 'list', list: name, tab: 'entries' })}>{title}</a>{' '}
        {title !== name && <small>{name}</small>}
        {visibility.kind !== 'all' && <small> {text.settings.visibilities[visibility.kind]}</small>}
        {ilets && <small> {text.settings.ilets}</small>}
      </th>
      <td>
        <State approval={stated.approval} />
        {approved !== null && proposed !== null && <small> {text.lists.proposed}</small>}
      </td>
      <td>{text.category[category]}</td>
      <td data-name={text.lists.priority}>{text.lists.priorities[priority]}</td>
      <td class="number" data-name={text.lists.entries}>
        {entries.toLocaleString()}
      </td>
      <td class="number" data-name={text.lists.version}>
        {version ?? '–'}
      </td>
      <td data-name={text.lists.age}>
        <Age list={list} />
      </td>
    </tr>
  )
}

/** How old the list is; where it is past its time, that it is. */
export function Age({ list: { age_h, stale_h } }: { list: ListDocument }) {
  if (age_h === null) return <>–</>
  if (stale_h === null) return <>{text.lists.hours(age_h)}</>
  return <strong class="stale">{text.lists.stale(stale_h)}</strong>
}
