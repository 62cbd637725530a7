// `hotplate user`: accounts with a password that is shown once, and what each person may do.
import { type Command, Option } from 'commander'
import { createAudit } from '../access/audit.ts'
import { addUser, findUser, openUsers, resetPassword, setIlets, setRoles } from '../access/users.ts'
import type { Bus } from '../bus/connection.ts'
import { ROLES, type Role } from '../domain/roles.ts'
import { joinPlatform } from '../platform.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { systemUser } from './caller.ts'
import { type CommonOptions, configOf } from './run.ts'

interface UserOptions extends CommonOptions {
  role?: Role[]
  none?: boolean
  ilets?: boolean
  off?: boolean
}

export function registerUser(program: Command): void {
  const user = program.command('user').description('people who may sign in')
  const register = (
    name: string,
    description: string,
    work: (bus: Bus, who: string, options: UserOptions) => Promise<string>,
  ) =>
    user
      .command(`${name} <user>`)
      .description(description)
      .option('--config <FILE>', 'YAML file with settings')
      .option('--data <DIR>', 'folder for all data (./data)')
      .action((who: string, options: UserOptions) => runOn(who, options, work))
  const roles = () =>
    new Option('--role <ROLE...>', 'what the person may do; more than one may be given').choices(
      ROLES,
    )
  register('add', 'makes an account and prints its password once', add)
    .addOption(roles())
    .option('--ilets', 'authorised for state law-enforcement data')
  register('reset', 'gives an account another password and prints it once', reset)
  register('roles', 'shows the roles of a person, or gives them these and no others', changeRoles)
    .addOption(roles().conflicts('none'))
    .option('--none', 'takes all of them')
  register('ilets', 'authorises a person for state law-enforcement data', authorise).option(
    '--off',
    'no longer',
  )
}

async function add(bus: Bus, name: string, options: UserOptions): Promise<string> {
  const { role = [], ilets = false } = options
  if (role.length > 0) await record(bus, name, 'user_roles', role.join(' '))
  if (ilets) await record(bus, name, 'user_ilets', 'authorised')
  const users = await openUsers(bus)
  const { password } = await addUser(users, { name, demo: false, roles: role, ilets })
  return `${name}: ${password}`
}

async function reset(bus: Bus, name: string): Promise<string> {
  const { password } = await resetPassword(await openUsers(bus), name)
  return `${name}: ${password}`
}

async function changeRoles(bus: Bus, name: string, options: UserOptions): Promise<string> {
  const users = await openUsers(bus)
  const { value } = await findUser(users, name)
  const { role = options.none === true ? [] : undefined } = options
  if (role !== undefined) {
    await record(bus, name, 'user_roles', role.join(' ') || 'none')
    await setRoles(users, name, role)
  }
  return `${name}: ${(role ?? value.roles).join(', ') || 'no roles'}`
}

async function authorise(bus: Bus, name: string, { off = false }: UserOptions): Promise<string> {
  const users = await openUsers(bus)
  await findUser(users, name)
  await record(bus, name, 'user_ilets', off ? 'not authorised' : 'authorised')
  await setIlets(users, name, !off)
  return `${name}: ${off ? 'not authorised' : 'authorised'} for state law-enforcement data`
}

/** On record first: rights that nobody can be asked about must not come into force. */
function record(
  bus: Bus,
  user: string,
  what: 'user_roles' | 'user_ilets',
  detail: string,
): Promise<void> {
  return createAudit(bus).record({
    who: systemUser(),
    from: 'command line',
    what,
    object: user,
    detail,
    outcome: 'ok',
  })
}

async function runOn(
  who: string,
  options: UserOptions,
  work: (bus: Bus, who: string, options: UserOptions) => Promise<string>,
): Promise<void> {
  const platform = await joinPlatform({
    config: configOf(options),
    kind: 'any',
    log: createLog('warn'),
    metrics: createMetrics(),
    name: 'hotplate-user',
  })
  try {
    process.stdout.write(`${await work(platform.bus, who, options)}\n`)
  } finally {
    await platform.stop()
  }
}
