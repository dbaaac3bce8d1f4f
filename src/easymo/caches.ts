import { cachedResponseSize, type CachedResponse } from '../http/index.ts'
import { isOwn, keep, type Keeper } from './cache-faces.ts'
import { leftMs } from './expiry.ts'
import { MemoryCache, type MemoryCacheStats } from './memory-cache.ts'
import { hostOf, numberOf, part } from './options.ts'
import type { CachedLocation, Profile, UserState } from './tables.ts'

/** What is not there may be created any moment. */
const MISSING_MS = 5_000

/** A service may keep null under keys of its own; what the accessors did not find is theirs to say. */
const isNegative = (value: unknown): boolean => value === undefined

export const profiles: Keeper<Profile | null> = (option) => {
  const chosenMs = numberOf(option, 'CACHE_TTL_PROFILE') ?? 300_000
  const ttlMs = (row: Profile | null, key: string): number =>
    row === null && !isOwn(key) ? Math.min(chosenMs, MISSING_MS) : chosenMs
  return keep(option, { name: 'profile', maxEntries: 500, ttlMs, isNegative })
}

export const states: Keeper<UserState | null> = (option) => {
  const chosenMs = numberOf(option, 'CACHE_TTL_STATE')
  const { clock } = hostOf(option)
  const ttlMs = (row: UserState | null, key: string): number =>
    // A state that is not there is not remembered: it is what the service writes next.
    isOwn(key) ? (chosenMs ?? 60_000) : row === null ? 0 : Math.min(chosenMs ?? 30_000, leftMs(row, clock.now()))
  return keep(option, { name: 'state', maxEntries: 1_000, ttlMs, isNegative })
}

export const configs: Keeper<unknown> = (option) =>
  keep(option, {
    name: 'config',
    maxEntries: 100,
    ttlMs: numberOf(option, 'CACHE_TTL_CONFIG') ?? 600_000,
    isNegative,
  })

export const locations: Keeper<CachedLocation> = (option) =>
  keep(option, { name: 'location', maxEntries: 500, ttlMs: numberOf(option, 'CACHE_TTL_LOCATION') ?? 1_800_000 })

export const responses: Keeper<CachedResponse> = (option) =>
  keep(option, {
    name: 'response',
    maxEntries: 200,
    ttlMs: 60_000,
    maxBytes: 16_777_216,
    sizeOf: cachedResponseSize,
  })

/** For a service's own keys: whatever text it uses as one, it never names what the accessors keep. */
const own = <V>(keeper: Keeper<V>): MemoryCache => new MemoryCache({}, () => part(keeper as Keeper<unknown>))

/** Profiles: 500 entries of 5 minutes (`CACHE_TTL_PROFILE`, in milliseconds). */
export const profileCache: MemoryCache = /* @__PURE__ */ own(profiles)
/** Conversation states: 1000 entries of 1 minute (`CACHE_TTL_STATE`, in milliseconds). */
export const stateCache: MemoryCache = /* @__PURE__ */ own(states)
/** Configuration: 100 entries of 10 minutes (`CACHE_TTL_CONFIG`, in milliseconds). */
export const configCache: MemoryCache = /* @__PURE__ */ own(configs)
/** Locations: 500 entries of 30 minutes (`CACHE_TTL_LOCATION`, in milliseconds). */
export const locationCache: MemoryCache = /* @__PURE__ */ own(locations)

/** What the four caches have counted, by name. */
export interface AllCacheStats {
  readonly profile: MemoryCacheStats
  readonly state: MemoryCacheStats
  readonly config: MemoryCacheStats
  readonly location: MemoryCacheStats
}

/** The statistics of the four caches; zeros before the first use. */
export function getAllCacheStats(): AllCacheStats {
  return {
    profile: profileCache.getStats(),
    state: stateCache.getStats(),
    config: configCache.getStats(),
    location: locationCache.getStats(),
  }
}

/** Empties the four caches; loads under way reach their callers, and are not stored. */
export function clearAllCaches(): void {
  for (const cache of [profileCache, stateCache, configCache, locationCache]) cache.clear()
}

/**
 * Gives back the memory of entries that have expired. Never needed for correctness: an expired entry is not given out, and
 * goes when its place is needed.
 *
 * @returns how many went
 */
export function cleanupAllCaches(): { readonly total: number } {
  const all = [profileCache, stateCache, configCache, locationCache]
  return { total: all.reduce((total, cache) => total + cache.cleanup(), 0) }
}

/** Empties the cache of `cacheMiddleware`: 200 responses, 16 MB. */
export function clearResponseCache(): void {
  const { cache, keys } = part(responses)
  cache.clear()
  keys.clear()
}

/** What the cache of `cacheMiddleware` has counted. */
export function getResponseCacheStats(): MemoryCacheStats {
  const { hits, misses, size, hitRate, evictions } = part(responses).cache.stats()
  return { hits, misses, size, hitRate, evictions }
}
