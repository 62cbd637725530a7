// Silences a plate that the versions of a list have: whoever learns that a car was recovered need
// not wait for the next file.
import { useSignal } from '@preact/signals'
import { foldEntryPlate } from '../domain/plate.ts'
import { ask } from './api.ts'
import { Field } from './field.tsx'
import { text } from './text.ts'

export function Silence({ list }: { list: string }) {
  const problem = useSignal('')
  const done = useSignal('')
  const send = async (event: SubmitEvent) => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const given = new FormData(form)
    const plate = foldEntryPlate(String(given.get('plate')))
    done.value = ''
    if (plate === null) {
      problem.value = text.silence.noPlate
      return
    }
    const note = String(given.get('note')).trim()
    const answer = await ask('POST', `/v1/hotlists/${list}/silence`, { plate, note })
    problem.value = answer.ok ? '' : answer.words
    if (!answer.ok) return
    done.value = text.silence.done(plate)
    form.reset()
  }
  return (
    <details class="change">
      <summary>{text.silence.heading}</summary>
      <form class="form" onSubmit={(event) => void send(event)}>
        <p class="waiting">{text.silence.explained}</p>
        <fieldset>
          <legend>{text.silence.heading}</legend>
          <Field id="silenced" name={text.entry.plate}>
            <input id="silenced" name="plate" class="mono" required maxLength={64} />
          </Field>
          <Field id="why" name={text.entry.reason}>
            <input id="why" name="note" required maxLength={1_000} />
          </Field>
        </fieldset>
        <p class="problem" role="alert">
          {problem}
        </p>
        <p role="status">{done}</p>
        <p class="buttons">
          <button type="submit" class="strong">
            {text.silence.send}
          </button>
        </p>
      </form>
    </details>
  )
}
