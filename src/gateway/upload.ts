// A body that is too large for memory: it is handed on as it comes, no faster than it is taken.
import type { HttpResponse } from '@uwsjs/core'
import { HotplateError } from '../domain/error.ts'

/** Waiting in memory for whoever takes it; then the peer has to wait. */
const WAITING_BYTES_MAX = 1024 * 1024

/** Of what nobody takes any more so much is read all the same, so that the answer is read. */
const LEFT_BYTES_MAX = 1024 * 1024

export interface Upload {
  /** Ends with an error where the peer goes, or sends more than it may (BODY_TOO_LARGE). */
  stream: ReadableStream<Uint8Array>
  /**
   * Reads what is left once nobody takes it.
   * @returns whether all of it has come: else the connection has to end
   */
  rest(): Promise<boolean>
}

/** @param onGone is given what to call when the peer is gone */
export function uploadBody(
  res: HttpResponse,
  bytes_max: number,
  onGone: (gone: () => void) => void,
): Upload {
  let bytes = 0
  let left_bytes = 0
  let paused = false
  let taken = true
  const { promise: whole, resolve } = Promise.withResolvers<boolean>()
  const resume = () => {
    if (paused) res.resume()
    paused = false
  }
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const fail = (code: string, message: string) => {
          if (taken) controller.error(new HotplateError(code, message))
          taken = false
        }
        onGone(() => {
          // From now on nothing may be asked of it.
          paused = false
          fail('UPLOAD_CUT', 'Expected all of the file but the peer went away')
          resolve(false)
        })
        res.onData((chunk, is_last) => {
          bytes += chunk.byteLength
          if (bytes > bytes_max) {
            fail('BODY_TOO_LARGE', `Expected at most ${bytes_max} bytes but received more`)
          }
          if (taken) {
            // uWS takes the chunk's memory back when this returns.
            controller.enqueue(new Uint8Array(chunk.slice(0)))
            if (is_last) controller.close()
            else if ((controller.desiredSize ?? 0) <= 0 && !paused) {
              paused = true
              res.pause()
            }
          } else {
            left_bytes += chunk.byteLength
          }
          if (is_last) resolve(true)
          else if (left_bytes > LEFT_BYTES_MAX) resolve(false)
        })
      },
      pull: resume,
      cancel() {
        taken = false
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: WAITING_BYTES_MAX }),
  )
  return {
    stream,
    rest() {
      taken = false
      resume()
      return whole
    },
  }
}
