// `hotplate serve`: the service with the roles asked for.
import { type Command, InvalidArgumentError } from 'commander'
import { ROLES, type Role, startService } from '../serve.ts'
import { createLog } from '../telemetry/log.ts'
import { type CommonOptions, configOf, tellFallback, untilAskedToEnd } from './run.ts'

export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('runs the service')
    .option('--config <FILE>', 'YAML file with settings')
    .option('--data <DIR>', 'folder for all data (./data)')
    .option('--roles <LIST>', `of ${ROLES.join(',')}`, parseRoles, [...ROLES])
    .action(async (options: CommonOptions & { roles: Role[] }) => {
      const config = configOf(options)
      const log = createLog(config.log.level)
      tellFallback(log)
      const service = await startService({ config, roles: options.roles, kind: 'real', log })
      const ended = untilAskedToEnd()
      const console_ =
        service.gateway_port === null
          ? ''
          : ` Console: http://${config.gateway.host}:${service.gateway_port}/`
      process.stdout.write(`Hotplate is ready (${options.roles.join(', ')}).${console_}\n`)
      log.info({ why: await ended }, 'Stopping.')
      await service.stop()
    })
}

function parseRoles(text: string): Role[] {
  const roles = text.split(',').map((role) => role.trim())
  for (const role of roles) {
    if (!(ROLES as readonly string[]).includes(role)) {
      throw new InvalidArgumentError(`Expected of ${ROLES.join(',')} but received "${role}".`)
    }
  }
  return roles as Role[]
}
