// One hot list, by tabs.
import { useEffect, useRef } from 'preact/hooks'
import { useAsked } from './api.ts'
import { ClearedTab } from './cleared.tsx'
import { Conflicts } from './conflicts.tsx'
import type { ListDocument } from './documents.ts'
import { Entries } from './entries.tsx'
import { History } from './history.tsx'
import { Age } from './lists.tsx'
import { Fact, State, WhenHere } from './parts.tsx'
import { addressOf, LIST_TABS, type ListTab } from './route.ts'
import { Settings } from './settings.tsx'
import type { SignedIn } from './store.ts'
import { text } from './text.ts'
import { Versions } from './versions.tsx'

export function ListPage({ list, tab, who }: { list: string; tab: ListTab; who: SignedIn }) {
  const tabs = useRef<HTMLElement>(null)
  // On narrow screens not all of them are in view.
  useEffect(() => {
    const current = tabs.current?.querySelector('[aria-current]')
    current?.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' })
  }, [tab])
  const asked = useAsked<ListDocument>(`/v1/hotlists/${list}`)
  return (
    <>
      <p class="back">
        <a href={addressOf({ page: 'lists' })}>{text.lists.heading}</a>
      </p>
      <h1>{list}</h1>
      <WhenHere asked={asked}>{(document) => <Facts document={document} />}</WhenHere>
      <nav ref={tabs} class="tabs" aria-label={text.list.tabs}>
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
      {tab === 'entries' && <Entries list={list} who={who} />}
      {tab === 'versions' && <Versions list={list} who={who} />}
      {tab === 'cleared' && <ClearedTab list={list} who={who} />}
      {tab === 'conflicts' && <Conflicts list={list} />}
      {tab === 'settings' && <Settings asked={asked} who={who} />}
      {tab === 'history' && <History list={list} />}
    </>
  )
}

function Facts({ document }: { document: ListDocument }) {
  const { approved, proposed, entries, version } = document
  const stated = approved ?? proposed
  if (stated === null) return null
  const { title, category, priority, purpose } = stated.settings
  return (
    <dl class="sheet list-facts">
      <Fact name={text.lists.name}>{title}</Fact>
      <Fact name={text.lists.state}>
        <State approval={stated.approval} />
      </Fact>
      <Fact name={text.lists.category}>{text.category[category]}</Fact>
      <Fact name={text.lists.priority}>{text.lists.priorities[priority]}</Fact>
      <Fact name={text.entry.purpose}>{text.purpose[purpose]}</Fact>
      <Fact name={text.lists.entries}>{entries.toLocaleString()}</Fact>
      <Fact name={text.lists.version}>{version}</Fact>
      <Fact name={text.lists.age}>
        <Age list={document} />
      </Fact>
    </dl>
  )
}
