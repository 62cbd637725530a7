// `hotplate match verify`: proves on the agency's own lists and reads that the matcher finds all
// that brute force finds, and nothing else.
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { createAudit } from '../access/audit.ts'
import { HotplateError } from '../domain/error.ts'
import type { Entry, HotList } from '../domain/hotlist.ts'
import { foldPlate } from '../domain/plate.ts'
import { loadEntries } from '../hotlists/entries.ts'
import { openManifests } from '../hotlists/manifest.ts'
import { buildIndexOf } from '../matching/index-block.ts'
import { loadLookAlikes } from '../matching/look-alikes.ts'
import { packEntries } from '../matching/record.ts'
import { type Mismatch, type ReadingToVerify, verifyRecall } from '../matching/verify.ts'
import { joinPlatform, type Platform } from '../platform.ts'
import { sampleReadings } from '../store/reads.ts'
import { createLog } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { type CommonOptions, configOf } from './run.ts'

export interface VerifyOptions extends CommonOptions {
  list?: string
  reads: number
  file?: string
}

/** Brute force takes about a microsecond a pair: a person is told how far it is. */
const PAIRS_OF_ROUND = 4_000_000

export async function verify(o: VerifyOptions): Promise<void> {
  const config = configOf(o)
  const log = createLog('warn')
  const metrics = createMetrics()
  const platform = await joinPlatform({ config, kind: 'any', log, metrics, name: 'hotplate-match' })
  try {
    const readings = o.file === undefined ? await storedReadings(platform, o) : fileReadings(o.file)
    const lists = await listsOf(platform, o.list)
    let pairs = 0
    let hits = 0
    for (const list of lists) {
      const entries = await loadEntries(platform.store, list.name, list.version)
      const index = { classes: loadLookAlikes(), edit_chars_min: config.matching.edit_chars_min }
      const records = packEntries(
        entries.map(({ plate, region, profile = list.profile }) => ({
          plate,
          profile,
          ...(region === undefined ? {} : { region }),
        })),
      )
      const source = buildIndexOf(records, entries.length, index)
      const parts = { source, records, count: entries.length, index }
      const round = Math.max(1, Math.floor(PAIRS_OF_ROUND / Math.max(1, entries.length)))
      for (let at = 0; at < readings.length; at += round) {
        if (process.stderr.isTTY) {
          process.stderr.write(`\r${list.name}: ${at} of ${readings.length} readings`)
        }
        const verified = verifyRecall(parts, readings.slice(at, at + round))
        pairs += verified.pairs
        hits += verified.hits
        const [first] = verified.mismatches
        if (first !== undefined) throw mismatch(first, list, entries)
      }
      if (process.stderr.isTTY) process.stderr.write('\r')
      process.stdout.write(`${list.name} version ${list.version}: ${entries.length} entries\n`)
    }
    process.stdout.write(
      `${readings.length} readings, ${pairs} pairs checked, ${hits} hits, mismatches 0\n`,
    )
  } finally {
    await platform.stop()
  }
}

/** On record before a read is looked at, as any access to reads. */
async function storedReadings(platform: Platform, o: VerifyOptions): Promise<ReadingToVerify[]> {
  await createAudit(platform.bus).record({
    who: userInfo().username,
    from: 'command line',
    what: 'match_verify',
    object: o.list ?? 'all lists',
    detail: `${o.reads} reads`,
    outcome: 'ok',
  })
  const { days } = configOf(o).retention
  const rows = await sampleReadings(platform.store, o.reads, Date.now(), days)
  if (rows.length === 0) {
    throw new HotplateError('NO_READS', 'The store holds no reads yet: give some with --file')
  }
  return rows.flatMap(({ plate, candidates }) => readingsOf(plate, candidates))
}

/** Reads as cameras publish them, a line each. @throws HotplateError READS_INVALID */
function fileReadings(file: string): ReadingToVerify[] {
  const readings: ReadingToVerify[] = []
  const lines = readFileSync(file, 'utf8').split('\n')
  for (const [at, line] of lines.entries()) {
    if (line.trim() === '') continue
    try {
      const read = JSON.parse(line) as { plate: string; candidates?: { plate: string }[] }
      const plate = foldPlate(String(read.plate))
      if (plate === null) throw new Error('no plate')
      const candidates = (read.candidates ?? []).map((one) => foldPlate(String(one.plate)))
      readings.push(
        ...readingsOf(
          plate,
          candidates.filter((one) => one !== null),
        ),
      )
    } catch (cause) {
      const message = `Expected a read with a plate, as JSON, in ${file}:${at + 1}`
      throw new HotplateError('READS_INVALID', message, { cause })
    }
  }
  if (readings.length > 0) return readings
  throw new HotplateError('NO_READS', `Expected reads in ${file}, a line each, but found none`)
}

function readingsOf(plate: string, candidates: readonly string[]): ReadingToVerify[] {
  const others = candidates.filter((other) => other !== plate)
  return [
    { plate, candidate: false },
    ...others.map((other) => ({ plate: other, candidate: true })),
  ]
}

/** @throws HotplateError LIST_UNKNOWN */
async function listsOf({ bus }: Platform, name: string | undefined): Promise<HotList[]> {
  const all = [...(await (await openManifests(bus)).all()).values()].map(({ value }) => value)
  const lists = all.filter((list) => name === undefined || list.name === name)
  if (lists.length > 0) return lists.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const known = all.map((list) => list.name).join(', ') || 'none'
  throw new HotplateError('LIST_UNKNOWN', `Expected a list in force (${known}) for --list`)
}

function mismatch(
  { reading, entry, found_by }: Mismatch,
  list: HotList,
  entries: readonly Entry[],
): HotplateError {
  const { plate = '', profile = list.profile } = entries[entry] ?? {}
  const other = found_by === 'matcher' ? 'reference' : 'matcher'
  const what = reading.candidate ? 'candidate reading' : 'read'
  return new HotplateError(
    'MATCHER_WRONG',
    `The ${found_by} finds ${plate} of ${list.name} (${profile}) for the ${what} ` +
      `${reading.plate}, the ${other} does not: report this`,
  )
}
