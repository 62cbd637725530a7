// Who sits at the command line: a person with an account (`--by`), whose roles count, or whoever
// the system says it is, who may draft and submit as an analyst may, and decides on nothing.
import { userInfo } from 'node:os'
import { findUser, openUsers } from '../access/users.ts'
import type { Bus } from '../bus/connection.ts'
import type { Caller } from '../hotlists/approvals.ts'

/** Never a user's name: those have no colon. */
export function systemUser(): string {
  return `os:${userInfo().username}`
}

/** @throws HotplateError USER_UNKNOWN */
export async function callerOf(bus: Bus, by: string | undefined): Promise<Caller> {
  if (by === undefined) {
    return { actor: { name: systemUser(), roles: ['analyst'] }, from: 'command line' }
  }
  const { value } = await findUser(await openUsers(bus), by)
  // The record tells who lent the account to whom.
  const from = `command line, ${systemUser()}`
  return { actor: { name: value.name, roles: value.roles }, from }
}
