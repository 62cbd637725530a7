// Where one is in the console: the address after its #, so that a page can be linked to, and Back
// goes back.
import { signal } from '@preact/signals'

export const LIST_TABS = [
  'entries',
  'versions',
  'cleared',
  'conflicts',
  'settings',
  'history',
] as const
export type ListTab = (typeof LIST_TABS)[number]

export type Route =
  | { page: 'alerts' }
  | { page: 'lists' }
  | { page: 'list'; list: string; tab: ListTab }
  | { page: 'entry'; list: string; id: string }
  | { page: 'draft'; list: string }
  | { page: 'amend'; list: string; id: string }
  | { page: 'version'; list: string; version: number }
  | { page: 'new-list' }
  | { page: 'conflicts' }
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
    case 'new-list':
    case 'conflicts':
    case 'inbox':
      return `#/${to.page}`
    case 'list':
      return `#/lists/${to.list}/${to.tab}`
    case 'entry':
      return `#/lists/${to.list}/entries/${encodeURIComponent(to.id)}`
    case 'amend':
      return `#/lists/${to.list}/amend/${encodeURIComponent(to.id)}`
    case 'version':
      return `#/lists/${to.list}/versions/${to.version}`
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
  if (page === 'inbox' || page === 'new-list' || page === 'conflicts') return { page }
  if (page !== 'lists') return { page: 'alerts' }
  if (list === '') return { page: 'lists' }
  if (tab === 'draft') return { page: 'draft', list }
  if (tab === 'versions' && /^\d{1,9}$/.test(id ?? '')) {
    return { page: 'version', list, version: Number(id) }
  }
  if (tab === 'amend' && id !== undefined) return { page: 'amend', list, id: decoded(id) }
  if (tab === 'entries' && id !== undefined) return { page: 'entry', list, id: decoded(id) }
  const known = LIST_TABS.find((name) => name === tab)
  return { page: 'list', list, tab: known ?? 'entries' }
}

/** A person may have typed it. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
