// The sign-in page.
import { useSignal } from '@preact/signals'
import { signIn } from './session.ts'
import { text } from './text.ts'

export function SignIn({ demo }: { demo: boolean }) {
  const problem = useSignal<string | null>(null)
  const working = useSignal(false)
  const submit = async (event: Event) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    working.value = true
    problem.value = await signIn(String(form.get('user')).trim(), String(form.get('password')))
    working.value = false
  }
  return (
    <main class="sign-in">
      <form onSubmit={submit} method="post">
        <p class="wordmark">{text.product}</p>
        <h1>{text.signIn.heading}</h1>
        {demo && <p class="hint">{text.signIn.demo}</p>}
        <label>
          {text.signIn.user}
          <input name="user" autocomplete="username" required maxLength={64} spellcheck={false} />
        </label>
        <label>
          {text.signIn.password}
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            required
            maxLength={256}
          />
        </label>
        <p class="problem" role="alert">
          {problem}
        </p>
        <button type="submit" disabled={working.value}>
          {working.value ? text.signIn.working : text.signIn.submit}
        </button>
        <p class="notice">{text.signIn.notice}</p>
      </form>
    </main>
  )
}
