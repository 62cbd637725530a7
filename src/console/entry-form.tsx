// An entry's form, for a new one and for changes: what is looked for and why, for how long, and
// what whoever acts on it has to know.
import { useSignal } from '@preact/signals'
import type { Entry, EntryDetails, VehicleListed } from '../domain/hotlist.ts'
import { type Answer, ask, useAsked } from './api.ts'
import type { EntryDocument } from './documents.ts'
import { Choice, Field } from './field.tsx'
import { forField, inDays } from './format.ts'
import { WhenHere } from './parts.tsx'
import { addressOf, goTo } from './route.ts'
import { text } from './text.ts'

const DAYS = 7
/** Details that the form has no field for, and people may give. */
const KEPT = ['source_id', 'agency', 'entered_on', 'vin']

export function DraftPage({ list }: { list: string }) {
  return (
    <>
      <p class="back">
        <a href={addressOf({ page: 'list', list, tab: 'entries' })}>{list}</a>
      </p>
      <h1>{text.draft.heading}</h1>
      <EntryForm list={list} />
    </>
  )
}

export function AmendPage({ list, id }: { list: string; id: string }) {
  const asked = useAsked<EntryDocument>(`/v1/hotlists/${list}/entries/${encodeURIComponent(id)}`)
  return (
    <>
      <p class="back">
        <a href={addressOf({ page: 'entry', list, id })}>{text.entry.heading}</a>
      </p>
      <h1>{text.draft.amend}</h1>
      <WhenHere asked={asked}>{(before) => <EntryForm list={list} before={before} />}</WhenHere>
    </>
  )
}

interface EntryFormProps {
  list: string
  /** What is changed; a new entry where there is none. */
  before?: EntryDocument
}

function EntryForm({ list, before }: EntryFormProps) {
  const problem = useSignal('')
  const sending = useSignal(false)
  const send = async (event: SubmitEvent) => {
    event.preventDefault()
    if (sending.value) return
    sending.value = true
    const form = new FormData(event.currentTarget as HTMLFormElement, event.submitter)
    const answer = before === undefined ? await add(list, form) : await amend(before, form)
    sending.value = false
    if (answer.ok) goTo({ page: 'entry', list, id: answer.value.entry.id })
    else problem.value = answer.words
  }
  const entry: Partial<Entry> = before?.entry ?? {}
  return (
    <form class="form" onSubmit={(event) => void send(event)}>
      <p class="waiting">
        {before === undefined ? text.draft.explained : text.draft.amendExplained}
      </p>
      <Look entry={entry} />
      <Vehicle vehicle={entry.vehicle ?? {}} />
      <Act details={entry.details ?? {}} />
      <p class="problem" role="alert">
        {problem}
      </p>
      <p class="buttons">
        <button type="submit" class="strong" name="submit" value="yes" disabled={sending.value}>
          {text.draft.submit}
        </button>
        <button type="submit" class="quiet" name="submit" value="no" disabled={sending.value}>
          {before === undefined ? text.draft.keep : text.draft.keepChange}
        </button>
      </p>
    </form>
  )
}

const isSubmitted = (form: FormData) => form.get('submit') === 'yes'

function add(list: string, form: FormData): Promise<Answer<EntryDocument>> {
  const body = { ...entryOf(form, {}), submit: isSubmitted(form) }
  return ask('POST', `/v1/hotlists/${list}/entries`, body)
}

/** What may be absent and no longer stands in the form is taken away. */
async function amend(before: EntryDocument, form: FormData): Promise<Answer<EntryDocument>> {
  const { list, entry, revision } = before
  const path = `/v1/hotlists/${list}/entries/${encodeURIComponent(entry.id)}`
  const given = entryOf(form, entry.details ?? {})
  const gone = (['region', 'case', 'vehicle', 'profile', 'details'] as const).filter(
    (name) => entry[name] !== undefined && !(name in given),
  )
  const patch = { ...given, ...Object.fromEntries(gone.map((name) => [name, null])), revision }
  const changed = await ask<EntryDocument>('PATCH', path, patch)
  if (!changed.ok || !isSubmitted(form) || changed.value.approval.state !== 'draft') return changed
  return ask('POST', `${path}/submit`, { revision: changed.value.revision })
}

