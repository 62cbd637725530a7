// The console's first step: who is signed in, and then the sign-in page or the page that the
// address names.
import { render } from 'preact'
import { useEffect } from 'preact/hooks'
import { may } from '../domain/roles.ts'
import { Board, NewAbove } from './board.tsx'
import { ConflictsPage } from './conflicts.tsx'
import { EntryPage } from './entry.tsx'
import { AmendPage, DraftPage } from './entry-form.tsx'
import { Announcer, Banner, Header } from './frame.tsx'
import { Inbox } from './inbox.tsx'
import { ListPage } from './list.tsx'
import { Lists } from './lists.tsx'
import { type Route, route } from './route.ts'
import { checkSession } from './session.ts'
import { NewListPage } from './settings-form.tsx'
import { SignIn } from './sign-in.tsx'
import { type SignedIn, session } from './store.ts'
import { VersionPage } from './version.tsx'

function App() {
  const state = session.value
  if (state.is === 'asking') return null
  return state.is === 'in' ? <Console who={state} /> : <SignIn demo={state.demo} />
}

function Console({ who }: { who: SignedIn }) {
  const at: Route = may(who.roles, 'list_read') ? route.value : { page: 'alerts' }
  useEffect(() => {
    if (at.page !== 'alerts') window.scrollTo({ top: 0, behavior: 'instant' })
  }, [JSON.stringify(at)])
  return (
    <>
      <div class="top">
        <Header who={who} />
        <Banner />
        {at.page === 'alerts' && <NewAbove />}
      </div>
      {at.page === 'alerts' ? (
        <Board />
      ) : (
        <main class="page">
          <Page at={at} who={who} />
        </main>
      )}
      <Announcer />
    </>
  )
}

function Page({ at, who }: { at: Exclude<Route, { page: 'alerts' }>; who: SignedIn }) {
  switch (at.page) {
    case 'lists':
      return <Lists who={who} />
    case 'conflicts':
      return <ConflictsPage />
    case 'new-list':
      return <NewListPage who={who} />
    case 'list':
      return <ListPage key={at.list} list={at.list} tab={at.tab} who={who} />
    case 'entry':
      return <EntryPage key={`${at.list}/${at.id}`} list={at.list} id={at.id} who={who} />
    case 'version':
      return (
        <VersionPage
          key={`${at.list}/${at.version}`}
          list={at.list}
          version={at.version}
          who={who}
        />
      )
    case 'draft':
      return <DraftPage key={at.list} list={at.list} />
    case 'amend':
      return <AmendPage key={`${at.list}/${at.id}`} list={at.list} id={at.id} />
    case 'inbox':
      return <Inbox who={who} />
  }
}

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
void checkSession()
