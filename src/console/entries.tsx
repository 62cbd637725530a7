// The entries of a list that people have made, in whichever state.
import { useSignal } from '@preact/signals'
import { APPROVAL_STATES } from '../domain/approval.ts'
import { may } from '../domain/roles.ts'
import { useAsked } from './api.ts'
import type { EntryDocument } from './documents.ts'
import { formatDateTime } from './format.ts'
import { State, WhenHere } from './parts.tsx'
import { addressOf } from './route.ts'
import type { SignedIn } from './store.ts'
import { text } from './text.ts'

export function Entries({ list, who }: { list: string; who: SignedIn }) {
  const state = useSignal('')
  const wanted = state.value === '' ? '' : `?state=${state.value}`
  const asked = useAsked<{ entries: EntryDocument[]; more: boolean }>(
    `/v1/hotlists/${list}/entries${wanted}`,
  )
  return (
    <>
      <p class="tools">
        <label>
          {text.entries.state}{' '}
          <select
            value={state}
            onChange={({ currentTarget: { value } }) => {
              state.value = value
            }}
          >
            <option value="">{text.entries.all}</option>
            {APPROVAL_STATES.map((name) => (
              <option key={name} value={name}>
                {text.state.names[name]}
              </option>
            ))}
          </select>
        </label>
        {may(who.roles, 'entry_write') && (
          <a class="strong" href={addressOf({ page: 'draft', list })}>
            {text.entries.add}
          </a>
        )}
      </p>
      <WhenHere asked={asked}>
        {({ entries, more }) =>
          entries.length === 0 ? (
            <p class="waiting">{text.entries.none}</p>
          ) : (
            <>
              <EntriesTable entries={entries} />
              {more && <p class="waiting">{text.entries.more(entries.length)}</p>}
            </>
          )
        }
      </WhenHere>
    </>
  )
}

function EntriesTable({ entries }: { entries: readonly EntryDocument[] }) {
  return (
    <table class="rows-of">
      <thead>
        <tr>
          <th>{text.entry.plate}</th>
          <th>{text.entry.reason}</th>
          <th>{text.entries.state}</th>
          <th>{text.entries.author}</th>
          <th>{text.entry.expires}</th>
        </tr>
      </thead>
      <tbody>
        {entries.map(({ list, entry, approval }) => (
          <tr key={entry.id}>
            <th scope="row">
              <a class="mono" href={addressOf({ page: 'entry', list, id: entry.id })}>
                {entry.plate}
              </a>{' '}
              <small>{entry.region}</small>
            </th>
            <td>{entry.reason}</td>
            <td>
              <State approval={approval} />
            </td>
            <td>{approval.authors.join(', ')}</td>
            <td>{entry.expires_at && formatDateTime(Date.parse(entry.expires_at))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
