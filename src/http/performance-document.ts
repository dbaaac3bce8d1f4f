import { isoTime } from '../core/iso-time.ts'
import { histogramSummary, type HistogramSummary } from '../core/histogram-summary.ts'
import { metricsDocument, type MetricsDocument, type SeeHistogram } from '../core/metrics-json.ts'
import type { HistogramSnapshot, MetricsView } from '../core/metrics-port.ts'
import { recentHistograms, type RecentHistograms } from '../core/recent-histograms.ts'
import { mergedSnapshots } from '../core/snapshots.ts'
import { memoryUse, type MemoryUse } from './memory.ts'
import { number, readAll, type NamedStats } from './sources.ts'

/** What one cache did so far. */
export interface CacheSummary {
  readonly hits: number
  readonly misses: number
  readonly hitRate: number
  readonly size: number
}

/** The JSON of the metrics endpoint. All fields are there, also when nothing was collected. */
export interface PerformanceDocument {
  readonly timestamp: string
  /** Milliseconds since the first request or scrape. */
  readonly uptime: number
  readonly metrics: MetricsDocument
  /** The times to answer of all routes together, in milliseconds; null where requests are not measured. */
  readonly requests: HistogramSummary | null
  /** By the name of the cache. */
  readonly cache: Readonly<Record<string, CacheSummary>>
  /** All pools together; the age in milliseconds. */
  readonly clientPool: {
    /** How many of them there are. */
    readonly pools: number
    readonly size: number
    readonly borrowed: number
    /** Borrowers that wait for a client. */
    readonly waiting: number
    readonly healthy: number
    readonly totalUses: number
    readonly oldestClientAge: number
  }
  /** By the name of the handler. */
  readonly handlers: Readonly<Record<string, { readonly loaded: boolean; readonly loadTimeMs: number }>>
  /** All dedups together. */
  readonly deduplication: {
    /** How many of them there are. */
    readonly dedups: number
    readonly checked: number
    readonly duplicates: number
  }
  /** In bytes; 0 where the platform does not say. */
  readonly memory: MemoryUse
}

/** Reads the registry, and nothing else. */
export function performanceDocument(metrics: MetricsView): PerformanceDocument {
  return documentOf(metrics, recentHistograms(metrics))
}

/** @param recent - who remembers how the metrics stood */
export function documentOf(metrics: MetricsView, recent: RecentHistograms): PerformanceDocument {
  const routes = allRoutes()
  const pools = readAll(metrics, 'pool')
  const dedups = readAll(metrics, 'dedup')
  const total = (all: readonly NamedStats[], field: string): number =>
    all.reduce((sum, { stats }) => sum + number(stats[field]), 0)
  return {
    timestamp: isoTime(metrics.clock.now()),
    uptime: Math.round(metrics.uptimeMs()),
    metrics: metricsDocument(metrics, recent, routes.see),
    requests: routes.summary(),
    cache: caches(metrics),
    clientPool: {
      pools: pools.length,
      size: total(pools, 'size'),
      borrowed: total(pools, 'borrowed'),
      waiting: total(pools, 'waiting'),
      healthy: total(pools, 'healthy'),
      totalUses: total(pools, 'totalUses'),
      oldestClientAge: Math.max(0, ...pools.map(({ stats }) => number(stats['oldestClientAgeMs']))),
    },
    handlers: handlers(metrics),
    deduplication: {
      dedups: dedups.length,
      checked: total(dedups, 'checked'),
      duplicates: total(dedups, 'duplicates'),
    },
    memory: memoryUse(),
  }
}

/** The routes as one, put together as they are seen. */
function allRoutes(): { readonly see: SeeHistogram; summary(): HistogramSummary | null } {
  let routes: { all: HistogramSnapshot; lately: HistogramSnapshot; buckets: readonly number[] } | undefined
  return {
    see({ name, buckets }, { all, lately }) {
      if (name !== 'http_request_duration_seconds') return
      routes = {
        all: routes === undefined ? all : mergedSnapshots(routes.all, all),
        lately: routes === undefined ? lately : mergedSnapshots(routes.lately, lately),
        buckets,
      }
    },
    summary: () =>
      routes === undefined ? null : histogramSummary(routes.all, routes.lately, { ...routes, scale: 1_000 }),
  }
}

function caches(metrics: MetricsView): PerformanceDocument['cache'] {
  // By entries and not by assignment, here and below: anything may be called `__proto__`.
  return Object.fromEntries(
    readAll(metrics, 'cache').map(({ name, stats: { hits, misses, hitRate, size } }) => [
      name,
      { hits: number(hits), misses: number(misses), hitRate: number(hitRate), size: number(size) },
    ]),
  )
}

function handlers(metrics: MetricsView): PerformanceDocument['handlers'] {
  return Object.fromEntries(
    readAll(metrics, 'lazy')
      .flatMap(({ stats }) => Object.entries(stats))
      .map(([name, one]) => {
        const { loaded, loadTimeMs } = (one ?? {}) as { loaded?: unknown; loadTimeMs?: unknown }
        return [name, { loaded: loaded === true, loadTimeMs: number(loadTimeMs) }]
      }),
  )
}
