import type { Cache } from '../cache/index.ts'
import { knownOptions } from '../core/check.ts'
import { isOwn, keptCache, OWN, sweep, type KeptCache } from './cache-faces.ts'

/** How much a cache of your own holds, and for how long. */
export interface MemoryCacheOptions {
  /** How long an entry is fresh, in milliseconds. @defaultValue 300 000 */
  readonly ttlMs?: number
  /** Above it an entry is dropped. @defaultValue 1000 */
  readonly maxSize?: number
  /** The entry that goes is the least recently used; else one that was not used lately. @defaultValue true */
  readonly enableLru?: boolean
  /** Values are copied when they are stored and when they are given out (`structuredClone`). @defaultValue false */
  readonly cloneValues?: boolean
}

/** What a cache has counted. */
export interface MemoryCacheStats {
  readonly hits: number
  readonly misses: number
  readonly size: number
  /** Hits among the look-ups, 0 to 1; 0 when there were none. */
  readonly hitRate: number
  readonly evictions: number
}

/**
 * Values by key in the memory of this process.
 *
 * `getOrSet` runs the factory once for all who ask for a key at the same time; what it throws is not kept. A look-up does
 * not count twice, and a clock that is set back makes nothing live for longer.
 *
 * @example
 * const prices = new MemoryCache<number>({ ttlMs: 60_000, maxSize: 500 })
 * const fare = await prices.getOrSet('moto', () => readFare('moto'))
 */
export class MemoryCache<V = unknown> {
  readonly #whole: () => KeptCache<V>
  readonly #copy: (value: V) => V

  /**
   * @param options - `ttlMs`, `maxSize`, `enableLru`, `cloneValues`
   * @param whole - for the preset's own caches
   * @throws OptionError `ERR_PERF_OPTION`
   */
  constructor(
    options: MemoryCacheOptions = {},
    whole?: () => { readonly cache: Cache<V>; readonly keys: Set<string> },
  ) {
    knownOptions(options, 'ttlMs', 'maxSize', 'enableLru', 'cloneValues')
    const { ttlMs = 300_000, maxSize = 1_000, enableLru = true, cloneValues = false } = options
    this.#copy = cloneValues ? structuredClone : (value) => value
    if (whole !== undefined) this.#whole = whole
    else {
      const eviction = enableLru ? 'lru' : 'sieve'
      const kept = keptCache<V>({ ttlMs, maxEntries: maxSize, eviction, isNegative: (value) => value === undefined })
      this.#whole = () => kept
    }
  }

  /** The fresh value, or undefined. */
  get(key: string): V | undefined {
    const value = this.#whole().cache.get(OWN + key)
    return value === undefined ? undefined : this.#copy(value)
  }

  /** Stores a value. @param ttlMs - in place of the cache's own, in milliseconds */
  set(key: string, value: V, ttlMs?: number): void {
    this.#whole().cache.set(OWN + key, this.#copy(value), ttlMs === undefined ? {} : { ttlMs })
  }

  /** Whether there is a fresh value; counts nothing. */
  has(key: string): boolean {
    return this.#whole().cache.peek(OWN + key) !== undefined
  }

  /** Drops the entry; says whether there was one. */
  delete(key: string): boolean {
    return this.#whole().cache.delete(OWN + key)
  }

  /** Drops every entry, of one of the preset's caches those of its accessors, too. */
  clear(): void {
    const { cache, keys } = this.#whole()
    cache.clear()
    keys.clear()
  }

  /**
   * The fresh value, else what `factory` gives.
   *
   * @param ttlMs - in place of the cache's own
   * @throws TimeoutError `ERR_PERF_TIMEOUT` after 10 seconds; whatever `factory` throws, unchanged
   */
  async getOrSet(key: string, factory: () => V | PromiseLike<V>, ttlMs?: number): Promise<V> {
    const load = async (): Promise<V> => this.#copy(await factory())
    return this.#copy(await this.#whole().cache.getOrSet(OWN + key, load, ttlMs === undefined ? {} : { ttlMs }))
  }

  /** The counts since the cache was made; for one of the preset's caches with those of its accessors. */
  getStats(): MemoryCacheStats {
    const { hits, misses, size, hitRate, evictions } = this.#whole().cache.stats()
    return { hits, misses, size, hitRate, evictions }
  }

  /** The keys of the fresh entries, without those that accessors keep. */
  keys(): string[] {
    const { cache, keys } = this.#whole()
    return [...keys].filter((key) => isOwn(key) && cache.peek(key) !== undefined).map((key) => key.slice(OWN.length))
  }

  /** Gives back the memory of what has expired, which is never needed for correctness; how many entries went. */
  cleanup(): number {
    return sweep(this.#whole())
  }
}

/** Makes a {@link MemoryCache}. @throws OptionError `ERR_PERF_OPTION` */
export function createCache<V = unknown>(options?: MemoryCacheOptions): MemoryCache<V> {
  return new MemoryCache<V>(options)
}
