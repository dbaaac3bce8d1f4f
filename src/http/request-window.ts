import type { Clock } from '../core/clock.ts'
import type { Metrics, MetricsView, Source } from '../core/metrics-port.ts'

/** What happened in the last five minutes. */
export interface RecentRequests {
  readonly requests: number
  /** Answers of 500 or more, and handlers that threw. */
  readonly errors: number
  /** The time to answer, of all requests together. */
  readonly latencyMs: number
  readonly cacheHits: number
  readonly cacheLookups: number
}

/** One part of the window, and where the caches stood when it began. */
interface Part {
  readonly number: number
  readonly cache: CacheTotals
  requests: number
  errors: number
  latencyMs: number
}

interface CacheTotals {
  readonly hits: number
  readonly lookups: number
}

const PARTS = 10
const PART_MS = 30_000

/** Counts requests over five minutes in ten parts that are rotated when they are touched: there is no timer. */
export class RequestWindow implements Source {
  readonly kind = 'http'
  readonly name: string
  readonly #metrics: Metrics
  readonly #clock: Clock
  readonly #parts: (Part | undefined)[] = []
  #current: Part | undefined

  private constructor(name: string, metrics: Metrics, clock: Clock) {
    this.name = name
    this.#metrics = metrics
    this.#clock = clock
  }

  /** The window of a service: one, however many of its handlers are measured. */
  static of(name: string, metrics: Metrics, clock: Clock): RequestWindow {
    const known = metrics.sources().find((source) => source instanceof RequestWindow && source.name === name)
    if (known instanceof RequestWindow) return known
    const window = new RequestWindow(name, metrics, clock)
    metrics.addSource(window)
    return window
  }

  /** Shown by the health endpoint alone: the metrics have the same as counters. */
  samples(): readonly [] {
    return []
  }

  /** Counts one request that ended at `atMs` of the clock's `elapsed()`. */
  add(atMs: number, latencyMs: number, failed: boolean): void {
    const number = Math.floor(atMs / PART_MS)
    let part = this.#current
    if (part === undefined || part.number !== number) part = this.#begin(number)
    part.requests += 1
    part.latencyMs += latencyMs
    if (failed) part.errors += 1
  }

  read(): RecentRequests {
    const oldest = Math.floor(this.#clock.elapsed() / PART_MS) - PARTS + 1
    const recent = this.#parts.filter((part) => part !== undefined).filter(({ number }) => number >= oldest)
    const sum = (field: 'requests' | 'errors' | 'latencyMs'): number =>
      recent.reduce((total, part) => total + part[field], 0)
    const now = cacheTotals(this.#metrics)
    const first = recent.sort((a, b) => a.number - b.number)[0]?.cache ?? now
    // A cache that was replaced meanwhile starts anew: then its whole life is recent.
    const grown = first.hits <= now.hits && first.lookups - first.hits <= now.lookups - now.hits
    const since = grown ? first : { hits: 0, lookups: 0 }
    return {
      requests: sum('requests'),
      errors: sum('errors'),
      latencyMs: sum('latencyMs'),
      cacheHits: now.hits - since.hits,
      cacheLookups: now.lookups - since.lookups,
    }
  }

  #begin(number: number): Part {
    // The registry's uptime runs from the first request.
    this.#metrics.uptimeMs()
    const part = { number, cache: cacheTotals(this.#metrics), requests: 0, errors: 0, latencyMs: 0 }
    this.#parts[number % PARTS] = part
    this.#current = part
    return part
  }
}

/** What all windows of the registry saw, as one. */
export function recentRequests(metrics: MetricsView): RecentRequests {
  const none: RecentRequests = { requests: 0, errors: 0, latencyMs: 0, cacheHits: 0, cacheLookups: 0 }
  return readAll(metrics, 'http').reduce<RecentRequests>((total, { stats }) => {
    const one = { ...none, ...stats }
    // Every window sees the same caches: they are not added up, the window that reaches back furthest speaks.
    const { cacheHits, cacheLookups } = one.cacheLookups > total.cacheLookups ? one : total
    return {
      requests: total.requests + one.requests,
      errors: total.errors + one.errors,
      latencyMs: total.latencyMs + one.latencyMs,
      cacheHits,
      cacheLookups,
    }
  }, none)
}

/** What one source said. */
export interface NamedStats {
  readonly name: string
  readonly stats: Readonly<Record<string, unknown>>
}

/** The stats of all sources of a kind; those that cannot be read are left out. */
export function readAll(metrics: MetricsView, kind: Source['kind']): NamedStats[] {
  return metrics
    .sources()
    .filter((source) => source.kind === kind)
    .flatMap((source) => {
      const stats = attempt(() => source.read())
      return typeof stats === 'object' && stats !== null ? [{ name: source.name, stats: { ...stats } }] : []
    })
}

/** The value, or `undefined` when it cannot be had. */
function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch {
    return undefined
  }
}

function cacheTotals(metrics: MetricsView): CacheTotals {
  return readAll(metrics, 'cache').reduce<CacheTotals>(
    ({ hits, lookups }, { stats }) => {
      const hit = number(stats['hits']) + number(stats['staleHits'])
      return { hits: hits + hit, lookups: lookups + hit + number(stats['misses']) }
    },
    { hits: 0, lookups: 0 },
  )
}

/** A finite number, else 0. */
export function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}
