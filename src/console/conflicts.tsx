// Entries in force that contradict each other, or themselves, by kind.
import { useSignal } from '@preact/signals'
import { useAsked } from './api.ts'
import { WhenHere } from './parts.tsx'
import { addressOf } from './route.ts'
import { text } from './text.ts'

type Kind = keyof typeof text.conflicts.kinds

interface Page {
  conflicts: {
    plate: string
    entries: { list: string; id: string; plate: string; region: string; priority: number }[]
  }[]
  next: string | null
}

/** @param list only what is of this one */
export function Conflicts({ list }: { list?: string }) {
  const kind = useSignal<Kind>('several_lists')
  const of_list = list === undefined ? '' : `&list=${list}`
  const asked = useAsked<Page>(`/v1/conflicts?kind=${kind.value}${of_list}`)
  return (
    <>
      <p class="tools">
        <label>
          {text.conflicts.kind}{' '}
          <select
            value={kind}
            onChange={({ currentTarget: { value } }) => {
              kind.value = value as Kind
            }}
          >
            {Object.entries(text.conflicts.kinds).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
      </p>
      <p class="waiting">{text.conflicts.explained[kind.value]}</p>
      <WhenHere asked={asked}>{(page) => <Found page={page} />}</WhenHere>
    </>
  )
}

function Found({ page: { conflicts, next } }: { page: Page }) {
  if (conflicts.length === 0) return <p class="waiting">{text.conflicts.none}</p>
  return (
    <>
      <table class="rows-of">
        <thead>
          <tr>
            <th>{text.entry.plate}</th>
            <th>{text.conflicts.entries}</th>
          </tr>
        </thead>
        <tbody>
          {conflicts.map(({ plate, entries }) => (
            <tr key={plate}>
              <th scope="row">
                <span class="mono">{plate}</span>
              </th>
              <td>
                <ul class="plain">
                  {entries.map((one) => (
                    <li key={`${one.list} ${one.id}`}>
                      <a href={addressOf({ page: 'list', list: one.list, tab: 'entries' })}>
                        {one.list}
                      </a>{' '}
                      <span class="mono">{one.plate}</span> <small>{one.region}</small>{' '}
                      <small>{text.conflicts.priority(one.priority)}</small>
                    </li>
                  ))}
                </ul>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {next !== null && <p class="waiting">{text.versions.first(conflicts.length)}</p>}
    </>
  )
}

export function ConflictsPage() {
  return (
    <>
      <p class="back">
        <a href={addressOf({ page: 'lists' })}>{text.lists.heading}</a>
      </p>
      <h1>{text.conflicts.heading}</h1>
      <Conflicts />
    </>
  )
}
