// Control documents on a real server. If the bugs return: one of two changes made at once is lost,
// one bad document hides all others, or a watch is deaf after the server restarts.
import { expect, test } from 'vitest'
import { z } from 'zod'
import { openDocuments } from '../../src/bus/documents.ts'
import type { HotplateError } from '../../src/domain/error.ts'
import { startNats } from '../helpers/nats.ts'
import { until } from '../helpers/until.ts'

const schema = z.object({ name: z.string(), count: z.number() })

test('created once, changed only on the last revision, purged, created again', async () => {
  await using nats = await startNats()
  const documents = await openDocuments(nats.bus, 'things', schema)
  expect(await documents.get('a')).toBeNull()
  const first = await documents.create('a', { name: 'A', count: 1 })
  await expect(documents.create('a', { name: 'B', count: 1 })).rejects.toMatchObject({
    code: 'DOCUMENT_EXISTS',
  })
  const second = await documents.update('a', { name: 'A', count: 2 }, first)
  await expect(documents.update('a', { name: 'A', count: 3 }, first)).rejects.toMatchObject({
    code: 'DOCUMENT_CHANGED',
  })
  expect(await documents.get('a')).toEqual({ value: { name: 'A', count: 2 }, revision: second })
  await documents.purge('a')
  expect(await documents.get('a')).toBeNull()
  expect(await documents.all()).toEqual(new Map())
  await documents.create('a', { name: 'A', count: 4 })
  expect([...(await documents.all()).keys()]).toEqual(['a'])
})

test('of many changes at once on one revision exactly one is taken', async () => {
  await using nats = await startNats()
  const other = await openDocuments(await nats.connect(), 'things', schema)
  const documents = await openDocuments(nats.bus, 'things', schema)
  const revision = await documents.create('a', { name: 'A', count: 0 })
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      (index % 2 ? other : documents).update('a', { name: 'A', count: index }, revision),
    ),
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('a watch tells what is there first, then changes and purges, in order', async () => {
  await using nats = await startNats()
  const documents = await openDocuments(nats.bus, 'things', schema)
  const empty = await documents.watch(() => {})
  empty.stop()
  const first = await documents.create('a', { name: 'A', count: 1 })
  await documents.create('b.c', { name: 'B', count: 1 })
  const told: string[] = []
  const watch = await documents.watch((key, doc) => told.push(`${key} ${doc?.value.count ?? '-'}`))
  expect(told).toEqual(['a 1', 'b.c 1'])
  await documents.update('a', { name: 'A', count: 2 }, first)
  await documents.purge('b.c')
  await until(() => told.length === 4)
  expect(told.slice(2)).toEqual(['a 2', 'b.c -'])
  watch.stop()
  await documents.create('d', { name: 'D', count: 1 })
  expect((await documents.all()).size).toBe(2)
  expect(told).toHaveLength(4)
})

test('a bad document is reported and hides no other', async () => {
  await using nats = await startNats()
  const reports: string[] = []
  const onInvalid = (error: HotplateError, key: string) => reports.push(`${key} ${error.code}`)
  const documents = await openDocuments(nats.bus, 'things', schema, { onInvalid })
  await nats.bus.js.publish('$KV.things.bad', '{"name":1}')
  await nats.bus.js.publish('$KV.things.torn', '{"name"')
  await documents.create('good', { name: 'G', count: 1 })
  await expect(documents.get('bad')).rejects.toMatchObject({ code: 'DOCUMENT_INVALID' })
  expect([...(await documents.all()).keys()]).toEqual(['good'])
  const told: string[] = []
  const watch = await documents.watch((key) => told.push(key))
  expect(told).toEqual(['good'])
  const once = ['bad DOCUMENT_INVALID', 'torn DOCUMENT_INVALID']
  expect(reports).toEqual([...once, ...once])
  watch.stop()
})

test('a watch goes on after kill -9 of the server, telling nothing twice', async () => {
  await using nats = await startNats()
  const documents = await openDocuments(nats.bus, 'things', schema)
  let revision = await documents.create('a', { name: 'A', count: 1 })
  const told: string[] = []
  const watch = await documents.watch((key, doc) => told.push(`${key} ${doc?.value.count ?? '-'}`))
  process.kill(nats.server.pid, 'SIGKILL')
  revision = await until(() =>
    documents.update('a', { name: 'A', count: 2 }, revision).catch(() => null),
  )
  await until(() => told.includes('a 2'), { ms: 5_000 })
  await documents.create('b', { name: 'B', count: 1 })
  await until(() => told.includes('b 1'), { ms: 5_000 })
  expect(told).toEqual(['a 1', 'a 2', 'b 1'])
  watch.stop()
})

test('documents with a time to live vanish, and an existing bucket takes a new time', async () => {
  await using nats = await startNats()
  await openDocuments(nats.bus, 'sessions', schema)
  const documents = await openDocuments(nats.bus, 'sessions', schema, { ttl_ms: 1_000 })
  await documents.create('a', { name: 'A', count: 1 })
  expect((await documents.all()).size).toBe(1)
  await until(async () => (await documents.get('a')) === null)
})
