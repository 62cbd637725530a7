// Errors as they leave the gateway: application/problem+json (RFC 9457) with a stable `code`.
import { z } from '@hono/zod-openapi'
import { SignInLocked } from '../access/access.ts'
import { VerdictOvertaken } from '../alerts/verdicts.ts'
import { REJECTION_REASONS, type StandingVerdict, VERDICTS } from '../domain/alert-event.ts'
import { APPROVAL_STATES } from '../domain/approval.ts'
import { HotplateError } from '../domain/error.ts'
import { ApprovalOvertaken, type StandingApproval } from '../hotlists/approvals.ts'

export const standingVerdictSchema = z
  .object({
    verdict: z.enum(VERDICTS),
    reason: z.enum(REJECTION_REASONS).exactOptional(),
    by: z.string().openapi({ description: 'The user who gave it.' }),
    at: z.iso.datetime(),
    seq: z.int().openapi({ description: 'To be given by whoever changes it.' }),
  })
  .openapi('Verdict') satisfies z.ZodType<StandingVerdict>

export const problemSchema = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    code: z.string().openapi({ description: 'Stable: programs may rely on it.' }),
    detail: z.string().optional(),
    errors: z
      .array(z.object({ where: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: 'With `invalid_request`: each wrong input.' }),
    demo: z.boolean().optional().openapi({ description: 'With `not_signed_in`: this is a demo.' }),
    verdict: standingVerdictSchema
      .optional()
      .openapi({ description: 'With `verdict_overtaken`: who has said what.' }),
    standing: z
      .object({
        state: z.enum(APPROVAL_STATES),
        action: z.string(),
        by: z.string(),
        at: z.iso.datetime(),
        revision: z.int(),
      })
      .optional()
      .openapi({
        description: 'With `approval_overtaken` and `revision_stale`: who has done what.',
      }),
  })
  .openapi('Problem')

/** Each code that the gateway answers with, its status and its title. */
const PROBLEMS = {
  invalid_request: [400, 'The request is not as expected'],
  not_signed_in: [401, 'Sign in first'],
  sign_in_refused: [401, 'Wrong user or password'],
  cross_origin: [403, 'The request comes from another site'],
  approval_right: [403, 'Your roles do not allow this'],
  approval_self: [403, 'A second person has to do this'],
  not_found: [404, 'Nothing is here'],
  method_not_allowed: [405, 'This method is not offered here'],
  alert_not_found: [404, 'No such alert'],
  image_not_found: [404, 'No such image'],
  list_not_found: [404, 'No such list'],
  entry_not_found: [404, 'No such entry'],
  cleared_not_found: [404, 'No such cleared vehicle'],
  version_not_found: [404, 'No such version'],
  feed_not_found: [404, 'The list has no such feed'],
  verdict_overtaken: [409, 'Another verdict stands'],
  approval_state: [409, 'This can not be done as it stands'],
  approval_overtaken: [409, 'Another person was faster'],
  list_exists: [409, 'There is such a list already'],
  list_too_large: [409, 'The list is too large for this profile'],
  version_gone: [409, 'The entries of the version are not kept any more'],
  version_overtaken: [409, 'A later version is in force'],
  version_compared_anew: [409, 'It changes something else than it did'],
  version_never_active: [409, 'The version was never in force'],
  list_not_approved: [409, 'The list itself is not in force'],
  entries_too_many: [409, 'There are too many entries'],
  cleared_too_many: [409, 'There are too many cleared vehicles'],
  revision_stale: [412, 'It is no longer as it was seen'],
  body_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'Expected application/json'],
  approval_note: [422, 'A reason has to be given'],
  entry_invalid: [422, 'This can not be an entry'],
  entry_too_wide: [422, 'The entry fits too many reads'],
  cleared_invalid: [422, 'This can not be a cleared vehicle'],
  cleared_own_plate: [422, "The entry's own plate can not be cleared"],
  reads_reason: [422, 'A reason has to be given'],
  format_unknown: [422, 'No such layout'],
  upgrade_required: [426, 'This is a WebSocket'],
  sign_in_locked: [429, 'Too many failed sign-ins'],
  internal: [500, 'Something went wrong here'],
  audit_unavailable: [503, 'The audit log is not available'],
  bus_unavailable: [503, 'The message bus is not available'],
  store_unavailable: [503, 'The store is not available'],
  search_too_slow: [503, 'The store is too slow now'],
  busy: [503, 'Too busy'],
  console_not_built: [503, 'The console is not built'],
  draining: [503, 'The service is stopping'],
} as const satisfies Record<string, readonly [number, string]>

