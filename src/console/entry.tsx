// One entry that somebody has made: what it says, how far it has come, and what may be done next.
import { useSignal } from '@preact/signals'
import { type Approval, type ApprovalState, decide } from '../domain/approval.ts'
import type { Entry } from '../domain/hotlist.ts'
import { useAsked } from './api.ts'
import { Backtest, PastReads } from './backtest.tsx'
import type { EntryDocument } from './documents.ts'
import { History } from './history.tsx'
import { EntryFacts, State, WhenHere } from './parts.tsx'
import { addressOf } from './route.ts'
import { type StepName, Steps, Way } from './steps.tsx'
import { now_ms, type SignedIn } from './store.ts'
import { text } from './text.ts'

export function EntryPage({ list, id, who }: { list: string; id: string; who: SignedIn }) {
  return (
    <>
      <p class="back">
        <a href={addressOf({ page: 'list', list, tab: 'entries' })}>{list}</a>
      </p>
      <h1>{text.entry.heading}</h1>
      <EntrySheet list={list} id={id} who={who} onDone={() => {}} />
      <Record list={list} id={id} />
    </>
  )
}

/** Asked for when it is opened: the look at it is on record too. */
function Record({ list, id }: { list: string; id: string }) {
  const isOpen = useSignal(false)
  return (
    <details
      class="change"
      onToggle={({ currentTarget }) => {
        isOpen.value = currentTarget.open
      }}
    >
      <summary>{text.list.tab.history}</summary>
      {isOpen.value && <History list={list} object={`entry:${id}`} />}
    </details>
  )
}

function mayAmend(approval: Approval, { user, roles }: SignedIn): boolean {
  try {
    decide(approval, 'amend', { name: user, roles }, now_ms.peek())
    return true
  } catch {
    return false
  }
}

interface EntrySheetProps {
  list: string
  id: string
  who: SignedIn
  names?: readonly StepName[]
  /** At once, without being asked for. */
  backtest?: boolean
  onDone: () => void
}

/** An entry with its steps; asked for anew after each. */
export function EntrySheet({ list, id, who, names, backtest, onDone }: EntrySheetProps) {
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
          <Looks
            list={list}
            entry={entry}
            state={approval.state}
            tested={backtest === true}
            amends={names === undefined && mayAmend(approval, who)}
          />
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

interface LooksProps {
  list: string
  entry: Entry
  state: ApprovalState
  tested: boolean
  amends: boolean
}

/** Looks at what cameras have seen: each is on record, so none is taken unasked without need. */
function Looks({ list, entry, state, tested, amends }: LooksProps) {
  const shown = useSignal<'backtest' | 'past' | null>(tested ? 'backtest' : null)
  const show = (what: 'backtest' | 'past') => () => {
    shown.value = what
  }
  return (
    <>
      {shown.value === null && (
        <p class="buttons">
          {amends && (
            <a class="quiet" href={addressOf({ page: 'amend', list, id: entry.id })}>
              {text.draft.amend}
            </a>
          )}
          <button type="button" class="quiet" onClick={show('backtest')}>
            {text.backtest.ask}
          </button>
          {state === 'active' && (
            <button type="button" class="quiet" onClick={show('past')}>
              {text.backtest.past}
            </button>
          )}
        </p>
      )}
      {shown.value === 'backtest' && <Backtest list={list} entry={entry} />}
      {shown.value === 'past' && <PastReads list={list} entry={entry} />}
    </>
  )
}
