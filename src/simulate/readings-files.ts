// Converted readings as files in a folder, which must lie outside the project.
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { HotplateError } from '../domain/error.ts'
import type { ConvertedReadings } from './readings.ts'

const PROJECT = realpathSync(join(import.meta.dirname, '../..'))
/** Unpacked. */
const FILE_BYTES_MAX = 512 * 1024 * 1024

/**
 * The text of a CSV file, unpacked where its name ends in `.gz`.
 * @throws HotplateError READINGS_INVALID
 */
export function readReadings(file: string): string {
  try {
    const bytes = readFileSync(file)
    return (
      file.endsWith('.gz') ? gunzipSync(bytes, { maxOutputLength: FILE_BYTES_MAX }) : bytes
    ).toString()
  } catch (cause) {
    throw new HotplateError('READINGS_INVALID', `Readings in ${file} can't be read`, { cause })
  }
}

/**
 * Writes `reads.ndjson`, `hotlist.csv` (plate, state, reason) and `truth.csv` (id, camera, read,
 * truth, source).
 * @throws HotplateError READINGS_INSIDE_PROJECT: others' rows must not end up in the project
 */
export function writeReadings(converted: ConvertedReadings, folder: string): void {
  const target = realTarget(resolve(folder))
  const inside = relative(PROJECT, target)
  if (inside === '' || (inside !== '..' && !inside.startsWith(`..${sep}`))) {
    throw new HotplateError(
      'READINGS_INSIDE_PROJECT',
      `Expected a folder outside ${PROJECT} but received ${folder}: readings are no part of it`,
    )
  }
  mkdirSync(target, { recursive: true })
  const write = (name: string, lines: readonly string[]) =>
    writeFileSync(join(target, name), `${lines.join('\n')}\n`)
  write('reads.ndjson', converted.reads)
  write('hotlist.csv', [
    'plate,state,reason',
    ...converted.entries.map(({ plate, state, reason }) => `${plate},${state},${reason}`),
  ])
  write('truth.csv', [
    'id,camera,read,truth,source',
    ...converted.truth.map(
      ({ id, camera, plate, truth, source }) =>
        `${id},${camera},${plate},${truth},"${source.replaceAll('"', '""')}"`,
    ),
  ])
}

/** Follows links of the part that exists already. */
function realTarget(path: string): string {
  if (existsSync(path) || dirname(path) === path) return realpathSync(path)
  return join(realTarget(dirname(path)), basename(path))
}
