import type { Clock } from '../core/clock.ts'

/** Keys that are remembered at most; beyond it the eldest is forgotten early, which costs work and never correctness. */
const MOST_KEYS = 1_000

/** A few values that are forgotten by themselves. Expiry is computed when a key is looked up: no timer. */
export class ShortMemory<T> {
  readonly #clock: Clock
  readonly #values = new Map<string, { readonly value: T; readonly until: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  set(key: string, value: T, forMs: number): void {
    this.#values.delete(key)
    this.#values.set(key, { value, until: this.#clock.elapsed() + forMs })
    if (this.#values.size > MOST_KEYS) forgetEldest(this.#values)
  }

  get(key: string): T | undefined {
    // The common case is that nothing is remembered at all.
    if (this.#values.size === 0) return undefined
    const found = this.#values.get(key)
    return found !== undefined && this.#clock.elapsed() < found.until ? found.value : undefined
  }

  delete(key: string): void {
    if (this.#values.size > 0) this.#values.delete(key)
  }
}

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

/** Which resources are not to be refreshed for a while, because that failed: 1 s, and twice as long each time, to 30 s. */
export class Pauses {
  readonly #clock: Clock
  readonly #failing: ShortMemory<{ readonly pauseMs: number; readonly until: number }>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#failing = new ShortMemory(clock)
  }

  failed(key: string): void {
    const before = this.#failing.get(key)
    const pauseMs = before === undefined ? FIRST_PAUSE_MS : Math.min(before.pauseMs * 2, LONGEST_PAUSE_MS)
    // Remembered beyond its end, so that the next failure finds what it has to double.
    this.#failing.set(key, { pauseMs, until: this.#clock.elapsed() + pauseMs }, pauseMs + 10 * LONGEST_PAUSE_MS)
  }

  succeeded(key: string): void {
    this.#failing.delete(key)
  }

  has(key: string): boolean {
    return this.#clock.elapsed() < (this.#failing.get(key)?.until ?? -Infinity)
  }
}

/** Drops that are remembered at most. */
const MOST_DROPS = 10_000

/**
 * Which resources were dropped when, in an order of its own: an answer that was asked for before the drop must not be
 * stored after it. Numbers, and not a list of what is under way: on Workers that would never hear of its end.
 */
export class Drops {
  #last = 0
  /** What began before this may have been dropped, and nobody knows any more. */
  #forgotten = 0
  readonly #drops = new Map<string, number>()

  /** The moment a fill begins. */
  begin(): number {
    return this.#last
  }

  drop(key: string): void {
    this.#last += 1
    this.#drops.delete(key)
    this.#drops.set(key, this.#last)
    if (this.#drops.size > MOST_DROPS) this.#forgotten = forgetEldest(this.#drops) ?? 0
  }

  /** The number of the last drop of a resource: whoever comes after it does not join a fill from before. */
  of(key: string): number {
    return this.#drops.get(key) ?? 0
  }

  /** True when the resource was dropped since, or may have been. */
  since(key: string, began: number): boolean {
    return began < this.#forgotten || this.of(key) > began
  }
}

function forgetEldest<T>(map: Map<string, T>): T | undefined {
  const [eldest] = map
  if (eldest === undefined) return undefined
  map.delete(eldest[0])
  return eldest[1]
}
