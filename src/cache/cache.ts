import { isFunction, knownOptions } from '../core/check.ts'
import type { Call } from '../core/deadline.ts'
import { codeOf } from '../core/fact.ts'
import { keepAlive, type WaitUntil } from '../core/host.ts'
import { createSingleFlight, type JoinOptions, type SingleFlight } from '../core/single-flight.ts'
import { createBackoff, type Backoff } from './backoff.ts'
import { Entries, type Entry } from './entries.ts'
import { checkedOptions, isTtl, type CacheOptions, type CheckedOptions } from './options.ts'

/** Loads a missing value. Its signal aborts at the deadline. */
export type Load<V> = (call: Call) => V | PromiseLike<V>

/** How one value is stored, in place of what the cache says. */
export interface SetOptions {
  /** Overrides the cache's own, in milliseconds. */
  readonly ttlMs?: number
}

/** What one look-up may decide for itself: how long its value is fresh, when to stop waiting, who keeps a refresh. */
export interface GetOrSetOptions extends SetOptions {
  /** Detaches this caller from the load; the load goes on for the others. */
  readonly signal?: AbortSignal
  /** Gets a promise that settles when a refresh in the background is stored. @defaultValue the host keeps it */
  readonly waitUntil?: WaitUntil
}

/**
 * How a look-up was answered: `hit` fresh, `stale` after its expiry, `joined` by another caller's load, `miss` by its
 * own load, `negative` by a remembered *not found*.
 */
export interface Lookup<V> {
  readonly value: V
  readonly status: 'hit' | 'stale' | 'joined' | 'miss' | 'negative'
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

/** Values by key in the memory of this process, at most `maxEntries` of them; the least recently used goes first. */
export interface Cache<V> {
  readonly name: string
  /** The fresh value, or undefined. Counts as a look-up. */
  get(key: string): V | undefined
  /** The fresh value, or undefined; counts nothing and does not make the entry recently used. */
  peek(key: string): V | undefined
  /** True when there is a fresh value that is not *not found*. */
  has(key: string): boolean
  /** Stores a value; a load of the key that is under way still reaches its waiters, but is not stored. */
  set(key: string, value: V, options?: SetOptions): void
  /** Drops the entry; says whether there was one. A load of the key that is under way is not stored. */
  delete(key: string): boolean
  /** Drops every entry; loads that are under way still reach their waiters, but are not stored. */
  clear(): void
  /**
   * The cached value, else the one that `load` gives, called once for all callers of the key.
   *
   * @throws TimeoutError `ERR_PERF_TIMEOUT` when the load takes longer than `loadTimeoutMs`
   * @throws whatever `load` throws, unchanged; it is not cached
   */
  getOrSet(key: string, load: Load<V>, options?: GetOrSetOptions): Promise<V>
  /** As `getOrSet`, and says how it was answered. */
  lookup(key: string, load: Load<V>, options?: GetOrSetOptions): Promise<Lookup<V>>
  /** The counts at this moment, as a copy. */
  stats(): CacheStats
}

/**
 * Creates a load-through cache in the memory of this process.
 *
 * One load per key at a time, with a deadline; errors are never cached; nothing of it needs a timer to be right.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function createCache<V>(options: CacheOptions<V> = {}): Cache<V> {
  return new LoadThroughCache(checkedOptions(options))
}

/** What a load needs of the caller's options; a refresh leaves the caller itself out. */
interface RunOptions extends SetOptions, JoinOptions {}

class LoadThroughCache<V> implements Cache<V> {
  readonly name: string
  readonly #options: CheckedOptions<V>
  readonly #entries: Entries<V>
  readonly #flights: SingleFlight<V>
  readonly #backoff: Backoff
  #hits = 0
  #misses = 0
  #staleHits = 0
  #loads = 0
  #loadErrors = 0

  constructor(options: CheckedOptions<V>) {
    const { name, maxEntries, host, loadTimeoutMs: timeoutMs } = options
    this.name = name
    this.#options = options
    this.#entries = new Entries(maxEntries, host.clock)
    const failed = this.#loadFailed.bind(this)
    this.#flights = createSingleFlight({ host, timeoutMs, what: `the load of cache ${name}`, failed })
    this.#backoff = createBackoff()
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key)
    if (entry !== undefined && this.#entries.now() < entry.expiresAt) {
      this.#hits += 1
      return entry.value
    }
    this.#misses += 1
    return undefined
  }

  peek(key: string): V | undefined {
    const entry = this.#entries.peek(key)
    return entry !== undefined && this.#entries.now() < entry.expiresAt ? entry.value : undefined
  }

  has(key: string): boolean {
    const entry = this.#entries.peek(key)
    return entry !== undefined && this.#entries.now() < entry.expiresAt && !this.#options.isNegative(entry.value)
  }

  set(key: string, value: V, options: SetOptions = {}): void {
    knownOptions(options, 'ttlMs')
    if (options.ttlMs !== undefined) isTtl('ttlMs', options.ttlMs)
    this.#flights.forget(key)
    this.#store(key, value, options.ttlMs)
  }

  delete(key: string): boolean {
    this.#flights.forget(key)
    this.#backoff.succeeded(key)
    return this.#entries.delete(key)
  }

  clear(): void {
    this.#flights.forget()
    this.#backoff.clear()
    this.#entries.clear()
  }

