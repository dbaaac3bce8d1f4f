import { isoTime } from '../core/iso-time.ts'
import { metricsJson, type MetricsDocument } from '../core/metrics-json.ts'
import type { MetricsView } from '../core/metrics-port.ts'
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
  /** By the name of the cache. */
  readonly cache: Readonly<Record<string, CacheSummary>>
  /** All pools together; the age in milliseconds. */
  readonly clientPool: {
    readonly size: number
    readonly healthy: number
    readonly totalUses: number
    readonly oldestClientAge: number
  }
  /** By the name of the handler. */
  readonly handlers: Readonly<Record<string, { readonly loaded: boolean; readonly loadTimeMs: number }>>
  /** All dedups together. */
  readonly deduplication: { readonly checked: number; readonly duplicates: number }
  /** In bytes; 0 where the platform does not say. */
  readonly memory: MemoryUse
}

/** Reads the registry, and nothing else. */
export function performanceDocument(metrics: MetricsView): PerformanceDocument {
  const pools = readAll(metrics, 'pool')
  const dedups = readAll(metrics, 'dedup')
  const total = (all: readonly NamedStats[], field: string): number =>
    all.reduce((sum, { stats }) => sum + number(stats[field]), 0)
  return {
    timestamp: isoTime(metrics.clock.now()),
    uptime: Math.round(metrics.uptimeMs()),
    metrics: metricsJson(metrics),
    cache: caches(metrics),
    clientPool: {
      size: total(pools, 'size'),
      healthy: total(pools, 'healthy'),
      totalUses: total(pools, 'totalUses'),
      oldestClientAge: Math.max(0, ...pools.map(({ stats }) => number(stats['oldestClientAgeMs']))),
    },
    handlers: handlers(metrics),
    deduplication: { checked: total(dedups, 'checked'), duplicates: total(dedups, 'duplicates') },
    memory: memoryUse(),
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
