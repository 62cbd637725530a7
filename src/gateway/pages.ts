// The console's pages and assets: read once from the built folder, sent with headers that let
// nothing foreign in.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { problem } from './problems.ts'

/** On every response of the gateway. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'self'; " +
    "frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
}
const FILES_MAX = 500
/** Vite puts a hash of its content into the name of whatever lies here. */
const HASHED = '/assets/'

interface Page {
  body: Uint8Array<ArrayBuffer>
  headers: Record<string, string>
}

export interface Pages {
  /** The page or asset at a path, or null. */
  find(path: string): Page | null
  respond(page: Page, if_none_match: string | undefined): Response
  /** What `/` answers where the console was never built. */
  missing(): Response
}

export function loadPages(folder: string): Pages {
  const pages = new Map<string, Page>()
  for (const file of listFiles(folder)) {
    const type = TYPES[extname(file)]
    if (type === undefined) continue
    const path = `/${relative(folder, file).split(sep).join('/')}`
    const body = new Uint8Array(readFileSync(file))
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    const cache = path.startsWith(HASHED) ? 'public, max-age=31536000, immutable' : 'no-store'
    pages.set(path, { body, headers: { 'content-type': type, 'cache-control': cache, etag } })
  }
  const index = pages.get('/index.html')
  if (index !== undefined) pages.set('/', index)
  return {
    find: (path) => pages.get(path) ?? null,
    respond({ body, headers }, if_none_match) {
      if (if_none_match === headers.etag) return new Response(null, { status: 304, headers })
      return new Response(body, { headers })
    },
    missing: () => problem('console_not_built', { detail: 'Expected the built console in dist/' }),
  }
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .slice(0, FILES_MAX)
      .map((entry) => join(entry.parentPath, entry.name))
  } catch {
    return []
  }
}
