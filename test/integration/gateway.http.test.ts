// The gateway's HTTP side on a real nats-server. A bug here shows as data given to somebody who is
// not signed in, an access without its audit record, or an error that a program can't tell from
// another.
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeAlert, publishAlert } from '../helpers/alert.ts'
import {
  openConsole,
  PASSWORD,
  startTestGateway,
  type TestGateway,
  USER,
} from '../helpers/gateway.ts'
import { startNats, type TestNats } from '../helpers/nats.ts'
import { until } from '../helpers/until.ts'

interface ProblemJson {
  status: number
  code: string
  detail?: string
  demo?: boolean
}

let nats: TestNats
let gateway: TestGateway
let cookie: string

beforeAll(async () => {
  nats = await startNats()
  gateway = await startTestGateway(nats.bus, {
    gateway: { body_bytes_max: 2_000 },
    images: {
      open: (_day, _camera, read_id) =>
        Promise.resolve(read_id === 'gone' ? null : Buffer.alloc(700_000, 7)),
    },
  })
  cookie = await gateway.signIn()
})
afterAll(async () => {
  await gateway.stop()
  await nats[Symbol.asyncDispose]()
})

const problemOf = async (response: Response): Promise<ProblemJson> => {
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  const body = (await response.json()) as ProblemJson
  expect(body.status).toBe(response.status)
  return body
}
const signInWith = (body: unknown, headers: Record<string, string> = {}) =>
  gateway.fetch('/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const audit = async (): Promise<Record<string, unknown>[]> => {
  const records: Record<string, unknown>[] = []
  const { last_seq } = (await nats.bus.jsm.streams.info('AUDIT')).state
  for (let seq = 1; seq <= last_seq; seq += 1) {
    const message = await nats.bus.jsm.streams.getMessage('AUDIT', { seq })
    if (message !== null) records.push(JSON.parse(message.string()) as Record<string, unknown>)
  }
  return records
}

describe('who is not signed in', () => {
  it.each([
    '/v1/session',
    '/v1/alerts/0123456789abcdef',
    '/v1/alerts/0123456789abcdef/images/plate',
    '/v1/alerts/stream',
    '/v1/matching/lists',
    '/openapi.json',
    '/v1/anything',
  ])('401.9b gets 401 for %s', async (path) => {
    const problem = await problemOf(await gateway.fetch(path))
    expect(problem).toMatchObject({ status: 401, code: 'not_signed_in' })
    const forged = { cookie: `hotplate_session=${'A'.repeat(43)}` }
    expect((await gateway.fetch(path, { headers: forged })).status).toBe(401)
  })

  it('learns that it is a demo, and nothing else', async () => {
    expect(await problemOf(await gateway.fetch('/v1/session'))).toMatchObject({ demo: true })
  })
})

describe('sign-in', () => {
  it('gives a cookie that scripts and other sites can not use', async () => {
    const response = await signInWith({ user: USER, password: PASSWORD })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ user: USER, demo: true })
    const header = response.headers.get('set-cookie') ?? ''
    expect(header).toMatch(
      /^hotplate_session=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=S/,
    )
    expect(header).not.toContain('Secure')
    const tls = await signInWith(
      { user: USER, password: PASSWORD },
      { 'x-forwarded-proto': 'https' },
    )
    expect(tls.headers.get('set-cookie')).toContain('Secure')
  })

  it('is refused alike for a wrong password and for nobody, and recorded', async () => {
    const wrong = await problemOf(await signInWith({ user: USER, password: 'wrong' }))
    const nobody = await problemOf(await signInWith({ user: 'nobody', password: 'wrong' }))
    expect(wrong).toEqual(nobody)
    expect(wrong).toMatchObject({ status: 401, code: 'sign_in_refused' })
    expect(await audit()).toContainEqual(
      expect.objectContaining({
        who: 'nobody',
        from: '127.0.0.1',
        what: 'sign_in',
        outcome: 'refused',
        reason: 'wrong_credentials',
      }),
    )
  })

  it('locks a user and address after five failures, all at once too', async () => {
    const tries = await Promise.all(
      Array.from({ length: 12 }, () => signInWith({ user: 'guessed', password: 'wrong' })),
    )
    expect(tries.filter(({ status }) => status === 401)).toHaveLength(5)
    const locked = tries.find(({ status }) => status === 429) as Response
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(800)
    expect((await problemOf(locked)).code).toBe('sign_in_locked')
  })

  it.each([
    ['not JSON', '{"user":', 'JSON'],
    ['a missing password', { user: 'a' }, 'body.password'],
    ['a wrong type', { user: 7, password: 'x' }, 'expected string, received number'],
    ['an unknown member', { user: 'a', password: 'x', role: 'admin' }, 'role'],
  ])('answers 400 to %s and says what was expected', async (_what, body, words) => {
    const problem = await problemOf(await signInWith(body))
    expect(problem).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(problem.detail).toContain(words)
  })

  it('refuses a body that is too large, announced or not', async () => {
    const large = { user: 'a', password: 'x'.repeat(5_000) }
    expect(await problemOf(await signInWith(large))).toMatchObject({ code: 'body_too_large' })
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from(JSON.stringify(large)))
        controller.close()
      },
    })
    const chunked = await gateway.fetch('/v1/session', {
      method: 'POST',
      body: stream,
      duplex: 'half',
      headers: { 'content-type': 'application/json' },
    } as RequestInit)
    expect(chunked.status).toBe(413)
  })

  it.each([{ origin: 'https://elsewhere.example' }, { 'sec-fetch-site': 'cross-site' }])(
    'refuses a request from another site: %o',
    async (headers) => {
      const problem = await problemOf(await signInWith({ user: USER, password: PASSWORD }, headers))
      expect(problem).toMatchObject({ status: 403, code: 'cross_origin' })
    },
  )

  it('ends with sign-out, in every gateway within a second', async () => {
    await using second = await startTestGateway(await nats.connect())
    const mine = await gateway.signIn()
    const who = () => second.fetch('/v1/session', { headers: { cookie: mine } })
    await until(async () => (await who()).status === 200)
    const out = await gateway.fetch('/v1/session', { method: 'DELETE', headers: { cookie: mine } })
    expect(out.status).toBe(204)
    await until(async () => (await who()).status === 401, { ms: 1_000 })
  })
})

