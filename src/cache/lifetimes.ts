import type { CheckedOptions } from './options.ts'

/** What decides how long an entry is fresh. */
export type LifetimeOptions<V> = Pick<CheckedOptions<V>, 'ttlMs' | 'ttlJitter' | 'isNegative' | 'negativeTtlMs'>

/** How long values are fresh. */
export class Lifetimes<V> {
  readonly #options: LifetimeOptions<V>

  constructor(options: LifetimeOptions<V>) {
    this.#options = options
  }

  /**
   * In milliseconds; not above 0 when the value is not to be kept at all.
   *
   * @param own - what this one value was given in place of the cache's own
   */
  of(key: string, value: V, own: number | undefined): number {
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
