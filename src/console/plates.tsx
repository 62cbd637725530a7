// The read's and the entry's plate above each other, column by column, with what differs marked by
// box, symbol and words.
import type { Alert, AlignedPair } from '../domain/alert.ts'
import { text } from './text.ts'

const SYMBOL: Record<AlignedPair['kind'], string> = {
  same: '',
  o_zero: '=',
  look_alike: '≈',
  differs: '≠',
  inserted: '+',
  deleted: '−',
  any: '',
}

/** A pattern has none, also where it fits by a look-alike: other plates fit it as well. */
function hasLikelihood({ match: { class: kind, aligned, posterior } }: Alert): boolean {
  const differs = aligned.some((pair) => pair.kind !== 'same' && pair.kind !== 'any')
  return differs && kind !== 'wildcard' && Number.isFinite(posterior)
}

export function Plates({ alert }: { alert: Alert }) {
  const { aligned } = alert.match
  const differences = aligned.filter(({ kind }) => kind !== 'same' && kind !== 'any')
  return (
    <div class="plates">
      <div class="rows" style={{ '--columns': String(aligned.length) }}>
        <PlateRow label={text.alert.read} plate={alert.read.plate} side="read" pairs={aligned} />
        <div class="marks" aria-hidden="true">
          <span />
          {aligned.map(({ kind }, i) => (
            <span key={i} class={kind}>
              {SYMBOL[kind]}
            </span>
          ))}
        </div>
        <PlateRow label={text.alert.entry} plate={alert.entry.plate} side="entry" pairs={aligned} />
      </div>
      <p class="match">
        {text.matchClass[alert.match.class]}
        {alert.match.candidate !== undefined && `, ${text.alert.candidate(alert.match.candidate)}`}
        {hasLikelihood(alert) && <small>{text.alert.likelihood(alert.match.posterior)}</small>}
      </p>
      {differences.length > 0 && (
        <ul class="differences">
          {differences.map((pair, i) => (
            <li key={i}>
              <span class="symbol" aria-hidden="true">
                {SYMBOL[pair.kind]}
              </span>
              {text.difference[pair.kind](pair)}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

interface RowProps {
  label: string
  plate: string
  side: 'read' | 'entry'
  pairs: AlignedPair[]
}

function PlateRow({ label, plate, side, pairs }: RowProps) {
  return (
    <div class={`plate ${side}`}>
      <span class="label" aria-hidden="true">
        {label}
      </span>
      <span class="spoken">{`${label}: ${[...plate].join(' ')}`}</span>
      {pairs.map((pair, i) => (
        <span key={i} class={`char ${pair.kind}`} aria-hidden="true">
          {pair[side] || '·'}
        </span>
      ))}
    </div>
  )
}
