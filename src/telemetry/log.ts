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
      serializers: { err: describeError },
      redact: {
        paths: SECRET.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]),
        censor: '[hidden]',
      },
    },
    pino.destination({ fd: 2, sync: false }),
  )
}

/** ClickHouse names what it could not read, and a row of reads holds plates. */
function quotesData(error: Error): boolean {
  const { type } = error as { type?: unknown }
  return typeof type === 'string' && /CANNOT|INCORRECT|MISMATCH|OUT_OF|TOO_LARGE/.test(type)
}

/** An error without the odd properties that some carry: those may hold what came from outside. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name, message, stack, cause } = error
  return {
    name,
    code: (error as { code?: unknown }).code,
    ...(quotesData(error) ? { message: 'left out, for it quotes the data' } : { message, stack }),
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  }
}
