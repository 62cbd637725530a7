// Sessions: a random token in the browser's cookie, its hash in a key-value bucket, all of them
// mirrored here by a watch.
import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, openDocuments, type Revisioned } from '../bus/documents.ts'
import type { Person } from '../domain/roles.ts'
import { openUsers, type User } from './users.ts'

const sessionSchema = z.object({
  user: z.string(),
  demo: z.boolean(),
  /** The user's password at sign-in, hashed once more: another password ends the session. */
  password_mark: z.string(),
  created_ms: z.number(),
  expires_ms: z.number(),
})
type SessionDocument = z.infer<typeof sessionSchema>

/** The person is as they are now: a change of their rights acts on sessions that are there. */
export interface Session extends Person {
  /** SHA-256 of the token, hex: not secret. */
  id: string
  demo: boolean
  /** epoch ms */
  expires_ms: number
}

export type EndedListener = (session_id: string) => void

const TOKEN = /^[A-Za-z0-9_-]{43}$/
const EXPIRY_CHECK_MS = 500
/** One person's sessions at once; the oldest ends when another begins. */
const SESSIONS_PER_USER_MAX = 64

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Changes with the password and tells nothing about it. */
function passwordMark(user: User): string {
  return createHash('sha256').update(user.password_hash).digest('hex').slice(0, 16)
}

/**
 * The mirror: every session and every user, as the bus's watch tells them, so that a check costs
 * one look-up in memory and an end made by any process is known here within milliseconds. Ends come
 * from four sides: revoked, expired (looked for twice a second), the user gone, the user's password
 * another; each tells the listeners once.
 */
export class Sessions {
  readonly #documents: Documents<SessionDocument>
  readonly #sessions = new Map<string, SessionDocument>()
  readonly #users = new Map<string, Revisioned<User>>()
  readonly #listeners = new Set<EndedListener>()
  readonly #hours_max: number
  readonly #stops: (() => void)[] = []

  static async open(bus: Bus, hours_max: number): Promise<Sessions> {
    const documents = await openDocuments(bus, 'sessions', sessionSchema, {
      ttl_ms: hours_max * 3_600_000,
    })
    const sessions = new Sessions(documents, hours_max)
    await sessions.#watch(await openUsers(bus))
    return sessions
  }

  private constructor(documents: Documents<SessionDocument>, hours_max: number) {
    this.#documents = documents
    this.#hours_max = hours_max
  }

  async #watch(users: Documents<User>): Promise<void> {
    const users_watch = await users.watch((name, doc) => this.#onUser(name, doc))
    const watch = await this.#documents.watch((id, doc) => {
      if (doc === null) this.#end(id)
      else this.#sessions.set(id, doc.value)
    })
    const timer = setInterval(() => this.#endExpired(), EXPIRY_CHECK_MS)
    timer.unref()
    this.#stops.push(
      () => users_watch.stop(),
      () => watch.stop(),
      () => clearInterval(timer),
    )
  }

  /** Whether a demo user exists: then the sign-in page may say so. */
  get demo(): boolean {
    for (const user of this.#users.values()) if (user.value.demo) return true
    return false
  }

  /** @returns the token, which is kept nowhere */
  async begin(found: Revisioned<User>): Promise<{ token: string; session: Session }> {
    const user = found.value
    const token = randomBytes(32).toString('base64url')
    const id = hashToken(token)
    const now = Date.now()
    const document: SessionDocument = {
      user: user.name,
      demo: user.demo,
      password_mark: passwordMark(user),
      created_ms: now,
      expires_ms: now + this.#hours_max * 3_600_000,
    }
    await this.#makeRoom(user.name)
    await this.#documents.create(id, document)
    this.#learn(user.name, found)
    this.#sessions.set(id, document)
    return { token, session: this.#toSession(id, document) }
  }

  /** @returns null where the token is no session's, or its session has ended */
  check(token: string): Session | null {
    if (!TOKEN.test(token)) return null
    const id = hashToken(token)
    const document = this.#sessions.get(id)
    if (document === undefined || !this.#holds(document)) return null
    return this.#toSession(id, document)
  }

  /** A person as they are now; without any right where nobody has the name. */
  personOf(user: string): Person {
    const { roles = [], ilets = false } = this.#users.get(user)?.value ?? {}
    return { user, roles, ilets }
  }

  async revoke(id: string): Promise<void> {
    this.#end(id)
    await this.#documents.purge(id)
  }

  onEnded(listener: EndedListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stop(): void {
    for (const stop of this.#stops) stop()
    this.#listeners.clear()
  }

  #holds(document: SessionDocument): boolean {
    const user = this.#users.get(document.user)
    return (
      document.expires_ms > Date.now() &&
      user !== undefined &&
      passwordMark(user.value) === document.password_mark
    )
  }

  #onUser(name: string, doc: Revisioned<User> | null): void {
    if (doc === null) this.#users.delete(name)
    else this.#learn(name, doc)
    for (const [id, session] of this.#sessions) {
      if (session.user === name && !this.#holds(session)) this.#end(id)
    }
  }

  /** The sign-in and the watch may tell of a user in either order: the later revision stands. */
  #learn(name: string, doc: Revisioned<User>): void {
    if (doc.revision >= (this.#users.get(name)?.revision ?? 0)) this.#users.set(name, doc)
  }

  #endExpired(): void {
    const now = Date.now()
    for (const [id, session] of this.#sessions) if (session.expires_ms <= now) this.#end(id)
  }

  async #makeRoom(user: string): Promise<void> {
    const own = [...this.#sessions].filter(([, session]) => session.user === user)
    if (own.length < SESSIONS_PER_USER_MAX) return
    own.sort(([, a], [, b]) => a.created_ms - b.created_ms)
    const oldest = own[0]
    if (oldest !== undefined) await this.revoke(oldest[0])
  }

  #end(id: string): void {
    if (!this.#sessions.delete(id)) return
    for (const listener of this.#listeners) listener(id)
  }

  #toSession(id: string, { user, demo, expires_ms }: SessionDocument): Session {
    return { id, ...this.personOf(user), demo, expires_ms }
  }
}
