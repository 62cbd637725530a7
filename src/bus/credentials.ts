// The embedded server's users: passwords made once, kept in a file that only the service's account
// may read.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { HotplateError } from '../domain/error.ts'

const userSchema = z.object({ user: z.string(), password: z.string() })
const credentialsSchema = z.object({ url: z.string(), service: userSchema, camera: userSchema })

/** `service` may do everything; `camera` may publish reads and nothing else. */
export type NatsCredentials = z.infer<typeof credentialsSchema>

export function natsFolder(data_dir: string): string {
  return join(data_dir, 'nats')
}

function credentialsFile(data_dir: string): string {
  return join(natsFolder(data_dir), 'credentials.json')
}

/**
 * How to reach the embedded server of a data folder, for commands beside a running service.
 * @throws HotplateError NATS_NOT_STARTED when none has run in this folder, NATS_CREDENTIALS_INVALID
 */
export function readNatsCredentials(data_dir: string): NatsCredentials {
  const file = credentialsFile(data_dir)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw missing
      ? new HotplateError(
          'NATS_NOT_STARTED',
          `No embedded NATS has run in ${data_dir}: start the service first, or set nats.url`,
          { cause },
        )
      : new HotplateError('NATS_CREDENTIALS_INVALID', `${file} can't be read`, { cause })
  }
  try {
    return credentialsSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new HotplateError(
      'NATS_CREDENTIALS_INVALID',
      `Expected the embedded server's users in ${file} but found something else:` +
        ' remove it, and new ones are made',
      { cause },
    )
  }
}

/**
 * Keeps the passwords of an earlier run, makes them on the first, notes where the server listens
 * now.
 */
export function keepNatsCredentials(data_dir: string, url: string): NatsCredentials {
  mkdirSync(natsFolder(data_dir), { recursive: true, mode: 0o700 })
  let known: NatsCredentials | null = null
  try {
    known = readNatsCredentials(data_dir)
  } catch (error) {
    if (!(error instanceof HotplateError && error.code === 'NATS_NOT_STARTED')) throw error
  }
  const credentials = {
    url,
    service: known?.service ?? { user: 'service', password: makePassword() },
    camera: known?.camera ?? { user: 'camera', password: makePassword() },
  }
  const file = credentialsFile(data_dir)
  writePrivate(file, `${JSON.stringify(credentials, null, 2)}\n`)
  return credentials
}

/** Whole or not at all, and never readable by others, not even for a moment. */
export function writePrivate(file: string, text: string): void {
  const half = `${file}.${process.pid}.half`
  writeFileSync(half, text, { mode: 0o600 })
  renameSync(half, file)
}

function makePassword(): string {
  return randomBytes(24).toString('base64url')
}
