import { parseCacheControl, spanOf } from './cache-control.ts'

/**
 * Fields with which a request is not answered from the cache, nor its answer stored: those that say who asks, and
 * conditions that are the handler's business.
 */
const PERSONAL = ['authorization', 'apikey', 'x-api-key', 'range', 'if-match', 'if-unmodified-since', 'if-range']

/** Cookies by name; an expression is tried on the name. */
export type CookiePattern = string | RegExp

/** True when the request may be answered with what others got: it says nothing of who asks, but for harmless cookies. */
export function isShared(headers: Headers, ignoreCookies: readonly CookiePattern[]): boolean {
  for (const name of PERSONAL) if (headers.has(name)) return false
  const cookies = headers.get('cookie')
  return cookies === null || cookies.split(';').every((cookie) => isIgnored(cookie, ignoreCookies))
}

/** The request without its cookies, which do not matter; as it is when it has none. */
export function withoutCookies(request: Request): Request {
  if (!request.headers.has('cookie')) return request
  const headers = new Headers(request.headers)
  headers.delete('cookie')
  return new Request(request, { headers })
}

function isIgnored(cookie: string, ignored: readonly CookiePattern[]): boolean {
  if (cookie.trim() === '') return ignored.length > 0
  const end = cookie.indexOf('=')
  // Without a name it may be anything.
  if (end === -1) return false
  const name = cookie.slice(0, end).trim()
  return ignored.some((one) => (typeof one === 'string' ? one === name : name.search(one) !== -1))
}

/** True for a method that leaves the resource as it is (RFC 9110, section 9.2.1). */
export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE'
}

/** What the client asks of caches. */
export interface Wish {
  /** Wants nothing to be stored. */
  readonly noStore: boolean
  /** Wants no answer that is older, in milliseconds; -1 for one that is made now. */
  readonly oldestMs: number
  /** Wants what is stored, or 504. */
  readonly onlyStored: boolean
}

const NOTHING: Wish = { noStore: false, oldestMs: Infinity, onlyStored: false }

/** What the client may ask for: everybody may ask for less work, but for more only where it is allowed. */
export function wishOf(headers: Headers, allowRevalidation: boolean): Wish {
  const field = headers.get('cache-control')
  if (field === null)
    return allowRevalidation && headers.get('pragma')?.toLowerCase().includes('no-cache') === true
      ? { ...NOTHING, oldestMs: -1 }
      : NOTHING
  const directives = parseCacheControl(field)
  const onlyStored = directives.has('only-if-cached')
  if (!allowRevalidation) return { ...NOTHING, onlyStored }
  const oldestMs = directives.has('no-cache') ? -1 : (spanOf(directives, 'max-age') ?? Infinity)
  return { noStore: directives.has('no-store'), oldestMs: oldestMs === 0 ? -1 : oldestMs, onlyStored }
}
