// Entries whose file code fits no purpose of policy 401.1 by itself: an administrator says what
// they are looked for, or that they are not.
import { useSignal } from '@preact/signals'
import { may } from '../domain/roles.ts'
import { ask } from './api.ts'
import type { SignedIn } from './store.ts'
import { text } from './text.ts'

interface FileCodesProps {
  list: string
  /** Entries by code. */
  codes: Readonly<Record<string, number>>
  who: SignedIn
  onDone: () => void
}

export function FileCodes({ list, codes, who, onDone }: FileCodesProps) {
  const all = Object.entries(codes)
  if (all.length === 0) return null
  return (
    <section class="codes">
      <h2>{text.fileCodes.heading}</h2>
      <p class="waiting">{text.fileCodes.explained}</p>
      <ul class="plain">
        {all.map(([code, entries]) => (
          <li key={code}>
            <span>{text.fileCodes.entries(code, entries)}</span>{' '}
            {may(who.roles, 'source_register') && (
              <Decide list={list} code={code} onDone={onDone} />
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

interface DecideProps {
  list: string
  code: string
  onDone: () => void
}

function Decide({ list, code, onDone }: DecideProps) {
  const purpose = useSignal('')
  const problem = useSignal('')
  const done = useSignal(false)
  const send = async () => {
    const path = `/v1/hotlists/${list}/file-codes/${encodeURIComponent(code)}`
    const decided = purpose.value === 'none' ? null : purpose.value
    const answer = await ask('POST', path, { purpose: decided })
    problem.value = answer.ok ? '' : answer.words
    done.value = answer.ok
    if (answer.ok) onDone()
  }
  if (done.value) return <strong role="status">{text.fileCodes.done}</strong>
  return (
    <>
      <select
        aria-label={text.fileCodes.purposeOf(code)}
        value={purpose}
        onChange={({ currentTarget: { value } }) => {
          purpose.value = value
        }}
      >
        <option value="">{text.draft.choose}</option>
        <option value="none">{text.fileCodes.none}</option>
        {Object.entries(text.purpose).map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>{' '}
      <button
        type="button"
        class="quiet"
        disabled={purpose.value === ''}
        onClick={() => void send()}
      >
        {text.fileCodes.decide}
      </button>
      <span class="problem" role="alert">
        {problem}
      </span>
    </>
  )
}
