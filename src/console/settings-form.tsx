// The form of a list's settings, and of a new list. Hours, areas and file layouts are set by the
// API and the command line: a form for them would be a page of its own.
import { useSignal } from '@preact/signals'
import type { ListSettings, Visibility } from '../domain/list-settings.ts'
import { may } from '../domain/roles.ts'
import { ask } from './api.ts'
import { Choice, Field } from './field.tsx'
import { addressOf, goTo } from './route.ts'
import type { SignedIn } from './store.ts'
import { text } from './text.ts'

const EVERYBODY: Visibility = { kind: 'all' }
const OPTIONAL = ['contact', 'false_alerts_per_million_max', 'refresh_hours_max'] as const

export function SettingsFields({ settings }: { settings?: ListSettings }) {
  const { names } = text.settings
  return (
    <fieldset>
      <legend>{text.settings.heading}</legend>
      <Field id="title" name={names.title}>
        <input id="title" name="title" maxLength={100} defaultValue={settings?.title ?? ''} />
      </Field>
      <Field id="category" name={names.category}>
        <Choice id="category" words={text.category} chosen={settings?.category ?? 'custom'} />
      </Field>
      <Field id="priority" name={names.priority}>
        <Choice
          id="priority"
          words={text.lists.priorities}
          chosen={String(settings?.priority ?? '')}
          {...(settings === undefined ? { none: text.settings.asCategory } : {})}
        />
      </Field>
      <Field id="purpose" name={names.purpose}>
        <Choice
          id="purpose"
          words={text.purpose}
          chosen={settings?.purpose ?? ''}
          {...(settings === undefined ? { none: text.settings.asCategory } : {})}
        />
      </Field>
      <Field id="profile" name={names.profile} hint={text.draft.profileHint}>
        <Choice id="profile" words={text.profile} chosen={settings?.profile ?? 'fold'} />
      </Field>
      <Field
        id="false_alerts_per_million_max"
        name={names.false_alerts_per_million_max}
        hint={text.settings.budgetHint}
      >
        <input
          id="false_alerts_per_million_max"
          name="false_alerts_per_million_max"
          type="number"
          min={0.001}
          step="any"
          defaultValue={settings?.false_alerts_per_million_max ?? ''}
        />
      </Field>
      <Freshness {...(settings === undefined ? {} : { settings })} />
      <Field id="owner" name={names.owner}>
        <input id="owner" name="owner" maxLength={200} defaultValue={settings?.owner ?? ''} />
      </Field>
      <Field id="contact" name={names.contact}>
        <input id="contact" name="contact" maxLength={200} defaultValue={settings?.contact ?? ''} />
      </Field>
      <Access {...(settings === undefined ? {} : { settings })} />
    </fieldset>
  )
}

function Freshness({ settings }: { settings?: ListSettings }) {
  const { names } = text.settings
  return (
    <>
      <Field id="refresh_hours_max" name={names.refresh_hours_max} hint={text.settings.staleHint}>
        <input
          id="refresh_hours_max"
          name="refresh_hours_max"
          type="number"
          min={1}
          defaultValue={settings?.refresh_hours_max ?? ''}
        />
      </Field>
      <Field id="when_stale" name={names.when_stale}>
        <Choice
          id="when_stale"
          words={text.settings.whenStale}
          chosen={settings?.when_stale ?? 'alert'}
        />
      </Field>
    </>
  )
}

function Access({ settings }: { settings?: ListSettings }) {
  const { names, visibilities } = text.settings
  const { visibility = EVERYBODY, ilets = false } = settings ?? {}
  return (
    <>
      <Field id="visible_to" name={names.visibility}>
        <Choice id="visible_to" words={visibilities} chosen={visibility.kind} />
      </Field>
      <Field id="visible_names" name={text.settings.whom} hint={text.settings.whomHint}>
        <input
          id="visible_names"
          name="visible_names"
          maxLength={2_000}
          defaultValue={namesOf(visibility).join(', ')}
        />
      </Field>
      <Field id="is_ilets" name={names.ilets} hint={text.settings.iletsHint}>
        <Choice id="is_ilets" words={text.settings.yesNo} chosen={ilets ? 'yes' : 'no'} />
      </Field>
    </>
  )
}

function namesOf(visibility: Visibility): readonly string[] {
  if (visibility.kind === 'all') return []
  return visibility.kind === 'roles' ? visibility.roles : visibility.people
}

/** As the service takes it, who checks it too. */
function visibilityOf(kind: string, names: string): Record<string, unknown> {
  const given = names.split(/[\s,]+/).filter((name) => name !== '')
  if (kind === 'all') return EVERYBODY
  return kind === 'roles' ? { kind, roles: given } : { kind, people: given }
}

/** What was changed in the form, as the service takes it; null takes an optional setting away. */
export function settingsOf(form: FormData, before?: ListSettings): Record<string, unknown> {
  const given = (name: string) => String(form.get(name) ?? '').trim()
  const numbers = ['priority', 'false_alerts_per_million_max', 'refresh_hours_max']
  const names = [...form.keys()].filter((name) => name in text.settings.names)
  const visibility = visibilityOf(given('visible_to'), given('visible_names'))
  const is_same = JSON.stringify(visibility) === JSON.stringify(before?.visibility ?? EVERYBODY)
  const ilets = given('is_ilets') === 'yes'
  const texts = Object.fromEntries(
    names.flatMap((name): [string, unknown][] => {
      const was = before?.[name as keyof ListSettings]
      const said = given(name)
      if (said === String(was ?? '')) return []
      const optional = (OPTIONAL as readonly string[]).includes(name)
      if (said === '') return optional && was !== undefined ? [[name, null]] : []
      return [[name, numbers.includes(name) ? Number(said) : said]]
    }),
  )
  return {
    ...texts,
    ...(is_same ? {} : { visibility }),
    ...(ilets === (before?.ilets ?? false) ? {} : { ilets }),
  }
}

export function NewListPage({ who }: { who: SignedIn }) {
  const problem = useSignal('')
  const sending = useSignal(false)
  const send = async (event: SubmitEvent) => {
    event.preventDefault()
    if (sending.value) return
    sending.value = true
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const name = String(form.get('name')).trim()
    const agency = String(form.get('agency') ?? '').trim()
    const registered = agency === '' ? {} : { agency }
    const body = { name, ...settingsOf(form), ...registered, submit: true }
    const answer = await ask('POST', '/v1/hotlists', body)
    sending.value = false
    if (answer.ok) goTo({ page: 'list', list: name, tab: 'settings' })
    else problem.value = answer.words
  }
  return (
    <>
      <p class="back">
        <a href={addressOf({ page: 'lists' })}>{text.lists.heading}</a>
      </p>
      <h1>{text.lists.add}</h1>
      <form class="form" onSubmit={(event) => void send(event)}>
        <p class="waiting">{text.settings.newExplained}</p>
        <fieldset>
          <legend>{text.lists.name}</legend>
          <Field id="name" name={text.settings.shortName} hint={text.settings.nameHint} wide>
            <input id="name" name="name" required pattern="[a-z0-9\-]{1,64}" class="mono" />
          </Field>
          {may(who.roles, 'source_register') && (
            <Field id="agency" name={text.settings.agency} hint={text.settings.agencyHint} wide>
              <input id="agency" name="agency" maxLength={200} />
            </Field>
          )}
        </fieldset>
        <SettingsFields />
        <p class="problem" role="alert">
          {problem}
        </p>
        <p class="buttons">
          <button type="submit" class="strong" disabled={sending.value}>
            {text.draft.submit}
          </button>
        </p>
      </form>
    </>
  )
}
