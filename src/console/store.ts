// What the console knows: the session, the connection, and the latest alerts. Nothing outlives
// page.
import { computed, signal } from '@preact/signals'
import type { Alert } from '../domain/alert.ts'
import type { StandingVerdict } from '../domain/alert-event.ts'
import type { Role } from '../domain/roles.ts'

const ALERTS_MAX = 500

export interface ShownAlert {
  seq: number
  alert: Alert
}

export interface SignedIn {
  is: 'in'
  user: string
  roles: readonly Role[]
  demo: boolean
}

export type SessionState = { is: 'asking' } | { is: 'out'; demo: boolean } | SignedIn

export type Connection = 'connecting' | 'live' | 'reconnecting'

export const session = signal<SessionState>({ is: 'asking' })
export const connection = signal<Connection>('connecting')
/** When the stream was last live (epoch ms), while it is not. */
export const lost_ms = signal(0)
/** Newest first. */
export const alerts = signal<readonly ShownAlert[]>([])
/** By alert, of those on the board. */
export const verdicts = signal<ReadonlyMap<string, StandingVerdict>>(new Map())
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

/** Keeps the verdict unless a later one is known. */
export function putVerdict(id: string, verdict: StandingVerdict): void {
  putVerdicts([[id, verdict]])
}

export function putVerdicts(incoming: readonly (readonly [string, StandingVerdict])[]): void {
  if (incoming.length === 0) return
  const shown = new Set(alerts.value.map(({ alert }) => alert.id))
  const all = new Map([...verdicts.value].filter(([id]) => shown.has(id)))
  for (const [id, verdict] of incoming) {
    if (shown.has(id) && verdict.seq >= (all.get(id)?.seq ?? 0)) all.set(id, verdict)
  }
  verdicts.value = all
}

export function clearAlerts(): void {
  alerts.value = []
  verdicts.value = new Map()
  unseen.value = 0
  selected.value = null
}
