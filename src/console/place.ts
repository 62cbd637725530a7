// Keeps what one is reading where it is while new alerts come in above it.
import { route } from './route.ts'
import { announcement, selected, unseen } from './store.ts'
import { text } from './text.ts'

interface Anchor {
  element: Element
  top: number
}

const AT_TOP_PX = 8
let anchor: Anchor | null = null

/**
 * The card that is being read: the selected one, or the first in view once the page was scrolled.
 */
function findAnchor(): Anchor | null {
  const reading = window.scrollY > AT_TOP_PX || selected.value !== null
  if (!reading) return null
  const cards = [...document.querySelectorAll('[data-alert]')]
  const chosen = cards.find((card) => card.getAttribute('data-alert') === selected.value)
  const element = chosen !== undefined && inView(chosen) ? chosen : cards.find(inView)
  return element === undefined ? null : { element, top: element.getBoundingClientRect().top }
}

function inView(card: Element): boolean {
  return card.getBoundingClientRect().bottom > 0
}

/** Runs what adds alerts; the board calls {@link restorePlace} once they are drawn. */
export function keepPlace(add: () => number): void {
  anchor ??= findAnchor()
  const added = add()
  if (anchor !== null || route.value.page !== 'alerts') unseen.value += added
  // The same words twice are said once: a space more makes them others.
  const words = added > 0 ? text.board.announce(added) : ''
  announcement.value = words === announcement.value ? `${words} ` : words
}

export function restorePlace(): void {
  if (anchor === null) return
  const { element, top } = anchor
  anchor = null
  const moved = element.getBoundingClientRect().top - top
  if (element.isConnected && moved !== 0) window.scrollBy({ top: moved, behavior: 'instant' })
}

export function goToNewest(): void {
  selected.value = null
  unseen.value = 0
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
  window.scrollTo({ top: 0, behavior: 'instant' })
}

/** Whoever scrolls back to the top has seen what is there. */
export function watchScroll(): () => void {
  window.addEventListener('scroll', onScroll, { passive: true })
  return () => window.removeEventListener('scroll', onScroll)
}

function onScroll(): void {
  if (window.scrollY <= AT_TOP_PX && unseen.value > 0) unseen.value = 0
}
