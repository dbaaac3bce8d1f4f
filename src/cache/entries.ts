import { LRUCache } from 'lru-cache'
import type { Clock } from '../core/clock.ts'

/** One value with its expiry, in milliseconds since `base`: a small integer, which V8 stores without a box. */
export interface Entry<V> {
  value: V
  expiresAt: number
}

/**
 * The entries of a cache in this process: `lru-cache` for the order of use, and our own expiry around it.
 *
 * Its own time to live is not used: its clock rests on a timer, and on Workers a timer dies with its request, after
 * which nothing expires any more; and it takes a start at time 0 (module scope on Workers) for *no expiry*.
 */
export class Entries<V> {
  readonly #lru: LRUCache<string, Entry<V>>
  readonly #clock: Clock
  /** Where the small integers start: the first reading of the clock that is a time at all. */
  #base = 0
  /** Times to live of entries that were set while the clock said 0; they start when it first says more. */
  #unstamped: Map<string, number> | undefined
  evictions = 0

  constructor(maxEntries: number, clock: Clock) {
    this.#clock = clock
    this.#lru = new LRUCache({ max: maxEntries, dispose: (_value, _key, reason) => this.#disposed(reason) })
  }

  /** The time, as expiries are counted. */
  now(): number {
    const now = this.#clock.now()
    if (this.#base === 0 && now > 0) this.#start(now)
    return now - this.#base
  }

  get size(): number {
    return this.#lru.size
  }

  /** The entry, expired or not, now the most recently used. */
  get(key: string): Entry<V> | undefined {
    return this.#lru.get(key)
  }

  /** The entry, expired or not, without a trace of the look-up. */
  peek(key: string): Entry<V> | undefined {
    return this.#lru.peek(key)
  }

  set(key: string, value: V, { ttlMs, now }: { readonly ttlMs: number; readonly now: number }): void {
    if (this.#base === 0) (this.#unstamped ??= new Map()).set(key, ttlMs)
    this.#lru.set(key, { value, expiresAt: this.#base === 0 ? Infinity : now + ttlMs })
  }

  delete(key: string): boolean {
    return this.#lru.delete(key)
  }

  clear(): void {
    this.#lru.clear()
    this.#unstamped = undefined
  }

  #start(now: number): void {
    this.#base = now
    for (const [key, ttlMs] of this.#unstamped ?? []) {
      const entry = this.#lru.peek(key)
      if (entry !== undefined) entry.expiresAt = ttlMs
    }
    this.#unstamped = undefined
  }

  #disposed(reason: LRUCache.DisposeReason): void {
    if (reason === 'evict') this.evictions += 1
  }
}