function Look({ entry }: { entry: Partial<Entry> }) {
  return (
    <fieldset>
      <legend>{text.draft.look}</legend>
      <Field id="plate" name={text.entry.plate} hint={text.draft.plateHint}>
        <input
          id="plate"
          name="plate"
          class="mono"
          required
          maxLength={64}
          autocomplete="off"
          defaultValue={entry.plate ?? ''}
        />
      </Field>
      <Field id="region" name={text.entry.region} hint={text.draft.regionHint}>
        <input
          id="region"
          name="region"
          class="mono"
          pattern="[A-Za-z]{2}-[A-Za-z0-9]{1,3}"
          placeholder="US-ID"
          maxLength={6}
          defaultValue={entry.region ?? ''}
        />
      </Field>
      <Field id="reason" name={text.entry.reason} wide>
        <input
          id="reason"
          name="reason"
          required
          maxLength={1_000}
          defaultValue={entry.reason ?? ''}
        />
      </Field>
      <Field id="purpose" name={text.entry.purpose}>
        <Choice
          id="purpose"
          words={text.purpose}
          chosen={entry.purpose ?? ''}
          none={text.draft.choose}
          required
        />
      </Field>
      <Field id="case" name={text.entry.case}>
        <input id="case" name="case" maxLength={64} defaultValue={entry.case ?? ''} />
      </Field>
      <Field id="expires_at" name={text.entry.expires} hint={text.draft.expiresHint}>
        <input
          id="expires_at"
          name="expires_at"
          type="datetime-local"
          required
          defaultValue={
            entry.expires_at === undefined ? inDays(DAYS) : forField(Date.parse(entry.expires_at))
          }
        />
      </Field>
      <Field id="profile" name={text.entry.profile} hint={text.draft.profileHint}>
        <Choice
          id="profile"
          words={text.profile}
          chosen={entry.profile ?? ''}
          none={text.draft.asList}
        />
      </Field>
    </fieldset>
  )
}

function Vehicle({ vehicle }: { vehicle: VehicleListed }) {
  const { fields } = text.vehicle
  return (
    <fieldset class="narrow">
      <legend>{text.entry.vehicle}</legend>
      {(['color', 'make', 'model', 'type'] as const).map((trait) => (
        <Field key={trait} id={trait} name={fields[trait]}>
          <input id={trait} name={trait} maxLength={64} defaultValue={vehicle[trait] ?? ''} />
        </Field>
      ))}
      <Field id="year" name={fields.year}>
        <input
          id="year"
          name="year"
          type="number"
          min={1900}
          max={2100}
          defaultValue={vehicle.year ?? ''}
        />
      </Field>
    </fieldset>
  )
}

function Act({ details }: { details: EntryDetails }) {
  return (
    <fieldset>
      <legend>{text.draft.act}</legend>
      <Field
        id="instructions"
        name={text.entry.instructions}
        hint={text.draft.instructionsHint}
        wide
      >
        <textarea
          id="instructions"
          name="instructions"
          rows={2}
          maxLength={1_000}
          defaultValue={details.instructions ?? ''}
        />
      </Field>
      <Field id="cautions" name={text.entry.cautions} hint={text.draft.cautionsHint} wide>
        <textarea
          id="cautions"
          name="cautions"
          rows={2}
          maxLength={2_000}
          defaultValue={details.cautions?.join('\n') ?? ''}
        />
      </Field>
      <Field id="contact" name={text.entry.contact} wide>
        <input id="contact" name="contact" maxLength={200} defaultValue={details.contact ?? ''} />
      </Field>
    </fieldset>
  )
}

/** @param before details, of which the form has some only */
function entryOf(form: FormData, before: EntryDetails): Record<string, unknown> {
  const given = (name: string) => String(form.get(name) ?? '').trim()
  const filled = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, given(name)]).filter(([, value]) => value !== ''))
  const year = given('year') === '' ? {} : { year: Number(given('year')) }
  const vehicle = { ...filled(['color', 'make', 'model', 'type']), ...year }
  const lines = given('cautions').split('\n')
  const cautions = lines.map((line) => line.trim()).filter((line) => line !== '')
  const kept = Object.entries(before).filter(([name]) => KEPT.includes(name))
  const details = {
    ...Object.fromEntries(kept),
    ...filled(['instructions', 'contact']),
    ...(cautions.length === 0 ? {} : { cautions }),
  }
  return {
    ...filled(['plate', 'reason', 'purpose', 'case', 'profile']),
    ...(given('region') === '' ? {} : { region: given('region').toUpperCase() }),
    expires_at: new Date(given('expires_at')).toISOString(),
    ...(Object.keys(vehicle).length === 0 ? {} : { vehicle }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  }
}
