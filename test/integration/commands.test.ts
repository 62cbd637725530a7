// The command line as scripts meet it. Were it wrong, a failing import would look like a good one,
// or invented alerts would be mixed with real ones.
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DAY_MS, utcDay } from '../../src/domain/time.ts'
import { readPartitions } from '../../src/store/reads.ts'
import { formatDateTime } from '../../src/store/time.ts'
import { type CliResult, runCli } from '../helpers/cli.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { startService } from '../helpers/service.ts'
import { makeRead, publish } from '../helpers/traffic.ts'

const refusal = (code: number, message: RegExp) => ({
  code,
  stdout: '',
  stderr: expect.stringMatching(new RegExp(`^hotplate: .*${message.source}.*\\n$`)),
})

describe('wrong usage is one line and exit 2', () => {
  test.each<[string, string[], RegExp]>([
    ['no command', [], /expected one of serve, demo/],
    ['an unknown command', ['sevre'], /but received sevre/],
    [
      'an unknown command of a group',
      ['hotlist', 'bogus'],
      /one of import, .*versions, .* but received bogus/,
    ],
    ['an unknown option', ['serve', '--rolls', 'ingest'], /unknown option '--rolls'/],
    ['an unknown role', ['serve', '--roles', 'x'], /Expected of ingest,gateway,keeper/],
    ['a missing option', ['hotlist', 'import', 'f.csv'], /required option '--list <NAME>'/],
    [
      'a budget that is none',
      ['hotlist', 'import', '--list', 'a', '--false-alerts-per-million', '0', 'f.csv'],
      /Expected a number above 0, up to 1000000/,
    ],
    ['a time that is none', ['retention', 'run', '--now', 'x'], /ISO 8601/],
    ['another time for a real purge', ['retention', 'run', '--now', '2026-01-01'], /--dry-run/],
    ['half of a conversion', ['simulate', '--readings', 'f.csv'], /--out/],
  ])('%s', async (_what, args, message) => {
    expect(await runCli(args)).toEqual(refusal(2, message))
  })

  test('help is no error', async () => {
    expect(await runCli(['--help'])).toMatchObject({ code: 0, stderr: '' })
  })
})

test('what fails is one line and exit 1', async () => {
  using folder = temporaryFolder()
  const missing = join(folder.path, 'missing')
  const importing = ['hotlist', 'import', '--list', 'a', missing, '--data', folder.path]
  expect(await runCli(importing)).toEqual(refusal(1, /ENOENT/))
  const named = ['hotlist', 'import', '--list', 'No Name', missing]
  expect(await runCli(named)).toEqual(refusal(1, /but received "No Name"/))
  const configured = ['serve', '--config', missing]
  expect(await runCli(configured)).toEqual(refusal(1, /Configuration .* can't be read/))
  const wrong = await runCli(['serve', '--data', folder.path], { GATEWAY__PORT: 'http' })
  expect(wrong).toEqual(refusal(1, /gateway\.port/))
})

test('the demo keeps to loopback and to a folder of its own, which no service takes', async () => {
  using folder = temporaryFolder()
  const demo = (of: string, settings = {}): Promise<CliResult> =>
    runCli(['demo', '--data', join(folder.path, of)], settings)
  expect(await demo('open', { GATEWAY__HOST: '0.0.0.0' })).toEqual(refusal(1, /loopback/))
  mkdirSync(join(folder.path, 'foreign'))
  writeFileSync(join(folder.path, 'foreign', 'file'), '')
  expect(await demo('foreign')).toEqual(refusal(1, /not the demo's/))

  await using taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  const port = String((taken.address() as { port: number }).port)
  expect(await demo('mine', { HEALTH__PORT: port })).toEqual(refusal(1, /health\.port/))
  const serve = await runCli(['serve', '--data', join(folder.path, 'mine')])
  expect(serve).toEqual(refusal(1, /holds the demo's invented data/))
})

test('a second service is told the pid of the first, commands join it', async () => {
  await using service = await startService()
  const { data_dir, settings } = service
  const second = await runCli(['serve', '--data', data_dir], settings)
  expect(second).toEqual(refusal(1, new RegExp(`in use by pid ${service.pid}`)))

  await publish(service, makeRead())
  const { client, database } = service.store()
  const now_ms = Date.now()
  const old = utcDay(now_ms - 20 * DAY_MS)
  const time = formatDateTime(now_ms - 20 * DAY_MS)
  const row = { camera: 'pole-1', id: 'old', plate: 'OLD1', time, received_at: time }
  await client.insert({ table: `${database}.reads`, format: 'JSONEachRow', values: [row] })
  const now = new Date(now_ms + 11.5 * DAY_MS).toISOString()
  const plan = ['retention', 'run', '--dry-run', '--now', now, '--data', data_dir]
  const planned = await runCli(plan, settings)
  expect(planned).toMatchObject({ code: 0, stderr: '' })
  expect(planned.stdout).toContain(`would drop ${old}: 1 rows, 0 pictures\n`)
  // That clock is far ahead of the streams.
  expect(planned.stdout).toMatch(/\nA run would halt: .* h old/)
  expect((await readPartitions(service.store())).map(({ day }) => day)).toContain(old)
  const real = await runCli(['retention', 'run', '--data', data_dir], settings)
  expect(real).toMatchObject({ code: 0, stdout: expect.stringContaining('dropped 0 partitions') })

  await service.stop()
  expect(await runCli(['demo', '--data', data_dir])).toEqual(refusal(1, /holds real data/))
})
