import { Again } from '../core/again.ts'
import { codeOf } from '../core/fact.ts'
import type { Host } from '../core/host.ts'
import type { LoadStart } from '../core/load-start.ts'
import { isPromiseLike } from '../core/promise.ts'
import { createStoreGuard, type StoreGuard } from '../core/store-guard.ts'
import { isWhole, usableMs, type CachedResponse } from './cache-entry.ts'
import { ShortMemory } from './cache-memory.ts'

/** What the middleware needs of a cache: one of `createCache` or `createTieredCache`, or anything with these methods. */
export interface ResponseCache {
  /** The entry, or nothing when there is none or it has expired. */
  get(key: string): CachedResponse | undefined | Promise<CachedResponse | undefined>
  /** Keeps an entry for so long; a promise is waited for where the order of things matters. */
  set(key: string, value: CachedResponse, options: ResponseStoring): unknown
  /** Drops an entry. */
  delete(key: string): unknown
  /**
   * Begins a load; `set` gets what it gives as `since`, and does not store what was overtaken. A cache without it may store
   * an answer that was asked for before another process dropped its address.
   */
  begin?(key: string): LoadStart<CachedResponse> | Promise<LoadStart<CachedResponse>>
  /** What there is without asking anybody. */
  peek?(key: string): CachedResponse | undefined
  /** Drops every entry with the tag: asked for with the option `tags`. */
  invalidateTag?(tag: string): unknown
}

/** How a response is stored. */
export interface ResponseStoring {
  readonly ttlMs: number
  readonly tags?: readonly string[]
  readonly since?: LoadStart
}

/** The beginning of a question to the handler, as the cache has it; without `since` from a cache that does not say. */
export interface Start {
  readonly since?: LoadStart<CachedResponse>
}

/** How long a drop that could not be carried out is remembered here, in place of the cache. */
const UNDELETED_MS = 3_600_000
/** So often the cache is told again what it could not be told to drop. */
const AGAIN_MS = 1_000
/** Drops that are told again at most; beyond it the eldest is only remembered here. */
const MOST_UNTOLD = 1_000

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
  /** What the cache is still to be told to drop. */
  readonly #untold = new Set<string>()
  readonly #again: Again
  /** True once the cache has answered with a promise: from then on it is asked through the guard. */
  #distant = false

  constructor(cache: ResponseCache, { host, name, timeoutMs }: { host: Host; name: string; timeoutMs: number }) {
    this.#cache = cache
    this.#host = host
    this.#name = name
    this.#guard = createStoreGuard({ host, what: `the cache of ${name}`, timeoutMs })
    this.#undeleted = new ShortMemory(host.clock)
    this.#again = new Again(host.clock, AGAIN_MS, () => this.#deleteAgain())
  }

  /** Never throws and never rejects. */
  get(key: string): CachedResponse | undefined | Promise<CachedResponse | undefined> {
    const found = this.#ask('get', () => this.#cache.get(key))
    return isPromiseLike(found) ? found.then((entry) => this.valid(key, entry)) : this.valid(key, found)
  }

  /**
   * The moment before the handler is asked; `undefined` when the cache does not say: then the answer is not to be stored.
   * Never throws and never rejects.
   */
  begin(key: string): Start | undefined | Promise<Start | undefined> {
    if (this.#cache.begin === undefined) return {}
    const since = this.#ask('begin', () => this.#cache.begin?.(key))
    return isPromiseLike(since) ? since.then(started) : started(since)
  }

  /** The same in the round trip of a `get` that follows in this turn, when that will have to ask a store. */
  early(key: string): Promise<Start | undefined> | undefined {
    if (!this.#distant || this.#cache.begin === undefined || this.#cache.peek?.(key) !== undefined) return undefined
    const start = this.begin(key)
    return isPromiseLike(start) ? start : undefined
  }

  /** As `get`, not of a copy in this process that others may have dropped. */
  exact(key: string): CachedResponse | undefined | Promise<CachedResponse | undefined> {
    if (this.#cache.begin === undefined) return this.get(key)
    const start = this.begin(key)
    const entry = (found: Start | undefined): CachedResponse | undefined => this.valid(key, found?.since?.value)
    return isPromiseLike(start) ? start.then(entry) : entry(start)
  }

  /** Never throws and never rejects. */
  set(key: string, entry: CachedResponse, { since }: Start): Promise<unknown> | undefined {
    const now = this.#host.clock.now()
    const ttlMs = Math.max(...entry.variants.map((variant) => usableMs(variant, now)))
    if (!(ttlMs > 0)) return undefined
    const tags = [...new Set(entry.variants.flatMap((variant) => variant.tags))]
    const storing = { ttlMs, ...(tags.length > 0 && { tags }), ...(since !== undefined && { since }) }
    const done = this.#ask('set', () => this.#cache.set(key, entry, storing) as Done)
    return isPromiseLike(done) ? done : undefined
  }

  /** Never throws and never rejects. What fails is tried again, for those who do not remember it here. */
  delete(key: string): Promise<unknown> | undefined {
    // Until the cache says that it has done so, and for good when it fails.
    this.#undeleted.set(key, this.#host.clock.now(), UNDELETED_MS)
    let isDone = false
    const told = (): undefined => {
      isDone = true
      this.#told(key)
    }
    const checked = (): void => {
      if (!isDone) this.#tellLater(key)
    }
    const done = this.#ask('delete', () => {
      const deleted = this.#cache.delete(key)
      return isPromiseLike(deleted) ? Promise.resolve(deleted).then(told) : told()
    })
    if (isPromiseLike(done)) return done.then(checked)
    checked()
    return undefined
  }

  #told(key: string): void {
    this.#undeleted.delete(key)
    if (this.#untold.delete(key) && this.#untold.size === 0) this.#again.stop()
  }

  #tellLater(key: string): void {
    this.#undeleted.set(key, this.#host.clock.now(), UNDELETED_MS)
    this.#untold.add(key)
    this.#again.soon()
    if (this.#untold.size <= MOST_UNTOLD) return
    for (const eldest of this.#untold) return void this.#untold.delete(eldest)
  }

  /** Says whether the cache was told all. */
  async #deleteAgain(): Promise<boolean> {
    for (const key of this.#untold)
      try {
        await this.#guard.run(async () => this.#cache.delete(key))
        this.#told(key)
      } catch {
        // Not yet: that it failed was told when it did so first.
        return false
      }
    return true
  }

  /** What can be used of what the cache gave. */
  valid(key: string, entry: CachedResponse | undefined): CachedResponse | undefined {
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

function started(since: LoadStart<CachedResponse> | undefined): Start | undefined {
  return since === undefined ? undefined : { since }
}
