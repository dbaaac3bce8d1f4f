import type { CacheSummary, PerformanceDocument } from '../performance-document.ts'
import type { HistogramSummary } from '../../core/metrics-json.ts'
import { epochOf } from './browser.ts'
import { parseKey } from './label-key.ts'

/** What one route has done since the process started; times in milliseconds. */
export interface RouteReading {
  readonly requests: number
  /** Answers with a status of 500 and above. */
  readonly errors: number
  /** How many requests were timed, and how long they took together. */
  readonly timed: number
  readonly sum: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
}

/** One answer of the endpoint, in the numbers that the page draws. All counts are since the process started. */
export interface Reading {
  /** When it was rendered, by the clock of the service, in epoch milliseconds. */
  readonly at: number
  readonly uptime: number
  /** All routes together. */
  readonly requests: number
  readonly errors: number
  /** The slowest of all routes, for each quantile; the sum over all of them for the rest. */
  readonly all: RouteReading
  /** By route, the busiest first. */
  readonly routes: ReadonlyMap<string, RouteReading>
  readonly caches: ReadonlyMap<string, CacheSummary>
  readonly lookups: { readonly hits: number; readonly misses: number }
  readonly dedup: PerformanceDocument['deduplication']
  readonly pool: PerformanceDocument['clientPool'] & { readonly borrowed: number; readonly waiting: number }
  readonly handlers: ReadonlyMap<string, PerformanceDocument['handlers'][string]>
  readonly memory: PerformanceDocument['memory']
}

/** Routes beyond these, the busiest, are part of the sums and have no line of their own. */
const MOST_ROUTES = 100
const NOTHING: RouteReading = { requests: 0, errors: 0, timed: 0, sum: 0, p50: 0, p90: 0, p99: 0 }

/**
 * Reads the document of the metrics endpoint.
 *
 * @throws TypeError for a document of another shape
 */
export function readingOf(document: PerformanceDocument): Reading {
  const { timestamp, uptime, metrics, cache, clientPool, handlers, deduplication, memory } = document
  const routes = routesOf(metrics)
  const caches = new Map(Object.entries(cache))
  const all = [...routes.values()].reduce(together, NOTHING)
  return {
    at: epochOf(timestamp),
    uptime,
    requests: all.requests,
    errors: all.errors,
    all,
    routes: new Map([...routes].sort(([, a], [, b]) => b.requests - a.requests).slice(0, MOST_ROUTES)),
    caches,
    lookups: { hits: total(caches, 'hits'), misses: total(caches, 'misses') },
    dedup: deduplication,
    pool: {
      ...clientPool,
      borrowed: sumOf(metrics.gauges, 'pool_borrowed_clients'),
      waiting: sumOf(metrics.gauges, 'pool_waiting_borrowers'),
    },
    handlers: new Map(Object.entries(handlers)),
    memory,
  }
}

function routesOf({ counters, histograms }: PerformanceDocument['metrics']): Map<string, RouteReading> {
  const routes = new Map<string, RouteReading>()
  const add = (route: string, more: Partial<RouteReading>): void => {
    routes.set(route, together(routes.get(route) ?? NOTHING, { ...NOTHING, ...more }))
  }
  for (const [labels, requests] of series(counters, 'http_requests_total'))
    add(labels.get('route') ?? 'other', {
      requests,
      errors: Number(labels.get('status')) >= 500 ? requests : 0,
    })
  for (const [labels, { count, sum, p50, p90, p99 }] of series(histograms, 'http_request_duration_ms'))
    add(labels.get('route') ?? 'other', { timed: count, sum, p50, p90, p99 })
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

function sumOf(values: Readonly<Record<string, number>>, name: string): number {
  let sum = 0
  for (const [, value] of series(values, name)) sum += value
  return sum
}

/** Counts add up. Quantiles do not: of two series, the page shows the slower one. */
function together(a: RouteReading, b: RouteReading): RouteReading {
  return {
    requests: a.requests + b.requests,
    errors: a.errors + b.errors,
    timed: a.timed + b.timed,
    sum: a.sum + b.sum,
    p50: Math.max(a.p50, b.p50),
    p90: Math.max(a.p90, b.p90),
    p99: Math.max(a.p99, b.p99),
  }
}

function total(caches: ReadonlyMap<string, CacheSummary>, field: 'hits' | 'misses'): number {
  return [...caches.values()].reduce((sum, cache) => sum + cache[field], 0)
}
