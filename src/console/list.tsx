// One hot list, by tabs.
import { Entries } from './entries.tsx'
import { History } from './history.tsx'
import { addressOf, LIST_TABS, type ListTab } from './route.ts'
import type { SignedIn } from './store.ts'
import { text } from './text.ts'

export function ListPage({ list, tab, who }: { list: string; tab: ListTab; who: SignedIn }) {
  return (
    <>
      <p class="back">
        <a href={addressOf({ page: 'lists' })}>{text.lists.heading}</a>
      </p>
      <h1>{list}</h1>
      <nav class="tabs" aria-label={text.list.tabs}>
        {LIST_TABS.map((name) => (
          <a
            key={name}
            href={addressOf({ page: 'list', list, tab: name })}
            {...(name === tab ? { 'aria-current': 'page' as const } : {})}
          >
            {text.list.tab[name]}
          </a>
        ))}
      </nav>
      <Tab list={list} tab={tab} who={who} />
    </>
  )
}

function Tab({ list, tab, who }: { list: string; tab: ListTab; who: SignedIn }) {
  switch (tab) {
    case 'entries':
      return <Entries list={list} who={who} />
    case 'history':
      return <History list={list} />
  }
}
