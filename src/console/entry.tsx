// One entry that somebody has made: what it says, how far it has come, and what may be done next.
import { useSignal } from '@preact/signals'
import type { Approval } from '../domain/approval.ts'
import type { Entry } from '../domain/hotlist.ts'
import { useAsked } from './api.ts'
import { EntryFacts, State, WhenHere } from './parts.tsx'
import { addressOf } from './route.ts'
import { type StepName, Steps, Way } from './steps.tsx'
import type { SignedIn } from './store.ts'
import { text } from './text.ts'

/** As the service gives it. */
export interface EntryDocument {
  list: string
  entry: Entry
  approval: Approval
  revision: number
}

export function EntryPage({ list, id, who }: { list: string; id: string; who: SignedIn }) {
  return (
    <>
      <p class="back">
        <a href={addressOf({ page: 'list', list, tab: 'entries' })}>{list}</a>
      </p>
      <h1>{text.entry.heading}</h1>
      <EntrySheet list={list} id={id} who={who} onDone={() => {}} />
    </>
  )
}

interface EntrySheetProps {
  list: string
  id: string
  who: SignedIn
  names?: readonly StepName[]
  onDone: () => void
}

/** An entry with its steps; asked for anew after each. */
export function EntrySheet({ list, id, who, names, onDone }: EntrySheetProps) {
  const path = `/v1/hotlists/${list}/entries/${encodeURIComponent(id)}`
  const asked = useAsked<EntryDocument>(path)
  const told = useSignal('')
  return (
    <WhenHere asked={asked}>
      {({ entry, approval, revision }) => (
        <article class="decision" data-entry={id}>
          <p>
            <State approval={approval} />
          </p>
          <EntryFacts entry={entry} />
          <p class="problem" role="status">
            {told}
          </p>
          <Steps
            key={revision}
            path={path}
            approval={approval}
            revision={revision}
            who={who}
            {...(names === undefined ? {} : { names })}
            onDone={(said) => {
              told.value = said
              asked.again()
              onDone()
            }}
          />
          <Way history={approval.history} />
        </article>
      )}
    </WhenHere>
  )
}
