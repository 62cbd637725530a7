// A list's file over HTTPS, from a real server with a certificate of a real authority of the test's
// own. Were a redirect followed or a certificate not checked, a stranger could write the list.
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HttpsFeed } from '../../src/domain/list-feed.ts'
import { fetchHttps, type HttpsOptions } from '../../src/hotlists/sources/https.ts'
import { type Authority, createAuthority, type Signed } from '../helpers/certificates.ts'
import { type TemporaryFolder, temporaryFolder } from '../helpers/folder.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const FILE = 'plate,reason\nABC123,Stolen\n'
let authority: Authority
let folder: TemporaryFolder
const open: { close(): void }[] = []
let files = 0

beforeAll(() => {
  authority = createAuthority('the authority of a test')
  folder = temporaryFolder()
})
afterAll(() => {
  for (const server of open) server.close()
  folder[Symbol.dispose]()
})

/** A server that answers so, and what is needed to ask it. */
async function serve(answer: Answer, signed: Signed = authority.issue({ dns: ['localhost'] })) {
  const server = createServer(signed, answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  open.push({ close: stop })
  const { port } = server.address() as AddressInfo
  const host = `localhost:${port}`
  const feed: HttpsFeed = { kind: 'https', url: `https://${host}/list`, every_minutes: 60 }
  const options: HttpsOptions = {
    rules: { hosts_allowed: [host], private_hosts_allowed: [host] },
    limits: { bytes_max: 10_000, seconds_max: 30 },
    ca: authority.ca,
    signal: new AbortController().signal,
  }
  files += 1
  return { feed, options, path: join(folder.path, `list-${files}`), host, stop }
}

const whole: Answer = (_request, response) => response.end(FILE)

test('the file comes, and with it what it is known by', async () => {
  const { feed, options, path } = await serve((_request, response) => {
    response.writeHead(200, { etag: '"v1"', 'last-modified': 'Mon, 05 Jan 2026 00:00:00 GMT' })
    response.end(FILE)
  })
  expect(await fetchHttps(feed, path, options)).toEqual({
    outcome: 'fetched',
    bytes: FILE.length,
    mark: { etag: '"v1"', last_modified: 'Mon, 05 Jan 2026 00:00:00 GMT' },
  })
  expect(await readFile(path, 'utf8')).toBe(FILE)
})

test('what has not changed is not sent again', async () => {
  const asked: (string | undefined)[] = []
  const { feed, options, path } = await serve((request, response) => {
    asked.push(request.headers['if-none-match'], request.headers['if-modified-since'])
    response.writeHead(304).end()
  })
  const mark = { etag: '"v1"', last_modified: 'Mon, 05 Jan 2026 00:00:00 GMT' }
  expect(await fetchHttps(feed, path, { ...options, mark })).toEqual({ outcome: 'unchanged' })
  expect(asked).toEqual(['"v1"', 'Mon, 05 Jan 2026 00:00:00 GMT'])
})

test.each([
  ['a name and a password', { user: 'me', password: 'secret' }, `Basic ${btoa('me:secret')}`],
  ['a token', { token: 'secret' }, 'Bearer secret'],
  ['nothing', undefined, undefined],
])('the account gives %s', async (_what, account, expected) => {
  let told: string | undefined = 'nobody asked'
  const { feed, options, path } = await serve((request, response) => {
    told = request.headers.authorization
    response.end(FILE)
  })
  await fetchHttps(feed, path, { ...options, account })
  expect(told).toBe(expected)
})

test.each<[string, string, Answer]>([
  ['a redirect', 'FEED_REFUSED', (_, out) => out.writeHead(302, { location: '/other' }).end()],
  ['no such file', 'FEED_REFUSED', (_, out) => out.writeHead(404).end()],
  ['no right', 'FEED_REFUSED', (_, out) => out.writeHead(401).end()],
  ['an empty success', 'FEED_REFUSED', (_, out) => out.writeHead(204).end()],
  ['a part', 'FEED_REFUSED', (_, out) => out.writeHead(206).end('x')],
  [
    'a packed answer',
    'FEED_REFUSED',
    (_, out) => out.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
  ],
  [
    'a length over the limit',
    'FEED_REFUSED',
    (_, out) => out.writeHead(200, { 'content-length': 10_001 }).flushHeaders(),
  ],
  ['more than the limit', 'FEED_REFUSED', (_, out) => out.writeHead(200).end('x'.repeat(10_001))],
  ['a failure', 'FEED_UNREACHABLE', (_, out) => out.writeHead(503).end()],
  ['too many asking', 'FEED_UNREACHABLE', (_, out) => out.writeHead(429).end()],
  [
    'half of what it promised',
    'FEED_UNREACHABLE',
    (_, out) => {
      out.writeHead(200, { 'content-length': 100 })
      out.write('x', () => out.destroy())
    },
  ],
  [
    'half of a stream',
    'FEED_UNREACHABLE',
    (_, out) => {
      out.writeHead(200)
      out.write('x', () => out.destroy())
    },
  ],
  ['nothing but a closed door', 'FEED_UNREACHABLE', (request) => request.socket.destroy()],
])('%s is an error (%s), and leaves no file', async (_what, code, answer) => {
  const { feed, options, path } = await serve(answer)
  await expect(fetchHttps(feed, path, options)).rejects.toMatchObject({ code })
  await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a certificate of another authority or host, or of last month, is refused', async () => {
  const stranger = createAuthority('somebody else')
  for (const signed of [
    stranger.issue({ dns: ['localhost'] }),
    authority.issue({ dns: ['lists.example'] }),
    authority.issue({ dns: ['localhost'], days: -30 }),
  ]) {
    const { feed, options, path } = await serve(whole, signed)
    await expect(fetchHttps(feed, path, options)).rejects.toMatchObject({
      code: 'FEED_REFUSED',
      message: expect.stringContaining('a certificate of localhost that holds'),
    })
  }
})

test('a host on loopback is refused unless the configuration names it for that', async () => {
  let asked = 0
  const { feed, options, path, host } = await serve((request, response) => {
    asked += 1
    whole(request, response)
  })
  const rules = { hosts_allowed: [host], private_hosts_allowed: [] }
  await expect(fetchHttps(feed, path, { ...options, rules })).rejects.toMatchObject({
    code: 'FEED_REFUSED',
  })
  expect(asked).toBe(0)
})

test('one that never ends is given up', async () => {
  const { feed, options, path } = await serve((_request, response) => {
    response.writeHead(200)
    response.write('x')
  })
  const limits = { ...options.limits, seconds_max: 0.3 }
  await expect(fetchHttps(feed, path, { ...options, limits })).rejects.toMatchObject({
    code: 'FEED_UNREACHABLE',
    message: expect.stringContaining('within 0.3 s'),
  })
  const stopping = new AbortController()
  const stopped = fetchHttps(feed, path, { ...options, signal: stopping.signal })
  stopping.abort()
  await expect(stopped).rejects.toMatchObject({ code: 'FEED_UNREACHABLE' })
})

test('where nobody listens it may be tried again', async () => {
  const { feed, options, path, stop } = await serve(whole)
  stop()
  await expect(fetchHttps(feed, path, options)).rejects.toMatchObject({ code: 'FEED_UNREACHABLE' })
})
