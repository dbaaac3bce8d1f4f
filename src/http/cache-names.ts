import { codeOf } from '../core/fact.ts'
import { boundedKey, isIncluded, keyOfUrl, type Key } from './cache-key.ts'
import type { CheckedOptions } from './cache-options.ts'

/** The key of a request's resource, whatever its method. */
export function keyOf(request: Request, options: CheckedOptions): Key {
  const { key, host, name } = options
  try {
    const own: unknown = key === undefined ? keyOfUrl(request.url) : key(request)
    return typeof own === 'string' && own !== '' ? boundedKey(own) : undefined
  } catch (error) {
    // The user's own function: the request must not suffer from it.
    host.observe({ name: 'http.cache_failed', of: name, reason: 'key', ...codeOf(error) })
    return undefined
  }
}

/** As `keyOf`, for a request whose answer may be stored; `undefined` when its path is not to be cached. */
export function keyOfRead(request: Request, options: CheckedOptions): Key {
  return isIncluded(request.url, options) ? keyOf(request, options) : undefined
}
