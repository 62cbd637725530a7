// The days' secrets. Were one left on the disk, whoever has a plate and a time could recompute the
// ids of reads that were purged, and the hashes of what was rejected.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DAY_MS, utcDay } from '../../src/domain/time.ts'
import { DayKeys, openDayKeys } from '../../src/evidence/day-keys.ts'
import { startNats } from '../helpers/nats.ts'
import { until } from '../helpers/until.ts'

/** Whether any file below `folder` holds the text. */
function lies(text: string, folder: string): boolean {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  return files
    .filter((file) => file.isFile())
    .some((file) => readFileSync(join(file.parentPath, file.name)).includes(text))
}

test('each day that a read may fall on has a key, and all processes have the same', async () => {
  await using nats = await startNats()
  const start = async () => {
    const keys = new DayKeys(await openDayKeys(await nats.connect()), 30, 240)
    await keys.start(() => {})
    keys.stop()
    return [...keys.current]
  }
  const [one, other] = await Promise.all([start(), start()])
  expect(one).toEqual(other)
  const days = one.map(([day]) => day)
  // Reads of thirty days may have waited on the stream for ten.
  expect((days[0] as string) <= utcDay(Date.now() - 40 * DAY_MS)).toBe(true)
  expect((days.at(-1) as string) > utcDay(Date.now() + DAY_MS)).toBe(true)
  expect(new Set(one.map(([, secret]) => secret)).size).toBe(one.length)
})

test('a destroyed key lies in none of the files of the server', async () => {
  await using nats = await startNats()
  const documents = await openDayKeys(nats.bus)
  const secret = '0123456789abcdef0123456789abcdef'
  await documents.create('2026-10-20', { secret })
  await documents.create('2026-10-21', { secret: 'f'.repeat(32) })
  const folder = join(nats.data_dir, 'nats')
  await until(() => lies(secret, folder), { what: 'the key on the disk' })
  await documents.purge('2026-10-20')
  await until(() => !lies(secret, folder), { what: 'the key to go from the disk' })
  expect([...(await documents.all()).keys()]).toEqual(['2026-10-21'])
})
