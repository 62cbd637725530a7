// The watched folder of a list: whoever may write there sends files. A file is taken once it is
// whole, that is, once it has stood unchanged through two looks; those that are still written have
// no name yet, or a name of a kind that says so.
//
//   <folder>/<list>/FILE ──► taken/ ──► done/<time>-FILE    and <time>-FILE.report.json beside it
//                              │  └───► failed/<time>-FILE  and its report
//                              └──────► FILE again, where the service and not the file was at fault
//
// Moves are renames: of two processes one has the file. What stands in taken/ at the start was left
// by a service that died over it, and is taken again.
import { lstat, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DAY_MS } from '../../domain/time.ts'

/** Names of files that are being written. */
const UNFINISHED = /^\.|\.(tmp|part|partial|filepart|crdownload|swp|report\.json)$|~$/i
const FILES_SEEN_MAX = 10_000

/** What a file looked like, and since when it has (epoch ms). */
interface Seen {
  like: string
  since_ms: number
}

/** Each try at a list costs a version's number: while the store is down there are few. */
const AGAIN_FIRST_MS = 15_000
const AGAIN_MS_MAX = 900_000

/** Of a file's own name behind the time: a name has at most 255 bytes. */
const NAME_CHARS_MAX = 50

/** What became of a file, beside it; `report` is for people and programs to read. */
export type Outcome = { became: 'done' | 'failed'; report: object } | { became: 'again' }

export interface WatchedFile {
  path: string
  name: string
}

export class WatchedFolder {
  readonly #folder: string
  readonly #settled_ms: number
  /** By name. */
  #seen = new Map<string, Seen>()
  /** By name: how often a file had to go back, and when it may be taken again (epoch ms). */
  readonly #back = new Map<string, { times: number; from_ms: number }>()
  #recovered = false

  constructor(folder: string, settled_ms: number) {
    this.#folder = folder
    this.#settled_ms = settled_ms
  }

  /** Takes each file that is whole, the oldest first. */
  async look(now_ms: number, take: (file: WatchedFile) => Promise<Outcome>): Promise<void> {
    await this.#prepare()
    for (const name of await this.#whole(now_ms)) {
      const path = join(this.#folder, 'taken', name)
      if (!(await moved(join(this.#folder, name), path))) continue
      this.#seen.delete(name)
      const outcome = await take({ path, name })
      if (outcome.became === 'again') {
        await moved(path, join(this.#folder, name))
        this.#defer(name, now_ms)
        continue
      }
      this.#back.delete(name)
      await this.#put(path, name, outcome, now_ms)
    }
  }

  /** Removes what was taken or failed longer ago. */
  async clear(now_ms: number, kept_days: number): Promise<void> {
    for (const kind of ['done', 'failed']) {
      const folder = join(this.#folder, kind)
      for (const name of await namesIn(folder)) {
        const path = join(folder, name)
        if ((await lstat(path)).ctimeMs < now_ms - kept_days * DAY_MS) await rm(path)
      }
    }
  }

  #defer(name: string, now_ms: number): void {
    const times = (this.#back.get(name)?.times ?? 0) + 1
    const wait_ms = Math.min(AGAIN_FIRST_MS * 2 ** (times - 1), AGAIN_MS_MAX)
    this.#back.set(name, { times, from_ms: now_ms + wait_ms })
  }

  async #prepare(): Promise<void> {
    for (const kind of ['taken', 'done', 'failed']) {
      await mkdir(join(this.#folder, kind), { recursive: true, mode: 0o700 })
    }
    if (this.#recovered) return
    for (const name of await namesIn(join(this.#folder, 'taken'))) {
      await moved(join(this.#folder, 'taken', name), join(this.#folder, name))
    }
    this.#recovered = true
  }

  async #whole(now_ms: number): Promise<string[]> {
    const seen = new Map<string, Seen>()
    const whole: { name: string; modified_ms: number }[] = []
    for (const name of (await namesIn(this.#folder)).slice(0, FILES_SEEN_MAX)) {
      if (UNFINISHED.test(name)) continue
      const is = await lstat(join(this.#folder, name)).catch(() => null)
      // No links: they lead to what whoever writes here may not read.
      if (is === null || !is.isFile() || is.nlink > 1) continue
      const like = `${is.ino} ${is.size} ${is.mtimeMs} ${is.ctimeMs}`
      const before = this.#seen.get(name)
      const since_ms = before?.like === like ? before.since_ms : now_ms
      seen.set(name, { like, since_ms })
      const settled = before?.like === like && now_ms - since_ms >= this.#settled_ms
      if (settled && now_ms >= (this.#back.get(name)?.from_ms ?? 0)) {
        whole.push({ name, modified_ms: is.mtimeMs })
      }
    }
    this.#seen = seen
    for (const name of this.#back.keys()) if (!seen.has(name)) this.#back.delete(name)
    return whole
      .sort((a, b) => a.modified_ms - b.modified_ms || (a.name < b.name ? -1 : 1))
      .map(({ name }) => name)
  }

  async #put(
    path: string,
    name: string,
    { became, report }: Extract<Outcome, { report: object }>,
    now_ms: number,
  ): Promise<void> {
    const time = new Date(now_ms).toISOString().replaceAll(':', '-')
    const target = join(this.#folder, became, `${time}-${name.slice(-NAME_CHARS_MAX)}`)
    await writeFile(`${target}.report.json`, `${JSON.stringify(report, null, 2)}\n`, {
      mode: 0o600,
    })
    await rename(path, target)
  }
}

/** @returns false where it is not there any more */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : []))
}
