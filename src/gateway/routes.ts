// The HTTP routes: one definition each gives the types, the checks and the document at
// /openapi.json.
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { HTTPException } from 'hono/http-exception'
import type { Access } from '../access/access.ts'
import type { AuditKind } from '../access/audit.ts'
import type { Session } from '../access/sessions.ts'
import type { Delivery } from '../alerts/delivery.ts'
import { VerdictOvertaken, type Verdicts } from '../alerts/verdicts.ts'
import { type Alert, COLUMN_KINDS, MATCH_CLASSES } from '../domain/alert.ts'
import { type AlertStatus, REJECTION_REASONS, VERDICTS } from '../domain/alert-event.ts'
import { CATEGORIES, PURPOSES } from '../domain/hotlist.ts'
import { PRIORITIES } from '../domain/list-settings.ts'
import { ROLES } from '../domain/roles.ts'
import { utcDay } from '../domain/time.ts'
import type { ListsReporter } from '../hotlists/report.ts'
import type { SettingsView } from '../hotlists/settings-view.ts'
import type { Logger } from '../telemetry/log.ts'
import { type Env, problemContent, type Subject } from './context.ts'
import { listsRoute } from './list-routes.ts'
import { isSameOrigin } from './origin.ts'
import { type Pages, SECURITY_HEADERS } from './pages.ts'
import { Problem, problem, problemOfError, standingVerdictSchema } from './problems.ts'

export const SESSION_COOKIE = 'hotplate_session'
export const STREAM_PATH = '/v1/alerts/stream'

/** Where pictures come from; null where there is none, or none any more. */
export interface ImageSource {
  open(
    day: string,
    camera: string,
    read_id: string,
    kind: 'plate' | 'vehicle',
  ): Promise<Buffer | null>
}

export interface RouteOptions {
  access: Access
  images: ImageSource
  delivery: Pick<Delivery, 'find'>
  verdicts: Verdicts
  lists: ListsReporter
  /** Routes of more subjects. */
  subjects: readonly Subject[]
  /** Who may know of which list. */
  settings: Pick<SettingsView, 'maySee'>
  pages: Pages
  log: Logger
}

const alertIdParams = z.object({
  id: z
    .string()
    .regex(/^[0-9a-f]{16}$/, 'expected 16 hexadecimal digits')
    .openapi({ example: '9f2c51d07a3be846' }),
})
const imageParams = alertIdParams.extend({ kind: z.enum(['plate', 'vehicle']) })

const sessionSchema = z
  .object({
    user: z.string(),
    demo: z.boolean().openapi({ description: 'Whether the service is a demo.' }),
    roles: z.array(z.enum(ROLES)),
    ilets: z.boolean().openapi({
      description: 'Authorised for state law-enforcement data.',
    }),
    expires_at: z.iso.datetime(),
  })
  .openapi('Session')

const traitSchema = z
  .looseObject({
    verdict: z.enum(['agree', 'differ', 'unknown']),
    seen: z.string(),
    listed: z.string(),
  })
  .openapi('TraitCompared')

const matchSchema = z
  .looseObject({
    class: z.enum(MATCH_CLASSES),
    cost: z.number().openapi({
      description: 'How much less likely the reading is than a faithful one, in nats.',
    }),
    score: z.number().openapi({ description: 'exp(-cost)' }),
    posterior: z.number().openapi({
      description:
        "Probability that the vehicle is the entry's, by the model. 1 of a wildcard, for which " +
        'none is known.',
    }),
    aligned: z.array(
      z.looseObject({
        read: z.string(),
        entry: z.string(),
        kind: z.enum(COLUMN_KINDS),
        cost: z.number().openapi({ description: 'What the column adds to the cost.' }),
      }),
    ),
    candidate: z.string().exactOptional().openapi({
      description: "The camera's other reading that matched.",
    }),
    state: z.enum(['same', 'differs', 'unknown']),
    vehicle: z
      .looseObject({
        color: traitSchema,
        make: traitSchema,
        model: traitSchema,
        type: traitSchema,
        year: traitSchema,
      })
      .openapi({ description: 'Evidence alone: it never keeps an alert back.' }),
    model: z.looseObject({ name: z.string(), version: z.int() }).openapi({
      description: 'The model of misreads that cost and posterior are of.',
    }),
  })
  .openapi('Match')

