import type { Clock } from '../core/clock.ts'
import type { Metrics } from '../core/metrics-port.ts'
import { number, readAll } from './sources.ts'

/** What happened in the last five minutes. */
export interface RecentRequests {
  /** That could have succeeded: without those that the caller got wrong (4xx). */
  readonly requests: number
  /** Answers of 500 or more, and handlers that threw. */
  readonly errors: number
  readonly clientErrors: number
  /** Of `requests`, how many were timed, and how long they took together. */
  readonly timed: number
  readonly latencyMs: number
  readonly cacheHits: number
  readonly cacheLookups: number
  /**
   * The same of warm caches: without the five minutes after a start or a silence, in which they are filled; unless they had
   * seen as much before the first request as since.
   */
  readonly warmCache: CacheTotals
}

/** One part of the window, and where the caches stood when it began. */
interface Part {
  readonly number: number
  readonly cache: CacheTotals
  requests: number
  errors: number
  clientErrors: number
  timed: number
  latencyMs: number
}

/** Look-ups of all caches, and how many of them an entry answered. */
export interface CacheTotals {
  readonly hits: number
  readonly lookups: number
}

type Counted = Exclude<keyof Part, 'number' | 'cache'>

const PARTS = 10
const PART_MS = 30_000
const NO_LOOKUPS: CacheTotals = { hits: 0, lookups: 0 }

/** Counts requests over five minutes in ten parts that are rotated when they are touched: there is no timer. */
export class RequestWindow {
  readonly #metrics: Metrics
  readonly #clock: Clock
  readonly #began: () => void
  readonly #parts: (Part | undefined)[] = []
  #current: Part | undefined
  /** The part in which requests began to come, after a start or after five minutes without one. */
  #firstNumber = 0
  #silent = false

  /** @param began - is called when a part begins, with nothing of it counted yet */
  constructor(metrics: Metrics, clock: Clock, began: () => void) {
    this.#metrics = metrics
    this.#clock = clock
    this.#began = began
  }

  /** To be called before anything is counted of what ended at `atMs` of the clock's `elapsed()`. */
  rotate(atMs: number): void {
    const number = Math.floor(atMs / PART_MS)
    if (this.#current?.number !== number) this.#begin(number)
  }

  /** Counts one request, in the part that was rotated to. */
  add(status: number, latencyMs: number): void {
    const part = this.#current
    if (part === undefined) return
    if (status >= 400 && status < 500) {
      part.clientErrors += 1
      return
    }
    part.requests += 1
    if (status >= 500) part.errors += 1
    if (!(latencyMs >= 0)) return
    part.timed += 1
    part.latencyMs += latencyMs
  }

  read(): RecentRequests {
    const oldest = Math.floor(this.#clock.elapsed() / PART_MS) - PARTS + 1
    const recent = this.#parts
      .filter((part) => part !== undefined)
      .filter(({ number }) => number >= oldest)
      .sort((a, b) => a.number - b.number)
    const sum = (field: Counted): number => recent.reduce((total, part) => total + part[field], 0)
    const now = cacheTotals(this.#metrics)
    const cache = since(recent[0], now)
    const warm = recent.find((part) => part.number - this.#firstNumber >= PARTS)
    const used = !this.#silent && (recent[0]?.cache.lookups ?? 0) >= cache.lookups
    return {
      requests: sum('requests'),
      errors: sum('errors'),
      clientErrors: sum('clientErrors'),
      timed: sum('timed'),
      latencyMs: sum('latencyMs'),
      cacheHits: cache.hits,
      cacheLookups: cache.lookups,
      warmCache: used ? cache : since(warm, now),
    }
  }

  #begin(number: number): void {
    // The registry's uptime runs from the first request.
    this.#metrics.uptimeMs()
    this.#began()
    const isSilent = this.#current !== undefined && number - this.#current.number >= PARTS
    if (this.#current === undefined || isSilent) this.#firstNumber = number
    this.#silent ||= isSilent
    const cache = cacheTotals(this.#metrics)
    const part = { number, cache, requests: 0, errors: 0, clientErrors: 0, timed: 0, latencyMs: 0 }
    this.#parts[number % PARTS] = part
    this.#current = part
  }
}

/** What the caches did since a part began; nothing when there is no such part. */
function since(part: Part | undefined, now: CacheTotals): CacheTotals {
  if (part === undefined) return NO_LOOKUPS
  const { hits, lookups } = part.cache
  // A cache that was replaced meanwhile starts anew: then its whole life is recent.
  const grown = hits <= now.hits && lookups - hits <= now.lookups - now.hits
  return grown ? { hits: now.hits - hits, lookups: now.lookups - lookups } : now
}

function cacheTotals(metrics: Metrics): CacheTotals {
  return readAll(metrics, 'cache').reduce<CacheTotals>(({ hits, lookups }, { stats }) => {
    const hit = number(stats['hits']) + number(stats['staleHits'])
    return { hits: hits + hit, lookups: lookups + hit + number(stats['misses']) }
  }, NO_LOOKUPS)
}
