import type { CacheBus, CacheStore } from '../core/cache-store.ts'
import { hasMethods, isText, knownOptions, wholeAtLeast } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { BusLink } from './bus-link.ts'
import type { LoadMany } from './batch.ts'
import type { LoadStart } from '../core/load-start.ts'
import type { CacheStats, GetOrSetOptions, Load, LoadThrough, Lookup, SetOptions } from './types.ts'
import { json, type Codec, type StandardSchema } from './codec.ts'
import { Front } from './front.ts'
import { checkKey } from './loader.ts'
import { CACHE_OPTIONS, checkedOptions, type CacheOptions, type CheckedOptions } from './options.ts'
import type { Message } from './outbox.ts'
import { ROOT_TAG, scopedStore } from './scoped-store.ts'
import { StoreLine } from './store-line.ts'
import { StoreTier } from './store-tier.ts'

/** As for a cache of one process, and the tier behind it. */
export interface TieredCacheOptions<V> extends CacheOptions<V> {
  /** Names the cache in statistics and facts, and stands before its keys in the store; without a colon. */
  readonly name: string
  /**
   * What all processes share: `redisCacheStore`, `pgCacheStore`, `supabaseCacheStore`, `memoryCacheStore`. Entries whose
   * key, or one of whose tags, is longer than 800 characters together with the name stay in this process.
   */
  readonly store: CacheStore
  /**
   * Tells the other processes at once what was changed: `redisCacheBus`. @defaultValue none: what another process
   * changed by a tag is noticed within `tagCheckMs`, what it changed by key when the entry here expires
   */
  readonly bus?: CacheBus
  /** The deadline of every call to the store, in milliseconds. @defaultValue 250 */
  readonly storeTimeoutMs?: number
  /** How long one may rely on what the store said of a tag, in milliseconds. @defaultValue 5000 */
  readonly tagCheckMs?: number
  /** Makes text of values. @defaultValue `json` */
  readonly codec?: Codec<V>
  /** Of the codec and the shape of the values; what was stored under another one is a miss. @defaultValue `1` */
  readonly version?: string
  /** Checks what comes out of the store; what it refuses is a miss. Any library that keeps to Standard Schema. */
  readonly schema?: StandardSchema<V>
}

/** What a cache of two tiers has counted; the hits of the store are among the hits and the stale hits. */
export interface TieredCacheStats extends CacheStats {
  /** Look-ups that the store answered. */
  readonly storeHits: number
  /** Reads that the store did not answer. */
  readonly storeErrors: number
  /** Changes that did not reach the store in their time. What they would have replaced is not used. */
  readonly writeErrors: number
}

/** Values by key in this process, before a store that is shared. */
export interface TieredCache<V> extends LoadThrough<V> {
  /** The fresh value of either tier, or undefined. Counts as a look-up. */
  get(key: string): Promise<V | undefined>
  /** True when one of the tiers has a fresh value that is not *not found*. Counts nothing. */
  has(key: string): Promise<boolean>
  /**
   * Begins a load that you run yourself, for what `getOrSet` cannot do: `set` takes it as `since`. Asks the store for what
   * it has, in one round trip (the one of a `get` of the same turn), and for its clock. A load that takes longer than
   * `loadTimeoutMs` is stored in this process only, and is a fact `cache.value_refused`. Counts nothing.
   *
   * @example
   * const since = await cache.begin('page')
   * const page = await render()
   * await cache.set('page', page, { since })
   */
  begin(key: string): Promise<LoadStart<V>>
  /**
   * Stores a value here at once, and behind. Resolves also when the store cannot be reached: that is counted, what the
   * store has is not used any more, and it is dropped there when the store is back. So do the other four.
   *
   * @throws StoreSetupError `ERR_PERF_STORE_SETUP`
   */
  set(key: string, value: V, options?: SetOptions): Promise<void>
  /** Drops the entry; a load of the key that is under way, here or elsewhere, is not stored. */
  delete(key: string): Promise<void>
  /** Drops every entry of the cache. */
  clear(): Promise<void>
  /** Drops every entry that has the tag. */
  invalidateTag(tag: string): Promise<void>
  /** Ends the freshness of every entry that has the tag; it may still be served in the stale windows, counted from now. */
  expireTag(tag: string): Promise<void>
  /** The counts at this moment, as a copy. */
  stats(): TieredCacheStats
  /** Ends the subscription to the bus. The store and the bus are their owner's to close. */
  close(): Promise<void>
}

