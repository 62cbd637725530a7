// People who may sign in: one key-value document each. What the command line does with them is here
// too.
import { randomInt } from 'node:crypto'
import { hash } from '@node-rs/argon2'
import { z } from 'zod'
import type { Bus } from '../bus/connection.ts'
import { type Documents, openDocuments, type Revisioned } from '../bus/documents.ts'
import { HotplateError } from '../domain/error.ts'
import { ROLES, type Role } from '../domain/roles.ts'

export const USER_NAME = /^[a-z][a-z0-9_-]{0,63}$/
export const PASSWORD_CHARS_MAX = 256
const PASSWORD_CHARS_MIN = 8

const userSchema = z.object({
  name: z.string().regex(USER_NAME),
  /** argon2id, in its encoded form */
  password_hash: z.string().max(512),
  /** ISO 8601 UTC */
  created_at: z.string(),
  /** Made by `hotplate demo`: its password is printed on a terminal. */
  demo: z.boolean(),
  /** What the person may do (domain/roles.ts); nothing in a document from before roles. */
  roles: z.array(z.enum(ROLES)).default([]),
  /** Authorised for state law-enforcement data (policy 401.4b). */
  ilets: z.boolean().default(false),
})
export type User = z.infer<typeof userSchema>

export function openUsers(bus: Bus): Promise<Documents<User>> {
  return openDocuments(bus, 'users', userSchema)
}

// OWASP's first choice for argon2id: 19 MiB, two passes, one lane. Algorithm 2 is argon2id (the
// package's default).
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export function hashPassword(password: string): Promise<string> {
  return hash(password, ARGON2ID)
}

// No characters that are mistaken for one another when a password is read out: 31^16 is 79 bits.
const ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz'

/** Four groups of four characters, such as `k7mq-2fhd-9ncp-tw4x`. */
export function generatePassword(): string {
  return [randomText(4), randomText(4), randomText(4), randomText(4)].join('-')
}

function randomText(chars: number): string {
  return Array.from({ length: chars }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
}

export interface NewUser {
  name: string
  demo: boolean
  roles?: readonly Role[]
  ilets?: boolean
  /** Generated where absent. */
  password?: string
}

/**
 * Adds a user and returns the password, which is kept nowhere: show it once.
 * @throws HotplateError USER_NAME_INVALID, PASSWORD_INVALID, USER_EXISTS
 */
export async function addUser(
  users: Documents<User>,
  { name, demo, roles = [], ilets = false, password = generatePassword() }: NewUser,
): Promise<{ password: string }> {
  checkName(name)
  checkPassword(password)
  const password_hash = await hashPassword(password)
  try {
    const created_at = new Date().toISOString()
    const user = { name, password_hash, created_at, demo, roles: [...new Set(roles)], ilets }
    await users.create(name, user)
  } catch (cause) {
    if (cause instanceof HotplateError && cause.code === 'DOCUMENT_EXISTS') {
      throw new HotplateError('USER_EXISTS', `A user "${name}" is there already`, { cause })
    }
    throw cause
  }
  return { password }
}

/**
 * Gives a user another password; whoever is signed in by the old one is signed out within a second.
 * @throws HotplateError USER_UNKNOWN, PASSWORD_INVALID, DOCUMENT_CHANGED when two reset at once
 */
export async function resetPassword(
  users: Documents<User>,
  name: string,
  password = generatePassword(),
): Promise<{ password: string }> {
  checkPassword(password)
  const found = await findUser(users, name)
  const password_hash = await hashPassword(password)
  await users.update(name, { ...found.value, password_hash }, found.revision)
  return { password }
}

/**
 * Gives a user these roles and no others; whoever is signed in has them at once.
 * @throws HotplateError USER_UNKNOWN, DOCUMENT_CHANGED when two change the user at once
 */
export async function setRoles(
  users: Documents<User>,
  name: string,
  roles: readonly Role[],
): Promise<void> {
  const found = await findUser(users, name)
  await users.update(name, { ...found.value, roles: [...new Set(roles)] }, found.revision)
}

/**
 * Authorises a user for state law-enforcement data, or no longer; it acts at once.
 * @throws HotplateError USER_UNKNOWN, DOCUMENT_CHANGED when two change the user at once
 */
export async function setIlets(
  users: Documents<User>,
  name: string,
  ilets: boolean,
): Promise<void> {
  const found = await findUser(users, name)
  await users.update(name, { ...found.value, ilets }, found.revision)
}

/** @throws HotplateError USER_UNKNOWN */
export async function findUser(users: Documents<User>, name: string): Promise<Revisioned<User>> {
  const found = USER_NAME.test(name) ? await users.get(name) : null
  if (found !== null) return found
  throw new HotplateError('USER_UNKNOWN', `There is no user "${name.slice(0, 80)}"`)
}

function checkName(name: string): void {
  if (USER_NAME.test(name)) return
  throw new HotplateError(
    'USER_NAME_INVALID',
    `Expected a user name of 1 to 64 of a-z, 0-9, _ and -, a letter first, but received "${name}"`,
  )
}

function checkPassword(password: string): void {
  if (password.length >= PASSWORD_CHARS_MIN && password.length <= PASSWORD_CHARS_MAX) return
  throw new HotplateError(
    'PASSWORD_INVALID',
    `Expected a password of ${PASSWORD_CHARS_MIN} to ${PASSWORD_CHARS_MAX} characters ` +
      `but received one of ${password.length}`,
  )
}
