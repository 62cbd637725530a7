// The log. Were it lax, plates and passwords would lie in files that no purge and no right reaches.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** Runs `body` with a log at debug level and `ClickHouseError`; answers what went to stderr. */
async function logged(body: string): Promise<string> {
  const log = new URL('../../src/telemetry/log.ts', import.meta.url).href
  const client = import.meta.resolve('@clickhouse/client')
  const script =
    `import { createLog } from ${JSON.stringify(log)}\n` +
    `import { ClickHouseError } from ${JSON.stringify(client)}\n` +
    `const log = createLog('debug')\n${body}\nlog.flush()`
  const args = ['--no-warnings', '--input-type=module-typescript', '--eval', script]
  return (await promisify(execFile)(process.execPath, args)).stderr
}

test('values under the names of secrets and plates are hidden at each depth', async () => {
  const names = ['password', 'token', 'cookie', 'authorization', 'plate', 'read', 'entry']
  const fields = Object.fromEntries(names.map((name) => [name, 'SECRET']))
  const value = JSON.stringify({ ...fields, a: { ...fields, b: fields } })
  const text = await logged(`log.warn(${value}, 'Happened.')`)
  expect(text).toContain('Happened.')
  expect(text).toContain('[hidden]')
  expect(text).not.toContain('SECRET')
})

test("an error is told without its odd properties, its causes' included", async () => {
  const text = await logged(
    `const cause = Object.assign(new Error('inner'), { config: 'SECRET' })
     log.error({ err: Object.assign(new Error('outer', { cause }), { data: 'SECRET' }) }, 'Bad.')`,
  )
  expect(text).toContain('outer')
  expect(text).toContain('inner')
  expect(text).not.toContain('SECRET')
})

test("the engine's words are left out where they quote rows", async () => {
  const type = 'CANNOT_PARSE_INPUT_ASSERTION_FAILED'
  const text = await logged(
    `const row = { message: 'Cannot parse input before: SECRET', code: '27', type: '${type}' }
     log.warn({ err: new ClickHouseError(row) }, 'Refused.')
     const gone = { message: 'no such table', code: '60', type: 'UNKNOWN_TABLE' }
     log.warn({ err: new ClickHouseError(gone) }, 'Refused.')`,
  )
  expect(text).toContain('27')
  expect(text).toContain('no such table')
  expect(text).not.toContain('SECRET')
})
