import { isoTime } from '../core/iso-time.ts'
import { histogramNumbers, recentSummary, type HistogramSummary } from '../core/histogram-summary.ts'
import { metricsDocument, type MetricsDocument } from '../core/metrics-json.ts'
import type { Family, HistogramSnapshot, MetricsView } from '../core/metrics-port.ts'
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
  const pools = readAll(metrics, 'pool')
  const dedups = readAll(metrics, 'dedup')
  const total = (all: readonly NamedStats[], field: string): number =>
    all.reduce((sum, { stats }) => sum + number(stats[field]), 0)
  return {
    timestamp: isoTime(metrics.clock.now()),
    uptime: Math.round(metrics.uptimeMs()),
    metrics: metricsDocument(metrics, recent),
    requests: requestsOf(metrics, recent),
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

type Histograms = Extract<Family, { type: 'histogram' }>

function requestsOf(metrics: MetricsView, recent: RecentHistograms): HistogramSummary | null {
  const found = [...metrics.families()].find(({ name }) => name === 'http_request_duration_seconds')
  if (found?.type !== 'histogram') return null
  const all = merged(found, (_, series) => series)
  const lately = merged(found, (values, series) => recent.since(found, values, series))
  if (all === undefined || lately === undefined) return null
  return {
    ...histogramNumbers(all, found.buckets, 1_000),
    recent: recentSummary(lately, found.buckets, 1_000),
  }
}

function merged(
  family: Histograms,
  of: (values: readonly string[], series: HistogramSnapshot) => HistogramSnapshot,
): HistogramSnapshot | undefined {
  let all: HistogramSnapshot | undefined
  family.each((values, series) => {
    const one = of(values, series)
    all = all === undefined ? one : mergedSnapshots(all, one)
  })
  return all
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
