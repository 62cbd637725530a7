// A list's file over SFTP, from a real server. Were the host's key not checked, whoever stands
// between would write the list.
import { createHash, generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import ssh2, { type Connection, type ParsedKey, type SFTPWrapper } from 'ssh2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SftpFeed } from '../../src/domain/list-feed.ts'
import { fetchSftp, type SftpOptions } from '../../src/hotlists/sources/sftp.ts'
import { type TemporaryFolder, temporaryFolder } from '../helpers/folder.ts'

const { Server, utils } = ssh2
const { OPEN_MODE, STATUS_CODE } = utils.sftp
const FILE = 'plate,reason\nABC123,Stolen\n'
const PATH = '/out/list.csv'
const MODIFIED_S = 1_767_225_600
const REGULAR = 0o100_644
const FOLDER = 0o40_755

/** Node's own keys: some of those that ssh2 makes it can't read. */
const newKey = () =>
  generateKeyPairSync('rsa', { modulusLength: 2_048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem' })
    .toString()

let host_key: string
let private_key: string
let folder: TemporaryFolder
const stops: (() => void)[] = []
let files = 0

beforeAll(() => {
  folder = temporaryFolder()
  host_key = newKey()
  private_key = newKey()
})
afterAll(() => {
  for (const stop of stops) stop()
  folder[Symbol.dispose]()
})

interface Served {
  text?: string
  /** Of the times that the file is looked at, from 0. */
  modified_s?: (look: number) => number
  /** After so many bytes the server hangs up. */
  hang_up_at?: number
  /** After so many it says no more. */
  silent_at?: number
}

/** A server with one account and one file, and what is needed to ask it. */
async function serve(served: Served = {}) {
  let sessions = 0
  const server = new Server({ hostKeys: [host_key] }, (client) => {
    client.on('error', () => {})
    letIn(client)
    client.on('ready', () => {
      sessions += 1
      client.on('session', (accept) => {
        accept().on('sftp', (accepted) => serveFile(accepted(), client, served))
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => server.close())
  const { port } = server.address() as AddressInfo
  const feed: SftpFeed = {
    kind: 'sftp',
    host: 'localhost',
    port,
    path: PATH,
    every_minutes: 60,
    account: 'state',
    host_key: fingerprint(host_key),
  }
  const options: SftpOptions = {
    rules: {
      hosts_allowed: [`localhost:${port}`],
      private_hosts_allowed: [`localhost:${port}`],
    },
    limits: { bytes_max: 100_000, seconds_max: 30 },
    account: { user: 'me', password: 'secret' },
    signal: new AbortController().signal,
  }
  files += 1
  const path = join(folder.path, `list-${files}`)
  return { feed, options, path, sessions: () => sessions }
}

function letIn(client: Connection): void {
  const key = utils.parseKey(private_key) as ParsedKey
  client.on('authentication', (context) => {
    if (context.username !== 'me') return context.reject()
    if (context.method === 'password' && context.password === 'secret') return context.accept()
    if (context.method !== 'publickey' || !context.key.data.equals(key.getPublicSSH())) {
      return context.reject()
    }
    const { signature, blob, hashAlgo } = context
    if (signature === undefined || blob === undefined) return context.accept()
    return key.verify(blob, signature, hashAlgo) === true ? context.accept() : context.reject()
  })
}

function serveFile(sftp: SFTPWrapper, client: Connection, served: Served): void {
  const { text = FILE, modified_s = () => MODIFIED_S, hang_up_at, silent_at } = served
  const bytes = Buffer.from(text)
  let looks = 0
  sftp.on('STAT', (id, path) => {
    const mode = path === PATH ? REGULAR : FOLDER
    const times = { atime: 0, mtime: modified_s(looks) }
    looks += 1
    if (path !== PATH && path !== '/out') return sftp.status(id, STATUS_CODE.NO_SUCH_FILE)
    return sftp.attrs(id, { mode, uid: 0, gid: 0, size: bytes.length, ...times })
  })
  sftp.on('OPEN', (id, path, flags) => {
    if (path !== PATH || flags !== OPEN_MODE.READ) return sftp.status(id, STATUS_CODE.FAILURE)
    return sftp.handle(id, Buffer.of(1))
  })
  sftp.on('READ', (id, _handle, offset, length) => {
    if (hang_up_at !== undefined && offset + length > hang_up_at) return void client.end()
    if (silent_at !== undefined && offset + length > silent_at) return
    if (offset >= bytes.length) return sftp.status(id, STATUS_CODE.EOF)
    return sftp.data(id, bytes.subarray(offset, offset + length))
  })
  sftp.on('CLOSE', (id) => sftp.status(id, STATUS_CODE.OK))
}

function fingerprint(key: string): string {
  const blob = (utils.parseKey(key) as ParsedKey).getPublicSSH()
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=$/, '')}`
}

test('the file comes, and with it what it is known by', async () => {
  const text = FILE.repeat(3_000)
  const { feed, options, path } = await serve({ text })
  expect(await fetchSftp(feed, path, options)).toEqual({
    outcome: 'fetched',
    bytes: text.length,
    mark: { bytes: text.length, modified_s: MODIFIED_S },
  })
  expect(await readFile(path, 'utf8')).toBe(text)
})

test('an account may have a key in place of a password', async () => {
  const { feed, options, path } = await serve()
  const account = { user: 'me', private_key }
  expect(await fetchSftp(feed, path, { ...options, account })).toMatchObject({ bytes: FILE.length })
})

test('what has not changed is not read again', async () => {
  const { feed, options, path } = await serve()
  const mark = { bytes: FILE.length, modified_s: MODIFIED_S }
  expect(await fetchSftp(feed, path, { ...options, mark })).toEqual({ outcome: 'unchanged' })
  await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a server with another key learns nothing', async () => {
  const { feed, options, path, sessions } = await serve()
  const other = { ...feed, host_key: `SHA256:${'A'.repeat(43)}` }
  await expect(fetchSftp(other, path, options)).rejects.toMatchObject({
    code: 'FEED_REFUSED',
    message: expect.stringContaining('pinned key'),
  })
  expect(sessions()).toBe(0)
})

test.each<[string, string, Served, Partial<SftpFeed>, SftpOptions['account']?]>([
  ['a wrong password', 'FEED_REFUSED', {}, {}, { user: 'me', password: 'other' }],
  ['no such file', 'FEED_REFUSED', {}, { path: '/out/other.csv' }],
  ['a folder', 'FEED_REFUSED', {}, { path: '/out' }],
  ['a file over the limit', 'FEED_REFUSED', { text: 'x'.repeat(100_001) }, {}],
  [
    'a file that is written while it is read',
    'FEED_UNREACHABLE',
    { modified_s: (look) => MODIFIED_S + look },
    {},
  ],
  [
    'a server that hangs up',
    'FEED_UNREACHABLE',
    { text: 'x'.repeat(90_000), hang_up_at: 50_000 },
    {},
  ],
])('%s is an error (%s), and leaves no file', async (_what, code, served, changed, account) => {
  const { feed, options, path } = await serve(served)
  const asked = { ...options, ...(account === undefined ? {} : { account }) }
  await expect(fetchSftp({ ...feed, ...changed }, path, asked)).rejects.toMatchObject({ code })
  await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a host on loopback is refused unless the configuration names it for that', async () => {
  const { feed, options, path, sessions } = await serve()
  const rules = { ...options.rules, private_hosts_allowed: [] }
  await expect(fetchSftp(feed, path, { ...options, rules })).rejects.toMatchObject({
    code: 'FEED_REFUSED',
  })
  expect(sessions()).toBe(0)
})

test('one that falls silent is given up', async () => {
  const { feed, options, path } = await serve({ text: 'x'.repeat(90_000), silent_at: 50_000 })
  const limits = { ...options.limits, seconds_max: 1 }
  await expect(fetchSftp(feed, path, { ...options, limits })).rejects.toMatchObject({
    code: 'FEED_UNREACHABLE',
    message: expect.stringContaining('within 1 s'),
  })
})
