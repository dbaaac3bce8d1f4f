import type { CheckedOptions } from './options.ts'

/** What decides how long an entry is fresh. */
export type LifetimeOptions<V> = Pick<CheckedOptions<V>, 'ttlMs' | 'ttlJitter' | 'isNegative' | 'negativeTtlMs'>

const DAY_MS = 86_400_000

/** How long values are fresh. */
export class Lifetimes<V> {
  readonly #options: LifetimeOptions<V>

  /** The longest that a value was given in place of the cache's own. */
  #longestOwn = 0

  constructor(options: LifetimeOptions<V>) {
    this.#options = options
  }

  /**
   * No value is fresh for longer, in milliseconds, as far as this process can tell: another one may give single values more
   * than this one ever did, so never less than a day.
   */
  get longestMs(): number {
    const { ttlMs, negativeTtlMs } = this.#options
    return Math.max(DAY_MS, typeof ttlMs === 'function' ? Infinity : ttlMs, negativeTtlMs, this.#longestOwn)
  }

  /**
   * In milliseconds; not above 0 when the value is not to be kept at all.
   *
   * @param own - what this one value was given in place of the cache's own
   */
  of(key: string, value: V, own: number | undefined): number {
    if (own !== undefined && own > this.#longestOwn) this.#longestOwn = own
    const { ttlJitter, isNegative, negativeTtlMs } = this.#options
    // A function of the value is not asked about *not found*.
    const full = isNegative(value) ? negativeTtlMs : (own ?? this.#ownOf(key, value))
    if (ttlJitter === 0 || !(full > 0)) return full
    // Rounded up, so that something is left of every life, yet never lengthened.
    return Math.min(full, Math.ceil(full * (1 - ttlJitter * Math.random())))
  }

  #ownOf(key: string, value: V): number {
    const { ttlMs } = this.#options
    return typeof ttlMs === 'function' ? ttlMs(value, key) : ttlMs
  }
}