const alertSchema = z
  .looseObject({
    id: z.string(),
    status: z.enum(['unverified', ...VERDICTS]).openapi({
      description: 'A potential match: nothing but a person makes more of it.',
    }),
    read: z.looseObject({
      id: z.string(),
      camera: z.string(),
      time: z.string(),
      receivedAt: z.string(),
      plate: z.string(),
    }),
    entry: z.looseObject({
      id: z.string(),
      plate: z.string(),
      list: z.string(),
      version: z.int(),
      category: z.enum(CATEGORIES),
      reason: z.string(),
      priority: z.literal([...PRIORITIES]).exactOptional(),
      purpose: z.enum(PURPOSES).exactOptional(),
      expires_at: z.string().exactOptional(),
      instructions: z.string().exactOptional(),
      cautions: z.array(z.string()).exactOptional(),
      contact: z.string().exactOptional(),
      ilets: z.boolean().exactOptional(),
      urgent: z.boolean().exactOptional().openapi({
        description: 'In force on the word of one supervisor: a second had not decided yet.',
      }),
      list_stale_h: z.int().exactOptional().openapi({
        description: "The list's age in hours, where it is past its time.",
      }),
    }),
    also: z
      .array(
        z.looseObject({
          list: z.string(),
          id: z.string(),
          version: z.int(),
          priority: z.literal([...PRIORITIES]),
          category: z.enum(CATEGORIES),
          reason: z.string(),
        }),
      )
      .exactOptional()
      .openapi({ description: 'Other lists that the vehicle is on, as far as you may know.' }),
    match: matchSchema,
    raisedAt: z.string(),
    verdict: standingVerdictSchema.exactOptional(),
  })
  .openapi('Alert')

const signInRoute = createRoute({
  method: 'post',
  path: '/v1/session',
  summary: 'Sign in: sets the cookie `hotplate_session`',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            user: z.string().min(1).max(64),
            password: z.string().max(256),
          }),
        },
      },
    },
  },
  responses: {
    200: {
      description: 'Signed in',
      content: { 'application/json': { schema: sessionSchema } },
    },
    default: problemContent,
  },
})

const whoAmIRoute = createRoute({
  method: 'get',
  path: '/v1/session',
  summary: 'Who is signed in',
  responses: {
    200: { description: 'You', content: { 'application/json': { schema: sessionSchema } } },
    default: problemContent,
  },
})

const signOutRoute = createRoute({
  method: 'delete',
  path: '/v1/session',
  summary: 'Sign out: ends the session and its alert streams',
  responses: { 204: { description: 'Signed out' }, default: problemContent },
})

const alertRoute = createRoute({
  method: 'get',
  path: '/v1/alerts/{id}',
  summary: 'One alert',
  request: { params: alertIdParams },
  responses: {
    200: { description: 'The alert', content: { 'application/json': { schema: alertSchema } } },
    default: problemContent,
  },
})

/** Sequences are whole numbers that JSON carries exactly. */
const seenSeq = z.int().min(0).default(0).openapi({
  description: 'Of the verdict that is to be changed; 0, the default, where none was seen.',
})
const verdictBodySchema = z.discriminatedUnion('verdict', [
  z.strictObject({ verdict: z.literal('verified'), seq: seenSeq }),
  z.strictObject({
    verdict: z.literal('rejected'),
    reason: z.enum(REJECTION_REASONS),
    seq: seenSeq,
  }),
])

const verdictRoute = createRoute({
  method: 'post',
  path: '/v1/alerts/{id}/verdict',
  summary: 'Say of an alert that it is verified, or rejected and why',
  description: 'Of two at once one wins; the other gets 409 `verdict_overtaken`, which says who.',
  request: {
    params: alertIdParams,
    body: { required: true, content: { 'application/json': { schema: verdictBodySchema } } },
  },
  responses: {
    200: {
      description: 'The verdict that stands now',
      content: { 'application/json': { schema: standingVerdictSchema } },
    },
    default: problemContent,
  },
})

