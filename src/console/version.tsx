// One version of a list: what came, what was wrong with it, what it changes, and what may be done.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import type { Entry } from '../domain/hotlist.ts'
import { may } from '../domain/roles.ts'
import { ask, useAsked } from './api.ts'
import type { ListVersion } from './documents.ts'
import { FileCodes } from './file-codes.tsx'
import { formatDateTime } from './format.ts'
import { Fact, VersionState, WhenHere } from './parts.tsx'
import { addressOf, goTo } from './route.ts'
import { type StepName, Steps, Way } from './steps.tsx'
import type { SignedIn } from './store.ts'
import { text } from './text.ts'

const DECISIONS: readonly StepName[] = ['approve', 'return']
const LOOK_EVERY_MS = 1_000

export function VersionPage({ list, version, who }: VersionProps) {
  return (
    <>
      <p class="back">
        <a href={addressOf({ page: 'list', list, tab: 'versions' })}>{list}</a>
      </p>
      <h1>{text.versions.one(version)}</h1>
      <VersionSheet list={list} version={version} who={who} onDone={() => {}} />
    </>
  )
}

interface VersionProps {
  list: string
  version: number
  who: SignedIn
}

export function VersionSheet({
  list,
  version,
  who,
  onDone,
}: VersionProps & { onDone: () => void }) {
  const path = `/v1/hotlists/${list}/versions/${version}`
  const asked = useAsked<ListVersion>(path)
  const importing = asked.answer?.ok === true && asked.answer.value.state === 'importing'
  // Its progress: it goes on whether anybody looks or not.
  useEffect(() => {
    if (!importing) return
    const timer = setInterval(asked.again, LOOK_EVERY_MS)
    return () => clearInterval(timer)
  }, [importing, path])
  const again = () => {
    asked.again()
    onDone()
  }
  return (
    <WhenHere asked={asked}>
      {(one) => (
        <article class="decision" data-version={version}>
          <p role="status">
            <VersionState one={one} />
            {importing && ` ${text.versions.progress(one.counts.lines)}`}
          </p>
          {one.failure !== undefined && <p class="problem">{one.failure}</p>}
          {one.held.length > 0 && <Held reasons={one.held} />}
          <Counts one={one} />
          <FileCodes list={list} codes={one.inactive} who={who} onDone={again} />
          <Steps
            path={path}
            approval={one.approval}
            who={who}
            names={offered(one)}
            onDone={again}
          />
          <RollBack list={list} one={one} who={who} />
          <Way history={one.approval.history} />
          {!importing && one.counts.bad > 0 && <BadLines path={path} />}
          {!importing && one.beside !== null && <Differences path={path} beside={one.beside} />}
        </article>
      )}
    </WhenHere>
  )
}

function offered({ state }: ListVersion): readonly StepName[] {
  return state === 'held' || state === 'submitted' ? DECISIONS : []
}

function Held({ reasons }: { reasons: readonly string[] }) {
  return (
    <div class="careful">
      <strong>{text.versions.held}</strong>
      {reasons.map((reason) => (
        <p key={reason}>{reason}</p>
      ))}
    </div>
  )
}

function Counts({ one }: { one: ListVersion }) {
  const { counts, skipped, file, format, began_at, activated_at } = one
  const of = (some: Record<string, number>) =>
    Object.entries(some).map(([name, n]) => `${name.replaceAll('_', ' ')} ${n}`)
  const number = (n: number | undefined) => n?.toLocaleString()
  return (
    <dl class="sheet">
      <Fact name={text.versions.file}>{file}</Fact>
      <Fact name={text.versions.format}>{format}</Fact>
      <Fact name={text.versions.lines}>{number(counts.lines)}</Fact>
      <Fact name={text.lists.entries}>{number(counts.entries)}</Fact>
      <Fact name={text.versions.added}>{number(counts.added)}</Fact>
      <Fact name={text.versions.changed}>{number(counts.changed)}</Fact>
      <Fact name={text.versions.removed}>{number(counts.removed)}</Fact>
      <Fact name={text.versions.bad}>{number(counts.bad)}</Fact>
      <Fact name={text.versions.skipped}>{of(skipped).join(', ')}</Fact>
      <Fact name={text.versions.begun}>{formatDateTime(Date.parse(began_at))}</Fact>
      <Fact name={text.versions.activated}>
        {activated_at && formatDateTime(Date.parse(activated_at))}
      </Fact>
    </dl>
  )
}

