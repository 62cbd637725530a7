// Who may come in: sign-in with a brake on guessing, sessions, and the audit record that each
// access needs.
import { verify } from '@node-rs/argon2'
import type { Bus } from '../bus/connection.ts'
import type { Documents, Revisioned } from '../bus/documents.ts'
import type { Config } from '../config/schema.ts'
import { HotplateError } from '../domain/error.ts'
import type { Person } from '../domain/roles.ts'
import type { Logger } from '../telemetry/log.ts'
import { Attempts, Turnstile } from './attempts.ts'
import { type Audit, createAudit } from './audit.ts'
import { type EndedListener, type Session, Sessions } from './sessions.ts'
import {
  generatePassword,
  hashPassword,
  openUsers,
  PASSWORD_CHARS_MAX,
  USER_NAME,
  type User,
} from './users.ts'

export interface Access {
  readonly audit: Audit
  /** Whether this is a demo, so that the sign-in page may say so. */
  readonly demo: boolean
  /**
   * @param from the address that asks
   * @throws HotplateError SIGN_IN_REFUSED (whatever was wrong), SIGN_IN_LOCKED, BUSY,
   *   AUDIT_UNAVAILABLE
   */
  signIn(user: string, password: string, from: string): Promise<{ token: string; session: Session }>
  /** The session of a token, or null; a look-up in memory. */
  check(token: string): Session | null
  /** A person as they are now, for what outlives a request: open alert streams. */
  personOf(user: string): Person
  /** Ends a session, everywhere within a second. */
  signOut(session: Session, from: string): Promise<void>
  /** Tells of each session's end, whatever ended it. */
  onEnded(listener: EndedListener): () => void
  stop(): void
}

/** Too many failures for this user from this address. */
export class SignInLocked extends HotplateError {
  readonly wait_s: number
  constructor(wait_s: number) {
    super(
      'SIGN_IN_LOCKED',
      'Too many failed sign-ins for this user from here: wait, then try again',
    )
    this.wait_s = wait_s
  }
}

// A hash takes 19 MiB and some 20 ms of a core: sign-ins may never crowd out the alerts.
const HASHES_RUNNING_MAX = 2
const HASHES_WAITING_MAX = 64

export async function createAccess(o: { bus: Bus; config: Config; log: Logger }): Promise<Access> {
  const users = await openUsers(o.bus)
  const sessions = await Sessions.open(o.bus, o.config.gateway.session_hours_max)
  const audit = createAudit(o.bus)
  const checkPassword = await passwordCheck(users)
  const attempts = new Attempts()

  return {
    audit,
    get demo() {
      return sessions.demo
    },
    async signIn(name, password, from) {
      const refuse = async (reason: string, error: HotplateError): Promise<never> => {
        await audit.record({ who: name, from, what: 'sign_in', outcome: 'refused', reason })
        throw error
      }
      const key = `${name}\n${from}`
      const wait_s = attempts.begin(key)
      if (wait_s > 0) {
        o.log.warn({ from, wait_s }, 'Sign-in locked after repeated failures.')
        return refuse('locked', new SignInLocked(wait_s))
      }
      const user = await checkPassword(name, password)
      if (user === null) {
        return refuse(
          'wrong_credentials',
          new HotplateError('SIGN_IN_REFUSED', 'Wrong user or password'),
        )
      }
      await audit.record({ who: name, from, what: 'sign_in', outcome: 'ok' })
      attempts.succeeded(key)
      return sessions.begin(user)
    },
    check: (token) => sessions.check(token),
    personOf: (user) => sessions.personOf(user),
    async signOut(session, from) {
      await sessions.revoke(session.id)
      await audit.record({ who: session.user, from, what: 'sign_out', outcome: 'ok' })
    },
    onEnded: (listener) => sessions.onEnded(listener),
    stop: () => sessions.stop(),
  }
}

/** As long for a user who isn't there as for one who is: a hash that nothing matches stands in. */
async function passwordCheck(
  users: Documents<User>,
): Promise<(name: string, password: string) => Promise<Revisioned<User> | null>> {
  const turnstile = new Turnstile(HASHES_RUNNING_MAX, HASHES_WAITING_MAX)
  const nobody = await hashPassword(generatePassword())
  return async (name, password) => {
    const found = USER_NAME.test(name) ? await users.get(name) : null
    const hash = found?.value.password_hash ?? nobody
    const text = password.slice(0, PASSWORD_CHARS_MAX)
    const right = await turnstile.pass(() => verify(hash, text).catch(() => false))
    return right && found !== null && text === password ? found : null
  }
}
