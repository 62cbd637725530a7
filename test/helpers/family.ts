// The processes of a running service: its engines by name, and everything below it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive, type ProcessIdentity } from '../../src/supervise/process.ts'

const NOTES = { nats: 'nats/server.pid', clickhouse: 'clickhouse/engine.pid' } as const
export type Engine = keyof typeof NOTES

/** The engine's process now, or null while none runs. */
export function engineOf(data_dir: string, engine: Engine): ProcessIdentity | null {
  try {
    const note = JSON.parse(readFileSync(join(data_dir, NOTES[engine]), 'utf8')) as {
      child: ProcessIdentity
    }
    return isAlive(note.child) ? note.child : null
  } catch {
    return null
  }
}

/** Process ids of all descendants, guards included. */
export function descendantsOf(pid: number): number[] {
  const family = [pid]
  for (const member of family) {
    try {
      const children = readFileSync(`/proc/${member}/task/${member}/children`, 'utf8')
      family.push(...children.split(' ').filter(Boolean).map(Number))
    } catch {
      // Ended between the two looks.
    }
  }
  return family.slice(1)
}

/** Those that still run; a zombie doesn't. */
export function alive(pids: readonly number[]): number[] {
  return pids.filter((pid) => {
    try {
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    } catch {
      return false
    }
  })
}