describe('who is signed in', () => {
  it('gets one alert, and the access is recorded', async () => {
    const alert = makeAlert()
    await publishAlert(nats.bus, alert)
    const response = await gateway.fetch(`/v1/alerts/${alert.id}`, { headers: { cookie } })
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toEqual(alert)
    expect(await audit()).toContainEqual(
      expect.objectContaining({ who: USER, what: 'alert_fetch', object: alert.id, outcome: 'ok' }),
    )
  })

  it('gets its picture whole, or 404 where there is none', async () => {
    const alert = makeAlert((a) => {
      a.read.images.plate = true
    })
    await publishAlert(nats.bus, alert)
    const get = (kind: string) =>
      gateway.fetch(`/v1/alerts/${alert.id}/images/${kind}`, { headers: { cookie } })
    const picture = await get('plate')
    expect(picture.headers.get('content-type')).toBe('image/jpeg')
    expect(Buffer.from(await picture.arrayBuffer())).toEqual(Buffer.alloc(700_000, 7))
    expect(await problemOf(await get('vehicle'))).toMatchObject({ code: 'image_not_found' })
    expect(await problemOf(await get('driver'))).toMatchObject({ code: 'invalid_request' })
  })

  it.each([
    ['/v1/alerts/0123456789abcdef', 404, 'alert_not_found'],
    ['/v1/alerts/..%2f..%2fetc', 400, 'invalid_request'],
    ['/v1/alerts/0123456789ABCDEF', 400, 'invalid_request'],
    ['/v1/alerts/stream', 426, 'upgrade_required'],
    ['/v1/nothing', 404, 'not_found'],
  ])('gets a problem for %s', async (path, status, code) => {
    const problem = await problemOf(await gateway.fetch(path, { headers: { cookie } }))
    expect(problem).toMatchObject({ status, code })
  })

  it('gets the OpenAPI document, which names every route', async () => {
    const response = await gateway.fetch('/openapi.json', { headers: { cookie } })
    const { paths } = (await response.json()) as { paths: object }
    expect(Object.keys(paths)).toEqual([
      '/v1/session',
      '/v1/alerts/{id}',
      '/v1/alerts/{id}/verdict',
      '/v1/alerts/{id}/images/{kind}',
      '/v1/matching/lists',
    ])
  })

  it('gets the headers that let nothing foreign in, with errors too', async () => {
    for (const path of ['/', '/v1/nothing']) {
      const { headers } = await gateway.fetch(path, { headers: { cookie } })
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
  })
})

describe('the server', () => {
  it('refuses a port that is taken', async () => {
    const taken = startTestGateway(nats.bus, { gateway: { port: gateway.gateway.port } })
    await expect(taken).rejects.toMatchObject({ code: 'PORT_TAKEN' })
  })

  it('outlives requests that are cut off or no HTTP at all', async () => {
    for (const text of [
      'POST /v1/session HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n{',
      'GET / HTTP/1.1\r\nHost: [bad\r\n\r\n',
      '\0\0\0\0\r\n\r\n',
    ]) {
      const socket = connect(gateway.gateway.port, '127.0.0.1')
      socket.on('error', () => {})
      await new Promise((resolve) => socket.write(text, resolve))
      socket.destroy()
    }
    expect((await gateway.fetch('/v1/session', { headers: { cookie } })).status).toBe(200)
  })

  it('401.9b refuses what it can not record', async () => {
    const { config: before } = await nats.bus.jsm.streams.info('AUDIT')
    await nats.bus.jsm.streams.update('AUDIT', { subjects: ['elsewhere.audit.*'] })
    try {
      const alert = makeAlert()
      await publishAlert(nats.bus, alert)
      const refused = await gateway.fetch(`/v1/alerts/${alert.id}`, { headers: { cookie } })
      expect(await problemOf(refused)).toMatchObject({ status: 503, code: 'audit_unavailable' })
      await expect(gateway.signIn()).rejects.toThrow('503')
      const console = await openConsole(gateway.url, cookie)
      console.send({ type: 'resume', after: 0 })
      expect((await until(() => console.closed)).code).toBe(1013)
      expect(console.frames).toEqual([])
    } finally {
      await nats.bus.jsm.streams.update('AUDIT', { subjects: before.subjects })
    }
  })
})
