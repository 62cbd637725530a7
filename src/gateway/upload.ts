// A body that is too large for memory: it is handed on as it comes, no faster than it is taken.
import type { HttpResponse } from '@uwsjs/core'
import { HotplateError } from '../domain/error.ts'

/** Waiting in memory for whoever takes it; then the peer has to wait. */
const WAITING_BYTES_MAX = 1024 * 1024

/**
 * Ends with an error where the peer goes, or sends more than it may (BODY_TOO_LARGE).
 * @param onGone is given what to call when the peer is gone
 * @returns `ended`: whether all that there was has come, or nobody waits for more
 */
export function uploadBody(
  res: HttpResponse,
  bytes_max: number,
  onGone: (gone: () => void) => void,
): { stream: ReadableStream<Uint8Array>; ended: () => boolean } {
  let bytes = 0
  let paused = false
  let ended = false
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const fail = (code: string, message: string) => {
          if (ended) return
          ended = true
          controller.error(new HotplateError(code, message))
        }
        onGone(() => fail('UPLOAD_CUT', 'Expected all of the file but the peer went away'))
        res.onData((chunk, is_last) => {
          if (ended) return
          bytes += chunk.byteLength
          if (bytes > bytes_max) {
            return fail('BODY_TOO_LARGE', `Expected at most ${bytes_max} bytes but received more`)
          }
          // uWS takes the chunk's memory back when this returns.
          controller.enqueue(new Uint8Array(chunk.slice(0)))
          if (is_last) {
            ended = true
            controller.close()
          } else if ((controller.desiredSize ?? 0) <= 0 && !paused) {
            paused = true
            res.pause()
          }
        })
      },
      pull() {
        if (!paused || ended) return
        paused = false
        res.resume()
      },
      cancel() {
        ended = true
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: WAITING_BYTES_MAX }),
  )
  return { stream, ended: () => ended }
}
