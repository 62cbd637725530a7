// `hotplate demo`: the whole system on one machine with invented data: a list, a simulated network,
// a console to look at.

import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import type { Command } from 'commander'
import { addUser, openUsers, resetPassword, setRoles } from '../access/users.ts'
import { connectBus } from '../bus/connection.ts'
import { HotplateError } from '../domain/error.ts'
import { loadModel } from '../matching/model.ts'
import { ROLES, type Service, startService } from '../serve.ts'
import { demoHotList, listedVehicles } from '../simulate/demo-list.ts'
import { jetStreamPublish } from '../simulate/publish.ts'
import { startSimulation } from '../simulate/simulate.ts'
import { createLog } from '../telemetry/log.ts'
import { prepareWaitingEntry } from './demo-entry.ts'
import { prepareLists } from './demo-lists.ts'
import { type CommonOptions, configOf, tellFallback, untilAskedToEnd } from './run.ts'

const SEED = 401
const CAMERAS = 40
const RATE_READS_S = 20
const USER = 'demo'
/** What one writes the other approves. */
const SECOND_USER = 'demo-2'
const DEMO_ROLES = ['dispatcher', 'analyst', 'supervisor'] as const

export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('runs everything with a simulated camera network')
    .option('--config <FILE>', 'YAML file with settings')
    .option('--data <DIR>', 'folder for all data (./data)')
    .action(async (options: CommonOptions) => {
      const config = configOf(options)
      assertLoopback(config.gateway.host)
      // A person watches this terminal for one line; the service's own talk would hide it.
      const chosen = options.config !== undefined || process.env.HOTPLATE_LOG__LEVEL !== undefined
      const log = createLog(chosen ? config.log.level : 'warn')
      tellFallback(log)
      const service = await startService({ config, roles: ROLES, kind: 'demo', log })
      const ended = untilAskedToEnd()
      try {
        const password = await prepareUser(service, USER)
        const second_password = await prepareUser(service, SECOND_USER)
        await prepareLists(service.platform, SEED, { author: USER, approver: SECOND_USER })
        await prepareWaitingEntry(service.platform, SECOND_USER)
        const simulation = await simulate(service, config.matching.model)
        const address = `http://${config.gateway.host}:${service.gateway_port}/`
        process.stdout.write(`Hotplate is ready: ${address}  user ${USER}  password ${password}\n`)
        process.stdout.write(
          `What ${USER} writes, ${SECOND_USER} approves: password ${second_password}\n`,
        )
        log.info({ why: await ended }, 'Stopping.')
        await simulation.stop()
      } finally {
        await service.stop()
      }
    })
}

/** Invented sign-in and invented alerts are for the machine that they run on. */
function assertLoopback(host: string): void {
  const loopback =
    host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
  if (loopback) return
  throw new HotplateError(
    'DEMO_ADDRESS',
    `The demo listens on a loopback address only, but gateway.host is ${host}: ` +
      'use "hotplate serve" for others',
  )
}

async function prepareUser({ platform }: Service, name: string): Promise<string> {
  const users = await openUsers(platform.bus)
  const password = randomBytes(6).toString('hex')
  if ((await users.get(name)) !== null) {
    await resetPassword(users, name, password)
    await setRoles(users, name, DEMO_ROLES)
  } else await addUser(users, { name, password, demo: true, roles: DEMO_ROLES })
  return password
}

async function simulate({ platform }: Service, model: string) {
  const { url, user, password } = platform.camera ?? {}
  if (url === undefined) {
    throw new HotplateError('DEMO_BUS', 'The demo uses the embedded NATS: leave nats.url unset')
  }
  // Its own connection with a camera's rights: the demo shows what cameras may do, and no more.
  const bus = await connectBus({
    servers: url,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    name: 'hotplate-simulate',
  })
  const simulation = startSimulation({
    publish: jetStreamPublish(bus.nc),
    cameras: CAMERAS,
    rate_reads_s: RATE_READS_S,
    model: loadModel(model),
    images_share: 0.02,
    listed: listedVehicles(demoHotList(SEED)),
    first_listed_within_s: 5,
  })
  return {
    async stop() {
      await simulation.stop()
      await bus.close()
    },
  }
}
