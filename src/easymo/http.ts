import { takesOptions, takesRequest, type Handler, type Middleware } from '../core/handler.ts'
import {
  cacheMiddleware as cacheRoom,
  healthEndpoint,
  metricsEndpoint,
  performanceDocument,
  performanceMiddleware as performanceRoom,
  type CacheMiddlewareOptions,
  type HealthDocument,
  type MetricsEndpointOptions,
  type PerformanceDocument,
  type PerformanceOptions,
} from '../http/index.ts'
import type { Metrics } from '../metrics/index.ts'
import { responseCache } from './caches.ts'
import { hostOf, part, textOf, type Ask } from './options.ts'
import { forRegistry, shownRegistry } from './shown.ts'

type FetchHandler = (request: Request) => Promise<Response>

/**
 * Measures every request of a handler, in the preset's registry: `performanceMiddleware({ service })(handler)`. As the one
 * of `@easymo/perf/http`.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function performanceMiddleware(options: Omit<PerformanceOptions, 'metrics'>): Middleware {
  takesOptions('performanceMiddleware', options)
  return <Args extends readonly unknown[]>(next: Handler<Args>): Handler<Args> => {
    const measured = forRegistry((metrics) => performanceRoom({ ...options, metrics })(next))
    // Now, so that a wrong option is heard of where it is written, and not by the first request.
    measured()
    return (request, ...args) => measured()(request, ...args)
  }
}

/**
 * Keeps a handler's responses: `cacheMiddleware({ ttlMs: 60_000 })(handler)`. As the one of `@easymo/perf/http`, in
 * `responseCache` unless another cache is given, and for 1 minute unless the response says for how long.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function cacheMiddleware(options: Partial<CacheMiddlewareOptions> = {}): Middleware {
  takesOptions('cacheMiddleware', options)
  return cacheRoom({ cache: responseCache, ttlMs: 60_000, ...options })
}

/** How this process does, as the JSON of the metrics endpoint: metrics, caches, pools, handlers, memory. */
export function generatePerformanceReport(): PerformanceDocument {
  return performanceDocument(shownRegistry())
}

function metricsPage(option: Ask): FetchHandler {
  const token = textOf(option, 'METRICS_TOKEN')
  const access = token === undefined ? {} : { access: { tokens: [token] } }
  // Without access it is closed, and says so in a fact: that is its answer to a service that has no token yet.
  return metricsEndpoint({ metrics: shownRegistry, host: hostOf(option), ...access } as MetricsEndpointOptions)
}

const healthPages = (option: Ask): ((metrics: Metrics) => FetchHandler) => {
  const about = { service: option('service') ?? 'easymo', version: option('version') ?? '0.0.0' }
  const options = { ...about, checks: option('checks') ?? {}, host: hostOf(option) }
  const made = new WeakMap<Metrics, FetchHandler>()
  return (metrics) => {
    let page = made.get(metrics)
    if (page === undefined) made.set(metrics, (page = healthEndpoint({ ...options, metrics })))
    return page
  }
}

const healthPage: FetchHandler = (request) => part(healthPages)(shownRegistry())(request)

/**
 * Answers `/metrics`, `/health` and `/health/live`, whatever stands before them in the path; 404 for all others. Metrics
 * are for who brings `METRICS_TOKEN` as `Authorization: Bearer <token>`, and closed where that is not set. Checks are those
 * given to `configureEasymo`.
 *
 * @throws OptionError `ERR_PERF_OPTION` for a `METRICS_TOKEN` that no header can carry
 */
export function handlePerformanceRequest(request: Request): Promise<Response> {
  takesRequest('handlePerformanceRequest', request)
  return pageOf(request)
}

async function pageOf(request: Request): Promise<Response> {
  const path = request.url.replace(/[?#].*$/s, '')
  if (path.endsWith('/metrics')) return part(metricsPage)(request)
  if (/\/health(?:\/live)?$/.test(path)) return healthPage(request)
  return new Response('Not Found\n', { status: 404 })
}

/** How the service is, as the JSON of its health page: status, checks, and the rates of the last five minutes. */
export async function getHealthMetrics(): Promise<HealthDocument> {
  // The page's own words, so that there is one judgement of what is healthy.
  const response = await healthPage(new Request('http://localhost/health'))
  return (await response.json()) as HealthDocument
}
