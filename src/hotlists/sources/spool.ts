// What a feed sends, on its way to the disk: bounded, and whole or not there at all.
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HotplateError } from '../../domain/error.ts'

/** What is known of a file, so that the same one is not fetched twice. */
export interface FileMark {
  etag?: string
  last_modified?: string
  /** SFTP. */
  bytes?: number
  modified_s?: number
}

export type Fetched =
  | { outcome: 'fetched'; bytes: number; mark: FileMark }
  | { outcome: 'unchanged' }

export interface FetchLimits {
  bytes_max: number
  seconds_max: number
}

/**
 * Writes a source to a file that must not be there yet. What fails leaves none.
 * @returns its bytes
 * @throws HotplateError FEED_REFUSED where more comes than may; the source's own errors
 */
export async function spool(
  source: NodeJS.ReadableStream,
  path: string,
  bytes_max: number,
  signal: AbortSignal,
): Promise<number> {
  let bytes = 0
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > bytes_max) done(tooLarge(bytes_max))
      else done(null, chunk)
    },
  })
  try {
    await pipeline(source, counter, createWriteStream(path, { flags: 'wx', mode: 0o600 }), {
      signal,
    })
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
  return bytes
}

export function tooLarge(bytes_max: number): HotplateError {
  const message = `Expected at most ${bytes_max} bytes but received more`
  return new HotplateError('FEED_REFUSED', message)
}
