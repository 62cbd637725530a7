// What a person says of an alert: verified, or rejected and why; and what has been said.
import { useComputed, useSignal } from '@preact/signals'
import { REJECTION_REASONS, type StandingVerdict } from '../domain/alert-event.ts'
import { formatTime } from './format.ts'
import { now_ms, putVerdict, verdicts } from './store.ts'
import { text } from './text.ts'

type Said = { verdict: 'verified' } | { verdict: 'rejected'; reason: string }

/** @returns what to tell the person, or null when it went well */
async function send(id: string, said: Said): Promise<string | null> {
  const seq = verdicts.value.get(id)?.seq ?? 0
  try {
    const response = await fetch(`/v1/alerts/${id}/verdict`, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...said, seq }),
    })
    if (response.ok) {
      putVerdict(id, (await response.json()) as StandingVerdict)
      return null
    }
    const { verdict } = (await response.json()) as { verdict?: StandingVerdict }
    if (verdict === undefined) return text.verdict.failed
    putVerdict(id, verdict)
    return text.verdict.overtaken(verdict.by)
  } catch {
    return text.verdict.failed
  }
}

export function VerdictBar({ id }: { id: string }) {
  const standing = useComputed(() => verdicts.value.get(id))
  const changing = useSignal(false)
  const problem = useSignal('')
  const sending = useSignal(false)
  const say = async (said: Said) => {
    if (sending.value) return
    sending.value = true
    problem.value = (await send(id, said)) ?? ''
    sending.value = false
    changing.value = false
  }
  const asks = standing.value === undefined || changing.value
  return (
    <footer class="said" data-verdict={standing.value?.verdict ?? 'unverified'}>
      {standing.value !== undefined && <Standing verdict={standing.value} />}
      {asks ? (
        <Ask say={say} />
      ) : (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            changing.value = true
          }}
        >
          {text.verdict.change}
        </button>
      )}
      <p class="refused" role="status">
        {problem}
      </p>
    </footer>
  )
}

function Standing({ verdict: { verdict, reason, by, at } }: { verdict: StandingVerdict }) {
  const words = reason === undefined ? text.verdict[verdict] : text.verdict.rejectedAs(reason)
  return (
    <p class={`standing ${verdict}`}>
      <span aria-hidden="true">{verdict === 'verified' ? '✓ ' : '✗ '}</span>
      <strong>{words}</strong>{' '}
      <small>{text.verdict.by(by, formatTime(Date.parse(at), now_ms.peek()))}</small>
    </p>
  )
}

function Ask({ say }: { say: (said: Said) => Promise<void> }) {
  const reason = useSignal('')
  return (
    <>
      <button type="button" class="quiet" onClick={() => void say({ verdict: 'verified' })}>
        {text.verdict.verify}
      </button>
      <select
        aria-label={text.verdict.reason}
        value={reason}
        onChange={({ currentTarget: { value } }) => {
          reason.value = value
        }}
      >
        <option value="">{text.verdict.reason}</option>
        {REJECTION_REASONS.map((name) => (
          <option key={name} value={name}>
            {text.verdict.reasons[name]}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="quiet"
        disabled={reason.value === ''}
        onClick={() => void say({ verdict: 'rejected', reason: reason.value })}
      >
        {text.verdict.reject}
      </button>
    </>
  )
}
