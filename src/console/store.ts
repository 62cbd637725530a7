// What the console knows: the session, the connection, and the latest alerts. Nothing outlives
// page.
import { computed, signal } from '@preact/signals'
import type { Alert } from '../domain/alert.ts'

const ALERTS_MAX = 500

export interface ShownAlert {
  seq: number
  alert: Alert
}

export type SessionState =
  | { is: 'asking' }
  | { is: 'out'; demo: boolean }
  | { is: 'in'; user: string; demo: boolean }

export type Connection = 'connecting' | 'live' | 'reconnecting'

export const session = signal<SessionState>({ is: 'asking' })
export const connection = signal<Connection>('connecting')
/** When the stream was last live (epoch ms), while it is not. */
export const lost_ms = signal(0)
/** Newest first. */
export const alerts = signal<readonly ShownAlert[]>([])
/** Alerts that came in above what is being read. */
export const unseen = signal(0)
/** What a screen reader says next. */
export const announcement = signal('')
export const selected = signal<string | null>(null)
/** Ticks once a second. */
export const now_ms = signal(Date.now())

export const isCapped = computed(() => alerts.value.length >= ALERTS_MAX)

setInterval(() => {
  now_ms.value = Date.now()
}, 1_000)

/**
 * Puts alerts on the board: each id once, newest first, the latest {@link ALERTS_MAX} only.
 * @returns how many were new and stay
 */
export function addAlerts(incoming: readonly ShownAlert[]): number {
  const known = new Set(alerts.value.map(({ alert }) => alert.id))
  const fresh: ShownAlert[] = []
  for (const item of incoming) {
    if (known.has(item.alert.id)) continue
    known.add(item.alert.id)
    fresh.push(item)
  }
  if (fresh.length === 0) return 0
  const all = [...fresh, ...alerts.value].toSorted((a, b) => b.seq - a.seq).slice(0, ALERTS_MAX)
  alerts.value = all
  const oldest = all.at(-1)?.seq ?? 0
  return fresh.filter(({ seq }) => seq >= oldest).length
}

export function clearAlerts(): void {
  alerts.value = []
  unseen.value = 0
  selected.value = null
}
