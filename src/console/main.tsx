// The console's first step: who is signed in, and then its sign-in page or the board.
import { render } from 'preact'
import { Board } from './board.tsx'
import { checkSession } from './session.ts'
import { SignIn } from './sign-in.tsx'
import { session } from './store.ts'

function App() {
  const state = session.value
  if (state.is === 'asking') return null
  return state.is === 'in' ? <Board user={state.user} /> : <SignIn demo={state.demo} />
}

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
void checkSession()
