// All hot lists in force that whoever is signed in may know of.
import type { Category } from '../domain/hotlist.ts'
import { useAsked } from './api.ts'
import { formatAge } from './format.ts'
import { WhenHere } from './parts.tsx'
import { addressOf } from './route.ts'
import { now_ms } from './store.ts'
import { text } from './text.ts'

interface ListRow {
  name: string
  category: Category
  version: number
  entries: number
  imported_at: string
}

export function Lists() {
  const asked = useAsked<{ lists: ListRow[] }>('/v1/matching/lists')
  return (
    <>
      <h1>{text.lists.heading}</h1>
      <WhenHere asked={asked}>
        {({ lists }) =>
          lists.length === 0 ? (
            <p class="waiting">{text.lists.none}</p>
          ) : (
            <table class="rows-of">
              <thead>
                <tr>
                  <th>{text.lists.name}</th>
                  <th>{text.lists.category}</th>
                  <th class="number">{text.lists.entries}</th>
                  <th class="number">{text.lists.version}</th>
                  <th>{text.lists.age}</th>
                </tr>
              </thead>
              <tbody>
                {lists.map((list) => (
                  <tr key={list.name}>
                    <th scope="row">
                      <a href={addressOf({ page: 'list', list: list.name, tab: 'entries' })}>
                        {list.name}
                      </a>
                    </th>
                    <td>{text.category[list.category]}</td>
                    <td class="number">{list.entries.toLocaleString()}</td>
                    <td class="number">{list.version}</td>
                    <td>{formatAge(now_ms.value - Date.parse(list.imported_at))}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </WhenHere>
    </>
  )
}
