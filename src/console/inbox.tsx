// What waits for a decision: the most urgent first, each to be opened, looked at and decided.
import { useSignal } from '@preact/signals'
import type { InboxItem } from '../domain/approval.ts'
import { useAsked } from './api.ts'
import { ClearanceMatter } from './cleared.tsx'
import { EntrySheet } from './entry.tsx'
import { formatAge } from './format.ts'
import { WhenHere } from './parts.tsx'
import { ProposalMatter } from './settings.tsx'
import type { StepName } from './steps.tsx'
import { now_ms, type SignedIn } from './store.ts'
import { text } from './text.ts'
import { VersionSheet } from './version.tsx'

const DECISIONS: readonly StepName[] = ['approve', 'return', 'confirm', 'refuse']

const keyOf = ({ subject, list, id }: InboxItem) => `${subject} ${list} ${id}`

export function Inbox({ who }: { who: SignedIn }) {
  const asked = useAsked<{ items: InboxItem[] }>('/v1/inbox')
  const open = useSignal<string | null>(null)
  return (
    <>
      <h1>{text.inbox.heading}</h1>
      <WhenHere asked={asked}>
        {({ items }) => (
          <>
            <p class="waiting">{text.inbox.count(items.length)}</p>
            <ul class="inbox">
              {items.map((item) => {
                const key = keyOf(item)
                return (
                  <li key={key} class={item.urgent ? 'urgent' : ''}>
                    <Row
                      item={item}
                      isOpen={open.value === key}
                      toggle={() => {
                        open.value = open.value === key ? null : key
                      }}
                    />
                    {open.value === key && <Matter item={item} who={who} onDone={asked.again} />}
                  </li>
                )
              })}
            </ul>
          </>
        )}
      </WhenHere>
    </>
  )
}

interface RowProps {
  item: InboxItem
  isOpen: boolean
  toggle: () => void
}

function Row({ item, isOpen, toggle }: RowProps) {
  return (
    <button type="button" class="row" aria-expanded={isOpen} onClick={toggle}>
      <span class="subject">
        {item.urgent && <strong>{item.overdue ? text.inbox.overdue : text.inbox.urgent} </strong>}
        {text.inbox.subjects[item.subject]}
      </span>
      <span class="what">{item.what}</span>
      <span class="list-name">{item.list}</span>
      <span class="asker">
        {text.inbox.by(item.by, formatAge(now_ms.value - Date.parse(item.since)))}
      </span>
    </button>
  )
}

function Matter({ item, who, onDone }: { item: InboxItem; who: SignedIn; onDone: () => void }) {
  const { subject, list, id } = item
  switch (subject) {
    case 'entry':
      return <EntrySheet list={list} id={id} who={who} names={DECISIONS} onDone={onDone} backtest />
    case 'import':
      return <VersionSheet list={list} version={Number(id)} who={who} onDone={onDone} />
    case 'list':
      return <ProposalMatter list={list} who={who} onDone={onDone} />
    case 'cleared':
      return <ClearanceMatter list={list} id={id} who={who} onDone={onDone} />
  }
}
