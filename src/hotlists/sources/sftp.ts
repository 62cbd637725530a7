// A list's file over SFTP: one allowed host whose key is pinned, within limits of bytes and time. A
// file that is being written while it is read is not taken.
import { createHash, timingSafeEqual } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { Client, type SFTPWrapper, type Stats } from 'ssh2'
import { HotplateError } from '../../domain/error.ts'
import type { SftpFeed } from '../../domain/list-feed.ts'
import { allowedAddress, type HostRules } from './addresses.ts'
import { type Fetched, type FetchLimits, type FileMark, spool, tooLarge } from './spool.ts'

const SFTP_PORT = 22
const NO_SUCH_FILE = 2
const PERMISSION_DENIED = 3

export interface SftpAccount {
  user?: string | undefined
  password?: string | undefined
  /** PEM or OpenSSH's form, without a passphrase. */
  private_key?: string | undefined
}

export interface SftpOptions {
  rules: HostRules
  limits: FetchLimits
  account: SftpAccount
  mark?: FileMark | undefined
  signal: AbortSignal
}

/**
 * @param path where the file is put
 * @throws HotplateError FEED_REFUSED where asking again is no use, FEED_UNREACHABLE where it may be
 */
export async function fetchSftp(
  feed: SftpFeed,
  path: string,
  { rules, limits, account, mark, signal: stopped }: SftpOptions,
): Promise<Fetched> {
  const { address } = await allowedAddress(feed.host, feed.port, SFTP_PORT, rules)
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(limits.seconds_max * 1_000)])
  const client = new Client()
  const socket = connect({ host: address, port: feed.port })
  const end = () => {
    client.destroy()
    socket.destroy()
  }
  signal.addEventListener('abort', end)
  try {
    await signIn(client, socket, feed, account, limits.seconds_max)
    const sftp = await open(client)
    const before = await stat(sftp, feed)
    if (before.size > limits.bytes_max) throw tooLarge(limits.bytes_max)
    if (mark?.bytes === before.size && mark.modified_s === before.mtime) {
      return { outcome: 'unchanged' }
    }
    const bytes = await spool(sftp.createReadStream(feed.path), path, limits.bytes_max, signal)
    const after = await stat(sftp, feed)
    if (after.size !== bytes || after.mtime !== before.mtime) {
      await rm(path)
      const message = `The file of ${feed.host} changed while it was read`
      throw new HotplateError('FEED_UNREACHABLE', message)
    }
    return { outcome: 'fetched', bytes, mark: { bytes, modified_s: after.mtime } }
  } catch (cause) {
    if (cause instanceof HotplateError) throw cause
    throw failed(feed.host, cause as SshError, signal.aborted ? limits.seconds_max : null)
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
}

type SshError = Error & { level?: string; code?: string | number }

function signIn(
  client: Client,
  socket: Socket,
  { host_key }: SftpFeed,
  { user = '', password, private_key }: SftpAccount,
  seconds_max: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let other_key = false
    client.on('ready', resolve)
    client.on('close', () => reject(new Error('The connection was closed')))
    client.on('error', (error) => reject(other_key ? otherKey() : error))
    socket.on('error', reject)
    client.connect({
      sock: socket,
      username: user,
      ...(password === undefined ? {} : { password }),
      ...(private_key === undefined ? {} : { privateKey: private_key }),
      readyTimeout: seconds_max * 1_000,
      hostVerifier: (key: Buffer) => {
        other_key = !isPinned(key, host_key)
        return !other_key
      },
    })
  })
}

function isPinned(key: Buffer, host_key: string): boolean {
  const seen = createHash('sha256').update(key).digest()
  const pinned = Buffer.from(host_key.slice('SHA256:'.length), 'base64')
  return pinned.length === seen.length && timingSafeEqual(pinned, seen)
}

function otherKey(): HotplateError {
  const message = "Expected the server's pinned key but it has another: nothing was sent to it"
  return new HotplateError('FEED_REFUSED', message)
}

function open(client: Client): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp)))
  })
}

function stat(sftp: SFTPWrapper, { host, path }: SftpFeed): Promise<Stats> {
  return new Promise((resolve, reject) => {
    sftp.stat(path, (error, stats) => {
      if (error) reject(error)
      else if (stats.isFile()) resolve(stats)
      else reject(new HotplateError('FEED_REFUSED', `Expected a file at ${host} but it is none`))
    })
  })
}

function failed(host: string, cause: SshError, seconds: number | null): HotplateError {
  if (seconds !== null) {
    const message = `Expected the file of ${host} within ${seconds} s but it was not whole`
    return new HotplateError('FEED_UNREACHABLE', message, { cause })
  }
  if (cause.level === 'client-authentication') {
    const message = `${host} does not let the account in`
    return new HotplateError('FEED_REFUSED', message, { cause })
  }
  if (cause.code === NO_SUCH_FILE || cause.code === PERMISSION_DENIED) {
    const message = `Expected a file at ${host} but the account can't read one there`
    return new HotplateError('FEED_REFUSED', message, { cause })
  }
  const message = `${host} could not be asked (${cause.code ?? cause.level ?? 'closed'})`
  return new HotplateError('FEED_UNREACHABLE', message, { cause })
}
