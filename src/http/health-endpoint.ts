import { hasMethods, isText, knownOptions } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { fetchHandler } from '../core/handler.ts'
import { defaultHost, type Host } from '../core/host.ts'
import type { Metrics } from '../core/metrics-port.ts'
import { preferred } from '../core/negotiate.ts'
import { createHealthChecks, type CheckResult, type CheckWord, type HealthChecks } from './health-checks.ts'
import { judged, thresholdsOf, type HealthRates, type HealthReason, type HealthThresholds, type Judgement } from './health-thresholds.ts' // prettier-ignore
import { RequestMeter } from './request-meter.ts'
import { readAll } from './sources.ts'

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
  /** Beyond what the service is degraded; what is left out has its default. */
  readonly thresholds?: Partial<HealthThresholds>
  /** Whose `drain` ends the service. */
  readonly host?: Host
}

/**
 * `degraded` still serves and is answered with 200; with 503 are `unhealthy`, when a critical check failed, and `draining`,
 * from the moment on that `host.drain()` was called.
 */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy' | 'draining'

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
  /** What that is judged by. */
  readonly thresholds: HealthThresholds
  /** Why it is not healthy; empty when it is. */
  readonly reasons: readonly HealthReason[]
  /** True when every task of every collected warm-up has succeeded, or is optional and has failed. */
  readonly warmedUp: boolean
}

/** Both are the same JSON. */
const TYPES: readonly string[] = ['application/json', 'application/health+json']

/**
 * Answers how the service is: 200 while it is healthy or degraded, 503 when a critical check failed, and when the host is
 * draining, for which no check is asked. A path that ends in `/live` is answered with 200 at once, and touches nothing.
 *
 * Rates can only degrade, beyond the `thresholds` that the answer names: more than 5 % errors among the requests that could
 * have succeeded (a 4xx could not), or 5 that are most of them; an average above 1000 ms, in which what is in flight for
 * longer counts by its age; or less than half of the look-ups of a warm cache hit; over the last five minutes. So does a
 * failing check that is not critical; but one that throws `ERR_PERF_STORE_SETUP` makes the service unhealthy whatever its
 * weight, because waiting will not mend it. What a check throws is never shown.
 *
 * @returns a handler; put it at `/health` and `/health/live`
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function healthEndpoint(options: HealthEndpointOptions): (request: Request) => Promise<Response> {
  const { metrics, about, run, thresholds, host } = checked(options)

  return fetchHandler('healthEndpoint', async (request: Request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return new Response('Method Not Allowed\n', { status: 405, headers: { allow: 'GET, HEAD' } })
    if (isLiveness(request.url)) return answer(request, { status: 'healthy', service: about.service })
    const results = host.draining ? [] : await run()
    const { rates, reasons } = judgementOf(metrics, thresholds)
    return answer(request, {
      // Once more: it may have begun to drain while the checks ran.
      status: host.draining ? 'draining' : statusOf(results, reasons.length > 0),
      ...about,
      scope: 'isolate',
      checks: Object.fromEntries(results.map(({ name, word }) => [name, word])),
      performance: { ...rates, uptime: Math.round(metrics?.uptimeMs() ?? 0) },
      thresholds,
      reasons: [...(host.draining ? [DRAINING] : []), ...results.flatMap(reasonOf), ...reasons],
      warmedUp: metrics === undefined || warmedUp(metrics),
    })
  })
}

/**
 * What the health endpoint says of the requests and caches of a registry, at once and without asking any check: rates can
 * only degrade.
 */
export function healthRates(metrics: Metrics): {
  readonly status: Extract<HealthStatus, 'healthy' | 'degraded'>
  readonly performance: HealthDocument['performance']
} {
  const { rates, reasons } = judgementOf(metrics, thresholdsOf())
  const status = reasons.length === 0 ? 'healthy' : 'degraded'
  return { status, performance: { ...rates, uptime: Math.round(metrics.uptimeMs()) } }
}

function checked(options: HealthEndpointOptions) {
  knownOptions(options, 'service', 'version', 'domains', 'checks', 'metrics', 'thresholds', 'host')
  const { service, version, domains, checks = {}, metrics, host = defaultHost } = options
  isText('service', service)
  isText('version', version)
  checkDomains(domains)
  if (typeof checks !== 'object' || checks === null) throw new OptionError('checks must be an object of functions')
  if (metrics !== undefined) hasMethods('metrics', metrics, 'sources', 'uptimeMs')
  const about = { service, version, ...(domains === undefined ? {} : { domains: [...domains] }) }
  const thresholds = thresholdsOf(options.thresholds)
  return { metrics, about, run: createHealthChecks(checks, host), thresholds, host }
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

const DRAINING: HealthReason = { what: 'draining', value: 'host.drain() was called' }

function reasonOf({ name, word }: CheckResult): HealthReason[] {
  return word === 'ok' ? [] : [{ what: `checks.${name}`, value: word }]
}

const NOTHING = { requests: 0, errors: 0, clientErrors: 0, timed: 0, latencyMs: 0, cacheHits: 0, cacheLookups: 0, warmCache: { hits: 0, lookups: 0 } } // prettier-ignore

function judgementOf(metrics: Metrics | undefined, thresholds: HealthThresholds): Judgement {
  const meter = metrics && RequestMeter.known(metrics)
  return judged(meter?.read() ?? NOTHING, meter?.open(thresholds.slowMs) ?? { count: 0, ageMs: 0 }, thresholds)
}

function warmedUp(metrics: Metrics): boolean {
  const tasks = readAll(metrics, 'warmup').flatMap(({ stats }) => Object.values(stats))
  return tasks.every((task) => {
    const { status, optional } = (task ?? {}) as { status?: unknown; optional?: unknown }
    return status === 'ok' || (status === 'failed' && optional === true)
  })
}

function answer(request: Request, document: HealthDocument | Pick<HealthDocument, 'status' | 'service'>): Response {
  return new Response(request.method === 'HEAD' ? null : JSON.stringify(document), {
    status: document.status === 'unhealthy' || document.status === 'draining' ? 503 : 200,
    headers: {
      'content-type': preferred(request.headers.get('accept'), TYPES) ?? 'application/json',
      'cache-control': 'no-store',
      vary: 'Accept',
    },
  })
}
