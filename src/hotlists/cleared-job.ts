// What the keeper does with cleared vehicles: those whose time has come, or whose entry has gone,
// end with a word on record, and what has ended long ago goes.
import { type Audit, createAudit } from '../access/audit.ts'
import type { Bus } from '../bus/connection.ts'
import type { Revisioned } from '../bus/documents.ts'
import type { Config } from '../config/schema.ts'
import { decide, isOpen, PROGRAM } from '../domain/approval.ts'
import { hasExpired } from '../domain/hotlist.ts'
import { DAY_MS } from '../domain/time.ts'
import type { Store } from '../store/client.ts'
import type { Logger } from '../telemetry/log.ts'
import { ApprovalOvertaken, changeApproved, withoutHistory } from './approvals.ts'
import { type Clearance, type Clearances, clearanceKey, openClearances } from './cleared.ts'
import type { CustomEntry } from './custom.ts'
import { recordChange } from './events.ts'
import { type Manifests, openManifests } from './manifest.ts'

export interface ClearedJobOptions {
  bus: Bus
  store: Store
  config: Pick<Config, 'hotlists'>
  log: Pick<Logger, 'error'>
}

const KEEPER = { actor: PROGRAM, from: 'keeper' }

export class ClearedJob {
  readonly #o: ClearedJobOptions
  readonly #signal: AbortSignal
  readonly #audit: Audit
  #open: { clearances: Clearances; manifests: Manifests } | null = null

  /** @param signal aborts when another process keeps */
  constructor(o: ClearedJobOptions, signal: AbortSignal) {
    this.#o = o
    this.#signal = signal
    this.#audit = createAudit(o.bus)
  }

  /** Any failure is logged: the next turn is soon, and nothing is silenced after its end anyway. */
  async run(now_ms: number): Promise<void> {
    const { bus, log } = this.#o
    try {
      this.#open ??= {
        clearances: await openClearances(bus),
        manifests: await openManifests(bus),
      }
      const all = [...(await this.#open.clearances.all()).values()]
      if (all.length === 0) return
      const { custom } = this.#open.manifests
      const entries = new Map<string, CustomEntry>()
      for (const { value } of (await custom.all()).values()) {
        entries.set(nameOf(value.list, value.entry.id), value)
      }
      const open = all.filter(({ value }) => isOpen(value.approval))
      for (const document of all) {
        if (!isOpen(document.value.approval)) await this.#forgetOld(document, now_ms)
      }
      for (const [list, some] of Map.groupBy(open, ({ value }) => value.list)) {
        await this.#look(list, some, entries, now_ms)
      }
    } catch (error) {
      if (!this.#signal.aborted) log.error({ err: error }, 'Cleared vehicles could not be kept.')
    }
  }

  async #look(
    list: string,
    clearances: readonly Revisioned<Clearance>[],
    custom: ReadonlyMap<string, CustomEntry>,
    now_ms: number,
  ): Promise<void> {
    const over = clearances.filter(({ value }) => hasExpired(value, now_ms))
    for (const document of over) await this.#end(document, now_ms)
    const others = clearances.filter((document) => !over.includes(document))
    const imported = others.filter(({ value }) => !custom.has(nameOf(list, value.entry_id)))
    const standing = await this.#standing(
      list,
      imported.map(({ value }) => value.entry_id),
    )
    for (const document of others) {
      const { entry_id } = document.value
      const own = custom.get(nameOf(list, entry_id))
      const stands = own === undefined ? standing?.has(entry_id) : isOpen(own.approval)
      if (stands === false) await this.#end(document, now_ms, 'The entry has gone')
    }
  }

  /** Which of these entries the version in force has; null where that can't be told for sure. */
  async #standing(list: string, ids: readonly string[]): Promise<Set<string> | null> {
    if (ids.length === 0) return new Set()
    const manifest = await this.#open?.manifests.get(list)
    if (manifest === null || manifest === undefined) return new Set()
    const { version, entries } = manifest.value
    if (entries === 0) return new Set()
    const found = await this.#stored(list, version, ids)
    // A store that lost the version says nothing about its entries.
    const lost = found.size === 0 && (await this.#stored(list, version, null)).size === 0
    return lost ? null : found
  }

  /** Of these ids, or of any, the ones that a version has. */
  async #stored(list: string, version: number, ids: readonly string[] | null) {
    const { client, database } = this.#o.store
    const which = ids === null ? '' : 'AND id IN ({ids: Array(String)})'
    const result = await client.query({
      query: `SELECT DISTINCT id FROM ${database}.hotlist_entries
        WHERE list = {list: String} AND version = {version: UInt32} ${which}
        LIMIT {rows: UInt32}`,
      query_params: { list, version, ids: [...new Set(ids ?? [])], rows: ids?.length ?? 1 },
      format: 'JSONEachRow',
    })
    return new Set((await result.json<{ id: string }>()).map(({ id }) => id))
  }

  /** A person who is faster has the word. */
  async #end({ value, revision }: Revisioned<Clearance>, now_ms: number, note?: string) {
    if (this.#signal.aborted) return
    const { list, id } = value
    const documents = this.#open?.clearances as Clearances
    try {
      await changeApproved({ documents, audit: this.#audit }, KEEPER, {
        key: clearanceKey(list, id),
        list,
        object: `cleared:${id}`,
        what: 'cleared_expire',
        revision,
        change: (now) => ({
          ...now,
          approval: decide(now.approval, 'expire', PROGRAM, now_ms, note),
        }),
      })
    } catch (error) {
      if (!(error instanceof ApprovalOvertaken)) throw error
    }
  }

  async #forgetOld({ value, revision }: Revisioned<Clearance>, now_ms: number): Promise<void> {
    const { list, id, approval, expires_at } = value
    const ended_ms = Date.parse(approval.history.at(-1)?.at ?? expires_at)
    if (now_ms - ended_ms <= this.#o.config.hotlists.ended_days * DAY_MS) return
    await recordChange(this.#audit, {
      who: PROGRAM.name,
      from: KEEPER.from,
      list,
      what: 'cleared_forget',
      object: `cleared:${id}`,
      was: withoutHistory(value),
      is: null,
    })
    await this.#open?.clearances.purge(clearanceKey(list, id), revision)
  }
}

function nameOf(list: string, entry_id: string): string {
  return `${list}\n${entry_id}`
}
