// One process per data folder. If the bug returns, two services write one folder, or a crash locks
// it for good.
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lockFolder } from '../../src/supervise/lock.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { startFixture } from '../helpers/processes.ts'

test('a second process is refused, naming the pid that holds the folder', async () => {
  using folder = temporaryFolder()
  await using holder = startFixture('lock-holder.ts', folder.path)
  expect(await holder.line()).toBe('held')
  await expect(lockFolder(folder.path)).rejects.toMatchObject({
    code: 'DATA_FOLDER_LOCKED',
    message: expect.stringContaining(`pid ${holder.pid}`),
  })
})

test('the lock of a holder killed with -9 is taken over', async () => {
  using folder = temporaryFolder()
  await using holder = startFixture('lock-holder.ts', folder.path)
  expect(await holder.line()).toBe('held')
  await holder.kill()
  const lock = await lockFolder(folder.path)
  expect(readdirSync(folder.path)).toEqual(['lock'])
  lock.release()
  expect(readdirSync(folder.path)).toEqual([])
})

test('a released lock can be taken, and an old handle cannot release the new holder', async () => {
  using folder = temporaryFolder()
  const first = await lockFolder(folder.path)
  await expect(lockFolder(folder.path)).rejects.toThrow(String(process.pid))
  first.release()
  const second = await lockFolder(folder.path)
  first.release()
  await expect(lockFolder(folder.path)).rejects.toMatchObject({ code: 'DATA_FOLDER_LOCKED' })
  second.release()
})

test('waiting ends when the holder releases', async () => {
  using folder = temporaryFolder()
  const first = await lockFolder(folder.path)
  const second = lockFolder(folder.path, 10_000)
  first.release()
  const lock = await second
  lock.release()
})

test('a pid used again by another process does not keep the lock', async () => {
  using folder = temporaryFolder()
  const stale = { pid: process.pid, started: 'another boot/1', nonce: 'ab' }
  writeFileSync(join(folder.path, 'lock'), JSON.stringify(stale))
  const lock = await lockFolder(folder.path)
  lock.release()
})

test('a lock file cut short is taken over', async () => {
  using folder = temporaryFolder()
  writeFileSync(join(folder.path, 'lock'), '{"pid":')
  const lock = await lockFolder(folder.path)
  lock.release()
})

test('of candidates that race for a dead holder’s lock exactly one wins', async () => {
  for (let round = 0; round < 3; round += 1) {
    using folder = temporaryFolder()
    const dead = { pid: 2 ** 22 + 1, started: 'x', nonce: 'cd' }
    writeFileSync(join(folder.path, 'lock'), JSON.stringify(dead))
    const start_ms = String(Date.now() + 900)
    const holders = [0, 1, 2, 3].map(() => startFixture('lock-holder.ts', folder.path, start_ms))
    try {
      const said = await Promise.all(holders.map((holder) => holder.line()))
      expect(said.toSorted()).toEqual([
        'DATA_FOLDER_LOCKED',
        'DATA_FOLDER_LOCKED',
        'DATA_FOLDER_LOCKED',
        'held',
      ])
    } finally {
      await Promise.all(holders.map((holder) => holder.kill()))
    }
  }
})
