// One alert on the board: everything that is known to judge it by.
import { useComputed, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import type { Alert } from '../domain/alert.ts'
import { formatAge, formatDateTime, formatTime, vehicleAgreement } from './format.ts'
import { memo } from './memo.ts'
import { Plates } from './plates.tsx'
import { now_ms, selected } from './store.ts'
import { text } from './text.ts'
import { VerdictBar } from './verdict.tsx'
import { Also, Warnings } from './warnings.tsx'

const FRESH_MS = 60_000

export const AlertCard = memo(({ alert }: { alert: Alert }) => {
  const raised_ms = Date.parse(alert.raisedAt)
  const fresh = useComputed(() => now_ms.value - raised_ms < FRESH_MS)
  const isSelected = useComputed(() => selected.value === alert.id)
  return (
    <article
      class={`card${fresh.value ? ' fresh' : ''}${isSelected.value ? ' selected' : ''}`}
      data-alert={alert.id}
      tabIndex={-1}
      aria-label={labelOf(alert)}
    >
      <header>
        <p class="verdict">
          <strong>{text.alert.potential}</strong>
          <Priority entry={alert.entry} />
          <span>{text.alert.verify}</span>
        </p>
        <p class="age">
          <time dateTime={alert.read.time}>
            {formatTime(Date.parse(alert.read.time), now_ms.peek())}
          </time>
          <Age since_ms={Date.parse(alert.read.time)} />
        </p>
      </header>
      <Warnings alert={alert} />
      <div class="evidence">
        <Plates alert={alert} />
        <Picture alert={alert} />
        <Reason alert={alert} />
      </div>
      <Facts alert={alert} />
      <VerdictBar id={alert.id} />
    </article>
  )
})

/** What a screen reader says first. */
function labelOf({ entry }: Alert): string {
  const category = text.category[entry.category]
  const priority = entry.priority === undefined ? '' : `, ${text.alert.priority(entry.priority)}`
  return `${text.alert.potential}: ${category}${priority}`
}

function Priority({ entry: { priority } }: Pick<Alert, 'entry'>) {
  if (priority === undefined) return null
  return <span class={`priority p${priority}`}>{text.alert.priority(priority)}</span>
}

function Age({ since_ms }: { since_ms: number }) {
  const age = useComputed(() => text.alert.ago(formatAge(now_ms.value - since_ms)))
  return <span class="ago">{age}</span>
}

function Picture({ alert }: { alert: Alert }) {
  const failed = useSignal(false)
  if (!alert.read.images.plate || failed.value) {
    return <p class="picture none">{text.alert.noPicture}</p>
  }
  return (
    <img
      class="picture"
      src={`/v1/alerts/${alert.id}/images/plate`}
      alt={text.alert.picture}
      loading="lazy"
      onError={() => {
        failed.value = true
      }}
    />
  )
}

function Reason({ alert: { entry, also = [] } }: { alert: Alert }) {
  const category = text.category[entry.category]
  return (
    <div class="reason">
      <p class="category">{category}</p>
      {entry.reason !== category && <p>{entry.reason}</p>}
      {entry.case !== undefined && (
        <p class="case">
          {text.alert.caseNumber} <span class="mono">{entry.case}</span>
        </p>
      )}
      {entry.contact !== undefined && <p>{text.alert.contact(entry.contact)}</p>}
      {entry.expires_at !== undefined && (
        <p class="case">{text.alert.until(formatDateTime(Date.parse(entry.expires_at)))}</p>
      )}
      {entry.ilets === true && <p class="case">{text.alert.ilets}</p>}
      {also.length > 0 && <Also also={also} />}
    </div>
  )
}

function Facts({ alert }: { alert: Alert }) {
  const { read, entry, match } = alert
  const listAge = formatAge(now_ms.peek() - Date.parse(entry.list_imported_at))
  return (
    <dl class="facts">
      <Fact name={text.alert.state}>
        <Agreement state={match.state} />
        <Sides seen={read.region ?? ''} listed={entry.region ?? ''} />
      </Fact>
      <VehicleFact alert={alert} />
      <Fact name={text.alert.list}>
        <span>{entry.list}</span>
        {entry.list_stale_h !== undefined && (
          <strong class="stale">
            <span aria-hidden="true">⚠ </span>
            {text.alert.stale(entry.list_stale_h)}
          </strong>
        )}
        <small>{text.alert.listAge(entry.version, listAge)}</small>
      </Fact>
      <Fact name={text.alert.camera}>
        <span class="mono">{read.camera}</span>
        {read.confidence !== undefined && (
          <small>{text.alert.confidenceOf(Math.round(read.confidence * 100))}</small>
        )}
      </Fact>
      {read.clockSuspect && <ClockWarning device={read.deviceTime} />}
    </dl>
  )
}

const TRAIT_STATE = { agree: 'same', differ: 'differs', unknown: 'unknown' } as const

function VehicleFact({ alert: { match } }: { alert: Alert }) {
  const { state, words, traits } = vehicleAgreement(match.vehicle)
  if (traits.length === 0) {
    return (
      <Fact name={text.alert.vehicle}>
        <Agreement state={state} words={words} />
        <Sides seen="" listed="" />
      </Fact>
    )
  }
  return (
    <Fact name={text.alert.vehicle} wide>
      <Agreement state={state} words={words} />
      <table class="traits">
        <thead>
          <tr>
            <td />
            <th scope="col">{text.alert.seen}</th>
            <th scope="col">{text.alert.listed}</th>
          </tr>
        </thead>
        <tbody>
          {traits.map(({ name, verdict, seen, listed }) => (
            <tr key={name} class={TRAIT_STATE[verdict]}>
              <th scope="row">
                <span aria-hidden="true">{AGREEMENT_SYMBOL[TRAIT_STATE[verdict]]} </span>
                {name}
                <span class="spoken">{text.vehicle.verdicts[verdict]}</span>
              </th>
              <td>{seen || text.vehicle.none}</td>
              <td>{listed || text.vehicle.none}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Fact>
  )
}

function Fact(props: { name: string; wide?: boolean; children: ComponentChildren }) {
  return (
    <div class={props.wide === true ? 'wide' : ''}>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  )
}

const AGREEMENT_SYMBOL = { same: '✓', differs: '≠', unknown: '?' }

function Agreement(props: { state: 'same' | 'differs' | 'unknown'; words?: string | undefined }) {
  return (
    <span class={`agreement ${props.state}`}>
      <span aria-hidden="true">{AGREEMENT_SYMBOL[props.state]}</span>
      {props.words ?? text.agreement[props.state]}
    </span>
  )
}

function Sides({ seen, listed }: { seen: string; listed: string }) {
  return (
    <span class="sides">
      <small>{text.alert.seen}</small>
      <span>{seen || text.alert.nothing}</span>
      <small>{text.alert.listed}</small>
      <span>{listed || text.alert.nothing}</span>
    </span>
  )
}

function ClockWarning({ device }: { device: string | undefined }) {
  return (
    <div class="clock">
      <dt>
        <span aria-hidden="true">⚠ </span>
        {text.alert.clock}
      </dt>
      <dd>
        {device === undefined
          ? text.alert.clockUnknown
          : text.alert.clockMore(formatDateTime(Date.parse(device)))}
      </dd>
    </div>
  )
}
