// The store: ClickHouse through its own client, whether the embedded engine or a server answers.
import { type ClickHouseClient, ClickHouseError, createClient } from '@clickhouse/client'
import { HotplateError } from '../domain/error.ts'

export interface StoreOptions {
  url: string
  user: string
  password: string
  database: string
  /** Name of the cluster for the Replicated form of the schema, or null. */
  cluster: string | null
}

export interface Store {
  readonly client: ClickHouseClient
  readonly database: string
  readonly cluster: string | null
  /** For a thread that connects by itself. */
  readonly options: StoreOptions
  /** Resolves when the store answers a query; rejects with HotplateError STORE_UNAVAILABLE. */
  check(): Promise<void>
  close(): Promise<void>
}

/** A store that hangs counts as one that is down. */
const CHECK_MS_MAX = 3_000

export function connectStore(options: StoreOptions): Store {
  const { url, user, password, database, cluster } = options
  const client = createClient({
    url,
    username: user,
    password,
    // The database may not exist before the schema is written, so every statement names it.
    database: 'default',
    application: 'hotplate',
    request_timeout: 120_000,
    max_open_connections: 8,
    keep_alive: { enabled: true, idle_socket_ttl: 2_000 },
    log: { level: 127 },
  })
  return {
    client,
    database,
    cluster,
    // These alone: what a caller holds besides may be more than a thread can be sent.
    options: { url, user, password, database, cluster },
    async check() {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<{ success: false; error: Error }>((resolve) => {
        const error = new Error(`No answer within ${CHECK_MS_MAX} ms`)
        timer = setTimeout(() => resolve({ success: false, error }), CHECK_MS_MAX)
      })
      const result = await Promise.race([client.ping(), late])
      clearTimeout(timer)
      if (!result.success) {
        throw new HotplateError('STORE_UNAVAILABLE', `ClickHouse at ${url} does not answer`, {
          cause: result.error,
        })
      }
    },
    close: () => client.close(),
  }
}

/**
 * ClickHouse's own refusals: the statement or its data is at fault, and a retry would fail alike.
 */
const OF_THE_STATEMENT = new Set([
  '6',
  '16',
  '26',
  '27',
  '38',
  '41',
  '47',
  '53',
  '62',
  '72',
  '117',
  '131',
])

/**
 * Whether the store answered that the data itself can't be taken, as against being down, busy or
 * full.
 */
export function isDataError(error: unknown): boolean {
  return error instanceof ClickHouseError && OF_THE_STATEMENT.has(error.code)
}
