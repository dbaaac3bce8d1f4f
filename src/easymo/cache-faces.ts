import { createCache, type Cache, type CacheOptions } from '../cache/index.ts'
import { hostOf, part, type Ask } from './options.ts'
import { show } from './shown.ts'

/** A cache of the preset, with the keys that it may still hold. */
export interface KeptCache<V> {
  readonly cache: Cache<V>
  readonly keys: Set<string>
}

/** A cache and what makes it, so that it can be named at import and made at its first use. */
export type Keeper<V> = (option: Ask) => KeptCache<V>

/** Keys of the service's own begin so; those of the accessors are JSON, so that neither can name the other's. */
const OWN = 'own:'

/** True for the keys that a service uses itself, and false for those of the accessors. */
export const isOwn = (key: string): boolean => key.startsWith(OWN)

/** Makes a cache that remembers its keys, and is shown among the metrics. */
export function keep<V>(option: Ask, { sizeOf = weightless, ...options }: CacheOptions<V>): KeptCache<V> {
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
    host: hostOf(option),
  })
  show('cache', cache.name, () => cache.stats())
  return { cache, keys }
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

/**
 * A cache for the service's own keys, made when it is first used. What the accessors keep in it has other keys, whatever
 * text a service uses as one; `clear`, tags and `stats` are those of the whole.
 */
export function cacheFace<V>(name: string, keeper: Keeper<V>): Cache<V> {
  const whole = (): Cache<V> => part(keeper).cache
  const own = (key: string): string => OWN + key
  return {
    name,
    get: (key) => whole().get(own(key)),
    peek: (key) => whole().peek(own(key)),
    has: (key) => whole().has(own(key)),
    begin: (key) => whole().begin(own(key)),
    set: (key, value, options) => whole().set(own(key), value, options),
    delete: (key) => whole().delete(own(key)),
    getOrSet: (key, load, options) => whole().getOrSet(own(key), load, options),
    lookup: (key, load, options) => whole().lookup(own(key), load, options),
    getOrSetMany: (keys, loadMany, options) =>
      whole().getOrSetMany(
        keys.map(own),
        async (missing, call) => {
          const names = missing.map((key) => key.slice(OWN.length))
          const loaded = await loadMany(names, call)
          return 'get' in loaded ? names.map((key) => loaded.get(key) as V) : loaded
        },
        options,
      ),
    clear: () => whole().clear(),
    invalidateTag: (tag) => whole().invalidateTag(tag),
    expireTag: (tag) => whole().expireTag(tag),
    stats: () => whole().stats(),
  }
}
