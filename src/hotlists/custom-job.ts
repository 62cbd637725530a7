// What the keeper does with custom entries: those whose time has come get the state that says so
// (nothing is matched against them from that moment on anyway), urgent ones that wait too long for
// a second person are told each hour, and what has ended long ago goes.
import { type Audit, createAudit } from '../access/audit.ts'
import type { Bus } from '../bus/connection.ts'
import type { Documents, Revisioned } from '../bus/documents.ts'
import type { Config } from '../config/schema.ts'
import {
  type Approval,
  type ApprovalAction,
  decide,
  isOpen,
  PROGRAM,
  waitsForSecond,
} from '../domain/approval.ts'
import { hasExpired } from '../domain/hotlist.ts'
import { DAY_MS } from '../domain/time.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { ApprovalOvertaken, changeApproved, withoutHistory } from './approvals.ts'
import { type CustomEntry, customKey, openCustomEntries } from './custom.ts'
import { recordChange } from './events.ts'
import { type Mirror, mirrorOf } from './mirror.ts'

export interface CustomJobOptions {
  bus: Bus
  config: Pick<Config, 'hotlists'>
  log: Pick<Logger, 'warn' | 'error'>
  metrics: Pick<Metrics, 'urgentOverdue'>
}

const ESCALATE_EVERY_MS = 3_600_000
const KEEPER = { actor: PROGRAM, from: 'keeper' }

export class CustomJob {
  readonly #o: CustomJobOptions
  readonly #signal: AbortSignal
  readonly #audit: Audit
  #open: { custom: Documents<CustomEntry>; mirror: Mirror<CustomEntry> } | null = null

  /** @param signal aborts when another process keeps */
  constructor(o: CustomJobOptions, signal: AbortSignal) {
    this.#o = o
    this.#signal = signal
    this.#audit = createAudit(o.bus)
    signal.addEventListener('abort', () => {
      this.#open?.mirror.stop()
      o.metrics.urgentOverdue.reset()
    })
  }

  /** Any failure is logged: the next turn is soon. */
  async run(now_ms: number): Promise<void> {
    const { bus, log, metrics } = this.#o
    try {
      if (this.#open === null) {
        const custom = await openCustomEntries(bus)
        this.#open = { custom, mirror: await mirrorOf(custom) }
      }
      const { custom, mirror } = this.#open
      if (this.#signal.aborted) mirror.stop()
      for (const document of mirror.entries.values()) {
        if (this.#signal.aborted) return
        await this.#look(custom, document, now_ms)
      }
      const overdue = [...mirror.entries.values()].filter(({ value }) => isOverdue(value.approval))
      metrics.urgentOverdue.set(overdue.length)
    } catch (error) {
      if (!this.#signal.aborted) log.error({ err: error }, 'Custom entries could not be kept.')
    }
  }

  async #look(
    custom: Documents<CustomEntry>,
    document: Revisioned<CustomEntry>,
    now_ms: number,
  ): Promise<void> {
    const { config, log } = this.#o
    const { list, entry, approval } = document.value
    if (!isOpen(approval)) {
      const ended_ms = Date.parse(approval.history.at(-1)?.at ?? entry.expires_at)
      const over = now_ms - ended_ms > config.hotlists.ended_days * DAY_MS
      if (over) await this.#forget(custom, document)
    } else if (hasExpired(entry, now_ms)) {
      await this.#step(custom, document, 'expire', now_ms)
    } else if (this.#isToEscalate(approval, now_ms)) {
      if (!(await this.#step(custom, document, 'escalate', now_ms))) return
      const told = { list, entry: entry.id, urgent_since: approval.urgent?.at }
      log.warn(told, 'An urgent entry waits for a second person.')
    }
  }

  #isToEscalate(approval: Approval, now_ms: number): boolean {
    if (!waitsForSecond(approval) || approval.urgent === undefined) return false
    const { at, escalated_at } = approval.urgent
    const wait_ms = this.#o.config.hotlists.urgent_minutes_max * 60_000
    if (escalated_at === undefined) return now_ms - Date.parse(at) >= wait_ms
    return now_ms - Date.parse(escalated_at) >= ESCALATE_EVERY_MS
  }

  /** @returns whether it was done: a person who is faster has the word */
  async #step(
    documents: Documents<CustomEntry>,
    { value, revision }: Revisioned<CustomEntry>,
    action: Extract<ApprovalAction, 'expire' | 'escalate'>,
    now_ms: number,
  ): Promise<boolean> {
    const { list, entry } = value
    try {
      await changeApproved({ documents, audit: this.#audit }, KEEPER, {
        key: customKey(list, entry.id),
        list,
        object: `entry:${entry.id}`,
        what: `entry_${action}`,
        revision,
        change: (now) => ({ ...now, approval: decide(now.approval, action, PROGRAM, now_ms) }),
      })
      return true
    } catch (error) {
      if (error instanceof ApprovalOvertaken) return false
      throw error
    }
  }

  async #forget(
    custom: Documents<CustomEntry>,
    { value, revision }: Revisioned<CustomEntry>,
  ): Promise<void> {
    const { list, entry } = value
    await recordChange(this.#audit, {
      who: PROGRAM.name,
      from: KEEPER.from,
      list,
      what: 'entry_forget',
      object: `entry:${entry.id}`,
      was: withoutHistory(value),
      is: null,
    })
    await custom.purge(customKey(list, entry.id), revision)
  }
}

function isOverdue(approval: Approval): boolean {
  return waitsForSecond(approval) && approval.urgent?.overdue_since !== undefined
}
