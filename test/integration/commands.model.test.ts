// `hotplate model fit` as people run it. Were a model written that is worse than the general one,
// and nothing said, an agency would miss more for its trouble.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { AuditRecord } from '../../src/access/audit.ts'
import { alertEventsSubject, STREAM } from '../../src/bus/streams.ts'
import type { Alert } from '../../src/domain/alert.ts'
import type { VerdictKind } from '../../src/domain/alert-event.ts'
import { Random } from '../../src/domain/random.ts'
import { checkModel } from '../../src/matching/model.ts'
import { drawShape } from '../../src/simulate/plates.ts'
import { makeAlert, makeEvent, publishAlert } from '../helpers/alert.ts'
import { runCli } from '../helpers/cli.ts'
import { temporaryFolder } from '../helpers/folder.ts'
import { startService } from '../helpers/service.ts'
import { textsOf } from '../helpers/traffic.ts'

const SEED = 11

/** An engine of its own kind: A is read as X every other time, and nothing else ever goes wrong. */
function readingsCsv(plates: number): string {
  const random = new Random(SEED)
  const lines = Array.from({ length: plates }, () => {
    const plate = drawShape('ALLDDD', random)
    return [plate.replace('A', 'X'), plate].flatMap((read) => {
      const line = `${plate},${read},x`
      return [line, line]
    })
  })
  return `${['true_plate,read_plate,note', ...lines.flat()].join('\n')}\n`
}

test('learns an engine from its readings, and is better on plates unseen', async () => {
  using folder = temporaryFolder()
  const [file, out] = [join(folder.path, 'own.csv.gz'), join(folder.path, 'own.json')]
  writeFileSync(file, gzipSync(`${readingsCsv(150)}ABC123,?,x\n`))
  const args = ['model', 'fit', file, '--name', 'own', '--out', out, '--source', 'a test']
  const { code, stdout, stderr } = await runCli(args)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^Readings {2}600 of 1[45]\d plates\nWrong {5}300\nLeft out {2}1, where/)
  const [held_out, general] = ['Held out', 'General'].map((row) =>
    Number(new RegExp(`${row} +(-\\d+\\.\\d{4}) nats`).exec(stdout)?.[1]),
  )
  // Half of the readings are wrong in one way: ln 2 a reading is all that can't be foretold.
  expect(held_out).toBeGreaterThan(-1)
  expect(general).toBeLessThan((held_out as number) - 1)
  expect(stdout).toMatch(/\nVerdict {3}better than the general model\nWritten .*, version 1\n/)
  const model = checkModel(JSON.parse(readFileSync(out, 'utf8')), 'own')
  expect(model.provenance).toContain('600 labelled readings of a test')
  expect(model.substitution.A?.X).toBeGreaterThan(0.4)
})

test('401.9b learns from alerts as people have verified them, and leaves a record', async () => {
  await using service = await startService()
  const bus = await service.bus()
  const said = async (alert: Alert, ...verdicts: VerdictKind[]) => {
    await publishAlert(bus, alert)
    for (const verdict of verdicts) {
      const event = { ...makeEvent(alert), verdict }
      await bus.js.publish(alertEventsSubject(alert.id), JSON.stringify(event))
    }
  }
  const alertOf = (plate: string, read: string) =>
    makeAlert((alert) => {
      alert.entry.plate = plate
      alert.read.plate = read
    })
  const random = new Random(SEED)
  const plates = Array.from({ length: 70 }, () => drawShape('ALLDDD', random))
  for (const plate of plates) {
    const misread = plate.replace('A', 'X')
    for (let n = 0; n < 3; n += 1) await said(alertOf(plate, misread), 'rejected', 'verified')
    const alert = alertOf(plate, plate)
    await said(alert, 'verified')
    // The same read for an entry of another list.
    await said({ ...alert, id: alert.id.split('').toReversed().join('') }, 'verified')
    await said(alertOf(plate, 'BBB999'), 'verified', 'rejected')
    await said(alertOf(plate, 'CCC999'))
    await said(alertOf('A*', 'DDD999'), 'verified')
  }
  using folder = temporaryFolder()
  const out = join(folder.path, 'own.json')
  const args = ['model', 'fit', '--alerts', '--name', 'own', '--out', out]
  const { code, stdout, stderr } = await runCli(
    [...args, '--data', service.data_dir],
    service.settings,
  )
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^Readings {2}280 of 70 plates\nWrong {5}210\n/)
  const records = (await textsOf(bus, STREAM.audit)).map((text) => JSON.parse(text) as AuditRecord)
  expect(records.find(({ what }) => what === 'model_fit')).toMatchObject({
    object: 'own',
    detail: 'verified alerts',
    outcome: 'ok',
  })
  for (const wrong of [['file.csv', '--alerts'], []]) {
    const usage = await runCli(['model', 'fit', '--name', 'own', ...wrong])
    expect(usage).toMatchObject({ code: 2, stderr: expect.stringContaining('either a file or') })
  }
})

describe('refuses, and writes nothing', () => {
  test.each([
    ['too few wrong readings', readingsCsv(60), /at least 200 wrong readings but found 120/],
    [
      'too few plates',
      readingsCsv(1).replace(/,x\n$/, `,x\n${'A1,X1,x\n'.repeat(200)}`),
      /50 plates/,
    ],
    ['no column of truth', 'plate,read_plate\nA1,A1\n', /expected a column true_plate/],
    ['a row of other width', 'true_plate,read_plate\nA1\n', /can't be read: .*line 2/],
  ])('%s', async (_what, csv, message) => {
    using folder = temporaryFolder()
    const [file, out] = [join(folder.path, 'own.csv'), join(folder.path, 'own.json')]
    writeFileSync(file, csv)
    const to = ['--out', out]
    const { code, stdout, stderr } = await runCli(['model', 'fit', file, '--name', 'x', ...to])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(message)
    expect(() => readFileSync(out)).toThrow('ENOENT')
  })

  test('a file that is not there or not packed, a wrong name, a folder that is none', async () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'own.csv.gz')
    const run = (...args: string[]) => runCli(['model', 'fit', file, ...args])
    const cant_read = expect.stringContaining("can't be read")
    expect(await run('--name', 'own')).toMatchObject({ code: 1, stderr: cant_read })
    writeFileSync(file, 'true_plate,read_plate\n')
    expect(await run('--name', 'own')).toMatchObject({ code: 1, stderr: cant_read })
    const named = { code: 2, stderr: expect.stringContaining('Expected 1 to 64 of') }
    expect(await run('--name', '../own')).toMatchObject(named)
    writeFileSync(file, gzipSync(readingsCsv(150)))
    const nowhere = join(folder.path, 'nowhere', 'own.json')
    const cant_write = expect.stringContaining("can't be written")
    expect(await run('--name', 'own', '--out', nowhere)).toMatchObject({
      code: 1,
      stderr: cant_write,
    })
  })
})
