// Labelled readings as reads and a hot list. If the bugs return: figures on real input that are
// of something else, because two rows share a passage, a decoy is a true plate in disguise, or
// others' rows land in the project. The rows here are invented.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { registerSimulate } from '../../src/commands/simulate.ts'
import { CAMERA_ID, READ_ID } from '../../src/domain/read.ts'
import { DAY_MS } from '../../src/domain/time.ts'
import { loadLookAlikes } from '../../src/matching/look-alikes.ts'
import { convertReadings } from '../../src/simulate/readings.ts'
import { writeReadings } from '../../src/simulate/readings-files.ts'
import { classFolder } from '../../src/simulate/stage.ts'
import { temporaryFolder } from '../helpers/folder.ts'

const HEADER = 'source,image_id,country_or_region,true_plate,read_plate,confidence,candidates'
const ROWS = [
  'eng/full/set-a/none,i1,us-id,2TXY987,2TXY987,93.5,2TXY987:93.5|ZTXY987:78.4|?:3',
  'eng/full/set-a/none,i2,us,KLM4080,KLM4O8O,71.2,KLM4O8O:71.2|KLM4080:70.9',
  '"eng/crop/set ""b""/blur",i3,eu,ab-12 cd,AB12CD,,',
  'eng/full/set-a/none,i4,us-ut,QRS55,QR?55,50,QR?55:50',
  'eng/full/set-a/none,i5,us-ut,QRS55,,50,',
  'eng/full/set-a/none,i6,us-id,2TXY987,2TXY9B7,101,2TXY987:44',
]
const CSV = [HEADER, ...ROWS].join('\n')
const NOW_MS = Date.parse('2026-11-23T16:00:00Z')
const classes = loadLookAlikes()
const options = { seed: 1, list_entries: 3_000, classes, now_ms: NOW_MS }

interface ReadLine {
  id: string
  time: string
  camera: string
  plate: string
  region?: string
  confidence?: number
  candidates?: { plate: string; confidence: number }[]
}

test('rows become reads with confidences of 0 to 1; rows that are no plates are counted', () => {
  const { reads, truth, counts } = convertReadings(CSV, options)
  expect(counts).toEqual({ rows: 6, converted: 4, left_out: 2, misread: 2 })
  const lines = reads.map((line) => JSON.parse(line) as ReadLine)
  expect(lines.map(({ id }) => id)).toEqual(truth.map(({ id }) => id))
  const exact = lines.find(({ plate }) => plate === '2TXY987')
  expect(exact).toMatchObject({ region: 'US-ID', confidence: 0.935 })
  expect(exact?.candidates).toEqual([{ plate: 'ZTXY987', confidence: 0.784 }])
  const misread = lines.find(({ plate }) => plate === 'KLM4O8O')
  expect(misread?.candidates).toEqual([{ plate: 'KLM4080', confidence: 0.709 }])
  expect(truth.find(({ plate }) => plate === 'KLM4O8O')?.truth).toBe('KLM4080')
  const bare = lines.find(({ plate }) => plate === 'AB12CD')
  expect(Object.keys(bare ?? {})).toEqual(['id', 'time', 'camera', 'plate'])
  expect(lines.find(({ plate }) => plate === '2TXY9B7')).not.toHaveProperty('confidence')
})

test('each read is a passage of its own: a minute apart at one camera, all within 20 days', () => {
  const rows = Array.from({ length: 900 }, (_, n) => `s${n % 2},i,us-id,2TXY987,2TXY987,90,`)
  const { reads } = convertReadings([HEADER, ...rows].join('\n'), options)
  const last = new Map<string, number>()
  const ids = new Set<string>()
  let before_ms = 0
  for (const line of reads) {
    const { id, camera, time } = JSON.parse(line) as ReadLine
    const time_ms = Date.parse(time)
    expect(camera).toMatch(CAMERA_ID)
    expect(id).toMatch(READ_ID)
    expect(time_ms).toBeGreaterThanOrEqual(Math.max(before_ms, NOW_MS - 20 * DAY_MS))
    expect(time_ms).toBeLessThanOrEqual(NOW_MS)
    expect(time_ms - (last.get(camera) ?? 0)).toBeGreaterThan(60_000)
    last.set(camera, time_ms)
    before_ms = time_ms
    ids.add(id)
  }
  expect([last.size, ids.size]).toEqual([2, 900])
})

test('the list holds each true plate once; no decoy is a true plate in disguise', () => {
  const { entries } = convertReadings(CSV, options)
  expect(entries).toHaveLength(3_000)
  const listed = entries.filter(({ decoy }) => !decoy)
  expect(listed.map(({ plate }) => plate).toSorted()).toEqual(['2TXY987', 'AB12CD', 'KLM4080'])
  expect(listed.find(({ plate }) => plate === '2TXY987')?.state).toBe('US-ID')
  const fold = classFolder(classes)
  const true_folded = listed.map(({ plate }) => fold(plate))
  const decoys = entries.filter(({ decoy }) => decoy)
  for (const { plate } of decoys) {
    expect(plate).toMatch(/^(\d[A-Z]{3}\d{3}|[A-Z]{2}\d{2}[A-Z]{2}|[A-Z]{3}\d{4})$/)
    expect(true_folded).not.toContain(fold(plate))
  }
  expect(new Set(entries.map(({ plate }) => plate)).size).toBe(3_000)
  expect(new Set(entries.map(({ reason }) => reason)).size).toBe(1)
  expect(convertReadings(CSV, options)).toEqual(convertReadings(CSV, options))
})

test('what is no such file is named', () => {
  expect(() => convertReadings('a,b\n1,2\n', options)).toThrow(/expected a column source/)
  expect(() => convertReadings(`${HEADER}\n"open`, options)).toThrow(/expected CSV/)
  const short = `${HEADER}\ns,i,us,A1,A1,,`
  expect(() => convertReadings(short, options)).toThrow(/room for 3000 entries/)
})

test('files go to the folder given, never into the project', async () => {
  using folder = temporaryFolder()
  const csv = join(folder.path, 'rows.csv.gz')
  writeFileSync(csv, gzipSync(CSV))
  const out = join(folder.path, 'deep', 'out')
  const program = new Command().exitOverride()
  registerSimulate(program)
  const flags = ['--readings', csv, '--out', out, '--entries', '50']
  await program.parseAsync(['simulate', ...flags], { from: 'user' })
  expect(process.exitCode).toBe(0)
  const lines = (name: string) => readFileSync(join(out, name), 'utf8').trimEnd().split('\n')
  expect(lines('reads.ndjson')).toHaveLength(4)
  expect(lines('hotlist.csv')).toHaveLength(51)
  expect(lines('hotlist.csv')[0]).toBe('plate,state,reason')
  expect(lines('truth.csv')[0]).toBe('id,camera,read,truth,source')
  expect(lines('truth.csv').some((line) => line.endsWith('"eng/crop/set ""b""/blur"'))).toBe(true)
  const inside = join(import.meta.dirname, 'out-of-readings')
  const converted = convertReadings(CSV, options)
  expect(() => writeReadings(converted, inside)).toThrow(/Expected a folder outside/)
  expect(() => writeReadings(converted, join(import.meta.dirname, '../..'))).toThrow(/outside/)
  expect(existsSync(inside)).toBe(false)
})
