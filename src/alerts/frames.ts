// The frames of the alert stream (docs/protocol.md): how they are written, and how a console's are
// read.
import type { StreamedAlert } from './ring.ts'

/** Longest frame that a console may send. */
export const CLIENT_FRAME_BYTES_MAX = 4_096

export const PING_FRAME = Buffer.from('{"type":"ping"}')
/** The stream that a console's sequence came from is gone: it forgets what it holds. */
export const RESET_FRAME = Buffer.from('{"type":"reset"}')

/** The text goes in as it lies on the stream: it was parsed when it came in. */
export function alertFrame({ kind, seq, text }: StreamedAlert, prev: number): Buffer {
  const member = kind === 'alert' ? 'alert' : 'event'
  return Buffer.from(`{"type":"${kind}","seq":${seq},"prev":${prev},"${member}":${text}}`, 'utf8')
}

/** Most that `last` of resume may ask for. */
const LAST_MAX = 1_000

export type ClientFrame =
  | { type: 'resume'; after: number; last?: number }
  | { type: 'received'; seq: number }

const isSequence = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** @returns the frame, or in words (at most 100 characters, a close reason) what was expected */
export function parseClientFrame(text: string): ClientFrame | string {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    return 'Expected a JSON object'
  }
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) {
    return 'Expected a JSON object'
  }
  const { type, after, last, seq } = frame as Record<string, unknown>
  if (type === 'resume') {
    if (!isSequence(after)) {
      return 'Expected "after" of resume to be a sequence: a whole number from 0'
    }
    if (last === undefined) return { type, after }
    if (isSequence(last) && last >= 1 && last <= LAST_MAX) return { type, after, last }
    return `Expected "last" of resume to be a whole number from 1 to ${LAST_MAX}`
  }
  if (type === 'received') {
    if (isSequence(seq)) return { type, seq }
    return 'Expected "seq" of received to be a sequence: a whole number from 0'
  }
  return 'Expected "type" to be resume or received'
}
