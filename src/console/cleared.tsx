// Cleared vehicles: known innocent look-alikes of an entry, left alone once a second person agrees,
// and counted each time.
import { useSignal } from '@preact/signals'
import type { Approval } from '../domain/approval.ts'
import { may } from '../domain/roles.ts'
import { ask, useAsked } from './api.ts'
import { Field } from './field.tsx'
import { formatDateTime, inDays } from './format.ts'
import { Fact, State, WhenHere } from './parts.tsx'
import { type StepName, Steps, Way } from './steps.tsx'
import type { SignedIn } from './store.ts'
import { text } from './text.ts'

/** As the service gives it. */
interface Clearance {
  id: string
  entry_id: string
  entry_plate: string
  plate: string
  region?: string
  reason: string
  expires_at: string
  approval: Approval
  revision: number
  silenced?: number
}

const STEPS: readonly StepName[] = ['approve', 'submit', 'return', 'withdraw', 'revoke']
const DAYS = 90

export function ClearedTab({ list, who }: { list: string; who: SignedIn }) {
  const asked = useAsked<{ cleared: Clearance[] }>(`/v1/hotlists/${list}/cleared`)
  return (
    <>
      <p class="waiting">{text.cleared.explained}</p>
      {may(who.roles, 'cleared_write') && <Ask list={list} onDone={asked.again} />}
      <WhenHere asked={asked}>
        {({ cleared }) => (
          <>
            {cleared.length === 0 && <p class="waiting">{text.cleared.none}</p>}
            {cleared.map((one) => (
              <Sheet key={one.id} list={list} one={one} who={who} onDone={asked.again} />
            ))}
          </>
        )}
      </WhenHere>
    </>
  )
}

/** In the inbox: one of them. */
export function ClearanceMatter({ list, id, who, onDone }: MatterProps) {
  const asked = useAsked<{ cleared: Clearance[] }>(`/v1/hotlists/${list}/cleared`)
  const again = () => {
    asked.again()
    onDone()
  }
  return (
    <WhenHere asked={asked}>
      {({ cleared }) => {
        const one = cleared.find((clearance) => clearance.id === id)
        return one && <Sheet list={list} one={one} who={who} onDone={again} />
      }}
    </WhenHere>
  )
}

interface MatterProps {
  list: string
  id: string
  who: SignedIn
  onDone: () => void
}

interface SheetProps extends Omit<MatterProps, 'id'> {
  one: Clearance
}

function Sheet({ list, one, who, onDone }: SheetProps) {
  const { id, plate, region, entry_plate, reason, expires_at, approval, silenced = 0 } = one
  return (
    <article class="decision" data-clearance={id}>
      <p>
        <State approval={approval} />
      </p>
      <dl class="sheet">
        <Fact name={text.cleared.plate}>
          <span class="mono plate-text">{plate}</span> {region}
        </Fact>
        <Fact name={text.cleared.entry}>
          <span class="mono">{entry_plate}</span>
        </Fact>
        <Fact name={text.entry.reason}>{reason}</Fact>
        <Fact name={text.entry.expires}>{formatDateTime(Date.parse(expires_at))}</Fact>
        <Fact name={text.cleared.silenced}>{silenced.toLocaleString()}</Fact>
      </dl>
      <Steps
        key={one.revision}
        path={`/v1/hotlists/${list}/cleared/${id}`}
        approval={approval}
        revision={one.revision}
        who={who}
        names={STEPS}
        onDone={onDone}
      />
      <Way history={approval.history} />
    </article>
  )
}

function Ask({ list, onDone }: { list: string; onDone: () => void }) {
  const problem = useSignal('')
  const send = async (event: SubmitEvent) => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const given = new FormData(form)
    const said = (name: string) => String(given.get(name) ?? '').trim()
    const region = said('region').toUpperCase()
    const answer = await ask('POST', `/v1/hotlists/${list}/cleared`, {
      entry_id: said('entry_id'),
      plate: said('plate'),
      ...(region === '' ? {} : { region }),
      reason: said('reason'),
      expires_at: new Date(said('expires_at')).toISOString(),
    })
    problem.value = answer.ok ? '' : answer.words
    if (!answer.ok) return
    form.reset()
    onDone()
  }
  return (
    <details class="change">
      <summary>{text.cleared.ask}</summary>
      <form class="form" onSubmit={(event) => void send(event)}>
        <fieldset>
          <legend>{text.cleared.ask}</legend>
          <Field id="plate" name={text.cleared.plate}>
            <input id="plate" name="plate" class="mono" required maxLength={64} />
          </Field>
          <Field id="region" name={text.entry.region} hint={text.cleared.regionHint}>
            <input
              id="region"
              name="region"
              class="mono"
              pattern="[A-Za-z]{2}-[A-Za-z0-9]{1,3}"
              placeholder="US-ID"
            />
          </Field>
          <Field id="entry_id" name={text.cleared.entryId} hint={text.cleared.entryHint}>
            <input id="entry_id" name="entry_id" class="mono" required maxLength={64} />
          </Field>
          <Field id="expires_at" name={text.entry.expires} hint={text.draft.expiresHint}>
            <input
              id="expires_at"
              name="expires_at"
              type="datetime-local"
              required
              defaultValue={inDays(DAYS)}
            />
          </Field>
          <Field id="reason" name={text.entry.reason} wide>
            <input id="reason" name="reason" required maxLength={1_000} />
          </Field>
        </fieldset>
        <p class="problem" role="alert">
          {problem}
        </p>
        <p class="buttons">
          <button type="submit" class="strong">
            {text.draft.submit}
          </button>
        </p>
      </form>
    </details>
  )
}
