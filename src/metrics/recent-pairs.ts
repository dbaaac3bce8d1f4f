import { detached } from '../core/detached.ts'

interface Recent<S> {
  readonly first: string
  readonly second: string
  readonly series: S
}

/** Many times the number of series that are hot in one metric, so that few share a place. */
const PLACES = 256

/**
 * Remembers where recently used pairs of labels led to. A place is found by a few characters, which is faster than what
 * a map does; then both strings are compared whole, so that what is found is always right.
 */
export class RecentPairs<S> {
  #places: (Recent<S> | undefined)[] | undefined
  #misses = 0

  get(first: unknown, second: unknown): S | undefined {
    if (this.#places === undefined || !isFilled(first) || !isFilled(second)) return undefined
    const recent = this.#places[placeOf(first, second)]
    return recent !== undefined && recent.first === first && recent.second === second ? recent.series : undefined
  }

  /** Every eighth miss takes the place of its pair: copying strings for each would cost more than it brings. */
  missed(first: unknown, second: unknown, series: S): void {
    this.#misses += 1
    if (this.#misses % 8 !== 1 || !isFilled(first) || !isFilled(second)) return
    this.#places ??= new Array<undefined>(PLACES).fill(undefined)
    this.#places[placeOf(first, second)] = { first: detached(first), second: detached(second), series }
  }
}

function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value.length !== 0
}

/** A few characters tell methods, status codes and routes apart. */
function placeOf(first: string, second: string): number {
  const ofFirst = first.length * 5 + first.charCodeAt(first.length >> 1)
  const ofSecond = second.length * 7 + second.charCodeAt(0) * 3 + second.charCodeAt(second.length - 1)
  return (ofFirst * 31 + ofSecond * 17) & (PLACES - 1)
}
