/** Ours and `lru-cache`, with the same features on, and the values that all caches of the benchmark hold. */
import { createCache, type Cache, type CacheOptions } from '@easymo/perf/cache'
import { LRUCache } from 'lru-cache'

export interface Profile {
  readonly name: string
}

export const PROFILE: Profile = { name: 'A' }

export const WINDOWS = { ttlMs: 300_000, staleWhileRevalidateMs: 60_000, staleIfErrorMs: 3_600_000 } as const

/** Ours, with a time to live and both stale windows; it always counts. */
export function ours(options: CacheOptions<Profile>): Cache<Profile> {
  return createCache<Profile>({ ...WINDOWS, ...options })
}

/**
 * `lru-cache` with a time to live. A `ttlResolution` of 0 reads the clock each time: by default it remembers the time until
 * a timer fires, and on Workers, where timers die with their request, nothing would expire any more.
 */
export function lruCache(max: number, ttlResolution = 0): LRUCache<string, Profile> {
  return new LRUCache({ max, ttl: WINDOWS.ttlMs, ttlResolution })
}

/** `lru-cache` that loads and, as ours, serves stale. It keeps no counts unless each call brings an object for them. */
export function loadingLruCache(
  max: number,
  { load, ttlResolution = 0 }: { load: () => Profile; ttlResolution?: number },
): LRUCache<string, Profile> {
  const stale = { allowStale: true, allowStaleOnFetchRejection: true, noDeleteOnFetchRejection: true }
  return new LRUCache({ max, ttl: WINDOWS.ttlMs, ttlResolution, ...stale, fetchMethod: load })
}

/** Phone numbers in a random order. */
export function phones(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(250_788_000_000 + i))
}

/** A load, and how often it was called: what a hit must not do. */
export function countedLoad(): { readonly load: () => Profile; readonly calls: () => number } {
  let calls = 0
  const load = (): Profile => {
    calls += 1
    return PROFILE
  }
  return { load, calls: () => calls }
}
