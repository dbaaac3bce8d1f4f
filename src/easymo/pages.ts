import { takesRequest } from '../core/handler.ts'
import { isoTime } from '../core/iso-time.ts'
import {
  healthEndpoint,
  healthRates,
  metricsEndpoint,
  performanceDocument,
  type MetricsEndpointOptions,
  type PerformanceDocument,
} from '../http/index.ts'
import type { HistogramNumbers, HistogramSummary, Metrics, MetricsDocument } from '../metrics/index.ts'
import { getAllCacheStats, getResponseCacheStats, type AllCacheStats } from './caches.ts'
import { getDeduplicationStats } from './dedup.ts'
import { everything } from './everything.ts'
import type { MemoryCacheStats } from './memory-cache.ts'
import { NO_NUMBERS } from './metrics.ts'
import { hostOf, part, textOf, type Ask } from './options.ts'
import { currentService } from './service.ts'
import { isWarmedUp } from './warmup.ts'

type FetchHandler = (request: Request) => Promise<Response>

/** What {@link generatePerformanceReport} gives. */
export interface PerformanceReport extends Omit<PerformanceDocument, 'cache' | 'deduplication' | 'metrics'> {
  readonly metrics: {
    readonly counters: MetricsDocument['counters']
    readonly gauges: MetricsDocument['gauges']
    /** In milliseconds; `http_request_duration_ms` is of all requests together. */
    readonly histograms: Readonly<Record<string, HistogramNumbers | HistogramSummary>>
  }
  readonly cache: AllCacheStats & { readonly response: MemoryCacheStats }
  readonly deduplication: MemoryCacheStats
}

/**
 * How this process does: metrics, caches, pool, handlers, memory; complete from the first request on, with zeros. Requests
 * are counted by service and status, `http_requests_total{service="...",status="200"}`, and their times are one histogram;
 * by route they stand in Prometheus' text, and in the JSON of `?format=json`. `uptime` is in milliseconds.
 */
export function generatePerformanceReport(): PerformanceReport {
  const document = performanceDocument(everything())
  const { counters, gauges, histograms } = document.metrics
  return {
    ...document,
    metrics: {
      counters: byStatus(counters),
      gauges,
      histograms: { ...histograms, http_request_duration_ms: document.requests ?? NO_NUMBERS },
    },
    cache: { ...getAllCacheStats(), response: getResponseCacheStats() },
    deduplication: getDeduplicationStats(),
  }
}

function byStatus(counters: MetricsDocument['counters']): Record<string, number> {
  const service = JSON.stringify(currentService() ?? 'easymo')
  const named = (status: string): string => `http_requests_total{service=${service},status="${status}"}`
  // There from the start: a rate needs a 0 to rise from.
  const all = new Map<string, number>([[named('200'), 0]])
  for (const [key, value] of Object.entries(counters)) {
    const status = key.startsWith('http_requests_total{') ? /[{,]status="(\w+)"/.exec(key)?.[1] : undefined
    const name = status === undefined ? key : named(status)
    all.set(name, (all.get(name) ?? 0) + value)
  }
  return Object.fromEntries(all)
}

function metricsPage(option: Ask): FetchHandler {
  const token = textOf(option, 'METRICS_TOKEN') ?? textOf(option, 'SUPABASE_SERVICE_ROLE_KEY')
  const access = option('metricsAccess') ?? (token === undefined ? undefined : { tokens: [token] })
  // Without access it is closed, and says so in a fact: that is its answer to a service that has no token yet.
  const options = { metrics: everything, host: hostOf(option), ...(access === undefined ? {} : { access }) }
  return metricsEndpoint(options as MetricsEndpointOptions)
}

/** Whether the JSON is wanted that the services know: by who asks for nothing else. */
function wantsReport(request: Request): boolean {
  const accept = request.headers.get('accept') ?? ''
  return !/[?&]format=/.test(request.url) && !/text\/|openmetrics/.test(accept)
}

async function metricsAnswer(request: Request): Promise<Response> {
  if (!wantsReport(request)) return part(metricsPage)(request)
  // Also asked, because it knows who may read.
  const answer = await part(metricsPage)(request)
  if (answer.status !== 200) return answer
  await answer.body?.cancel()
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return new Response(request.method === 'HEAD' ? null : JSON.stringify(generatePerformanceReport()), { headers })
}

const healthPages = (option: Ask): ((metrics: Metrics) => FetchHandler) => {
  const [version, domains, checks] = [option('version') ?? '0.0.0', option('domains'), option('checks') ?? {}]
  const about = { version, ...(domains === undefined ? {} : { domains }), checks, host: hostOf(option) }
  let made: { readonly of: Metrics; readonly service: string; readonly page: FetchHandler } | undefined
  return (metrics) => {
    const service = currentService() ?? 'easymo'
    if (made?.of !== metrics || made.service !== service)
      made = { of: metrics, service, page: healthEndpoint({ ...about, service, metrics }) }
    return made.page
  }
}

const clocks = (option: Ask) => hostOf(option).clock

async function healthAnswer(request: Request): Promise<Response> {
  const { status, headers, body } = await part(healthPages)(everything())(request)
  const text = body === null ? '' : await new Response(body).text()
  if (!text.startsWith('{')) return new Response(text === '' ? null : text, { status, headers })
  const document = JSON.parse(text) as Record<string, unknown>
  const isWhole = 'performance' in document
  const more = { timestamp: isoTime(part(clocks).now()), ...(isWhole ? { warmedUp: isWarmedUp() } : {}) }
  return new Response(JSON.stringify({ ...document, ...more }), { status, headers })
}

/**
 * Answers `/health` and `/health/live`, whatever stands before them in the path, and for all other paths the metrics: as the
 * JSON of {@link generatePerformanceReport}, with `?format=prometheus` as Prometheus' text, and to a browser as a page.
 *
 * **Metrics are for who brings the token**: `Authorization: Bearer <METRICS_TOKEN>`, or the service role's key where that
 * is not set; 401 to all others, 404 where neither is set. `configureEasymo({ metricsAccess: 'public' })` opens them. Health
 * is open; its checks are those given to `configureEasymo`.
 *
 * @throws OptionError `ERR_PERF_OPTION` for a token that no header can carry
 */
export function handlePerformanceRequest(request: Request): Promise<Response> {
  takesRequest('handlePerformanceRequest', request)
  const path = request.url.replace(/[?#].*$/s, '')
  return /\/health(?:\/live)?$/.test(path) ? healthAnswer(request) : metricsAnswer(request)
}

/** What {@link getHealthMetrics} gives: shares from 0 to 1, times in milliseconds, of the last five minutes. */
export interface HealthMetrics {
  readonly status: 'healthy' | 'degraded' | 'unhealthy'
  readonly metrics: {
    readonly errorRate: number
    readonly avgLatencyMs: number
    readonly cacheHitRate: number
    readonly uptime: number
  }
}

const draining = (option: Ask): (() => boolean) => {
  const host = hostOf(option)
  return () => host.draining
}

/**
 * How the service is, at once, by its rates alone: a 4xx is no error, and rates can only degrade. `unhealthy` is a service
 * that drains. The checks given to `configureEasymo` are asked by `/health`, which waits for them.
 */
export function getHealthMetrics(): HealthMetrics {
  const { status, performance } = healthRates(everything())
  const { errorRate, avgLatencyMs, cacheHitRate, uptime } = performance
  return { status: part(draining)() ? 'unhealthy' : status, metrics: { errorRate, avgLatencyMs, cacheHitRate, uptime } }
}
