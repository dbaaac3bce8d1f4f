import type { Call } from '../core/deadline.ts'
import type { WaitUntil } from '../core/host.ts'
import type { LoadStart } from '../core/load-start.ts'
import type { LoadMany } from './batch.ts'
import type { TagsOf } from './tagged-loads.ts'

/** Loads a missing value. Its signal aborts at the deadline. */
export type Load<V> = (call: Call) => V | PromiseLike<V>

/** How one value is stored, in place of what the cache says. */
export interface SetOptions {
  /** Overrides the cache's own, in milliseconds. */
  readonly ttlMs?: number
  /** What the entry can be invalidated by, besides its key. */
  readonly tags?: readonly string[]
  /**
   * What `begin` gave before the value was loaded: stores it as `getOrSet` stores what it loads, and not when the key or one
   * of the tags was changed since. A later `since` may be stored over an earlier one. @defaultValue none: the value is new
   */
  readonly since?: LoadStart
}

/** What one look-up may decide for itself: how its value is stored, when to stop waiting, who keeps a refresh. */
export interface GetOrSetOptions<V = unknown> {
  /** Overrides the cache's own, in milliseconds. */
  readonly ttlMs?: number
  /** What the entry can be invalidated by; a function is not asked about *not found*. */
  readonly tags?: TagsOf<V>
  /** Detaches this caller from the load; the load goes on for the others. */
  readonly signal?: AbortSignal
  /** Gets a promise that settles when a refresh in the background is stored. @defaultValue the host keeps it */
  readonly waitUntil?: WaitUntil
}

/**
 * How a look-up was answered: `hit` fresh, `stale` after its expiry, `joined` by another caller's load, `miss` by its
 * own load, `negative` by a remembered *not found*, `store` by the tier behind.
 */
export interface Lookup<V> {
  readonly value: V
  readonly status: 'hit' | 'stale' | 'joined' | 'miss' | 'negative' | 'store'
  /** Since the value was loaded, in milliseconds. */
  readonly ageMs: number
}

/** What one cache has counted since it was created; `clear` does not set the counts back. */
export interface CacheStats {
  readonly name: string
  readonly size: number
  readonly hits: number
  readonly misses: number
  readonly staleHits: number
  readonly loads: number
  readonly loadErrors: number
  readonly evictions: number
  /** (hits + staleHits) / look-ups; 0 when there were none. */
  readonly hitRate: number
}

/** What a cache of either kind can be asked. */
export interface LoadThrough<V> {
  readonly name: string
  /** The fresh value in this process, or undefined; counts nothing and does not make the entry recently used. */
  peek(key: string): V | undefined
  /**
   * The cached value, else the one that `load` gives, called once for all callers of the key.
   *
   * @throws TimeoutError `ERR_PERF_TIMEOUT` when the load takes longer than `loadTimeoutMs`
   * @throws whatever `load` throws, unchanged; it is not cached
   */
  getOrSet(key: string, load: Load<V>, options?: GetOrSetOptions<V>): Promise<V>
  /**
   * The values of many keys, in their order. What is missing is loaded by one call of `loadMany`, which gets those keys
   * that nobody else is loading.
   *
   * @throws OptionError `ERR_PERF_OPTION` when `loadMany` does not give one value for each key
   * @throws as `getOrSet`, when one of the keys fails
   */
  getOrSetMany(keys: readonly string[], loadMany: LoadMany<V>, options?: GetOrSetOptions<V>): Promise<V[]>
  /** As `getOrSet`, and says how it was answered. */
  lookup(key: string, load: Load<V>, options?: GetOrSetOptions<V>): Promise<Lookup<V>>
}

/** Values by key in the memory of this process, at most `maxEntries` of them. */
export interface Cache<V> extends LoadThrough<V> {
  /** The fresh value, or undefined. Counts as a look-up. */
  get(key: string): V | undefined
  /** True when there is a fresh value that is not *not found*. */
  has(key: string): boolean
  /**
   * Begins a load that you run yourself, for what `getOrSet` cannot do: `set` takes it as `since`. Counts nothing.
   *
   * @example
   * const since = cache.begin('page')
   * const page = await render()
   * cache.set('page', page, { since })
   */
  begin(key: string): LoadStart<V>
  /** Stores a value; a load of the key that is under way still reaches its waiters, but is not stored. */
  set(key: string, value: V, options?: SetOptions): void
  /** Drops the entry; says whether there was one. A load of the key that is under way is not stored. */
  delete(key: string): boolean
  /** Drops every entry; loads that are under way still reach their waiters, but are not stored. */
  clear(): void
  /** Drops every entry that has the tag; loads of such entries that are under way are not stored. */
  invalidateTag(tag: string): void
  /** Ends the freshness of every entry that has the tag: it may still be served in the stale windows, counted from now. */
  expireTag(tag: string): void
  /** The counts at this moment, as a copy. */
  stats(): CacheStats
}
