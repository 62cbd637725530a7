// Named pipes: the engine writes a query's rows into one, in any format and as fast as they are
// read, and we read from it.
//
// The binding has calls of its own for streams, but the one that starts a stream analyses the query
// on the event loop (a scalar subquery stalls everything for as long as it takes), and each chunk
// is a document of its own in most formats.
import { execFile } from 'node:child_process'
import { closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

export async function makePipes(folder: string, count: number): Promise<string[]> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const pipes = Array.from({ length: count }, (_, at) => join(folder, String(at)))
  await promisify(execFile)('mkfifo', ['-m', '600', ...pipes])
  return pipes
}

export interface PipeReader {
  /** Resolves when everything was read. */
  readonly closed: Promise<void>
  /** Nobody will write any more: what is in the pipe is the rest. */
  finish(): void
  /**
   * From now on rows are read and dropped. The pipe stays open: an engine that opens or writes to a
   * pipe without a reader would hang in it for good.
   */
  discard(): void
}

/** `take` gets each part; the next is read when the promise that it gave, if any, resolves. */
export function openPipe(path: string, take: (part: Buffer) => Promise<void> | null): PipeReader {
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  // An end for writing of our own, so that the pipe doesn't end before the engine has opened it.
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  const socket = new Socket({ fd: reader, readable: true, writable: false })
  let finished = false
  let discarding = false
  socket.on('error', () => {})
  socket.on('data', (part: Buffer) => {
    const wait = discarding ? null : take(part)
    if (wait === null) return
    socket.pause()
    void wait.then(() => socket.resume())
  })
  return {
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
    finish() {
      if (finished) return
      finished = true
      closeSync(writer)
    },
    discard() {
      discarding = true
      socket.resume()
    },
  }
}
