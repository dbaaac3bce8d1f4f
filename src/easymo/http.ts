import { atLeast, between, isFunction, knownOptions } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { cacheMiddleware as cacheRoom, performanceMiddleware as performanceRoom, type RequestLine, type ResponseCache } from '../http/index.ts' // prettier-ignore
import { responses } from './caches.ts'
import { part } from './options.ts'
import { takesBoth, takesConfig, type RequestMiddleware } from './request-middleware.ts'
import { routeOf } from './route.ts'
import { currentService, nameService } from './service.ts'
import { forRegistry } from './shown.ts'

/** Which requests are measured, and which of them are logged. */
export interface PerformanceConfig {
  /** @defaultValue true */
  readonly enabled?: boolean
  /** A request that takes so many milliseconds is slow. @defaultValue 1000 */
  readonly slowThresholdMs?: number
  /** Slow and failed requests are written to the console, one line of JSON each. @defaultValue true */
  readonly logSlowRequests?: boolean
  /** The share of requests that is measured, 0 to 1; the counts are of these alone. @defaultValue 1 */
  readonly sampleRate?: number
}

/** What is known of a request besides. */
export interface RequestMetadata {
  readonly requestId?: string
  readonly service?: string
  readonly [more: string]: unknown
}

type Run = (request: Request) => Response | Promise<Response>

/** Measures one request, with the handler and what else is known of it. */
export type PerformanceRequest = (
  request: Request,
  handler: (request: Request) => Response | Promise<Response>,
  metadata?: RequestMetadata,
) => Promise<Response>

/**
 * Measures requests: `await performanceMiddleware(config)(request, handler, { service })`. The metrics are those of
 * `performanceMiddleware` of `@easymo/perf/http`; the route is made of the path as by `recordRequestMetrics`. The response
 * passes through as it is; a handler that throws counts as a 500, and its error goes on.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function performanceMiddleware(config: PerformanceConfig = {}): PerformanceRequest {
  takesConfig('performanceMiddleware', config)
  knownOptions(config, 'enabled', 'slowThresholdMs', 'logSlowRequests', 'sampleRate')
  const { enabled = true, slowThresholdMs: slowMs = 1_000, logSlowRequests = true, sampleRate = 1 } = config
  atLeast(0, 'slowThresholdMs', slowMs)
  between([0, 1], 'sampleRate', sampleRate)
  const known = new WeakMap<Request, { metadata: RequestMetadata; status: number }>()
  const log = ({ service, ...line }: RequestLine): void =>
    console.warn(JSON.stringify({ ...line, service: line['of'] ?? service, of: undefined }))
  const measured = forRegistry((metrics) =>
    performanceRoom({
      service: currentService() ?? 'unknown',
      metrics,
      slowMs,
      ...(logSlowRequests ? { log } : {}),
      route: (request) => routeOf(new URL(request.url).pathname, known.get(request)?.status ?? 0),
      fields: (request) => fieldsOf(known.get(request)?.metadata),
    })(async (request, run: Run) => {
      const response = await run(request)
      const one = known.get(request)
      if (one !== undefined) one.status = response.status
      return response
    }),
  )
  const measure: PerformanceRequest = async (request, handler, metadata = {}) => {
    if (!enabled || Math.random() >= sampleRate) return handler(request)
    nameService(metadata.service)
    known.set(request, { metadata, status: 0 })
    return measured()(request, handler)
  }
  return (request, handler, metadata) => {
    takesBoth('performanceMiddleware', request, handler)
    return measure(request, handler, metadata)
  }
}

const fieldsOf = ({ requestId, service }: RequestMetadata = {}): Readonly<Record<string, unknown>> => ({
  ...(requestId === undefined ? {} : { request_id: requestId }),
  ...(service === undefined ? {} : { of: service }),
})

/** Which responses are kept, under which key, and for how long. */
export interface CacheConfig {
  /** Names the resource of a request. @defaultValue its origin, path and query, so that no page is taken for another */
  readonly keyGenerator?: (request: Request) => string
  /** For a response that does not say for how long, in milliseconds. @defaultValue 60 000 */
  readonly ttlMs?: number
  /** Only paths that begin so; an empty list stands for all. @defaultValue `['/health']` */
  readonly includePaths?: readonly string[]
  /** And none that begin so. @defaultValue none */
  readonly excludePaths?: readonly string[]
  /** `GET` and `HEAD`: no other method has answers to keep. @defaultValue `['GET']` */
  readonly methods?: readonly string[]
  /** Whether a request may be answered from the cache, and its answer be kept. @defaultValue always */
  readonly condition?: (request: Request) => boolean
}

/**
 * Keeps responses for a minute: `await cacheMiddleware(config)(request, handler)`. As the one of `@easymo/perf/http`, in a
 * cache of 200 responses; `X-Cache` says `HIT` or `MISS`.
 *
 * **What belongs to one user is not kept for another**: requests with a cookie or an `Authorization`, and answers that say
 * `private`, `no-store` or `Set-Cookie`, pass through. Statuses other than 200 are kept as HTTP says, errors never.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function cacheMiddleware(config: CacheConfig = {}): RequestMiddleware {
  takesConfig('cacheMiddleware', config)
  knownOptions(config, 'keyGenerator', 'ttlMs', 'includePaths', 'excludePaths', 'methods', 'condition')
  const { keyGenerator: key, ttlMs = 60_000, includePaths = ['/health'], excludePaths = [], condition } = config
  const methods = new Set((config.methods ?? ['GET']).map((method) => method.toUpperCase()))
  if ([...methods].some((method) => method !== 'GET' && method !== 'HEAD'))
    throw new OptionError('methods may hold GET and HEAD: the answers to others are not to be kept')
  isFunction('condition', condition, 'optional')
  const kept = cacheRoom({
    cache: responseCache(),
    ttlMs,
    ...(key === undefined ? {} : { key }),
  })((request, run: Run) => run(request))
  const covers = ({ url }: Request): boolean => {
    const { pathname } = new URL(url)
    const begins = (start: string): boolean => pathname.startsWith(start)
    return (includePaths.length === 0 || includePaths.some(begins)) && !excludePaths.some(begins)
  }
  const answer: RequestMiddleware = async (request, handler) => {
    // Writes go through it, because they end what was kept of their address.
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (isRead && !(methods.has(request.method) && covers(request) && condition?.(request) !== false))
      return handler(request)
    return kept(request, handler)
  }
  return (request, handler) => {
    takesBoth('cacheMiddleware', request, handler)
    return answer(request, handler)
  }
}

/** Asked at each request: it may be configured anew after the middleware was made. */
function responseCache(): ResponseCache {
  const whole = () => part(responses).cache
  return {
    get: (key) => whole().get(key),
    set: (key, response, how) => whole().set(key, response, how),
    delete: (key) => whole().delete(key),
    begin: (key) => whole().begin(key),
    peek: (key) => whole().peek(key),
  }
}
