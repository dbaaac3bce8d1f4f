/**
 * The load-through caches that ours is measured against, each set up as its README says, with what it has of a bound, a
 * time to live, stale windows and counts.
 *
 * Every loop is written out: closures of one source share what V8 learns at their call sites.
 */
import { cachified, totalTtl, type Cache, type CacheEntry } from '@epic-web/cachified'
import { createCache as createDedupeCache } from 'async-cache-dedupe'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { createCache as createCacheManager } from 'cache-manager'
import { Cacheable, CacheableMemory, createKeyv } from 'cacheable'
import { Keyv } from 'keyv'
import { LRUCache } from 'lru-cache'
import type { HitsOf } from './cache-hits.ts'
import { WINDOWS } from './cache-setup.ts'

const { ttlMs, staleWhileRevalidateMs, staleIfErrorMs } = WINDOWS

/** A `timeout` of 0 serves stale and refreshes behind it. Not serialized, as ours: the faster one of its two forms. */
export const bentocache: HitsOf = ({ keys, max, load }) => {
  const memory = bentostore().useL1Layer(memoryDriver({ maxItems: max, serialize: false }))
  const cache = new BentoCache({
    default: 'memory',
    stores: { memory },
    ttl: ttlMs,
    grace: staleIfErrorMs,
    timeout: 0,
  })
  return async () => {
    for (const key of keys) await cache.getOrSet({ key, factory: load })
  }
}

/** It has no stale windows. Without clones, as ours. */
export const cacheable: HitsOf = ({ keys, max, load }) => {
  const primary = createKeyv({ ttl: ttlMs, lruSize: max, useClone: false })
  const cache = new Cacheable({ primary, ttl: ttlMs, stats: true })
  const loadLater = async () => load()
  return async () => {
    for (const key of keys) await cache.getOrSet(key, loadLater)
  }
}

/** Its README's store over `lru-cache`. It keeps no counts unless each call brings a reporter. */
export const cachifiedLru: HitsOf = ({ keys, max, load }) => {
  const entries = new LRUCache<string, CacheEntry>({ max })
  const cache: Cache = {
    get: (key) => entries.get(key),
    set(key, entry) {
      const ttl = totalTtl(entry.metadata)
      entries.set(key, entry, ttl === Infinity ? {} : { ttl, start: entry.metadata.createdTime })
    },
    delete: (key) => entries.delete(key),
  }
  return async () => {
    for (const key of keys)
      await cachified({ key, cache, getFreshValue: load, ttl: ttlMs, swr: staleWhileRevalidateMs })
  }
}

/** Its own kind of refresh: ahead of the expiry. */
export const cacheManager: HitsOf = ({ keys, max, load }) => {
  const store = new CacheableMemory({ ttl: ttlMs, lruSize: max })
  const stores = [new Keyv({ store })]
  const cache = createCacheManager({ stores, ttl: ttlMs, refreshThreshold: staleWhileRevalidateMs })
  return async () => {
    for (const key of keys) await cache.wrap(key, load)
  }
}

/** It counts in seconds. */
export const asyncCacheDedupe: HitsOf = ({ keys, max, load }) => {
  const storage = { type: 'memory', options: { size: max } } as const
  const options = { ttl: ttlMs / 1_000, stale: staleWhileRevalidateMs / 1_000, storage }
  const cache = createDedupeCache(options).define('profile', load)
  return async () => {
    for (const key of keys) await cache.profile(key)
  }
}
