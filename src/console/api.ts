// How the pages ask the service: JSON there and back, and what went wrong in words.
import { signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { checkSession } from './session.ts'
import { text } from './text.ts'

/** As the service answers with it (RFC 9457). */
interface Problem {
  code?: string
  title?: string
  detail?: string
  errors?: { where: string; message: string }[]
  standing?: { by: string; action: string }
}

export type Answer<T> = { ok: true; value: T } | { ok: false; code: string; words: string }

/** @param body sent as JSON */
export async function ask<T>(method: string, path: string, body?: object): Promise<Answer<T>> {
  const init: RequestInit = { method, credentials: 'same-origin' }
  if (body !== undefined) {
    init.headers = { 'content-type': 'application/json' }
    init.body = JSON.stringify(body)
  }
  try {
    const response = await fetch(path, init)
    if (response.status === 401) void checkSession()
    const answer: unknown = await response.json()
    if (response.ok) return { ok: true, value: answer as T }
    return { ok: false, ...told(answer as Problem) }
  } catch {
    return { ok: false, code: 'unreachable', words: text.problem.unreachable }
  }
}

function told({ code = '', title = '', detail, errors, standing }: Problem) {
  if (standing !== undefined) return { code, words: text.problem.overtaken(standing.by) }
  const known = text.problem.known[code]
  if (known !== undefined) return { code, words: known }
  const wrong = errors?.map(({ where, message }) => `${where}: ${message}`).join('; ')
  return { code, words: wrong ?? detail ?? title }
}

export interface Asked<T> {
  /** null while it is asked for. */
  readonly answer: Answer<T> | null
  again(): void
}

/** Asks as the page comes, and again when the path is another; an answer too late is dropped. */
export function useAsked<T>(path: string): Asked<T> {
  const answer = useMemo(() => signal<Answer<T> | null>(null), [path])
  const turn = useMemo(() => ({ now: 0 }), [path])
  const again = () => {
    const own = ++turn.now
    void ask<T>('GET', path).then((given) => {
      if (own === turn.now) answer.value = given
    })
  }
  useEffect(() => {
    again()
    return () => {
      turn.now += 1
    }
  }, [path])
  return { answer: answer.value, again }
}
