// A new entry: what is looked for, why, for how long, and what whoever acts on it has to know.
import { useSignal } from '@preact/signals'
import { ask } from './api.ts'
import type { EntryDocument } from './documents.ts'
import { Choice, Field } from './field.tsx'
import { inDays } from './format.ts'
import { addressOf, goTo } from './route.ts'
import { text } from './text.ts'

const DAYS = 7

export function DraftPage({ list }: { list: string }) {
  const problem = useSignal('')
  const sending = useSignal(false)
  const send = async (event: SubmitEvent) => {
    event.preventDefault()
    if (sending.value) return
    sending.value = true
    const form = new FormData(event.currentTarget as HTMLFormElement, event.submitter)
    const body = entryOf(form)
    const answer = await ask<EntryDocument>('POST', `/v1/hotlists/${list}/entries`, body)
    sending.value = false
    if (answer.ok) goTo({ page: 'entry', list, id: answer.value.entry.id })
    else problem.value = answer.words
  }
  return (
    <>
      <p class="back">
        <a href={addressOf({ page: 'list', list, tab: 'entries' })}>{list}</a>
      </p>
      <h1>{text.draft.heading}</h1>
      <form class="form" onSubmit={(event) => void send(event)}>
        <p class="waiting">{text.draft.explained}</p>
        <Look />
        <Vehicle />
        <Act />
        <p class="problem" role="alert">
          {problem}
        </p>
        <p class="buttons">
          <button type="submit" class="strong" name="submit" value="yes" disabled={sending.value}>
            {text.draft.submit}
          </button>
          <button type="submit" class="quiet" name="submit" value="no" disabled={sending.value}>
            {text.draft.keep}
          </button>
        </p>
      </form>
    </>
  )
}

function Look() {
  return (
    <fieldset>
      <legend>{text.draft.look}</legend>
      <Field id="plate" name={text.entry.plate} hint={text.draft.plateHint}>
        <input id="plate" name="plate" class="mono" required maxLength={64} autocomplete="off" />
      </Field>
      <Field id="region" name={text.entry.region} hint={text.draft.regionHint}>
        <input
          id="region"
          name="region"
          class="mono"
          pattern="[A-Za-z]{2}-[A-Za-z0-9]{1,3}"
          placeholder="US-ID"
          maxLength={6}
        />
      </Field>
      <Field id="reason" name={text.entry.reason} wide>
        <input id="reason" name="reason" required maxLength={1_000} />
      </Field>
      <Field id="purpose" name={text.entry.purpose}>
        <Choice id="purpose" words={text.purpose} none={text.draft.choose} required />
      </Field>
      <Field id="case" name={text.entry.case}>
        <input id="case" name="case" maxLength={64} />
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
      <Field id="profile" name={text.entry.profile} hint={text.draft.profileHint}>
        <Choice id="profile" words={text.profile} none={text.draft.asList} />
      </Field>
    </fieldset>
  )
}

function Vehicle() {
  const { fields } = text.vehicle
  return (
    <fieldset class="narrow">
      <legend>{text.entry.vehicle}</legend>
      {(['color', 'make', 'model', 'type'] as const).map((trait) => (
        <Field key={trait} id={trait} name={fields[trait]}>
          <input id={trait} name={trait} maxLength={64} />
        </Field>
      ))}
      <Field id="year" name={fields.year}>
        <input id="year" name="year" type="number" min={1900} max={2100} />
      </Field>
    </fieldset>
  )
}

function Act() {
  return (
    <fieldset>
      <legend>{text.draft.act}</legend>
      <Field
        id="instructions"
        name={text.entry.instructions}
        hint={text.draft.instructionsHint}
        wide
      >
        <textarea id="instructions" name="instructions" rows={2} maxLength={1_000} />
      </Field>
      <Field id="cautions" name={text.entry.cautions} hint={text.draft.cautionsHint} wide>
        <textarea id="cautions" name="cautions" rows={2} maxLength={2_000} />
      </Field>
      <Field id="contact" name={text.entry.contact} wide>
        <input id="contact" name="contact" maxLength={200} />
      </Field>
    </fieldset>
  )
}

function entryOf(form: FormData): object {
  const given = (name: string) => String(form.get(name) ?? '').trim()
  const filled = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, given(name)]).filter(([, value]) => value !== ''))
  const year = given('year') === '' ? {} : { year: Number(given('year')) }
  const vehicle = { ...filled(['color', 'make', 'model', 'type']), ...year }
  const cautions = given('cautions')
    .split('\n')
    .map((line) => line.trim())
  const details = {
    ...filled(['instructions', 'contact']),
    ...(given('cautions') === '' ? {} : { cautions: cautions.filter((line) => line !== '') }),
  }
  return {
    ...filled(['plate', 'reason', 'purpose', 'case', 'profile']),
    ...(given('region') === '' ? {} : { region: given('region').toUpperCase() }),
    expires_at: new Date(given('expires_at')).toISOString(),
    ...(Object.keys(vehicle).length === 0 ? {} : { vehicle }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
    submit: given('submit') === 'yes',
  }
}
