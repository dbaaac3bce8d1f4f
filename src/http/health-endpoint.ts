import { hasMethods, isText, knownOptions } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { fetchHandler } from '../core/handler.ts'
import { defaultHost, type Host } from '../core/host.ts'
import type { Metrics } from '../core/metrics-port.ts'
import { preferred } from '../core/negotiate.ts'
import { createHealthChecks, type CheckResult, type CheckWord, type HealthChecks } from './health-checks.ts'
import { readAll, recentRequests } from './request-window.ts'

/** Who the service is, and what its health is judged by. */
export interface HealthEndpointOptions {
  readonly service: string
  readonly version: string
  /** The parts of the business that the service looks after, e.g. `['jobs', 'property']`. @defaultValue not shown */
  readonly domains?: readonly string[]
  /** What the service needs, e.g. `{ database: async ({ signal }) => {} }`. @defaultValue none */
  readonly checks?: HealthChecks
  /** Where the middleware records and the caches are collected. @defaultValue none: all rates are 0 */
  readonly metrics?: Metrics
  readonly host?: Host
}

/** `degraded` still serves and is answered with 200; `unhealthy`, when a critical check failed, with 503. */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy'

/** The JSON of the health endpoint. */
export interface HealthDocument {
  readonly status: HealthStatus
  readonly service: string
  readonly version: string
  /** There with that option only. */
  readonly domains?: readonly string[]
  /** Each process, or isolate, speaks for itself: another one may say otherwise. */
  readonly scope: 'isolate'
  readonly checks: Readonly<Record<string, CheckWord>>
  /** Rates of the last five minutes, from 0 to 1; times in milliseconds. */
  readonly performance: HealthRates & { readonly uptime: number }
  /** True when every task of every collected warm-up has succeeded, or is optional and has failed. */
  readonly warmedUp: boolean
}

/** The rates of the last five minutes in this process; each is 0 when nothing was recorded. */
export interface HealthRates {
  readonly errorRate: number
  readonly avgLatencyMs: number
  readonly cacheHitRate: number
}

/** Both are the same JSON. */
const TYPES: readonly string[] = ['application/json', 'application/health+json']

/** Fewer requests than this say nothing about the service. */
const ENOUGH = 20

/** Beyond these the service is degraded. */
const WORST = { errorRate: 0.05, avgLatencyMs: 1_000, cacheHitRate: 0.5 }

/**
 * Answers how the service is: 200 while it is healthy or degraded, 503 when a critical check failed. A path that ends in
 * `/live` is answered with 200 at once, and touches nothing.
 *
 * Rates can only degrade: more than 5 % errors, an average above 1000 ms, or less than half of the cache look-ups hit,
 * over the last five minutes and at least 20 requests. So does a failing check that is not critical; but one that throws
 * `ERR_PERF_STORE_SETUP` makes the service unhealthy whatever its weight, because waiting will not mend it. What a check
 * throws is never shown.
 *
 * @returns a handler; put it at `/health` and `/health/live`
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function healthEndpoint(options: HealthEndpointOptions): (request: Request) => Promise<Response> {
  const { metrics, about, run } = checked(options)

  return fetchHandler('healthEndpoint', async (request: Request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return new Response('Method Not Allowed\n', { status: 405, headers: { allow: 'GET, HEAD' } })
    if (isLiveness(request.url)) return answer(request, { status: 'healthy', service: about.service })
    const results = await run()
    const { rates, degraded } = ratesOf(metrics)
    return answer(request, {
      status: statusOf(results, degraded),
      ...about,
      scope: 'isolate',
      checks: Object.fromEntries(results.map(({ name, word }) => [name, word])),
      performance: { ...rates, uptime: Math.round(metrics?.uptimeMs() ?? 0) },
      warmedUp: metrics === undefined || warmedUp(metrics),
    })
  })
}

function checked(options: HealthEndpointOptions) {
  knownOptions(options, 'service', 'version', 'domains', 'checks', 'metrics', 'host')
  const { service, version, domains, checks = {}, metrics, host = defaultHost } = options
  isText('service', service)
  isText('version', version)
  checkDomains(domains)
  if (typeof checks !== 'object' || checks === null) throw new OptionError('checks must be an object of functions')
  if (metrics !== undefined) hasMethods('metrics', metrics, 'sources', 'uptimeMs')
  const about = { service, version, ...(domains === undefined ? {} : { domains: [...domains] }) }
  return { metrics, about, run: createHealthChecks(checks, host) }
}

function checkDomains(domains: unknown): void {
  if (domains === undefined) return
  if (!Array.isArray(domains)) throw new OptionError('domains must be an array of strings')
  domains.forEach((domain, index) => isText(`domains[${index}]`, domain))
}

function isLiveness(url: string): boolean {
  const end = url.search(/[?#]/)
  return (end === -1 ? url : url.slice(0, end)).endsWith('/live')
}

function statusOf(results: readonly CheckResult[], degraded: boolean): HealthStatus {
  const failed = results.filter(({ word }) => word !== 'ok')
  if (failed.some(({ critical }) => critical)) return 'unhealthy'
  return failed.length > 0 || degraded ? 'degraded' : 'healthy'
}

function ratesOf(metrics: Metrics | undefined): { readonly rates: HealthRates; readonly degraded: boolean } {
  if (metrics === undefined) return { rates: { errorRate: 0, avgLatencyMs: 0, cacheHitRate: 0 }, degraded: false }
  const { requests, errors, latencyMs, cacheHits, cacheLookups } = recentRequests(metrics)
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)
  const rates = {
    errorRate: rounded(share(errors, requests)),
    avgLatencyMs: rounded(share(latencyMs, requests)),
    cacheHitRate: rounded(share(cacheHits, cacheLookups)),
  }
  const poorCache = cacheLookups >= ENOUGH && share(cacheHits, cacheLookups) < WORST.cacheHitRate
  const poor = share(errors, requests) > WORST.errorRate || share(latencyMs, requests) > WORST.avgLatencyMs || poorCache
  return { rates, degraded: requests >= ENOUGH && poor }
}

function warmedUp(metrics: Metrics): boolean {
  const tasks = readAll(metrics, 'warmup').flatMap(({ stats }) => Object.values(stats))
  return tasks.every((task) => {
    const { status, optional } = (task ?? {}) as { status?: unknown; optional?: unknown }
    return status === 'ok' || (status === 'failed' && optional === true)
  })
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000
}

function answer(request: Request, document: HealthDocument | Pick<HealthDocument, 'status' | 'service'>): Response {
  return new Response(request.method === 'HEAD' ? null : JSON.stringify(document), {
    status: document.status === 'unhealthy' ? 503 : 200,
    headers: {
      'content-type': preferred(request.headers.get('accept'), TYPES) ?? 'application/json',
      'cache-control': 'no-store',
      vary: 'Accept',
    },
  })
}
