// What is to be known before anybody acts on an alert, above everything else on its card; and which
// other lists the vehicle is on.
import type { Alert, AlertEntry, AlsoListed } from '../domain/alert.ts'
import { text } from './text.ts'

type Warned = Pick<AlertEntry, 'list' | 'urgent' | 'instructions' | 'cautions'>

const isWarned = ({ urgent, instructions, cautions = [] }: Warned) =>
  urgent === true || instructions !== undefined || cautions.length > 0

/** Those of the other lists too: an officer is not to learn of a weapon from the small print. */
export function Warnings({ alert: { entry, also = [] } }: { alert: Alert }) {
  const all = [entry, ...also].filter(isWarned)
  if (all.length === 0) return null
  return (
    <section class="warnings" aria-label={text.alert.warnings}>
      {all.map((one) => (
        <Warning key={`${one.list} ${'id' in one ? one.id : ''}`} of={one} own={one === entry} />
      ))}
    </section>
  )
}

function Warning({ of, own }: { of: Warned; own: boolean }) {
  const { list, urgent, instructions, cautions = [] } = of
  return (
    <div>
      {urgent === true && <p class="urgent">{text.alert.urgent}</p>}
      {instructions !== undefined && <p class="instructions">{instructions}</p>}
      {cautions.length > 0 && (
        <ul class="cautions">
          {cautions.map((caution) => (
            <li key={caution}>
              <span aria-hidden="true">⚠ </span>
              <span class="spoken">{text.alert.caution}</span>
              {caution}
            </li>
          ))}
        </ul>
      )}
      {!own && <small>{text.alert.warningOf(list)}</small>}
    </div>
  )
}

export function Also({ also }: { also: readonly AlsoListed[] }) {
  return (
    <div class="also">
      <p>{text.alert.also}</p>
      <ul>
        {also.map(({ list, id, priority, category, reason }) => (
          <li key={`${list} ${id}`}>
            <strong>{text.category[category]}</strong>
            {reason !== text.category[category] && <span>{reason}</span>}
            <small>{text.alert.listPriority(list, priority)}</small>
          </li>
        ))}
      </ul>
    </div>
  )
}
