// One process per data folder: a lock file that names its holder, taken over when the holder is
// dead.
//
// `lock` holds the holder's process id, start time and a nonce; it is made by link(2), which is
// atomic and refuses an existing name. A dead holder's lock is replaced by whoever first links
// `lock.after.<nonce of the dead>`: of any number of candidates exactly one. A candidate that dies
// with that right passes it on in the same way, by its own nonce. Who has the right looks once more
// that `lock` is still the dead holder's (else it looked too early and withdraws), then renames its
// own file over it. Liveness is that of one machine's process table: two machines, or two
// containers with process ids of their own, must not share a data folder.
import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HotplateError } from '../domain/error.ts'
import { identifyProcess, isAlive, type ProcessIdentity } from './process.ts'

export interface FolderLock {
  /** Gives the folder free; a second call does nothing. */
  release(): void
}

interface Holder extends ProcessIdentity {
  nonce: string
}

const TRY_EVERY_MS = 50
/** Rights passed on from dead candidate to dead candidate; more than a few is a broken folder. */
const CHAIN_MAX = 100

/**
 * Takes the lock of `folder` (made if it isn't there), waiting up to `wait_ms_max` for a live
 * holder to release it.
 * @throws HotplateError DATA_FOLDER_LOCKED that names the holder's pid
 */
export async function lockFolder(folder: string, wait_ms_max = 0): Promise<FolderLock> {
  mkdirSync(folder, { recursive: true })
  const self = identifyProcess(process.pid)
  if (self === null) throw new HotplateError('LOCK_FAILED', 'This process has no start time')
  const me: Holder = { ...self, nonce: randomBytes(8).toString('hex') }
  const end = performance.now() + wait_ms_max
  for (;;) {
    const holder = tryTake(folder, me)
    if (holder === null) return { release: () => release(folder, me) }
    if (performance.now() >= end) {
      throw new HotplateError(
        'DATA_FOLDER_LOCKED',
        `Data folder ${folder} is in use by pid ${holder.pid}: stop that process or set data_dir`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS))
  }
}

/** Null when the lock is ours, else the live process in the way. */
function tryTake(folder: string, me: Holder): Holder | null {
  const lock = join(folder, 'lock')
  if (linkAs(folder, me, lock)) return null
  const root = readHolder(lock)
  // Released between the two looks: the next round takes it.
  if (root === null) return tryTake(folder, me)
  const rights: string[] = []
  let last = root
  while (!isAlive(last)) {
    const right = join(folder, `lock.after.${last.nonce}`)
    rights.push(right)
    if (rights.length > CHAIN_MAX) {
      throw new HotplateError('LOCK_FAILED', `Data folder ${folder} has a broken lock: remove it`)
    }
    if (linkAs(folder, me, right)) {
      if (readHolder(lock)?.nonce !== root.nonce) {
        rmSync(right, { force: true })
        return tryTake(folder, me)
      }
      writeFileSync(own(folder, me), JSON.stringify(me), { mode: 0o600 })
      renameSync(own(folder, me), lock)
      for (const done of rights) rmSync(done, { force: true })
      return null
    }
    const next = readHolder(right)
    if (next === null) return tryTake(folder, me)
    last = next
  }
  return last
}

function linkAs(folder: string, me: Holder, name: string): boolean {
  const file = own(folder, me)
  writeFileSync(file, JSON.stringify(me), { mode: 0o600 })
  try {
    linkSync(file, name)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(file, { force: true })
  }
}

function own(folder: string, me: Holder): string {
  return join(folder, `lock.${me.pid}.${me.nonce}`)
}

/**
 * Null when there is none. A file cut short by a full disk or a crash counts as a dead holder's.
 */
function readHolder(file: string): Holder | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  try {
    const { pid, started, nonce } = JSON.parse(text) as Partial<Holder>
    if (typeof pid === 'number' && typeof started === 'string' && /^[0-9a-f]+$/.test(nonce ?? '')) {
      return { pid, started, nonce: nonce as string }
    }
  } catch {
    // Not ours, or cut short.
  }
  return { pid: 0, started: '', nonce: 'broken' }
}

function release(folder: string, me: Holder): void {
  const lock = join(folder, 'lock')
  if (readHolder(lock)?.nonce === me.nonce) rmSync(lock, { force: true })
}
