// The schema in its two forms. A wrong Replicated form shows only on a cluster, at an agency's.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderSchema } from '../../src/store/schema.ts'

const file = new URL('../../src/store/sql/000001.sql', import.meta.url)
const sql = readFileSync(file, 'utf8')
const render = (cluster: string | null) => renderSchema(sql, { database: 'plates', cluster })
const engines = (statements: readonly string[]) =>
  statements.map((text) => /ENGINE = (.*)/.exec(text)?.[1])

test('without a cluster the tables are plain ones of the database', () => {
  const statements = render(null)
  expect(engines(statements)).toEqual([
    'ReplacingMergeTree(precedence)',
    'ReplacingMergeTree',
    'MergeTree',
  ])
  expect(statements.join('\n')).not.toMatch(/[{}]|ON CLUSTER/)
  for (const statement of statements) {
    expect(statement).toMatch(/^CREATE TABLE IF NOT EXISTS plates\.\w+/)
  }
})

test('one setting turns each table into its Replicated form on that cluster', () => {
  const statements = render('county')
  const replica = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
  expect(engines(statements)).toEqual([
    `ReplicatedReplacingMergeTree(${replica}, precedence)`,
    `ReplicatedReplacingMergeTree(${replica})`,
    `ReplicatedMergeTree(${replica})`,
  ])
  for (const statement of statements) {
    expect(statement).toMatch(/^CREATE TABLE IF NOT EXISTS plates\.\w+ ON CLUSTER 'county'/)
  }
})

test('reads are partitioned by UTC day and ordered by camera and id, and by plate', () => {
  const [reads] = render(null)
  expect(reads).toContain("PARTITION BY toDate(time, 'UTC')")
  expect(reads).toContain('ORDER BY (camera, id)')
  expect(reads).toMatch(/PROJECTION by_plate .*ORDER BY plate, time/)
  expect(reads).toMatch(/PROJECTION by_camera_time .*ORDER BY camera, time/)
})
