// The record of changes on a real nats-server. Were it wrong, nobody could say who has put a plate
// on a list, or a change would stand that is on no record.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAudit } from '../../src/access/audit.ts'
import { ensureStreams } from '../../src/bus/streams.ts'
import { configSchema } from '../../src/config/schema.ts'
import { historyOf, type ListChange, recordChange } from '../../src/hotlists/events.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'

let nats: TestNats
beforeAll(async () => {
  nats = await startNats()
  await ensureStreams(nats.bus, configSchema.parse({}))
})
afterAll(async () => {
  await nats?.[Symbol.asyncDispose]()
})

const change = (more: Partial<ListChange> = {}): ListChange => ({
  who: 'sue',
  from: '::1',
  list: 'bolo',
  what: 'entry_approve',
  object: 'entry:a1',
  was: { state: 'submitted' },
  is: { state: 'approved' },
  ...more,
})

test("a list's changes are told newest first, of the list or of one thing in it", async () => {
  const audit = createAudit(nats.bus)
  expect(await historyOf(nats.bus, 'bolo')).toEqual([])
  for (let n = 0; n < 12; n += 1) {
    await recordChange(audit, change({ object: `entry:a${n % 3}`, is: { n } }))
  }
  await recordChange(audit, change({ list: 'bolo-2', object: 'list:bolo-2', was: null }))
  const events = await historyOf(nats.bus, 'bolo')
  expect(events.map(({ is }) => (is as { n: number }).n)).toEqual([
    11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
  ])
  const at = events.map((event) => event.at)
  expect(at).toEqual(at.toSorted().reverse())
  const of_one = await historyOf(nats.bus, 'bolo', { object: 'entry:a1', events_max: 2 })
  expect(of_one).toMatchObject([
    { who: 'sue', from: '::1', what: 'entry_approve', was: { state: 'submitted' }, is: { n: 10 } },
    { object: 'entry:a1', is: { n: 7 } },
  ])
  expect(await historyOf(nats.bus, 'bolo-2')).toMatchObject([{ was: null }])
})

test('a list whose name would read other lists too is refused', async () => {
  await expect(historyOf(nats.bus, '*')).rejects.toMatchObject({ code: 'LIST_NAME_INVALID' })
  const audit = createAudit(nats.bus)
  const refused = recordChange(audit, change({ list: 'a.b' }))
  await expect(refused).rejects.toMatchObject({ code: 'LIST_NAME_INVALID' })
})

test('401.9b a change that can not be put on record is refused', async () => {
  const { config } = await nats.bus.jsm.streams.info('AUDIT')
  await nats.bus.jsm.streams.update('AUDIT', { subjects: ['audit.v1.*'] })
  const refused = recordChange(createAudit(nats.bus), change())
  await expect(refused).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
  await nats.bus.jsm.streams.update('AUDIT', { subjects: config.subjects })
})
