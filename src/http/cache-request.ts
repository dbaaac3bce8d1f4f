import { parseCacheControl, spanOf } from './cache-control.ts'

/**
 * Fields with which a request is not answered from the cache, nor its answer stored: those that say who asks, and
 * conditions that are the handler's business.
 */
const PERSONAL = [
  'authorization',
  'cookie',
  'apikey',
  'x-api-key',
  'range',
  'if-match',
  'if-unmodified-since',
  'if-range',
]

/** True when the request may be answered with what others got. */
export function isShared(headers: Headers): boolean {
  for (const name of PERSONAL) if (headers.has(name)) return false
  return true
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
