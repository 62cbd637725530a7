// Sign-in, sign-out, and the alert stream that runs while somebody is signed in.
import type { Role } from '../domain/roles.ts'
import { keepPlace } from './place.ts'
import { addAlerts, clearAlerts, connection, lost_ms, putVerdicts, session } from './store.ts'
import { AlertStream } from './stream.ts'
import { text } from './text.ts'

let stream: AlertStream | undefined

interface Answer {
  code?: string
  user?: string
  roles?: Role[]
  demo?: boolean
}

async function ask(method: string, body?: object): Promise<{ ok: boolean; answer: Answer }> {
  const init: RequestInit = { method, credentials: 'same-origin' }
  if (body !== undefined) {
    init.headers = { 'content-type': 'application/json' }
    init.body = JSON.stringify(body)
  }
  const response = await fetch('/v1/session', init)
  const answer = response.status === 204 ? {} : ((await response.json()) as Answer)
  return { ok: response.ok, answer }
}

/** Asks who is signed in; without an answer all stays as it is. */
export async function checkSession(): Promise<void> {
  try {
    const { ok, answer } = await ask('GET')
    if (ok) enter(answer)
    else if (answer.code === 'not_signed_in') leave(answer.demo === true)
  } catch {
    if (session.value.is === 'asking') leave(false)
  }
}

/** @returns what to tell the person, or null when it went well */
export async function signIn(user: string, password: string): Promise<string | null> {
  try {
    const { ok, answer } = await ask('POST', { user, password })
    if (ok) {
      enter(answer)
      return null
    }
    return text.signIn.problems[answer.code ?? ''] ?? text.signIn.failed
  } catch {
    return text.signIn.unreachable
  }
}

export async function signOut(): Promise<void> {
  const demo = session.value.is === 'in' && session.value.demo
  try {
    await ask('DELETE')
    leave(demo)
  } catch {
    // Not signed out: saying otherwise would leave the session open behind one's back.
  }
}

function enter({ user = '', roles = [], demo = false }: Answer): void {
  session.value = { is: 'in', user, roles, demo }
  stream ??= new AlertStream({
    onAlerts: (items, events) => {
      if (items.length > 0) keepPlace(() => addAlerts(items))
      putVerdicts(events.map(({ seq, event }) => [event.id, { ...event, seq }]))
    },
    onLive: () => {
      connection.value = 'live'
    },
    onLost: () => {
      if (connection.value === 'live') lost_ms.value = Date.now()
      connection.value = 'reconnecting'
    },
    onRefused: () => void checkSession(),
    onReset: clearAlerts,
  })
}

function leave(demo: boolean): void {
  stream?.stop()
  stream = undefined
  connection.value = 'connecting'
  clearAlerts()
  session.value = { is: 'out', demo }
}