function RollBack({ list, one, who }: { list: string; one: ListVersion; who: SignedIn }) {
  const problem = useSignal('')
  const asking = useSignal(false)
  if (one.state !== 'superseded' || !one.entries_kept || !may(who.roles, 'rollback')) return null
  const roll = async () => {
    const path = `/v1/hotlists/${list}/versions/${one.version}/rollback`
    const answer = await ask<ListVersion>('POST', path, {})
    asking.value = false
    if (answer.ok) goTo({ page: 'version', list, version: answer.value.version })
    else problem.value = answer.words
  }
  const press = (wanted: boolean) => () => {
    asking.value = wanted
  }
  return (
    <div class="steps">
      {asking.value ? (
        <p class="buttons">
          <span>{text.versions.sure(one.version)}</span>
          <button type="button" class="strong" onClick={() => void roll()}>
            {text.versions.rollBack}
          </button>
          <button type="button" class="quiet" onClick={press(false)}>
            {text.page.cancel}
          </button>
        </p>
      ) : (
        <p class="buttons">
          <button type="button" class="quiet" onClick={press(true)}>
            {text.versions.rollBack}
          </button>
        </p>
      )}
      <p class="problem" role="alert">
        {problem}
      </p>
    </div>
  )
}

interface BadLine {
  line: number
  column: string
  expected: string
  came: string
}

function BadLines({ path }: { path: string }) {
  const asked = useAsked<{ lines: BadLine[]; more: boolean }>(`${path}/bad-lines`)
  return (
    <section>
      <h2>{text.versions.badLines}</h2>
      <WhenHere asked={asked}>
        {({ lines, more }) => (
          <>
            <table class="rows-of">
              <thead>
                <tr>
                  <th class="number">{text.versions.line}</th>
                  <th>{text.versions.column}</th>
                  <th>{text.versions.expected}</th>
                  <th>{text.versions.came}</th>
                </tr>
              </thead>
              <tbody>
                {lines.map(({ line, column, expected, came }, at) => (
                  <tr key={at}>
                    <td class="number">{line}</td>
                    <td>{column}</td>
                    <td>{expected}</td>
                    <td class="mono">{came}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            {more && <p class="waiting">{text.versions.first(lines.length)}</p>}
          </>
        )}
      </WhenHere>
    </section>
  )
}

type Kind = 'added' | 'changed' | 'removed'
interface Difference {
  kind: Kind
  plate: string
  region: string
  was: Entry | null
  is: Entry | null
}

function Differences({ path, beside }: { path: string; beside: number }) {
  const kind = useSignal<Kind | ''>('')
  const query = kind.value === '' ? '' : `?kind=${kind.value}`
  const asked = useAsked<{ differences: Difference[]; next: object | null }>(
    `${path}/difference${query}`,
  )
  return (
    <section>
      <h2>{text.versions.difference(beside)}</h2>
      <p class="tools">
        <label>
          {text.versions.show}{' '}
          <select
            value={kind}
            onChange={({ currentTarget: { value } }) => {
              kind.value = value as Kind | ''
            }}
          >
            <option value="">{text.entries.all}</option>
            <option value="added">{text.versions.added}</option>
            <option value="changed">{text.versions.changed}</option>
            <option value="removed">{text.versions.removed}</option>
          </select>
        </label>
      </p>
      <WhenHere asked={asked}>
        {({ differences, next }) => (
          <>
            {differences.length === 0 && <p class="waiting">{text.versions.same}</p>}
            <ul class="differing">
              {differences.map((one, at) => (
                <li key={at} class={one.kind}>
                  <strong>{text.versions[one.kind]}</strong> <Plate one={one} /> <Told one={one} />
                </li>
              ))}
            </ul>
            {next !== null && <p class="waiting">{text.versions.first(differences.length)}</p>}
          </>
        )}
      </WhenHere>
    </section>
  )
}

function Plate({ one: { plate, region } }: { one: Difference }) {
  return (
    <>
      <span class="mono">{plate}</span> <small>{region}</small>
    </>
  )
}

/** What differs, for a changed entry; else what it says. */
function Told({ one: { was, is } }: { one: Difference }): ComponentChildren {
  if (was === null || is === null) return (is ?? was)?.reason
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])] as (keyof Entry)[]
  const said = (value: unknown) => (value === undefined ? '–' : JSON.stringify(value))
  const changed = names.filter((name) => name !== 'id' && said(was[name]) !== said(is[name]))
  return changed.map((name) => `${name}: ${said(was[name])} → ${said(is[name])}`).join('; ')
}
