// Whether a request that changes something, or opens a stream, comes from our own pages.

export interface OriginFacts {
  host: string | undefined
  origin: string | undefined
  secFetchSite: string | undefined
}

/**
 * Browsers say where a request comes from, and pages can't forge it. A program that is no browser
 * says nothing: it holds no cookie that a page could misuse, and passes.
 */
export function isSameOrigin({ host, origin, secFetchSite }: OriginFacts): boolean {
  if (secFetchSite && secFetchSite !== 'same-origin' && secFetchSite !== 'none') return false
  if (!origin) return true
  try {
    return new URL(origin).host === host?.toLowerCase()
  } catch {
    return false
  }
}
