// What is on every page: the way to the others, the state of the connection, who is signed in.
import { may } from '../domain/roles.ts'
import { formatTime } from './format.ts'
import { addressOf, type Route, route } from './route.ts'
import { signOut } from './session.ts'
import { announcement, connection, lost_ms, now_ms, type SignedIn, unseen } from './store.ts'
import { text } from './text.ts'

export function Header({ who }: { who: SignedIn }) {
  const state = connection.value
  return (
    <header class="bar">
      <p class="wordmark">{text.product}</p>
      {may(who.roles, 'list_read') && <Pages />}
      <p class={`connection ${state}`}>
        <span class="lamp" aria-hidden="true" />
        {text.connection[state]}
      </p>
      <p class="user" title={text.header.signedInAs(who.user)}>
        {who.user}
      </p>
      <button type="button" class="quiet" onClick={() => void signOut()}>
        {text.header.signOut}
      </button>
    </header>
  )
}

function Pages() {
  const { page } = route.value
  const away = page !== 'alerts' && unseen.value > 0
  return (
    <nav class="pages" aria-label={text.nav.label}>
      <PageLink to={{ page: 'alerts' }} current={page === 'alerts'}>
        {text.nav.alerts}
        {away && (
          <strong class="badge" title={text.board.announce(unseen.value)}>
            {unseen.value}
          </strong>
        )}
      </PageLink>
      <PageLink to={{ page: 'lists' }} current={page !== 'alerts' && page !== 'inbox'}>
        {text.nav.lists}
      </PageLink>
      <PageLink to={{ page: 'inbox' }} current={page === 'inbox'}>
        {text.nav.inbox}
      </PageLink>
    </nav>
  )
}

interface PageLinkProps {
  to: Route
  current: boolean
  children: preact.ComponentChildren
}

function PageLink({ to, current, children }: PageLinkProps) {
  return (
    <a href={addressOf(to)} {...(current ? { 'aria-current': 'page' as const } : {})}>
      {children}
    </a>
  )
}

export function Banner() {
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

/** Says aloud, to those who don't see it, that something new is on the board. */
export function Announcer() {
  return (
    <p class="spoken" aria-live="polite">
      {announcement}
    </p>
  )
}
