// The log: pino, one line of JSON an event; quiet when healthy. Plates never appear above debug.
import pino, { type Logger } from 'pino'

export type { Logger }

/** Values under these names are never written, whatever object is logged. */
const SECRET = [
  'password',
  'token',
  'authorization',
  'cookie',
  'plate',
  'read',
  'entry',
  'candidates',
]

export function createLog(level: string, name = 'hotplate'): Logger {
  return pino(
    {
      name,
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: SECRET.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]),
        censor: '[hidden]',
      },
    },
    pino.destination({ fd: 2, sync: false }),
  )
}
