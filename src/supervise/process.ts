// Who a process id belongs to: its start time tells a process from a later one under the same id.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** One process, once: the same pid after a restart of machine or process is somebody else. */
export interface ProcessIdentity {
  pid: number
  started: string
}

/** Null when no such process lives; a zombie (dead, not yet reaped) counts as dead. */
export function identifyProcess(pid: number): ProcessIdentity | null {
  if (!Number.isInteger(pid) || pid <= 0) return null
  const started = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid)
  return started === null ? null : { pid, started }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.started === identity.started
}

/** Sends a signal only if the pid is still this very process. */
function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch {
    // It ended between the look and the signal.
  }
}

/** TERM, then KILL after `stop_ms_max`; resolves once it is gone. */
export async function endProcess(identity: ProcessIdentity, stop_ms_max: number): Promise<void> {
  signalProcess(identity, 'SIGTERM')
  if (await gone(identity, stop_ms_max)) return
  signalProcess(identity, 'SIGKILL')
  await gone(identity, 5_000)
}

async function gone(identity: ProcessIdentity, wait_ms_max: number): Promise<boolean> {
  const end = performance.now() + wait_ms_max
  while (isAlive(identity)) {
    if (performance.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}

let boot: string | undefined

function startOnLinux(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in brackets, may hold spaces and brackets of its own: fields count from the last
    // one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return null
    boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}/${fields[19]}`
  } catch {
    return null
  }
}

function startByPs(pid: number): string | null {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
    const [state, ...start] = line.split(/\s+/)
    return state === undefined || state.startsWith('Z') ? null : start.join(' ')
  } catch {
    return null
  }
}