  // Not an async function: a hit costs one promise, made where the value is known.
  getOrSet(key: string, load: Load<V>, options?: GetOrSetOptions): Promise<V> {
    const entry = this.#entries.get(key)
    if (entry !== undefined) {
      const now = this.#entries.now()
      if (now < entry.expiresAt) {
        this.#hits += 1
        return Promise.resolve(entry.value)
      }
      if (this.#servesStale(key, entry, now)) {
        this.#staleHits += 1
        this.#refresh(key, load, { now, options })
        return Promise.resolve(entry.value)
      }
    }
    checkLoad(load, options)
    if (this.#options.staleIfErrorMs > 0) return this.#loadOrStale(key, load, options).then(({ value }) => value)
    this.#misses += 1
    return this.#run(key, load, options)
  }

  async lookup(key: string, load: Load<V>, options?: GetOrSetOptions): Promise<Lookup<V>> {
    const entry = this.#entries.get(key)
    if (entry !== undefined) {
      const { value } = entry
      const now = this.#entries.now()
      if (now < entry.expiresAt) {
        this.#hits += 1
        return { value, status: this.#options.isNegative(value) ? 'negative' : 'hit' }
      }
      if (this.#servesStale(key, entry, now)) {
        this.#staleHits += 1
        this.#refresh(key, load, { now, options })
        return { value, status: 'stale' }
      }
    }
    checkLoad(load, options)
    return this.#loadOrStale(key, load, options)
  }

  stats(): CacheStats {
    const served = this.#hits + this.#staleHits
    const lookups = served + this.#misses
    return {
      name: this.name,
      size: this.#entries.size,
      hits: this.#hits,
      misses: this.#misses,
      staleHits: this.#staleHits,
      loads: this.#loads,
      loadErrors: this.#loadErrors,
      evictions: this.#entries.evictions,
      hitRate: lookups === 0 ? 0 : served / lookups,
    }
  }

  /** Within the window for it, or, after a failed refresh, within the window for errors while the pause lasts. */
  #servesStale(key: string, entry: Entry<V>, now: number): boolean {
    const { staleWhileRevalidateMs, staleIfErrorMs } = this.#options
    const late = now - entry.expiresAt
    return late < staleWhileRevalidateMs || (late < staleIfErrorMs && this.#backoff.pauses(key, now))
  }

  #refresh(key: string, load: Load<V>, { now, options }: { now: number; options: GetOrSetOptions | undefined }): void {
    if (this.#flights.has(key) || this.#backoff.pauses(key, now)) return
    checkLoad(load, options)
    const { host, name } = this.#options
    // Without the caller's signal: it has its answer, and the refresh is for those who come after it.
    const refreshed = this.#run(key, load, { ...options, signal: undefined, waitUntil: undefined }).catch(
      (error: unknown) => {
        host.observe({ name: 'cache.refresh_failed', of: name, ...codeOf(error) })
      },
    )
    keepAlive(host, options?.waitUntil, refreshed)
  }

  /** Counts when the load has ended, because a counter that was raised is never taken back. */
  async #loadOrStale(key: string, load: Load<V>, options: GetOrSetOptions | undefined): Promise<Lookup<V>> {
    const status = this.#flights.has(key) ? 'joined' : 'miss'
    try {
      const value = await this.#run(key, load, options)
      this.#misses += 1
      return { value, status }
    } catch (error) {
      const { staleIfErrorMs } = this.#options
      const entry = options?.signal?.aborted === true || staleIfErrorMs === 0 ? undefined : this.#entries.peek(key)
      if (entry === undefined || this.#entries.now() - entry.expiresAt >= staleIfErrorMs) {
        this.#misses += 1
        throw error
      }
      this.#staleHits += 1
      return { value: entry.value, status: 'stale' }
    }
  }

  #run(key: string, load: Load<V>, { ttlMs, signal, waitUntil }: RunOptions = {}): Promise<V> {
    return this.#flights.run(
      key,
      async (flight) => {
        this.#loads += 1
        const value = await load(flight)
        if (flight.current) this.#store(key, value, ttlMs)
        return value
      },
      { signal, waitUntil },
    )
  }

  #loadFailed(key: string, forgotten: boolean): void {
    this.#loadErrors += 1
    // Only a stale value gives a reason to wait before the next try.
    if (!forgotten && this.#entries.peek(key) !== undefined) this.#backoff.failed(key, this.#entries.now())
  }

  #store(key: string, value: V, ownTtlMs: number | undefined): void {
    const { isNegative, negativeTtlMs, ttlMs, ttlJitter } = this.#options
    const now = this.#entries.now()
    const full = (): number => ownTtlMs ?? (typeof ttlMs === 'function' ? ttlMs(value, key) : ttlMs)
    // A function of the value is not asked about *not found*.
    const chosen = isNegative(value) ? negativeTtlMs : full()
    this.#backoff.succeeded(key)
    // Nothing to remember; what was there before is no longer true.
    if (!(chosen > 0)) return void this.#entries.delete(key)
    const shortened = ttlJitter === 0 ? chosen : Math.ceil(chosen * (1 - ttlJitter * Math.random()))
    this.#entries.set(key, value, { ttlMs: shortened, now })
  }
}

/** Checked where a load may begin, and not on a hit. */
function checkLoad(load: unknown, options: GetOrSetOptions | undefined): void {
  isFunction('load', load)
  if (options === undefined) return
  knownOptions(options, 'ttlMs', 'signal', 'waitUntil')
  if (options.ttlMs !== undefined) isTtl('ttlMs', options.ttlMs)
  isFunction('waitUntil', options.waitUntil, 'optional')
}