/**
 * Creates a load-through cache of two tiers: the memory of this process, and a store.
 *
 * The store is never waited for longer than `storeTimeoutMs`; one that is frozen or down costs the first few calls that,
 * and then nothing, while loads go on, until it is back.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function createTieredCache<V>(options: TieredCacheOptions<V>): TieredCache<V> {
  return new TwoTiers(tieredOptions(options))
}

type CheckedTieredOptions<V> = CheckedOptions<V> &
  Required<Omit<TieredCacheOptions<V>, 'bus' | 'schema'>> & {
    readonly bus: CacheBus | undefined
    readonly schema: StandardSchema<V> | undefined
  }

function tieredOptions<V>(options: TieredCacheOptions<V>): CheckedTieredOptions<V> {
  const tier = ['store', 'bus', 'storeTimeoutMs', 'tagCheckMs', 'codec', 'version', 'schema']
  knownOptions(options, ...CACHE_OPTIONS, ...tier)
  const { name, store, bus, storeTimeoutMs = 250, tagCheckMs = 5_000, version = '1', schema } = options
  const codec = options.codec ?? (json as Codec<V>)
  isText('name', name)
  if (name.includes(':')) throw new OptionError('name must not contain a colon')
  hasMethods('store', store, 'readMany', 'writeMany', 'deleteMany', 'stampTags')
  if (bus !== undefined) hasMethods('bus', bus, 'publish', 'subscribe')
  wholeAtLeast(1, 'storeTimeoutMs', storeTimeoutMs)
  wholeAtLeast(1, 'tagCheckMs', tagCheckMs)
  hasMethods('codec', codec, 'encode', 'decode')
  isText('version', version)
  if (schema !== undefined) hasMethods('schema', schema['~standard'], 'validate')
  return { ...checkedOptions(options), name, store, bus, storeTimeoutMs, tagCheckMs, codec, version, schema }
}

class TwoTiers<V> implements TieredCache<V> {
  readonly name: string
  readonly #options: CheckedTieredOptions<V>
  readonly #front: Front<V>
  readonly #line: StoreLine
  readonly #tier: StoreTier<V>
  readonly #link: BusLink | undefined

  constructor(options: CheckedTieredOptions<V>) {
    const { host, name, bus, storeTimeoutMs, staleWhileRevalidateMs, staleIfErrorMs } = options
    this.name = name
    this.#options = options
    const keepMs = options.loadTimeoutMs + storeTimeoutMs
    const store = scopedStore(options.store, name)
    this.#line = new StoreLine({ host, name, store, storeTimeoutMs, keepMs, root: ROOT_TAG })
    const staleMs = Math.max(staleWhileRevalidateMs, staleIfErrorMs)
    this.#tier = new StoreTier({ ...options, line: this.#line, staleMs, keepMs })
    this.#front = new Front(options, this.#tier)
    const changed = this.#changed.bind(this)
    const missed = this.#missed.bind(this)
    const lifetimeMs = (): number => options.loadTimeoutMs + this.#front.longestMs + staleMs
    this.#link = bus && new BusLink({ host, name, bus, timeoutMs: storeTimeoutMs, lifetimeMs, changed, missed })
  }

  peek(key: string): V | undefined {
    return this.#front.peek(key)
  }

  get(key: string): Promise<V | undefined> {
    this.#link?.listen()
    return this.#front.find(key)
  }

  async has(key: string): Promise<boolean> {
    checkKey(key)
    this.#link?.listen()
    if (this.#front.has(key)) return true
    const { found } = await this.#tier.find(key)
    return found !== undefined && found.leftMs > 0 && !this.#options.isNegative(found.value)
  }

  // A pass-through: a hit costs what it costs in one tier.
  getOrSet(key: string, load: Load<V>, options?: GetOrSetOptions<V>): Promise<V> {
    this.#link?.listen()
    return this.#front.getOrSet(key, load, options)
  }

  getOrSetMany(keys: readonly string[], loadMany: LoadMany<V>, options?: GetOrSetOptions<V>): Promise<V[]> {
    this.#link?.listen()
    return this.#front.getOrSetMany(keys, loadMany, options)
  }

  lookup(key: string, load: Load<V>, options?: GetOrSetOptions<V>): Promise<Lookup<V>> {
    this.#link?.listen()
    return this.#front.lookup(key, load, options)
  }

  async begin(key: string): Promise<LoadStart<V>> {
    this.#link?.listen()
    const own = this.#front.begin(key)
    const { now, found } = await this.#tier.findExactly(key)
    own.value = found?.value
    own.beganAt = now
    return own
  }

  async set(key: string, value: V, options: SetOptions = {}): Promise<void> {
    this.#link?.listen()
    if (options.since !== undefined) return this.#setLoaded(key, value, options)
    const { ttlMs, label } = this.#front.put(key, value, options)
    await this.#tier.set([key, value], ttlMs, label)
    await this.#link?.tell({ do: 'drop', key })
  }

  async delete(key: string): Promise<void> {
    checkKey(key)
    this.#front.delete(key)
    await this.#tier.drop(key)
    await this.#link?.tell({ do: 'drop', key })
  }

  async clear(): Promise<void> {
    this.#front.clear()
    await this.#tier.stamp('gone', ROOT_TAG)
    await this.#link?.tell({ do: 'clear' })
  }

  async invalidateTag(tag: string): Promise<void> {
    this.#front.invalidateTag(tag)
    await this.#tier.stamp('gone', tag)
    await this.#link?.tell({ do: 'gone', tag })
  }

  async expireTag(tag: string): Promise<void> {
    this.#front.expireTag(tag)
    await this.#tier.stamp('stale', tag)
    await this.#link?.tell({ do: 'stale', tag })
  }

  stats(): TieredCacheStats {
    const { readErrors: storeErrors, writeErrors } = this.#line
    return { ...this.#front.stats(), storeHits: this.#front.storeHits, storeErrors, writeErrors }
  }

  async close(): Promise<void> {
    await this.#link?.close()
  }

  /** Like every load, it tells nobody: what the others have is as good. */
  async #setLoaded(key: string, value: V, options: SetOptions): Promise<void> {
    const stored = this.#front.putLoaded(key, value, options)
    if (stored !== undefined) await this.#tier.keep([key, value], stored)
  }

  /** Others may have changed anything. */
  #missed(): void {
    this.#front.clear()
    this.#tier.forgetAll()
  }

  #changed(message: Message): void {
    if (message.do === 'clear') return this.#missed()
    if (message.do === 'drop') return void this.#front.delete(message.key)
    this.#tier.forget(message.tag)
    if (message.do === 'gone') this.#front.invalidateTag(message.tag)
    else this.#front.expireTag(message.tag)
  }
}
