// A list's settings: those in force, those that somebody proposes, and what differs; the form that
// proposes.
import { useSignal } from '@preact/signals'
import type { ListSettings } from '../domain/list-settings.ts'
import { may } from '../domain/roles.ts'
import { type Asked, ask, useAsked } from './api.ts'
import type { ListDocument, Stated } from './documents.ts'
import { State, WhenHere } from './parts.tsx'
import { SettingsFields, settingsOf } from './settings-form.tsx'
import { type StepName, Steps, Way } from './steps.tsx'
import type { SignedIn } from './store.ts'
import { text } from './text.ts'

const STEPS: readonly StepName[] = ['submit', 'approve', 'return', 'withdraw']
const END: readonly StepName[] = ['revoke']

export function Settings({ asked, who }: { asked: Asked<ListDocument>; who: SignedIn }) {
  return (
    <WhenHere asked={asked}>
      {(document) => (
        <>
          <Proposal document={document} who={who} onDone={asked.again} />
          {document.approved !== null && (
            <InForce document={document} stated={document.approved} who={who} again={asked.again} />
          )}
          {may(who.roles, 'list_write') && <Change document={document} onDone={asked.again} />}
        </>
      )}
    </WhenHere>
  )
}

interface InForceProps {
  document: ListDocument
  stated: Stated
  who: SignedIn
  again: () => void
}

function InForce({ document, stated, who, again }: InForceProps) {
  return (
    <section class="decision">
      <h2>{text.settings.inForce}</h2>
      <p>
        <State approval={stated.approval} />
      </p>
      <Compared before={null} after={stated.settings} />
      <Steps
        path={`/v1/hotlists/${document.name}/settings`}
        approval={stated.approval}
        who={who}
        names={END}
        onDone={again}
      />
      <Way history={stated.approval.history} />
    </section>
  )
}

interface ProposalProps {
  document: ListDocument
  who: SignedIn
  onDone: () => void
}

/** What somebody would have in place of what is in force. */
function Proposal({ document: { name, approved, proposed }, who, onDone }: ProposalProps) {
  if (proposed === null) return null
  return (
    <section class="decision" data-proposal={name}>
      <h2>{text.settings.proposed}</h2>
      <p>
        <State approval={proposed.approval} />
      </p>
      <Compared before={approved?.settings ?? null} after={proposed.settings} />
      <Steps
        key={proposed.approval.history.length}
        path={`/v1/hotlists/${name}/settings`}
        approval={proposed.approval}
        who={who}
        names={STEPS}
        onDone={onDone}
      />
      <Way history={proposed.approval.history} />
    </section>
  )
}

/** In the inbox: a proposal alone. */
export function ProposalMatter({
  list,
  who,
  onDone,
}: { list: string } & Omit<ProposalProps, 'document'>) {
  const asked = useAsked<ListDocument>(`/v1/hotlists/${list}`)
  const again = () => {
    asked.again()
    onDone()
  }
  return (
    <WhenHere asked={asked}>
      {(document) => <Proposal document={document} who={who} onDone={again} />}
    </WhenHere>
  )
}

interface ComparedProps {
  before: ListSettings | null
  after: ListSettings
}

/** Each setting in words; of a proposal only what differs. */
function Compared({ before, after }: ComparedProps) {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])]
  const rows = names.flatMap((name) => {
    const key = name as keyof ListSettings
    const [was, is] = [shown(key, before), shown(key, after)]
    if (before !== null ? was === is : is === '') return []
    return { name: text.settings.names[key], was, is }
  })
  return (
    <table class="rows-of compared">
      <thead>
        <tr>
          <th>{text.settings.setting}</th>
          {before !== null && <th>{text.history.was}</th>}
          <th>{text.history.is}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, was, is }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {before !== null && <td>{was || '–'}</td>}
            <td>{is || '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Stable words of settings, as people read them. */
const WORDS: Readonly<Partial<Record<keyof ListSettings, Readonly<Record<string, string>>>>> = {
  category: text.category,
  purpose: text.purpose,
  profile: text.profile,
  priority: text.lists.priorities,
  when_stale: text.settings.whenStale,
}

function shown(name: keyof ListSettings, settings: ListSettings | null): string {
  const value = settings?.[name]
  return WORDS[name]?.[String(value)] ?? inWords(value)
}

function inWords(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'boolean') return value ? text.settings.yes : text.settings.no
  if (Array.isArray(value)) return value.map(inWords).join('; ')
  if (typeof value !== 'object') return String(value).replaceAll('_', ' ')
  return Object.entries(value)
    .map(([name, part]) => {
      const words = inWords(part)
      return name === 'kind' ? words : `${name.replaceAll('_', ' ')} ${words}`
    })
    .join(', ')
}

function Change({ document, onDone }: { document: ListDocument; onDone: () => void }) {
  const stated = document.proposed ?? document.approved
  const problem = useSignal('')
  const sending = useSignal(false)
  const send = async (event: SubmitEvent) => {
    event.preventDefault()
    if (sending.value || stated === null) return
    sending.value = true
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const patch = { ...settingsOf(form, stated.settings), submit: true }
    const answer = await ask('PATCH', `/v1/hotlists/${document.name}`, patch)
    sending.value = false
    problem.value = answer.ok ? '' : answer.words
    if (answer.ok) onDone()
  }
  if (stated === null) return null
  return (
    <details class="change">
      <summary>{text.settings.change}</summary>
      <form class="form" onSubmit={(event) => void send(event)}>
        <p class="waiting">{text.settings.explained}</p>
        <SettingsFields settings={stated.settings} />
        <p class="problem" role="alert">
          {problem}
        </p>
        <p class="buttons">
          <button type="submit" class="strong" disabled={sending.value}>
            {text.settings.send}
          </button>
        </p>
      </form>
    </details>
  )
}
