import { createCache, type Cache, type CacheOptions } from '../../src/cache/index.ts'
import { manualClock, type ManualClock } from '../../src/testing/index.ts'
import { toldHost, type ToldHost } from './dedup-probe.ts'

export interface CacheOf<V> extends ToldHost {
  readonly clock: ManualClock
  readonly cache: Cache<V>
}

/** A cache whose entries live for a second, on a clock that is moved by hand; its facts are written down. */
export function cacheOf<V = number | null>(options: CacheOptions<V> = {}, start?: number): CacheOf<V> {
  const clock = manualClock(start)
  const told = toldHost(clock)
  return { ...told, clock, cache: createCache<V>({ ttlMs: 1_000, ...options, host: told.host }) }
}

/** Both ways to choose who goes. */
export const EVICTIONS = ['lru', 'sieve'] as const

export const never = (): Promise<never> => new Promise(() => undefined)