export type ProblemCode = keyof typeof PROBLEMS

export interface ProblemExtras {
  detail?: string
  errors?: { where: string; message: string }[]
  demo?: boolean
  /** With `verdict_overtaken`: who has said what. */
  verdict?: StandingVerdict
  /** With `approval_overtaken` and `revision_stale`: who has done what. */
  standing?: StandingApproval
  headers?: Record<string, string>
}

export function problemStatus(code: ProblemCode): number {
  return PROBLEMS[code][0]
}

export function problemBody(code: ProblemCode, extras: ProblemExtras = {}): string {
  const [status, title] = PROBLEMS[code]
  const { headers: _, ...members } = extras
  return JSON.stringify({ type: 'about:blank', title, status, code, ...members })
}

export function problem(code: ProblemCode, extras: ProblemExtras = {}): Response {
  return new Response(problemBody(code, extras), {
    status: problemStatus(code),
    headers: { 'content-type': 'application/problem+json', ...extras.headers },
  })
}

/** What a handler throws to answer with a problem. */
export class Problem extends Error {
  readonly response: Response
  constructor(code: ProblemCode, extras: ProblemExtras = {}) {
    super(code)
    this.response = problem(code, extras)
  }
}

const BY_ERROR: Record<string, ProblemCode> = {
  LIST_EXISTS: 'list_exists',
  LIST_FOLD2_TOO_LARGE: 'list_too_large',
  SIGN_IN_REFUSED: 'sign_in_refused',
  SIGN_IN_LOCKED: 'sign_in_locked',
  AUDIT_UNAVAILABLE: 'audit_unavailable',
  BUS_UNAVAILABLE: 'bus_unavailable',
  STORE_UNAVAILABLE: 'store_unavailable',
  BUSY: 'busy',
  ALERT_NOT_FOUND: 'alert_not_found',
  VERDICT_OVERTAKEN: 'verdict_overtaken',
  LIST_NAME_INVALID: 'list_not_found',
  LIST_UNKNOWN: 'list_not_found',
  ENTRY_UNKNOWN: 'entry_not_found',
  ENTRY_INVALID: 'entry_invalid',
  ENTRIES_TOO_MANY: 'entries_too_many',
  ENTRY_TOO_WIDE: 'entry_too_wide',
  CLEARED_UNKNOWN: 'cleared_not_found',
  CLEARED_INVALID: 'cleared_invalid',
  CLEARED_OWN_PLATE: 'cleared_own_plate',
  CLEARED_TOO_MANY: 'cleared_too_many',
  READS_REASON: 'reads_reason',
  SEARCH_TOO_SLOW: 'search_too_slow',
  VERSION_UNKNOWN: 'version_not_found',
  FEED_UNKNOWN: 'feed_not_found',
  VERSION_GONE: 'version_gone',
  LIST_OVERTAKEN: 'version_overtaken',
  VERSION_COMPARED_ANEW: 'version_compared_anew',
  VERSION_NEVER_ACTIVE: 'version_never_active',
  LIST_NOT_APPROVED: 'list_not_approved',
  LIST_TOO_MANY_PATTERNS: 'list_too_large',
  LIST_FORMAT_UNKNOWN: 'format_unknown',
  BODY_TOO_LARGE: 'body_too_large',
  APPROVAL_RIGHT: 'approval_right',
  APPROVAL_SELF: 'approval_self',
  APPROVAL_STATE: 'approval_state',
  APPROVAL_NOTE: 'approval_note',
  APPROVAL_OVERTAKEN: 'approval_overtaken',
}

/** The problem that an error is, or null where it is a fault of ours that must be logged. */
export function problemOfError(error: unknown): Response | null {
  if (error instanceof Problem) return error.response
  if (!(error instanceof HotplateError)) return null
  const code = BY_ERROR[error.code]
  if (code === undefined) return null
  const extras: ProblemExtras = { detail: error.message }
  if (error instanceof VerdictOvertaken) extras.verdict = error.standing
  if (error instanceof ApprovalOvertaken) extras.standing = error.standing
  if (error instanceof SignInLocked) extras.headers = { 'retry-after': String(error.wait_s) }
  return problem(code, extras)
}
