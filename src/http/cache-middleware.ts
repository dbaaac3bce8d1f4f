import { takesOptions, takesRequest, wrapped, type Handler, type Middleware } from '../core/handler.ts'
import { Filler } from './cache-fill.ts'
import { Drops } from './cache-memory.ts'
import { checkedOptions, type CacheMiddlewareOptions } from './cache-options.ts'
import { CachePort } from './cache-port.ts'
import { Reads } from './cache-reads.ts'
import { isSafe } from './cache-request.ts'
import { Writes } from './cache-writes.ts'

/**
 * Keeps a handler's responses and answers with them: a shared cache by RFC 9111, with stale windows by RFC 5861.
 *
 * GET and HEAD only. Requests with `Authorization`, `Cookie`, `apikey`, `x-api-key`, `Range` or `If-Match` go to the
 * handler as if nothing stood before it; what it answers with `Set-Cookie`, `Cache-Control: private`, `no-store` or
 * `no-cache`, `Vary: *`, as an event stream, with 206 or a 5xx is never stored, nor given to anybody else. A POST, PUT,
 * PATCH, DELETE or another unsafe method that succeeds drops what is stored under its address, and under the `Location`
 * and `Content-Location` of the same origin, before its answer goes out.
 *
 * Many requests for one address ask the handler once; those who wait are told what it threw, too. An answer that turns out
 * not to be for all makes the others ask for themselves, side by side, and for five seconds nobody waits for that address.
 *
 * `X-Cache` says `HIT`, `MISS` or `STALE`, and nothing on what went past the cache. A response without `ETag` gets one
 * made of its bytes; `If-None-Match` and `If-Modified-Since` are answered with 304. A cache that fails or hangs costs
 * answers from the cache, and one fact `http.cache_failed`; it never costs an answer.
 *
 * **The key is the address alone.** Whatever else a handler reads, and a client can choose, lets one client write what all
 * others read, unless it stands in `vary` or in the response's `Vary`.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function cacheMiddleware(options: CacheMiddlewareOptions): Middleware {
  takesOptions('cacheMiddleware', options)
  const checked = checkedOptions(options)
  const { cache, host, name, cacheTimeoutMs: timeoutMs } = checked
  const port = new CachePort(cache, { host, name, timeoutMs })
  const drops = new Drops()
  const reads = new Reads(checked, { port, drops, filler: new Filler(checked, port, drops) })
  const writes = new Writes(checked, { port, drops })

  return <Args extends readonly unknown[]>(next: Handler<Args>): Handler<Args> => {
    const handler = wrapped('cacheMiddleware', next)
    return (request, ...args) => {
      takesRequest('cacheMiddleware', request)
      const ask = (asked: Request): Response | Promise<Response> => handler(asked, ...args)
      return isSafe(request.method) ? reads.answer(request, ask, args) : writes.pass(request, ask)
    }
  }
}
