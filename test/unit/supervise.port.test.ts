// A taken port is told with the setting to change. If the bug returns, an engine dies of it with a
// message of its own.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { assertPortFree } from '../../src/supervise/port.ts'
import { freePort } from '../helpers/ports.ts'

test('a free port passes', async () => {
  await assertPortFree('127.0.0.1', await freePort(), 'nats.port')
})

test('a taken port is named with its setting, and waited for when asked', async () => {
  const port = await freePort()
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  await expect(assertPortFree('127.0.0.1', port, 'nats.port')).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: `Port ${port} on 127.0.0.1 is taken: set nats.port or stop what uses it`,
  })
  const waiting = assertPortFree('127.0.0.1', port, 'nats.port', 10_000)
  server.close()
  await waiting
})
