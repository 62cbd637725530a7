// Versions of a list: what each import brought and changed, who has decided, and the way back.
import { may } from '../domain/roles.ts'
import { useAsked } from './api.ts'
import type { ListVersion } from './documents.ts'
import { formatDateTime } from './format.ts'
import { VersionState, WhenHere } from './parts.tsx'
import { addressOf } from './route.ts'
import { Silence } from './silence.tsx'
import type { SignedIn } from './store.ts'
import { text } from './text.ts'
import { Upload } from './upload.tsx'

export function Versions({ list, who }: { list: string; who: SignedIn }) {
  const asked = useAsked<{ versions: ListVersion[] }>(`/v1/hotlists/${list}/versions`)
  return (
    <>
      {may(who.roles, 'import_write') && <Upload list={list} />}
      {may(who.roles, 'entry_revoke') && <Silence list={list} />}
      <WhenHere asked={asked}>
        {({ versions }) =>
          versions.length === 0 ? (
            <p class="waiting">{text.versions.none}</p>
          ) : (
            <table class="rows-of">
              <thead>
                <tr>
                  <th>{text.lists.version}</th>
                  <th>{text.lists.state}</th>
                  <th>{text.versions.file}</th>
                  <th class="number">{text.lists.entries}</th>
                  <th class="number">{text.versions.added}</th>
                  <th class="number">{text.versions.changed}</th>
                  <th class="number">{text.versions.removed}</th>
                  <th class="number">{text.versions.bad}</th>
                  <th>{text.versions.begun}</th>
                </tr>
              </thead>
              <tbody>
                {versions.map((one) => (
                  <Row key={one.version} list={list} one={one} />
                ))}
              </tbody>
            </table>
          )
        }
      </WhenHere>
    </>
  )
}

function Row({ list, one }: { list: string; one: ListVersion }) {
  const { version, counts, file, rolled_back_to, began_at } = one
  const number = (n: number | undefined) => (n === undefined ? '–' : n.toLocaleString())
  return (
    <tr>
      <th scope="row">
        <a href={addressOf({ page: 'version', list, version })}>{text.versions.one(version)}</a>
      </th>
      <td>
        <VersionState one={one} />
      </td>
      <td>{rolled_back_to === undefined ? file : text.versions.rolledBack(rolled_back_to)}</td>
      <td class="number" data-name={text.lists.entries}>
        {number(counts.entries)}
      </td>
      <td class="number" data-name={text.versions.added}>
        {number(counts.added)}
      </td>
      <td class="number" data-name={text.versions.changed}>
        {number(counts.changed)}
      </td>
      <td class="number" data-name={text.versions.removed}>
        {number(counts.removed)}
      </td>
      <td class="number" data-name={text.versions.bad}>
        {number(counts.bad)}
      </td>
      <td>{formatDateTime(Date.parse(began_at))}</td>
    </tr>
  )
}
