// Where one is in the console: the address after its #, so that a page can be linked to, and Back
// goes back.
import { signal } from '@preact/signals'

export const LIST_TABS = ['entries', 'history'] as const
export type ListTab = (typeof LIST_TABS)[number]

export type Route =
  | { page: 'alerts' }
  | { page: 'lists' }
  | { page: 'list'; list: string; tab: ListTab }
  | { page: 'entry'; list: string; id: string }
  | { page: 'draft'; list: string }
  | { page: 'inbox' }

export const route = signal<Route>(parse(location.hash))

addEventListener('hashchange', () => {
  route.value = parse(location.hash)
})

export function addressOf(to: Route): string {
  switch (to.page) {
    case 'alerts':
      return '#/'
    case 'lists':
    case 'inbox':
      return `#/${to.page}`
    case 'list':
      return `#/lists/${to.list}/${to.tab}`
    case 'entry':
      return `#/lists/${to.list}/entries/${encodeURIComponent(to.id)}`
    case 'draft':
      return `#/lists/${to.list}/draft`
  }
}

export function goTo(to: Route): void {
  location.hash = addressOf(to)
}

/** An address that leads nowhere leads to the alerts: they are what must be seen. */
function parse(hash: string): Route {
  const [page, list = '', tab = 'entries', id] = hash.replace(/^#\//, '').split('/')
  if (page === 'inbox') return { page }
  if (page !== 'lists') return { page: 'alerts' }
  if (list === '') return { page: 'lists' }
  if (tab === 'draft') return { page: 'draft', list }
  if (id !== undefined) return { page: 'entry', list, id: decodeURIComponent(id) }
  const known = LIST_TABS.find((name) => name === tab)
  return { page: 'list', list, tab: known ?? 'entries' }
}
