// `hotplate match` as people run it. Were its words wrong, an analyst would explain an alert to a
// court by what did not happen; were `verify` not audited, reads would be seen without a trace.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { AuditRecord } from '../../src/access/audit.ts'
import { STREAM } from '../../src/bus/streams.ts'
import { importList } from '../../src/hotlists/import.ts'
import { openManifests } from '../../src/hotlists/manifest.ts'
import { runCli } from '../helpers/cli.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { startService } from '../helpers/service.ts'
import { makeRead, publish, settled, textsOf } from '../helpers/traffic.ts'
import { until } from '../helpers/until.ts'

describe('without a service', () => {
  test('explain aligns the plates, prices each character and gives the verdict', async () => {
    const args = ['match', 'explain', '8abc-123', 'BABC123', '--log-odds-min', '-8']
    const { code, stdout, stderr } = await runCli(args)
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout.split('\n')
    expect(lines.slice(0, 3)).toEqual([
      'read  entry              cost',
      expect.stringMatching(/^8 {5}B {6}look-alike {2}\d\.\d\d$/),
      'A     A                  0.00',
    ])
    expect(stdout).toMatch(
      /\nClass {6}look alike\nState {6}unknown\nModel {6}general version \d+\n/,
    )
    expect(stdout).toMatch(/\nThreshold {2}log odds -8\.00, as given\nVerdict {4}alerts\n$/)
    const strict = await runCli([...args.slice(0, -1), '9'])
    expect(strict.stdout).toContain('does not alert: in reach of fold+1, but too unlikely\n')
    const far = await runCli(['match', 'explain', 'ABC123', 'XYZ789', '--entries', '10'])
    expect(far.stdout).toContain('does not alert: out of reach of fold+1\n')
    const pattern = await runCli(['match', 'explain', '2TAB847', '2TA*'])
    expect(pattern).toMatchObject({ code: 0, stdout: expect.stringContaining('whatever the thr') })
  })

  test('preview lists the readings that would alert, the likeliest first', async () => {
    const args = ['match', 'preview', '2TAB847', '--entries', '1000', '--limit', '3']
    const { code, stdout } = await runCli([...args, '--false-alerts-per-million', '50'])
    expect(code).toBe(0)
    const [head, ...rows] = stdout.split('\n').slice(0, 4)
    expect(head).toMatch(/^reading +class +probability +cost +log odds$/)
    expect(rows[0]).toMatch(/^2TAB847 +exact +\d+\.\d % +0\.00 +\d\.\d\d$/)
    expect(rows).toHaveLength(3)
    expect(stdout).toMatch(/\nand \d+ rarer ones\n/)
    expect(stdout).toContain('50 false alerts per million on a list of 1,000 plates of this shape')
    expect(stdout).toMatch(/\nCaught +\d+\.\d % of misreads\n/)
  })

  test.each([
    ['no plate', ['match', 'preview', '$'], /Expected a plate/],
    ['no state', ['match', 'explain', 'A1', 'A1', '--region-read', 'Idaho'], /as ISO 3166-2/],
    ['no share', ['match', 'explain', 'A1', 'A1', '--confidence', '7'], /number from 0 to 1/],
    ['no profile', ['match', 'preview', 'A1', '--profile', 'fold+9'], /fold\+2/],
  ])('%s is wrong usage', async (_what, args, message) => {
    const { code, stdout, stderr } = await runCli(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(message)
  })
})

test("401.9b verify proves recall on the store's reads, and leaves a record", async () => {
  await using service = await startService()
  const bus = await service.bus()
  const manifests = await openManifests(bus)
  const reason = 'Stolen vehicle'
  const entries = ['BABC123', '2TAB847', '2TA*'].map((plate) => ({ plate, reason }))
  const list = { name: 'amber', category: 'custom', profile: 'fold+1', entries } as const
  await importList(service.store(), manifests, list)
  const run = (...args: string[]) =>
    runCli(['match', 'verify', '--data', service.data_dir, ...args], service.settings)
  expect(await run()).toMatchObject({ code: 1, stderr: expect.stringMatching(/no reads yet/) })

  await publish(service, makeRead({ plate: '8ABC123' }))
  const candidates = [{ plate: '2TA8847', confidence: 0.5 }]
  await publish(service, makeRead({ plate: '2TAX847', candidates }))
  await settled(service)
  const verified = await run('--list', 'amber')
  expect(verified).toEqual({
    code: 0,
    stderr: '',
    stdout: 'amber version 1: 3 entries\n3 readings, 9 pairs checked, 5 hits, mismatches 0\n',
  })
  const records = (await textsOf(bus, STREAM.audit)).map((text) => JSON.parse(text) as AuditRecord)
  expect(records.filter(({ what }) => what === 'match_verify')).toMatchObject([
    { object: 'all lists', outcome: 'ok' },
    { object: 'amber', detail: '200 reads', outcome: 'ok' },
  ])

  using folder = temporaryFolder()
  const file = join(folder.path, 'reads.ndjson')
  writeFileSync(file, `${JSON.stringify(makeRead({ plate: 'babc 123' }))}\n\n`)
  expect(await run('--file', file)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1 readings, 3 pairs checked, 1 hits, mismatches 0'),
  })
  writeFileSync(file, '{"plate":"A"}\n{"plate":"?"}\n')
  expect(await run('--file', file)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/reads\.ndjson:2/),
  })
  // What the service has made of the list's budget, when it matched against it.
  const shown = await until(async () => {
    const all = await runCli(['match', 'thresholds', '--data', service.data_dir], service.settings)
    return all.stdout.includes('not yet matched') ? undefined : all
  })
  expect(shown.stdout).toMatch(/\namber +exact matches only +3 +100 +\d.* \d.* 100 %\n/)
  expect(await run('--list', 'other')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/list in force \(amber\)/),
  })
})
