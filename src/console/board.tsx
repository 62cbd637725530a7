// The board: alerts newest first.
import { useEffect, useLayoutEffect } from 'preact/hooks'
import { AlertCard } from './card.tsx'
import { goToNewest, restorePlace, watchScroll } from './place.ts'
import { alerts, isCapped, selected, unseen } from './store.ts'
import { text } from './text.ts'

export function Board() {
  useEffect(watchScroll, [])
  // Whoever comes from another page has what is new before their eyes.
  useEffect(goToNewest, [])
  useEffect(() => {
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
  return (
    <main class="board">
      <h1 class="spoken">{text.board.heading}</h1>
      <p class="keys">
        <span class="count">{text.board.count(alerts.value.length, isCapped.value)}</span>
        <span>
          <kbd>j</kbd> <kbd>k</kbd> {text.board.keys} <kbd>Home</kbd> {text.board.toTop}
        </span>
      </p>
      <Cards />
    </main>
  )
}

export function NewAbove() {
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
