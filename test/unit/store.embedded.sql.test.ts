// What a statement is, by its text. If its bugs return: a FORMAT in a comment or a string is taken
// for the query's own, or an insert takes the slow path.
import { expect, test } from 'vitest'
import { classify, parseInsert, quote, type ReadStatement } from '../../src/store/embedded/sql.ts'

const read = (sql: string): ReadStatement => {
  const statement = classify(sql)
  if (statement.kind !== 'read') throw new Error(`Expected a read, received ${statement.kind}`)
  return statement
}

test.each([
  ['SELECT 1 FORMAT CSV', 'CSV'],
  ['select 1 as a\nformat JSONEachRow ;', 'JSONEachRow'],
  ["SELECT ' FORMAT CSV'", null],
  ["SELECT 'it''s FORMAT A', 'b\\' FORMAT B' FORMAT TSV", 'TSV'],
  ['SELECT 1 /* FORMAT CSV */ -- FORMAT CSV', null],
  ['SELECT `FORMAT`, "FORMAT" FROM t', null],
  ['SELECT format AS x FROM t', null],
  ['SELECT * FROM format(CSV, $$1,2$$)', null],
  ['(SELECT 1 FORMAT CSV)', null],
  ['WITH 1 AS x SELECT x FORMAT TSV SETTINGS max_threads = 1', 'TSV'],
  ['-- first\n# ! second\n SHOW TABLES FORMAT CSV', 'CSV'],
  ['FROM t SELECT 1 FORMAT CSV', 'CSV'],
])('%s has the format %s', (sql, format) => {
  expect(read(sql).format).toBe(format)
})

test('the text before FORMAT and the settings after it are kept as they came', () => {
  const { head, settings } = read('SELECT 1 SETTINGS a = 1 FORMAT CSV SETTINGS b = 2, c = 3;')
  expect(head.trim()).toBe('SELECT 1 SETTINGS a = 1')
  expect(settings).toBe('b = 2, c = 3')
  expect(read('SELECT 1 ; ').head).toBe('SELECT 1')
})

test('parameters are found, maps and strings are not taken for them', () => {
  const sql = "SELECT {a:UInt8}, { b : String }, {'c': 1}, '{d:UInt8}' FROM {t:Identifier}"
  expect([...read(sql).parameters]).toEqual(['a', 'b', 't'])
})

test.each([
  ['INSERT INTO t SELECT 1', 'insert'],
  ['WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x', 'other'],
  ['CREATE TABLE t (a UInt8) ENGINE = Memory; ', 'other'],
  ['SET max_threads = 1', 'other'],
  ["KILL QUERY WHERE query_id = 'x'", 'kill'],
  ['(SELECT 1) UNION ALL (SELECT 2)', 'read'],
  ['EXPLAIN SELECT 1', 'read'],
])('%s is of the kind %s', (sql, kind) => {
  expect(classify(sql).kind).toBe(kind)
})

test('several statements and INTO OUTFILE are refused', () => {
  expect(() => classify('SELECT 1; SELECT 2')).toThrow(/several statements/)
  expect(() => classify("SELECT 1 into /* x */ Outfile 'a'")).toThrow(/INTO OUTFILE/)
})

test('a plain INSERT is taken apart', () => {
  const sql =
    "INSERT INTO TABLE `db`.reads (a, `b`) SETTINGS x = 1, y = 'it''s' FORMAT TabSeparated"
  expect(parseInsert(sql)).toEqual({
    database: 'db',
    table: 'reads',
    columns: ['a', 'b'],
    settings: [
      ['x', '1'],
      ['y', "it's"],
    ],
    format: 'TabSeparated',
  })
  expect(parseInsert('insert into t format JSONEachRow\n')?.table).toBe('t')
})

test.each([
  'INSERT INTO t VALUES (1)',
  'INSERT INTO t SELECT 1',
  'INSERT INTO t FORMAT CSV 1,2',
  'INSERT INTO `odd name` FORMAT CSV',
  'INSERT INTO t (* EXCEPT(a)) FORMAT CSV',
  'INSERT INTO FUNCTION file(x) FORMAT CSV',
])('%s is left to the engine', (sql) => {
  expect(parseInsert(sql)).toBeNull()
})

test('a quoted text ends where it should', () => {
  expect(quote("a'b\\")).toBe("'a\\'b\\\\'")
})
