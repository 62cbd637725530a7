// The steps of an approval that are open to whoever is signed in, by the machine that the service
// itself goes by: what is offered here, it does, unless somebody else was faster.
import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import {
  type Approval,
  type ApprovalAction,
  type ApprovalStep,
  decide,
} from '../domain/approval.ts'
import type { HotplateError } from '../domain/error.ts'
import { ask } from './api.ts'
import { formatDateTime } from './format.ts'
import { now_ms, type SignedIn } from './store.ts'
import { text } from './text.ts'

/** As the path has them, and as the machine does: what comes first is what is expected. */
const STEPS = {
  approve: 'approve',
  confirm: 'confirm',
  submit: 'submit',
  return: 'return',
  refuse: 'refuse',
  urgent: 'activate_urgently',
  withdraw: 'withdraw',
  revoke: 'revoke',
} as const satisfies Record<string, ApprovalAction>
export type StepName = keyof typeof STEPS
const FIRST: readonly StepName[] = ['approve', 'confirm', 'submit']

type Open = 'yes' | 'self' | 'no'

interface StepsProps {
  /** Of what is decided on, in the API: a step is posted below it. */
  path: string
  approval: Approval
  /** Where the service asks for it. */
  revision?: number
  who: SignedIn
  /** The ones that are offered; all by default. */
  names?: readonly StepName[]
  onDone: (said: string) => void
}

export function Steps({ path, approval, revision, who, names, onDone }: StepsProps) {
  const note = useSignal('')
  const problem = useSignal('')
  const sending = useSignal(false)
  const field = useRef<HTMLTextAreaElement>(null)
  const all = names ?? (Object.keys(STEPS) as StepName[])
  const open = all.filter((name) => isOpen(approval, name, who) === 'yes')
  const barred = all.some((name) => isOpen(approval, name, who) === 'self')
  const take = async (name: StepName) => {
    if (sending.value) return
    const said = note.value.trim()
    if (said === '' && asksWhy(approval, name, who)) {
      problem.value = text.steps.why(text.steps.names[name])
      field.current?.focus()
      return
    }
    sending.value = true
    const seen = revision === undefined ? {} : { revision }
    const body = { ...seen, ...(said === '' ? {} : { note: said }) }
    const answer = await ask('POST', `${path}/${name}`, body)
    sending.value = false
    problem.value = answer.ok ? '' : answer.words
    if (answer.ok) note.value = ''
    if (answer.ok || answer.code === 'approval_overtaken') onDone(answer.ok ? '' : answer.words)
  }
  return (
    <div class="steps">
      {barred && <p class="barred">{text.steps.barred}</p>}
      {open.length > 0 && (
        <>
          <label>
            {text.steps.note}
            <textarea
              ref={field}
              rows={2}
              maxLength={1_000}
              value={note}
              onInput={({ currentTarget }) => {
                note.value = currentTarget.value
              }}
            />
          </label>
          <p class="buttons">
            {open.map((name) => (
              <button
                key={name}
                type="button"
                class={FIRST.includes(name) ? 'strong' : 'quiet'}
                disabled={sending.value}
                onClick={() => void take(name)}
              >
                {text.steps.names[name]}
              </button>
            ))}
          </p>
        </>
      )}
      <p class="problem" role="alert">
        {problem}
      </p>
    </div>
  )
}

function isOpen(approval: Approval, name: StepName, { user, roles }: SignedIn): Open {
  try {
    decide(approval, STEPS[name], { name: user, roles }, now_ms.peek(), '-')
    return 'yes'
  } catch (error) {
    return (error as HotplateError).code === 'APPROVAL_SELF' ? 'self' : 'no'
  }
}

function asksWhy(approval: Approval, name: StepName, { user, roles }: SignedIn): boolean {
  try {
    decide(approval, STEPS[name], { name: user, roles }, now_ms.peek())
    return false
  } catch {
    return true
  }
}

/** Who has done what, the first step first. */
export function Way({ history }: { history: readonly ApprovalStep[] }) {
  return (
    <ol class="way">
      {history.map((step, at) => (
        <li key={at}>
          <strong>{text.steps.did[step.action]}</strong> {text.steps.by(step.by)}
          {', '}
          <time dateTime={step.at}>{formatDateTime(Date.parse(step.at))}</time>
          {step.note !== undefined && <q>{step.note}</q>}
        </li>
      ))}
    </ol>
  )
}