const imageRoute = createRoute({
  method: 'get',
  path: '/v1/alerts/{id}/images/{kind}',
  summary: 'A picture that came with the read of an alert',
  request: { params: imageParams },
  responses: {
    200: {
      description: 'The picture',
      content: { 'image/jpeg': { schema: z.string().openapi({ format: 'binary' }) } },
    },
    default: problemContent,
  },
})

export function createRoutes(o: RouteOptions): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) return invalidRequest(result.target, result.error.issues)
    },
  })
  app.use(secure)
  app.use(sameOrigin)
  app.use(signedIn(o))
  addSessionRoutes(app, o)
  // Before /v1/alerts/{id}, which would take `stream` for an id.
  app.get(STREAM_PATH, () =>
    problem('upgrade_required', { headers: { upgrade: 'websocket', connection: 'upgrade' } }),
  )
  addAlertRoutes(app, o)
  addListRoutes(app, o)
  for (const subject of o.subjects) subject(app)
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Hotplate',
      version: '1',
      description: 'Licence-plate alerts. The WebSocket protocol is in docs/protocol.md.',
    },
  })
  app.get('*', (c) => {
    const page = o.pages.find(c.req.path)
    if (page !== null) return o.pages.respond(page, c.req.header('if-none-match'))
    return c.req.path === '/' ? o.pages.missing() : problem('not_found')
  })
  app.notFound(() => problem('not_found'))
  app.onError((error) => toProblem(error, o.log))
  return app
}

function addSessionRoutes(app: OpenAPIHono<Env>, { access }: RouteOptions): void {
  app.openapi(signInRoute, async (c) => {
    const { user, password } = c.req.valid('json')
    const { token, session } = await access.signIn(user, password, c.env.from)
    setCookie(c, SESSION_COOKIE, token, {
      path: '/',
      httpOnly: true,
      sameSite: 'Strict',
      secure: isTls(c),
      maxAge: Math.max(1, Math.floor((session.expires_ms - Date.now()) / 1000)),
    })
    return c.json(describeSession(session, access), 200)
  })
  app.openapi(whoAmIRoute, (c) => c.json(describeSession(c.var.session, access), 200))
  app.openapi(signOutRoute, async (c) => {
    await access.signOut(c.var.session, c.env.from)
    deleteCookie(c, SESSION_COOKIE, { path: '/', secure: isTls(c) })
    return c.body(null, 204)
  })
}

function addAlertRoutes(app: OpenAPIHono<Env>, o: RouteOptions): void {
  const open = async (c: Context<Env>, id: string, what: AuditKind): Promise<Alert | null> => {
    const { user } = c.var.session
    const alert = await o.delivery.find({ user }, id)
    const outcome = alert === null ? { reason: 'not_found' } : {}
    await o.access.audit.record({
      who: user,
      from: c.env.from,
      what,
      object: id,
      outcome: alert === null ? 'refused' : 'ok',
      ...outcome,
    })
    return alert
  }
  app.openapi(alertRoute, async (c) => {
    const alert = await open(c, c.req.valid('param').id, 'alert_fetch')
    if (alert === null) throw new Problem('alert_not_found')
    const verdict = await o.verdicts.of(alert.id)
    const status: AlertStatus = verdict?.verdict ?? alert.status
    const now = { ...alert, status, ...(verdict === null ? {} : { verdict }) }
    return c.json(now as unknown as z.output<typeof alertSchema>, 200)
  })
  addVerdictRoute(app, o)
  app.openapi(imageRoute, async (c) => {
    const { id, kind } = c.req.valid('param')
    const alert = await open(c, id, 'image_fetch')
    if (alert === null) throw new Problem('alert_not_found')
    const { read } = alert
    const image = read.images[kind]
      ? await o.images.open(utcDay(Date.parse(read.time)), read.camera, read.id, kind)
      : null
    if (image === null) throw new Problem('image_not_found')
    return c.body(new Uint8Array(image), 200, { 'content-type': 'image/jpeg' })
  })
}

