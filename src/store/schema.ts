// The schema: numbered SQL files, applied in order, each once. One setting turns the tables into
// their Replicated form.
import { readdirSync, readFileSync } from 'node:fs'
import { HotplateError } from '../domain/error.ts'
import type { Store } from './client.ts'

const FOLDER = new URL('./sql/', import.meta.url)

export interface SchemaForm {
  database: string
  cluster: string | null
}

/**
 * Statements of one file with its placeholders filled in. Comments may hold semicolons; statements
 * may not.
 */
export function renderSchema(sql: string, { database, cluster }: SchemaForm): string[] {
  const replica = "('/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
  const replacing = cluster ? `ReplicatedReplacingMergeTree${replica}, ` : 'ReplacingMergeTree('
  const text = sql
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('--'))
    .join('\n')
    .replaceAll('{database}.', `${database}.`)
    .replaceAll('{on_cluster}', cluster ? `ON CLUSTER '${cluster}'` : '')
    .replaceAll('{replacing}(', replacing)
    .replaceAll(
      '{replacing}',
      cluster ? `ReplicatedReplacingMergeTree${replica})` : 'ReplacingMergeTree',
    )
    .replaceAll('{plain}', cluster ? `ReplicatedMergeTree${replica})` : 'MergeTree')
  return text
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}

/**
 * Brings the store to the newest schema. Safe to run from several processes at once: each statement
 * is `IF NOT EXISTS`, and the record of what was applied is written after it.
 * @throws HotplateError SCHEMA_NEWER where the store was written by a newer release
 */
export async function applySchema(store: Store): Promise<void> {
  const { client, database, cluster } = store
  const on_cluster = cluster ? `ON CLUSTER '${cluster}'` : ''
  await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${database} ${on_cluster}` })
  const marks = `CREATE TABLE IF NOT EXISTS {database}.schema_versions {on_cluster}
    (number UInt32, applied_at DateTime) ENGINE = {replacing} ORDER BY number`
  await client.command({ query: renderSchema(marks, store)[0] as string })
  const applied = await appliedNumber(store)
  const files = readdirSync(FOLDER)
    .filter((name) => /^\d{6}\.sql$/.test(name))
    .sort()
  const newest = Number.parseInt(files.at(-1) ?? '0', 10)
  if (applied > newest) {
    throw new HotplateError(
      'SCHEMA_NEWER',
      `Expected a schema of at most ${newest} in database ${database} but found ` +
        `${applied}: it was written by a newer release`,
    )
  }
  for (const file of files) {
    const number = Number.parseInt(file, 10)
    if (number <= applied) continue
    for (const query of renderSchema(readFileSync(new URL(file, FOLDER), 'utf8'), store)) {
      await client.command({ query })
    }
    await client.command({
      query: `INSERT INTO ${database}.schema_versions VALUES (${number}, now())`,
    })
  }
}

async function appliedNumber({ client, database }: Store): Promise<number> {
  const result = await client.query({
    query: `SELECT max(number) AS number FROM ${database}.schema_versions`,
    format: 'JSONEachRow',
  })
  const [row] = await result.json<{ number: number }>()
  return Number(row?.number ?? 0)
}
