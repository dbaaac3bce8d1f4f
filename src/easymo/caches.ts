import type { Cache, CacheStats } from '../cache/index.ts'
import type { CachedResponse } from '../http/index.ts'
import { cachedResponseSize } from '../http/index.ts'
import { cacheFace, isOwn, keep, sweep, type Keeper } from './cache-faces.ts'
import { hostOf, numberOf, part } from './options.ts'
import { leftMs } from './expiry.ts'
import type { Location, Profile, UserState } from './tables.ts'

/** What is not there may be created any moment. */
const MISSING_MS = 5_000

export const profiles: Keeper<Profile | null> = (option) =>
  keep(option, {
    name: 'profile',
    maxEntries: 500,
    ttlMs: numberOf(option, 'CACHE_TTL_PROFILE') ?? 300_000,
    negativeTtlMs: MISSING_MS,
  })

export const states: Keeper<UserState | null> = (option) => {
  const chosenMs = numberOf(option, 'CACHE_TTL_STATE')
  const { clock } = hostOf(option)
  const ttlMs = (row: UserState | null, key: string): number =>
    isOwn(key) ? (chosenMs ?? 60_000) : Math.min(chosenMs ?? 30_000, leftMs(row, clock.now()))
  // A state that is not there is not remembered: it is what the service writes next.
  return keep(option, { name: 'state', maxEntries: 1_000, ttlMs })
}

export const configs: Keeper<unknown> = (option) =>
  keep(option, {
    name: 'config',
    maxEntries: 100,
    ttlMs: numberOf(option, 'CACHE_TTL_CONFIG') ?? 600_000,
    negativeTtlMs: MISSING_MS,
  })

export const locations: Keeper<Location> = (option) =>
  keep(option, { name: 'location', maxEntries: 500, ttlMs: numberOf(option, 'CACHE_TTL_LOCATION') ?? 1_800_000 })

const responses: Keeper<CachedResponse> = (option) =>
  keep(option, {
    name: 'response',
    maxEntries: 200,
    ttlMs: 60_000,
    maxBytes: 16_777_216,
    sizeOf: cachedResponseSize,
  })

/** Profiles: 500 entries of 5 minutes (`CACHE_TTL_PROFILE`, in milliseconds). */
export const profileCache: Cache<Profile | null> = /* @__PURE__ */ cacheFace('profile', profiles)
/** Conversation states: 1000 entries of 1 minute (`CACHE_TTL_STATE`, in milliseconds). */
export const stateCache: Cache<UserState | null> = /* @__PURE__ */ cacheFace('state', states)
/** Configuration: 100 entries of 10 minutes (`CACHE_TTL_CONFIG`, in milliseconds). */
export const configCache: Cache<unknown> = /* @__PURE__ */ cacheFace('config', configs)
/** Locations: 500 entries of 30 minutes (`CACHE_TTL_LOCATION`, in milliseconds). */
export const locationCache: Cache<Location> = /* @__PURE__ */ cacheFace('location', locations)
/** Responses of `cacheMiddleware`: 200 entries, 16 MB. */
export const responseCache: Cache<CachedResponse> = /* @__PURE__ */ cacheFace('response', responses)

/** Only what nobody can see differs: the types of their values. */
const all = (): readonly Keeper<never>[] =>
  [profiles, states, configs, locations, responses] as unknown as Keeper<never>[]

/** The statistics of the five caches, by name. */
export function getAllCacheStats(): Readonly<Record<string, CacheStats>> {
  const stats = all().map((keeper) => part(keeper).cache.stats())
  return Object.fromEntries(stats.map((one) => [one.name, one]))
}

/** Empties the five caches; loads under way reach their callers, and are not stored. */
export function clearAllCaches(): void {
  for (const keeper of all()) part(keeper).cache.clear()
}

/**
 * Gives back the memory of entries that have expired. Never needed for correctness: an expired entry is not given out, and
 * goes when its place is needed.
 *
 * @returns how many went
 */
export function cleanupAllCaches(): number {
  return all().reduce((dropped, keeper) => dropped + sweep(part(keeper)), 0)
}
