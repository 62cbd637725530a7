// Users and sessions on a real nats-server. A bug here shows as a session that lives on after it
// was ended.
import { Kvm } from '@nats-io/kv'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAccess } from '../../src/access/access.ts'
import { addUser, openUsers, resetPassword, setRoles } from '../../src/access/users.ts'
import { ensureStreams } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { until } from '../helpers/until.ts'

const log = createLog('silent')
const config = configSchema.parse({})

let nats: TestNats
beforeAll(async () => {
  nats = await startNats()
  await ensureStreams(nats.bus, config)
})
afterAll(async () => {
  await nats[Symbol.asyncDispose]()
})

describe('users', () => {
  it('get a generated password that signs in, once each name', async () => {
    const users = await openUsers(nats.bus)
    const { password } = await addUser(users, { name: 'ann', demo: false })
    expect(password).toMatch(/^[a-z0-9]{4}(-[a-z0-9]{4}){3}$/)
    const access = await createAccess({ bus: nats.bus, config, log })
    const { session } = await access.signIn('ann', password, '::1')
    expect(session.user).toBe('ann')
    expect(access.demo).toBe(false)
    access.stop()
    await expect(addUser(users, { name: 'ann', demo: false })).rejects.toMatchObject({
      code: 'USER_EXISTS',
    })
    await expect(addUser(users, { name: 'Ann!', demo: false })).rejects.toMatchObject({
      code: 'USER_NAME_INVALID',
    })
    const kept = JSON.stringify((await users.get('ann'))?.value)
    expect(kept).toContain('$argon2id$')
    expect(kept).not.toContain(password)
  })
})

describe('a session', () => {
  it('ends everywhere with a new password, with its user, and with its time', async () => {
    const users = await openUsers(nats.bus)
    const access = await createAccess({ bus: nats.bus, config, log })
    const other = await createAccess({ bus: await nats.connect(), config, log })
    const ended: string[] = []
    other.onEnded((id) => ended.push(id))

    const first = await addUser(users, { name: 'ben', demo: false })
    const one = await access.signIn('ben', first.password, '::1')
    await until(() => other.check(one.token))
    const second = await resetPassword(users, 'ben')
    await until(() => other.check(one.token) === null, { ms: 1_000 })
    expect(access.check(one.token)).toBeNull()

    const two = await access.signIn('ben', second.password, '::1')
    await until(() => other.check(two.token))
    await users.purge('ben')
    await until(() => other.check(two.token) === null, { ms: 1_000 })
    expect(ended).toEqual([one.session.id, two.session.id])
    access.stop()
    other.stop()
  })

  it('carries the roles that its user has now, everywhere within a second', async () => {
    const users = await openUsers(nats.bus)
    const { password } = await addUser(users, { name: 'sue', demo: false, roles: ['supervisor'] })
    const access = await createAccess({ bus: nats.bus, config, log })
    const other = await createAccess({ bus: await nats.connect(), config, log })
    const { token, session } = await access.signIn('sue', password, '::1')
    expect(session.roles).toEqual(['supervisor'])
    await until(() => other.check(token)?.roles.includes('supervisor'), { ms: 1_000 })
    await setRoles(users, 'sue', ['auditor', 'auditor'])
    for (const one of [access, other]) {
      await until(() => one.check(token)?.roles.join() === 'auditor', { ms: 1_000 })
      expect(one.personOf('sue').roles).toEqual(['auditor'])
      expect(one.personOf('nobody')).toEqual({ user: 'nobody', roles: [], ilets: false })
    }
    await expect(setRoles(users, 'nobody', [])).rejects.toMatchObject({ code: 'USER_UNKNOWN' })
    access.stop()
    other.stop()
  })

  it('of a user from before there were roles has none', async () => {
    const users = await openUsers(nats.bus)
    const { password } = await addUser(users, { name: 'old', demo: false })
    const { roles: _, ...kept } = (await users.get('old'))?.value ?? expect.fail()
    const kv = await new Kvm(nats.bus.js).open('users')
    await kv.put('old', JSON.stringify(kept))
    const access = await createAccess({ bus: nats.bus, config, log })
    expect((await access.signIn('old', password, '::1')).session.roles).toEqual([])
    access.stop()
  })

  it('ends when its hours are over', async () => {
    const short = { ...config, gateway: { ...config.gateway, session_hours_max: 1 / 1_800 } }
    const users = await openUsers(nats.bus)
    const { password } = await addUser(users, { name: 'cleo', demo: false })
    await using server = await startNats()
    await ensureStreams(server.bus, short)
    await addUser(await openUsers(server.bus), { name: 'cleo', demo: false, password })
    const access = await createAccess({ bus: server.bus, config: short, log })
    const ended: string[] = []
    access.onEnded((id) => ended.push(id))
    const { token, session } = await access.signIn('cleo', password, '::1')
    expect(access.check(token)).not.toBeNull()
    await until(() => ended.includes(session.id), { ms: 4_000 })
    expect(access.check(token)).toBeNull()
    access.stop()
  })
})
