import { createCache, type Cache, type CacheOptions } from '../cache/index.ts'
import { hostOf, type Ask } from './options.ts'
import { show } from './shown.ts'

/** A cache of the preset, with the keys that it may still hold. */
export interface KeptCache<V> {
  readonly cache: Cache<V>
  readonly keys: Set<string>
}

/** A cache and what makes it, so that it can be named at import and made at its first use. */
export type Keeper<V> = (option: Ask) => KeptCache<V>

/** Keys of the service's own begin so; those of the accessors are JSON, so that neither can name the other's. */
export const OWN = 'own:'

/** True for the keys that a service uses itself, and false for those of the accessors. */
export const isOwn = (key: string): boolean => key.startsWith(OWN)

/** Makes a cache that remembers its keys, so that they can be listed and what has expired can be dropped. */
export function keptCache<V>({ sizeOf = weightless, ...options }: CacheOptions<V>): KeptCache<V> {
  const keys = new Set<string>()
  const cache = createCache<V>({
    // More than there can be: only so is `sizeOf` asked, at every store and at no look-up, which is how keys are known.
    maxBytes: Number.MAX_SAFE_INTEGER,
    ...options,
    sizeOf(value, key) {
      keys.add(key)
      // What was evicted is still named; twice the entries is enough to bound it.
      if (keys.size > 2 * (options.maxEntries ?? 1_000)) sweep({ cache, keys })
      return sizeOf(value, key)
    },
  })
  return { cache, keys }
}

/** One of the preset's own caches, shown among the metrics. */
export function keep<V>(option: Ask, options: CacheOptions<V>): KeptCache<V> {
  const kept = keptCache<V>({ ...options, host: hostOf(option) })
  show('cache', kept.cache.name, () => kept.cache.stats())
  return kept
}

/** Drops what has expired; how many entries went. */
export function sweep<V>({ cache, keys }: KeptCache<V>): number {
  let dropped = 0
  for (const key of keys)
    if (cache.peek(key) === undefined) {
      keys.delete(key)
      dropped += cache.delete(key) ? 1 : 0
    }
  return dropped
}

const weightless = (): number => 0
