// `hotplate user add`: an account with a password that is shown once.
import type { Command } from 'commander'
import { addUser, openUsers, resetPassword } from '../access/users.ts'
import { joinPlatform } from '../platform.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { type CommonOptions, configOf } from './run.ts'

export function registerUser(program: Command): void {
  const user = program.command('user').description('people who may sign in')
  const change = (name: 'add' | 'reset', description: string) =>
    user
      .command(`${name} <user>`)
      .description(description)
      .option('--config <FILE>', 'YAML file with settings')
      .option('--data <DIR>', 'folder for all data (./data)')
      .action((who: string, options: CommonOptions) => setPassword(name, who, options))
  change('add', 'makes an account and prints its password once')
  change('reset', 'gives an account another password and prints it once')
}

async function setPassword(
  what: 'add' | 'reset',
  name: string,
  options: CommonOptions,
): Promise<void> {
  const platform = await joinPlatform({
    config: configOf(options),
    kind: 'any',
    log: createLog('warn'),
    metrics: createMetrics(),
    name: 'hotplate-user',
  })
  try {
    const users = await openUsers(platform.bus)
    const { password } =
      what === 'add'
        ? await addUser(users, { name, demo: false })
        : await resetPassword(users, name)
    process.stdout.write(`${name}: ${password}\n`)
  } finally {
    await platform.stop()
  }
}
