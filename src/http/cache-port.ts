import { codeOf } from '../core/fact.ts'
import type { Host } from '../core/host.ts'
import { isPromiseLike } from '../core/promise.ts'
import { createStoreGuard, type StoreGuard } from '../core/store-guard.ts'
import { isWhole, usableMs, type CachedResponse } from './cache-entry.ts'
import { ShortMemory } from './cache-memory.ts'

/** What the middleware needs of a cache: one of `createCache` or `createTieredCache`, or anything with these methods. */
export interface ResponseCache {
  /** The entry, or nothing when there is none or it has expired. */
  get(key: string): CachedResponse | undefined | Promise<CachedResponse | undefined>
  /** Keeps an entry for so long; a promise is waited for where the order of things matters. */
  set(key: string, value: CachedResponse, options: { readonly ttlMs: number }): unknown
  /** Drops an entry. */
  delete(key: string): unknown
}

/** How long a drop that could not be carried out is remembered here, in place of the cache. */
const UNDELETED_MS = 3_600_000

/** What a call gives whose result does not matter. */
type Done = undefined | Promise<undefined>

/**
 * The cache behind our own deadline. Whatever it does, a request gets its answer: what cannot be read is missing, what
 * cannot be written is told as a fact.
 */
export class CachePort {
  readonly #cache: ResponseCache
  readonly #host: Host
  readonly #name: string
  readonly #guard: StoreGuard
  /** Entries from before these times were dropped, although the cache could not be told. */
  readonly #undeleted: ShortMemory<number>
  /** True once the cache has answered with a promise: from then on it is asked through the guard. */
  #distant = false

  constructor(cache: ResponseCache, { host, name, timeoutMs }: { host: Host; name: string; timeoutMs: number }) {
    this.#cache = cache
    this.#host = host
    this.#name = name
    this.#guard = createStoreGuard({ host, what: `the cache of ${name}`, timeoutMs })
    this.#undeleted = new ShortMemory(host.clock)
  }

  /** Never throws and never rejects. */
  get(key: string): CachedResponse | undefined | Promise<CachedResponse | undefined> {
    const found = this.#ask('get', () => this.#cache.get(key))
    return isPromiseLike(found) ? found.then((entry) => this.#valid(key, entry)) : this.#valid(key, found)
  }

  /** Never throws and never rejects. */
  set(key: string, entry: CachedResponse): Promise<unknown> | undefined {
    const now = this.#host.clock.now()
    const ttlMs = Math.max(...entry.variants.map((variant) => usableMs(variant, now)))
    if (!(ttlMs > 0)) return undefined
    this.#undeleted.delete(key)
    const done = this.#ask('set', () => this.#cache.set(key, entry, { ttlMs }) as Done)
    return isPromiseLike(done) ? done : undefined
  }

  /** Never throws and never rejects. */
  delete(key: string): Promise<unknown> | undefined {
    // Until the cache says that it has done so, and for good when it fails.
    this.#undeleted.set(key, this.#host.clock.now(), UNDELETED_MS)
    const done = this.#ask('delete', () => {
      const deleted = this.#cache.delete(key)
      if (isPromiseLike(deleted)) return Promise.resolve(deleted).then(() => this.#undeleted.delete(key))
      return this.#undeleted.delete(key)
    })
    return isPromiseLike(done) ? done : undefined
  }

  /** What can be used of what the cache gave. */
  #valid(key: string, entry: CachedResponse | undefined): CachedResponse | undefined {
    // It may come from a shared store, where anything may stand.
    if (!Array.isArray(entry?.variants)) return undefined
    if (!entry.variants.every(isWhole)) return this.#failed('value')
    const droppedAt = this.#undeleted.get(key)
    if (droppedAt === undefined) return entry
    return { variants: entry.variants.filter(({ storedAt }) => storedAt >= droppedAt) }
  }

  #ask<T>(reason: string, call: () => T | Promise<T>): T | undefined | Promise<T | undefined> {
    // While it is skipped, the guard has told so: one fact for each request would say nothing more.
    const skipped = this.#guard.state === 'down'
    const onError = (error: unknown): undefined => {
      if (!skipped) this.#failed(reason, error)
      return undefined
    }
    if (this.#distant) return this.#guard.run(call).catch(onError)
    try {
      const result = call()
      if (!isPromiseLike(result)) return result
      this.#distant = true
      return this.#guard.run(() => result).catch(onError)
    } catch (error) {
      return onError(error)
    }
  }

  #failed(reason: string, error?: unknown): undefined {
    this.#host.observe({ name: 'http.cache_failed', of: this.#name, reason, ...codeOf(error) })
    return undefined
  }
}
