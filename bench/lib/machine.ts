// The machine that a number was measured on: a number without it means nothing.
import { cpus, totalmem } from 'node:os'

export interface Machine {
  cores: number
  cpu: string
  memory_gib: number
  platform: string
  node: string
  date: string
}

/** One line for people. */
export function machineLine({ cores, cpu, memory_gib, platform, node, date }: Machine): string {
  return `${cores} cores (${cpu}) · ${memory_gib} GiB · ${platform} · Node ${node} · ${date}`
}

export function describeMachine(): Machine {
  const all = cpus()
  return {
    cores: all.length,
    cpu: all[0]?.model.trim() ?? 'unknown',
    memory_gib: Math.round(totalmem() / 1024 ** 3),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    date: new Date().toISOString(),
  }
}