function addVerdictRoute(app: OpenAPIHono<Env>, o: RouteOptions): void {
  app.openapi(verdictRoute, async (c) => {
    const { id } = c.req.valid('param')
    const { seq, ...said } = c.req.valid('json')
    const { user } = c.var.session
    const detail = 'reason' in said ? `${said.verdict} ${said.reason}` : said.verdict
    const event = {
      who: user,
      from: c.env.from,
      what: 'alert_verdict',
      object: id,
      detail,
    } as const
    const refuse = (reason: string) =>
      o.access.audit.record({ ...event, outcome: 'refused', reason })
    const alert = await o.delivery.find({ user }, id)
    if (alert === null) {
      await refuse('not_found')
      throw new Problem('alert_not_found')
    }
    // On record first: a verdict that nobody can be asked about must not reach a console.
    await o.access.audit.record({ ...event, outcome: 'ok' })
    try {
      return c.json(await o.verdicts.give(alert, { ...said, by: user }, seq), 200)
    } catch (error) {
      if (error instanceof VerdictOvertaken) await refuse('overtaken')
      throw error
    }
  })
}

function addListRoutes(app: OpenAPIHono<Env>, { access, lists, settings }: RouteOptions): void {
  app.openapi(listsRoute, async (c) => {
    const { user } = c.var.session
    const event = { who: user, from: c.env.from, what: 'matching_lists', outcome: 'ok' } as const
    await access.audit.record(event)
    return c.json(await lists.report((list) => settings.maySee(list, c.var.session)), 200)
  })
}

const secure: MiddlewareHandler<Env> = async (c, next) => {
  await next()
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.res.headers.set(name, value)
  if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store')
}

const sameOrigin: MiddlewareHandler<Env> = async (c, next) => {
  const changes = c.req.method !== 'GET' && c.req.method !== 'HEAD'
  const facts = {
    host: c.req.header('host') ?? new URL(c.req.url).host,
    origin: c.req.header('origin'),
    secFetchSite: c.req.header('sec-fetch-site'),
  }
  if (changes && !isSameOrigin(facts)) return problem('cross_origin')
  await next()
}

/** Everything but the sign-in, its page and its assets is for those who are signed in. */
function signedIn({ access, pages }: RouteOptions): MiddlewareHandler<Env> {
  return async (c, next) => {
    const { path, method } = c.req
    const reading = method === 'GET' || method === 'HEAD'
    const open =
      (path === '/v1/session' && method === 'POST') ||
      (reading && (path === '/' || pages.find(path) !== null))
    if (!open) {
      const session = access.check(getCookie(c, SESSION_COOKIE) ?? '')
      if (session === null) {
        return problem('not_signed_in', path === '/v1/session' ? { demo: access.demo } : {})
      }
      c.set('session', session)
    }
    await next()
  }
}

function describeSession(session: Session, access: Access) {
  return {
    user: session.user,
    demo: access.demo,
    roles: [...session.roles],
    ilets: session.ilets,
    expires_at: new Date(session.expires_ms).toISOString(),
  }
}

/**
 * Behind a proxy that ends TLS. A client that only claims it gets a stricter cookie, nothing more.
 */
function isTls(c: Context<Env>): boolean {
  return c.req.header('x-forwarded-proto') === 'https' || c.req.url.startsWith('https:')
}

function invalidRequest(target: string, issues: z.core.$ZodIssue[]): Response {
  const errors = issues.slice(0, 20).map((issue) => ({
    where: [target === 'json' ? 'body' : target, ...issue.path.map(String)].join('.'),
    message: issue.message,
  }))
  const detail = errors.map(({ where, message }) => `${where}: ${message}`).join('; ')
  return problem('invalid_request', { detail, errors })
}

function toProblem(error: unknown, log: Logger): Response {
  const known = problemOfError(error)
  if (known !== null) return known
  if (error instanceof HTTPException && error.status === 400) {
    return problem('invalid_request', { detail: 'Expected a body of JSON' })
  }
  log.error({ err: error }, 'A request failed.')
  return problem('internal')
}
