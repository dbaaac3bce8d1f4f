import type { CacheSummary, PerformanceDocument } from '../performance-document.ts'
import type { HistogramSummary, RecentSummary } from '../../core/histogram-summary.ts'
import { epochOf } from './browser.ts'
import { parseKey } from './label-key.ts'

/** What one route has done since the process started; times in milliseconds. */
export interface RouteReading {
  readonly requests: number
  /** Answers with a status of 500 and above. */
  readonly errors: number
  /** What the caller got wrong, and could not have succeeded. */
  readonly clientErrors: number
  /** How many requests were timed, and how long they took together. */
  readonly timed: number
  readonly sum: number
  readonly p99: number
  /** Of the last minutes. */
  readonly recent: RecentSummary
}

/** One answer of the endpoint, in the numbers that the page draws. All counts are since the process started. */
export interface Reading {
  /** When it was rendered, by the clock of the service, in epoch milliseconds. */
  readonly at: number
  readonly uptime: number
  /** Whether requests are measured, though none may have come. */
  readonly measured: boolean
  /** All routes together, as if they were one. */
  readonly all: RouteReading
  /** How far back the recent of it reaches, in milliseconds. */
  readonly recentMs: number
  /** By route, the busiest first. */
  readonly routes: ReadonlyMap<string, RouteReading>
  readonly caches: ReadonlyMap<string, CacheSummary>
  readonly lookups: { readonly hits: number; readonly misses: number }
  readonly dedup: PerformanceDocument['deduplication']
  readonly pool: PerformanceDocument['clientPool']
  readonly handlers: ReadonlyMap<string, PerformanceDocument['handlers'][string]>
  readonly memory: PerformanceDocument['memory']
}

/** Routes beyond these, the busiest, are part of the sums and have no line of their own. */
const MOST_ROUTES = 100
const NO_TIMES: RecentSummary = { count: 0, avg: 0, p50: 0, p90: 0, p99: 0 }
const NOTHING: RouteReading = { requests: 0, errors: 0, clientErrors: 0, timed: 0, sum: 0, p99: 0, recent: NO_TIMES }

/**
 * Reads the document of the metrics endpoint.
 *
 * @throws TypeError for a document of another shape
 */
export function readingOf(document: PerformanceDocument): Reading {
  const { timestamp, uptime, metrics, requests, cache, clientPool, handlers, deduplication, memory } = document
  const routes = routesOf(metrics)
  const caches = new Map(Object.entries(cache))
  const all = [...routes.values()].reduce(together, NOTHING)
  return {
    at: epochOf(timestamp),
    uptime,
    measured: requests !== null || 'http_requests_in_flight' in metrics.gauges,
    all: requests === null ? all : { ...all, p99: requests.p99, recent: requests.recent },
    recentMs: metrics.recentMs,
    routes: new Map([...routes].sort(([, a], [, b]) => b.requests - a.requests).slice(0, MOST_ROUTES)),
    caches,
    lookups: { hits: total(caches, 'hits'), misses: total(caches, 'misses') },
    dedup: deduplication,
    pool: clientPool,
    handlers: new Map(Object.entries(handlers)),
    memory,
  }
}

function routesOf({ counters, histograms }: PerformanceDocument['metrics']): Map<string, RouteReading> {
  const routes = new Map<string, RouteReading>()
  const add = (route: string, more: Partial<RouteReading>): void => {
    routes.set(route, together(routes.get(route) ?? NOTHING, { ...NOTHING, ...more }))
  }
  for (const [labels, requests] of series(counters, 'http_requests_total')) {
    const status = Number(labels.get('status'))
    add(labels.get('route') ?? 'other', {
      requests,
      ...(status >= 500 ? { errors: requests } : status >= 400 && { clientErrors: requests }),
    })
  }
  for (const [labels, { count, sum, p99, recent }] of series(histograms, 'http_request_duration_ms'))
    add(labels.get('route') ?? 'other', { timed: count, sum, p99, recent })
  return routes
}

/** All series of one metric, with their labels. */
function* series<T extends number | HistogramSummary>(
  values: Readonly<Record<string, T>>,
  wanted: string,
): Generator<[labels: ReadonlyMap<string, string>, value: T]> {
  for (const [key, value] of Object.entries(values)) {
    if (!key.startsWith(wanted)) continue
    const { name, labels } = parseKey(key)
    if (name === wanted) yield [labels, value]
  }
}

/** Counts add up. Quantiles do not: of a route of two services, the page shows the slower one. */
function together(a: RouteReading, b: RouteReading): RouteReading {
  return {
    requests: a.requests + b.requests,
    errors: a.errors + b.errors,
    clientErrors: a.clientErrors + b.clientErrors,
    timed: a.timed + b.timed,
    sum: a.sum + b.sum,
    p99: Math.max(a.p99, b.p99),
    recent: a.recent.p99 > b.recent.p99 ? a.recent : b.recent,
  }
}

/** Those that could have succeeded: what errors are a share of. */
export function judged({ requests, clientErrors }: RouteReading): number {
  return requests - clientErrors
}

function total(caches: ReadonlyMap<string, CacheSummary>, field: 'hits' | 'misses'): number {
  return [...caches.values()].reduce((sum, cache) => sum + cache[field], 0)
}
