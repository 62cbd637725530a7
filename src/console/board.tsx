// The board: alerts newest first, the state of the connection always in view.
import { useEffect, useLayoutEffect } from 'preact/hooks'
import { AlertCard } from './card.tsx'
import { formatTime } from './format.ts'
import { goToNewest, restorePlace, watchScroll } from './place.ts'
import { signOut } from './session.ts'
import {
  alerts,
  announcement,
  connection,
  isCapped,
  lost_ms,
  now_ms,
  selected,
  unseen,
} from './store.ts'
import { text } from './text.ts'

export function Board({ user }: { user: string }) {
  useEffect(watchScroll, [])
  useEffect(() => {
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
  return (
    <>
      <div class="top">
        <Header user={user} />
        <Banner />
        <NewAbove />
      </div>
      <main class="board">
        <h1 class="spoken">{text.board.heading}</h1>
        <Cards />
      </main>
      <Announcer />
    </>
  )
}

function Header({ user }: { user: string }) {
  const state = connection.value
  return (
    <header class="bar">
      <p class="wordmark">{text.product}</p>
      <p class={`connection ${state}`}>
        <span class="lamp" aria-hidden="true" />
        {text.connection[state]}
      </p>
      <p class="count">{text.header.count(alerts.value.length, isCapped.value)}</p>
      <p class="keys">
        <kbd>j</kbd> <kbd>k</kbd> {text.board.keys} <kbd>Home</kbd> {text.board.toTop}
      </p>
      <p class="user" title={text.header.signedInAs(user)}>
        {user}
      </p>
      <button type="button" class="quiet" onClick={() => void signOut()}>
        {text.header.signOut}
      </button>
    </header>
  )
}

function Banner() {
  if (connection.value !== 'reconnecting') return null
  return (
    <div class="banner" role="alert">
      <strong>
        {text.connection.notLive}{' '}
        {lost_ms.value > 0 && text.connection.since(formatTime(lost_ms.value, now_ms.peek()))}
      </strong>
      <span>{text.connection.explained}</span>
    </div>
  )
}

function NewAbove() {
  if (unseen.value === 0) return null
  return (
    <button type="button" class="new-above" onClick={goToNewest}>
      <span aria-hidden="true">▲ </span>
      {text.board.newAbove(unseen.value)}
    </button>
  )
}

function Cards() {
  const list = alerts.value
  useLayoutEffect(restorePlace, [list])
  if (list.length === 0) {
    return (
      <section class="empty">
        <h2>{text.board.empty}</h2>
        <p>{text.board.emptyMore}</p>
      </section>
    )
  }
  return (
    <div class="cards">
      {list.map(({ alert }) => (
        <AlertCard key={alert.id} alert={alert} />
      ))}
    </div>
  )
}

/** Says aloud, to those who don't see it, that something new is on the board. */
function Announcer() {
  return (
    <p class="spoken" aria-live="polite">
      {announcement}
    </p>
  )
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key === 'j') move(1)
  else if (event.key === 'k') move(-1)
  else if (event.key === 'Home' || event.key === 'Escape') goToNewest()
  else return
  event.preventDefault()
}

function move(step: number): void {
  const ids = alerts.value.map(({ alert }) => alert.id)
  const at = selected.value === null ? -1 : ids.indexOf(selected.value)
  const id = ids[Math.min(ids.length - 1, Math.max(0, at + step))]
  if (id === undefined) return
  selected.value = id
  const card = document.querySelector<HTMLElement>(`[data-alert="${id}"]`)
  card?.focus({ preventScroll: true })
  card?.scrollIntoView({ block: 'nearest', behavior: 'instant' })
  if (id === ids[0]) unseen.value = 0
}
