// What an entry would have done on the last thirty days, for whoever decides on it; and where its
// vehicle was seen. Both show reads: who looked and why goes on record with each.
import { signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { MatchClass } from '../domain/alert.ts'
import type { Entry } from '../domain/hotlist.ts'
import { type Answer, ask } from './api.ts'
import type { ListDocument } from './documents.ts'
import { formatDateTime } from './format.ts'
import { WhenHere } from './parts.tsx'
import { text } from './text.ts'

interface Counted {
  reads: number
  alerts: number
}

interface Report extends Counted {
  plates: (Counted & { plate: string; region: string; class: MatchClass })[]
  plates_total: number
  cameras: (Counted & { camera: string })[]
  cameras_total: number
  days: (Counted & { day: string })[]
}

const ROWS_MAX = 10

/** Asks as soon as it is shown: whoever decides has it before their eyes. */
export function Backtest({ list, entry }: { list: string; entry: Entry }) {
  const asked = usePosted<Report>(() => backtest(list, entry), `${list} ${entry.id}`)
  return (
    <section class="backtest">
      <h2>{text.backtest.heading}</h2>
      <WhenHere asked={asked}>
        {(report) => (
          <>
            <p class="found">
              <strong>{text.backtest.alerts(report.alerts)}</strong>{' '}
              {text.backtest.found(report.reads, report.plates_total, report.cameras_total)}
            </p>
            {report.plates.length > 0 && <Plates report={report} />}
          </>
        )}
      </WhenHere>
    </section>
  )
}

function Plates({ report: { plates, cameras } }: { report: Report }) {
  return (
    <div class="side-by-side">
      <table class="rows-of">
        <thead>
          <tr>
            <th>{text.backtest.plate}</th>
            <th>{text.backtest.match}</th>
            <th class="number">{text.backtest.alertsOf}</th>
          </tr>
        </thead>
        <tbody>
          {plates.slice(0, ROWS_MAX).map((one) => (
            <tr key={`${one.plate} ${one.region}`}>
              <th scope="row">
                <span class="mono">{one.plate}</span> <small>{one.region}</small>
              </th>
              <td>{text.matchClass[one.class]}</td>
              <td class="number" data-name={text.backtest.alertsOf}>
                {one.alerts}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <table class="rows-of">
        <thead>
          <tr>
            <th>{text.alert.camera}</th>
            <th class="number">{text.backtest.alertsOf}</th>
          </tr>
        </thead>
        <tbody>
          {cameras.slice(0, ROWS_MAX).map(({ camera, alerts }) => (
            <tr key={camera}>
              <th scope="row">{camera}</th>
              <td class="number" data-name={text.backtest.alertsOf}>
                {alerts}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface Sighting {
  camera: string
  read_id: string
  time_ms: number
  plate: string
  region: string
  class: MatchClass
}

/** Shown as history: none of it is a fresh alert. */
export function PastReads({ list, entry }: { list: string; entry: Entry }) {
  const asked = usePosted<{ reads: number; sightings: Sighting[]; refused?: string }>(
    () =>
      ask('POST', `/v1/hotlists/${list}/past-reads`, {
        entry: entry.id,
        purpose: entry.purpose,
        reason: text.backtest.why(entry.plate),
      }),
    `${list} ${entry.id}`,
  )
  return (
    <section>
      <h2>{text.backtest.past}</h2>
      <WhenHere asked={asked}>
        {({ reads, sightings, refused }) => (
          <>
            <p class="waiting">{refused ?? text.backtest.seen(reads)}</p>
            {sightings.length > 0 && (
              <table class="rows-of">
                <tbody>
                  {sightings.map((one) => (
                    <tr key={`${one.camera} ${one.read_id}`}>
                      <td>{formatDateTime(one.time_ms)}</td>
                      <td>{one.camera}</td>
                      <th scope="row">
                        <span class="mono">{one.plate}</span> <small>{one.region}</small>
                      </th>
                      <td>{text.matchClass[one.class]}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </>
        )}
      </WhenHere>
    </section>
  )
}

/** At the profile of the entry, or of its list. */
async function backtest(list: string, entry: Entry): Promise<Answer<Report>> {
  const { plate, region, purpose, case: case_number } = entry
  const asked =
    entry.profile === undefined ? await ask<ListDocument>('GET', `/v1/hotlists/${list}`) : null
  if (asked?.ok === false) return asked
  const stated = asked?.value.approved ?? asked?.value.proposed
  return ask('POST', '/v1/backtest', {
    plate,
    ...(region === undefined ? {} : { region }),
    profile: entry.profile ?? stated?.settings.profile ?? 'fold',
    list,
    purpose,
    reason: text.backtest.why(plate),
    ...(case_number === undefined ? {} : { case: case_number }),
  })
}

function usePosted<T>(post: () => Promise<Answer<T>>, key: string) {
  const answer = useMemo(() => signal<Answer<T> | null>(null), [key])
  const again = () => {
    answer.value = null
    void post().then((given) => {
      answer.value = given
    })
  }
  useEffect(again, [key])
  return { answer: answer.value, again }
}
